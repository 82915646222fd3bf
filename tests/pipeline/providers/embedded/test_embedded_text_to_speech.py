import asyncio
import contextlib
import os
import signal
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.audio import OUTPUT_RATE, Samples
from pipeline.errors import ProviderUnavailable, UnsupportedLanguage
from pipeline.providers.embedded.text_to_speech import EmbeddedTextToSpeech
from pipeline.providers.interfaces import SpeechChunk, SpokenText, VoiceOptions

pytestmark = pytest.mark.asyncio(loop_scope="session")


@dataclass
class Said:
    chunks: Sequence[SpeechChunk]

    @property
    def samples(self) -> Samples:
        return np.concatenate([chunk.samples for chunk in self.chunks])

    @property
    def seconds(self) -> float:
        return len(self.samples) / OUTPUT_RATE

    @property
    def words(self) -> list[SpokenText]:
        return [word for chunk in self.chunks for word in chunk.spoken]

    @property
    def text(self) -> str:
        return "".join(word.text for word in self.words)


async def written(*clauses: str) -> AsyncIterator[str]:
    for clause in clauses:
        yield clause


async def say(
    voice: EmbeddedTextToSpeech, *clauses: str, language: str = "en", name: str | None = None, speed: float = 1.0
) -> Said:
    options = VoiceOptions("session", voice=name, language=language, speed=speed)
    return Said([chunk async for chunk in voice.speak(written(*clauses), options)])


@pytest.mark.parametrize(
    ("language", "text"),
    [("en", "What is the speed of light?"), ("it", "Qual è la velocità della luce?"), ("zh", "你好，世界。")],
)
async def test_speaks_many_languages(voice: EmbeddedTextToSpeech, language: str, text: str) -> None:
    said = await say(voice, text, language=language)

    assert said.text == text
    assert 0.8 < said.seconds < 4
    assert 5_000 < np.abs(said.samples.astype(int)).max() < 32_767
    assert said.samples.dtype == np.int16


async def test_the_first_chunks_are_short_and_carry_their_words(voice: EmbeddedTextToSpeech) -> None:
    said = await say(voice, "One two three four five six seven eight nine ten.")

    assert max(len(chunk.samples) for chunk in said.chunks) <= 0.2 * OUTPUT_RATE
    begin = 0.0
    for chunk in said.chunks:
        end = begin + len(chunk.samples) / OUTPUT_RATE
        assert all(begin <= word.start_seconds <= end for word in chunk.spoken)
        begin = end


async def test_words_are_timed_in_order_and_inside_the_audio(voice: EmbeddedTextToSpeech) -> None:
    said = await say(voice, "It costs $12.50 — for 3 km, ", "or 1,234.5 <b>euros</b>. ", "Really?")

    starts = [word.start_seconds for word in said.words]
    assert starts == sorted(starts)
    assert [word.text for word in said.words][:3] == ["It ", "costs ", "$12.50 — "]
    assert [word.text for word in said.words][-1] == "Really?"
    for word, following in zip(said.words, said.words[1:], strict=False):
        assert word.end_seconds is not None
        assert word.start_seconds <= word.end_seconds <= following.start_seconds + 1e-9
    assert said.words[-1].end_seconds == pytest.approx(said.seconds)


async def test_silence_is_trimmed_and_a_pause_stays_between_sentences(voice: EmbeddedTextToSpeech) -> None:
    said = await say(voice, "Yes. ", "No.")

    loud = np.flatnonzero(np.abs(said.samples.astype(int)) > 200) / OUTPUT_RATE
    assert loud[0] < 0.05
    assert said.seconds - loud[-1] < 0.05
    assert 0.2 < np.diff(loud).max() < 0.45


AWKWARD = [
    "",
    " ",
    "...",
    "\x00",
    "a\ud800b",
    "\x07",
    "<speak>",
    "[[h@loU]]",
    "\u200b",
    "e\u0301",
    "\U0001f600",
    "x" * 700,
]


