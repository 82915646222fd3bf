"""Speech recognition without a key or a network: PocketSphinx, in English, for a close microphone in a quiet room.

What it does for speed: at every pause, and wherever the utterance may be over, it decodes what was said so far, so that
when the silence has lasted long enough to end the turn, the words are there already; words shown meanwhile come from
quick decoders at low priority.
What it does for exactness: it hears with the vocabulary of the assistant and with a general one, and believes
whichever explains the sound better.
"""

import asyncio
import contextlib
import json
import logging
import os
import tempfile
from collections import OrderedDict
from collections.abc import AsyncGenerator, AsyncIterator, Iterator, Mapping, Sequence
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Self

from pipeline.audio import AudioFrame
from pipeline.errors import ProviderError, ProviderUnavailable, UnsupportedLanguage
from pipeline.providers.embedded.hearing import Hearing
from pipeline.providers.embedded.hypothesis import Hypothesis, choose, is_sure
from pipeline.providers.embedded.listener import Listener
from pipeline.providers.embedded.worker_process import WorkerProcess
from pipeline.providers.interfaces import Transcript, TranscriptionOptions

QUEUED_PER_WORKER = 8
"""Utterances that may wait for a place; beyond that a new one is refused."""
LISTENERS_PER_WORKER = 4
"""Utterances whose words are shown while they are spoken; further ones are transcribed at the end only."""
MAX_SPEAKERS = 1000
"""Sessions whose speaker's cepstral mean is remembered; the longest silent is forgotten."""
MAX_SHOWN = 64
"""Transcripts that nobody has taken yet; further ones are left out until the final one."""

logger = logging.getLogger(__name__)


class EmbeddedSpeechToText:
    """English speech to text in processes of its own. Needs a POSIX system, for it forks."""

    name = "embedded"

    def __init__(
        self,
        domains: Mapping[str, Sequence[str]] | None = None,
        *,
        pronunciations: Mapping[str, str] | None = None,
        workers: int | None = None,
    ) -> None:
        """`domains`: by an assistant's name, sentences that are likely to be said to it. `pronunciations`: of words in
        them that the CMU dictionary lacks, in its phones. `workers`: utterances that are decoded at once, by default
        one for each processor."""
        self._domains = {name: list(sentences) for name, sentences in (domains or {}).items()}
        self._pronunciations = dict(pronunciations or {})
        self._workers = workers or os.cpu_count() or 1
        self._places = asyncio.Semaphore(self._workers)
        self._decoding = 0
        self._waiting = 0
        self._listening = 0
        self._means: OrderedDict[str, str] = OrderedDict()
        self._resources = AsyncExitStack()

    async def __aenter__(self) -> Self:
        """Load the decoders. Raises ProviderUnavailable if that fails."""
        async with AsyncExitStack() as resources:
            folder = resources.enter_context(tempfile.TemporaryDirectory(prefix="voice-server-"))
            vocabulary = Path(folder, "vocabulary.json")
            content = json.dumps({"domains": self._domains, "pronunciations": self._pronunciations})
            await asyncio.to_thread(vocabulary.write_text, content)
            worker = WorkerProcess("pipeline.providers.embedded.recogniser", [str(vocabulary)])
            self._worker = await resources.enter_async_context(worker)
            self._resources = resources.pop_all()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._resources.aclose()

    @property
    def process_id(self) -> int | None:
        """Of the process that holds the decoders; None while it is being started again."""
        return self._worker.process_id

    async def transcribe(
        self, audio: AsyncIterator[AudioFrame], options: TranscriptionOptions
    ) -> AsyncGenerator[Transcript, None]:
        """See SpeechToText. Raises UnsupportedLanguage for anything but English."""
        _check_language(options.language)
        shown: asyncio.Queue[Transcript | None] = asyncio.Queue(MAX_SHOWN)
        hearing = Hearing(lambda utterance: self._recognise(utterance, options))
        with self._listener(options, shown) as listener:
            reading = asyncio.create_task(_read(audio, hearing, listener, shown))
            try:
                while (transcript := await shown.get()) is not None:
                    yield transcript
                await reading
                yield Transcript(await hearing.text(), is_final=True)
            finally:
                reading.cancel()
                await asyncio.gather(reading, return_exceptions=True)  # Raised above if anybody is to hear of it.
                await hearing.aclose()

    @contextlib.contextmanager
    def _listener(
        self, options: TranscriptionOptions, shown: "asyncio.Queue[Transcript | None]"
    ) -> Iterator[Listener | None]:
        """Who shows words while they are spoken, if there is room for one more."""
        if self._listening >= self._workers * LISTENERS_PER_WORKER:
            yield None
            return
        self._listening += 1
        try:
            yield Listener(self._worker, self._domain(options), self._means.get(options.session_id, ""), shown)
        finally:
            self._listening -= 1

    def _domain(self, options: TranscriptionOptions) -> str | None:
        return options.domain if options.domain in self._domains else None

    async def _recognise(self, audio: bytes, options: TranscriptionOptions) -> str:
        """The words of a whole utterance, by the better of two vocabularies."""
        domain = self._domain(options)
        if domain is None:
            return (await self._decode(audio, None, options.session_id)).text
        # With both at once the answer is there sooner, but nobody else should wait for it.
        room = self._workers - self._decoding >= 2 and not self._waiting
        general = asyncio.create_task(self._decode(audio, None, options.session_id)) if room else None
        try:
            expected = await self._decode(audio, domain, options.session_id)
            if is_sure(expected):
                return expected.text
            anything = await (general or self._decode(audio, None, options.session_id))
            return choose(anything, expected).text
        finally:
            if general is not None:
                general.cancel()
                await asyncio.gather(general, return_exceptions=True)  # Raised above if anybody is to hear of it.

    async def _decode(self, audio: bytes, domain: str | None, session_id: str) -> Hypothesis:
        if self._waiting >= self._workers * QUEUED_PER_WORKER:
            raise ProviderUnavailable(
                "Too many people are speaking at once for the embedded recogniser. Try again in a moment; "
                "OPENAI_API_KEY or ELEVENLABS_API_KEY adds a recogniser that is not bound to this machine."
            )
        self._waiting += 1
        try:
            await self._places.acquire()
        finally:
            self._waiting -= 1
        self._decoding += 1
        try:
            answer = await self._worker.request({"do": "decode", "domain": domain}, audio, timeout_seconds=None)
        finally:
            self._decoding -= 1
            self._places.release()
        if domain is None:
            self._remember(session_id, answer["mean"])
        return Hypothesis(**answer["hypothesis"])

    def _remember(self, session_id: str, mean: str) -> None:
        self._means[session_id] = mean
        self._means.move_to_end(session_id)
        while len(self._means) > MAX_SPEAKERS:
            self._means.popitem(last=False)


