"""What assistants can say without asking anybody: a greeting, "one moment", an apology; each spoken in advance.

They are spoken once, behind the start of the server, in the voice that the assistant will have. When that voice is away
it is tried again; meanwhile any voice that can be had apologises, because silence is worse than a strange voice.
"""

import asyncio
from collections import OrderedDict
from collections.abc import AsyncGenerator, Iterable, Mapping
from contextlib import aclosing
from dataclasses import dataclass

import structlog

from pipeline.errors import ProviderError, ProviderUnavailable
from pipeline.prepared import Phrases, PreparedSpeech
from pipeline.providers.interfaces import SpeechChunk, TextToSpeech, VoiceOptions

MOMENT = {"en": "One moment, please.", "it": "Un momento, per favore."}
"""By language; any other hears the English one."""
APOLOGY = {
    "en": "I'm sorry, I could not answer that just now. Please say it again.",
    "it": "Mi dispiace, ora non sono riuscito a rispondere. Ripeti, per favore.",
}
"""As above."""
ATTEMPTS = 3
"""In the assistant's own voice, before any other may stand in for it."""
ATTEMPT_SECONDS = 20.0
"""For one phrase to be spoken."""
FIRST_PAUSE_SECONDS = 1.0
"""After the first attempt that failed; each pause is twice the one before, up to the longest."""
LONGEST_PAUSE_SECONDS = 60.0
MAX_GUESTS = 50
"""Tenants' assistants whose phrases are kept: half a megabyte each."""

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Speaker:
    """How an assistant sounds, and what it says first."""

    voice: str | None
    language: str
    """ISO 639-1."""
    greeting: str | None = None
    speed: float = 1.0


@dataclass(frozen=True, slots=True)
class _Line:
    """One text in one voice: what two assistants that sound alike share."""

    text: str
    voice: str | None
    language: str
    speed: float


class Phrasebook:
    """The phrases of every assistant, as far as they are prepared."""

    def __init__(self, own_voice: TextToSpeech, any_voice: TextToSpeech, speakers: Mapping[str, Speaker]) -> None:
        """`own_voice`: the one that assistants have. `any_voice`: the first that can speak. `speakers`: by name."""
        self._own_voice = own_voice
        self._any_voice = any_voice
        self._speakers = speakers
        self._spoken: dict[_Line, PreparedSpeech] = {}
        self._substitutes: dict[_Line, PreparedSpeech] = {}
        self._guests: OrderedDict[Speaker, None] = OrderedDict()
        """Tenants' assistants, the one that was talked to last at the end."""
        self._asked = asyncio.Event()

    def speaker(self, assistant: str) -> Speaker:
        """How this assistant sounds."""
        return self._speakers[assistant]

    def of(self, assistant: str) -> Phrases:
        """What this assistant can say by now."""
        return self._said_by(self._speakers[assistant])

    def of_guest(self, speaker: Speaker) -> Phrases:
        """What a tenant's assistant can say by now; what is missing is prepared for the next time."""
        if speaker not in self._guests:
            self._asked.set()
        self._guests[speaker] = None
        self._guests.move_to_end(speaker)
        if len(self._guests) > MAX_GUESTS:
            gone, _ = self._guests.popitem(last=False)
            others = {line for each in (*self._guests, *self._speakers.values()) for line in _lines(each)}
            for line in _lines(gone):
                if line not in others:
                    self._spoken.pop(line, None)
                    self._substitutes.pop(line, None)
        return self._said_by(speaker)

    async def prepare_guests(self) -> None:
        """Speak what tenants' assistants say, as they are asked for; runs for ever."""
        while True:
            await self._asked.wait()
            self._asked.clear()
            wanted = list(dict.fromkeys(line for speaker in self._guests for line in _lines(speaker)))
            if not await self._speak(self._own_voice, wanted, self._spoken):
                self._asked.set()
                apologies = dict.fromkeys(_apology(speaker) for speaker in self._guests)
                missing = [line for line in apologies if line not in self._spoken]
                await self._speak(self._any_voice, missing, self._substitutes)
                await asyncio.sleep(LONGEST_PAUSE_SECONDS)

    def _said_by(self, speaker: Speaker) -> Phrases:
        greeting = _greeting(speaker)
        return Phrases(
            greeting=self._spoken.get(greeting) if greeting else None,
            moment=self._spoken.get(_moment(speaker)),
            apology=self._spoken.get(_apology(speaker)) or self._substitutes.get(_apology(speaker)),
        )

    async def prepare(self) -> None:
        """Speak them all. Ends when each is there in the assistant's own voice."""
        wanted = list(dict.fromkeys(line for speaker in self._speakers.values() for line in _lines(speaker)))
        attempts, pause = 0, FIRST_PAUSE_SECONDS
        while not await self._speak(self._own_voice, wanted, self._spoken):
            attempts += 1
            if attempts >= ATTEMPTS:
                apologies = dict.fromkeys(_apology(speaker) for speaker in self._speakers.values())
                missing = [line for line in apologies if line not in self._spoken]
                await self._speak(self._any_voice, missing, self._substitutes)
            await asyncio.sleep(pause)
            pause = min(2 * pause, LONGEST_PAUSE_SECONDS)
        self._substitutes.clear()
        _log.info("phrases prepared", voice=self._own_voice.name, phrases=len(self._spoken))

    async def _speak(self, voice: TextToSpeech, lines: Iterable[_Line], spoken: dict[_Line, PreparedSpeech]) -> bool:
        """Whether all of these are spoken now. The first that fails ends it: the next would fail as well."""
        for line in lines:
            if line in spoken:
                continue
            try:
                async with asyncio.timeout(ATTEMPT_SECONDS):
                    spoken[line] = await _prepared(voice, line)
            except TimeoutError:
                _log.warning("phrase not prepared", voice=voice.name, reason=f"not spoken in {ATTEMPT_SECONDS:g} s")
                return False
            except ProviderError as error:
                _log.warning("phrase not prepared", voice=voice.name, code=error.code, reason=error.message)
                return False
        return True


def _lines(speaker: Speaker) -> list[_Line]:
    """In the order in which they may be needed."""
    return [line for line in (_greeting(speaker), _apology(speaker), _moment(speaker)) if line]


def _greeting(speaker: Speaker) -> _Line | None:
    if speaker.greeting is None:
        return None
    return _Line(speaker.greeting, speaker.voice, speaker.language, speaker.speed)


def _moment(speaker: Speaker) -> _Line:
    return _in_language(MOMENT, speaker)


def _apology(speaker: Speaker) -> _Line:
    return _in_language(APOLOGY, speaker)


def _in_language(texts: Mapping[str, str], speaker: Speaker) -> _Line:
    language = speaker.language if speaker.language in texts else "en"
    return _Line(texts[language], speaker.voice, language, speaker.speed)


async def _prepared(voice: TextToSpeech, line: _Line) -> PreparedSpeech:
    """Raises ProviderError."""
    options = VoiceOptions("phrases", line.voice, line.language, line.speed)
    chunks: list[SpeechChunk] = []
    async with aclosing(_once(line.text)) as clauses, aclosing(voice.speak(clauses, options)) as speech:
        chunks.extend([chunk async for chunk in speech])
    if not any(len(chunk.samples) for chunk in chunks):
        raise ProviderUnavailable("The voice gave no sound.")
    return PreparedSpeech(line.text, tuple(chunks))


async def _once(text: str) -> AsyncGenerator[str, None]:
    yield text