@settings(max_examples=60, deadline=None)
@given(clauses=st.lists(st.text(max_size=40) | st.sampled_from(AWKWARD), max_size=4))
async def test_every_character_is_accounted_for(voice: EmbeddedTextToSpeech, clauses: list[str]) -> None:
    said = await say(voice, *clauses)

    assert said.text == "".join(clauses)
    assert all(0 <= word.start_seconds <= sum(len(c.samples) for c in said.chunks) / OUTPUT_RATE for word in said.words)


async def test_a_very_long_clause_is_said_piece_by_piece(voice: EmbeddedTextToSpeech) -> None:
    text = "and then another word, " * 100
    async with contextlib.aclosing(voice.speak(written(text), VoiceOptions("session"))) as chunks:
        spoken = ""
        seconds = 0.0
        async for chunk in chunks:
            spoken += "".join(word.text for word in chunk.spoken)
            seconds += len(chunk.samples) / OUTPUT_RATE

    assert spoken == text
    assert seconds > 60


async def test_each_clause_is_said_without_waiting_for_the_next(voice: EmbeddedTextToSpeech) -> None:
    more: asyncio.Queue[str] = asyncio.Queue()

    async def clauses() -> AsyncIterator[str]:
        for _ in range(2):
            yield await more.get()

    async with contextlib.aclosing(voice.speak(clauses(), VoiceOptions("session"))) as chunks:
        more.put_nowait("First. ")
        assert (await anext(chunks)).spoken[0].text == "First. "


async def test_a_slower_voice_takes_longer(voice: EmbeddedTextToSpeech) -> None:
    slow, normal, fast = [(await say(voice, "The quick brown fox.", speed=speed)).seconds for speed in (0.25, 1, 1.5)]

    assert slow > 1.3 * normal
    assert fast < 0.85 * normal


async def test_an_unknown_voice_is_the_default_one(voice: EmbeddedTextToSpeech) -> None:
    default = await say(voice, "Hello there.")

    for name in ("alloy", "echo", "21m00Tcm4TlvDq8ikWAM", "it", "en-nowhere"):
        assert (await say(voice, "Hello there.", name=name)).seconds == pytest.approx(default.seconds, abs=0.05)


async def test_an_unknown_language_is_refused(voice: EmbeddedTextToSpeech) -> None:
    with pytest.raises(UnsupportedLanguage, match="does not speak `xx`"):
        await say(voice, "Hello.", language="xx")

    assert (await say(voice, "Hello.")).text == "Hello."


async def test_conversations_do_not_mix(voice: EmbeddedTextToSpeech) -> None:
    texts = [(f"Sentence number {number}.", language) for number in range(10) for language in ("en", "it")]

    said = await asyncio.gather(*(say(voice, text, language=language) for text, language in texts))

    assert [one.text for one in said] == [text for text, _ in texts]


async def test_a_speech_that_is_closed_leaves_the_voice_to_others(voice: EmbeddedTextToSpeech) -> None:
    for _ in range(20):
        chunks = voice.speak(written("A long sentence that nobody will hear to its end. " * 3), VoiceOptions("session"))
        await anext(chunks)
        await chunks.aclose()
    cancelled = [asyncio.create_task(say(voice, "Nobody hears this.")) for _ in range(20)]
    await asyncio.sleep(0)
    for task in cancelled:
        task.cancel()

    assert (await say(voice, "Hello.")).text == "Hello."
    assert all(
        isinstance(one, asyncio.CancelledError) for one in await asyncio.gather(*cancelled, return_exceptions=True)
    )


async def test_a_crash_ends_that_speech_and_the_next_is_said() -> None:
    async with EmbeddedTextToSpeech() as voice:
        assert voice.process_id is not None
        os.kill(voice.process_id, signal.SIGSTOP)
        speaking = asyncio.create_task(say(voice, "Hello."))
        await asyncio.sleep(0)
        os.kill(voice.process_id, signal.SIGKILL)

        with pytest.raises(ProviderUnavailable, match="being started again"):
            await speaking
        assert (await say(voice, "Hello.")).text == "Hello."