async def _read(
    audio: AsyncIterator[AudioFrame],
    hearing: Hearing,
    listener: Listener | None,
    shown: "asyncio.Queue[Transcript | None]",
) -> None:
    """Take all frames; afterwards there is nothing more to show."""
    showing = asyncio.create_task(listener.show()) if listener else None
    settling: asyncio.Task[None] | None = None
    try:
        async for frame in audio:
            if settling and frame.is_speech:
                settling.cancel()
            hearing.push(frame)
            if frame.may_be_last and (settling is None or settling.done() or settling.cancelling()):
                settling = asyncio.create_task(_settle(hearing, shown))
            if listener:
                listener.push(frame)
        hearing.finish()
    finally:
        tasks = [task for task in (showing, settling) if task is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        _put(shown, None)


async def _settle(hearing: Hearing, shown: "asyncio.Queue[Transcript | None]") -> None:
    """Tell the words so far, of which no more may follow."""
    # A failure is told at the end of the utterance, when the same words are due.
    with contextlib.suppress(ProviderError):
        _put(shown, Transcript(await hearing.text(), is_final=False, is_settled=True))


def _put(shown: "asyncio.Queue[Transcript | None]", news: Transcript | None) -> None:
    """Put something that matters more than what nobody has taken yet."""
    if shown.full():
        shown.get_nowait()
    shown.put_nowait(news)


def _check_language(language: str | None) -> None:
    if language is not None and language.lower().partition("-")[0] != "en":
        raise UnsupportedLanguage(
            f"The embedded recogniser understands English only, not `{language}`. Set OPENAI_API_KEY or "
            "ELEVENLABS_API_KEY for a recogniser that knows more languages, or type instead of speaking."
        )
