"""Phrases are spoken in advance: in which voice, which words, and what happens while that voice is away."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import suppress

import pytest

from pipeline.errors import ProviderUnavailable
from pipeline.providers.interfaces import SpeechChunk, TextToSpeech, VoiceOptions
from pipeline.providers.scripted import ScriptedTextToSpeech
from tests.virtual_time import in_virtual_time
from voice_server.phrases import APOLOGY, ATTEMPT_SECONDS, LONGEST_PAUSE_SECONDS, MOMENT, Phrasebook, Speaker

ENGLISH = Speaker("ann", "en", greeting="Hello!")


class Away:
    """A voice that fails a number of times, or hangs, before it speaks."""

    name = "away"

    def __init__(self, failures: int, *, hangs: bool = False) -> None:
        self.tries = 0
        self.times: list[float] = []
        self._failures = failures
        self._hangs = hangs
        self._voice = ScriptedTextToSpeech()

    async def speak(self, clauses: AsyncIterator[str], options: VoiceOptions) -> AsyncGenerator[SpeechChunk, None]:
        self.tries += 1
        self.times.append(asyncio.get_running_loop().time())
        if self.tries <= self._failures:
            if self._hangs:
                await asyncio.Event().wait()
            raise ProviderUnavailable("Away.")
        async for chunk in self._voice.speak(clauses, options):
            yield chunk


class Mute:
    """A voice that gives no samples."""

    name = "mute"

    async def speak(self, clauses: AsyncIterator[str], _options: VoiceOptions) -> AsyncGenerator[SpeechChunk, None]:
        async for _ in clauses:
            yield SpeechChunk(samples=ScriptedTextToSpeech()._tone(""))


def phrasebook(
    voice: TextToSpeech, stand_in: TextToSpeech | None = None, speakers: Mapping[str, Speaker] | None = None
) -> Phrasebook:
    return Phrasebook(voice, stand_in or voice, speakers or {"tester": ENGLISH})


async def prepare_for(book: Phrasebook, seconds: float) -> None:
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await book.prepare()


@in_virtual_time
async def test_all_phrases_are_spoken_once_in_the_assistants_voice_and_language() -> None:
    voice = ScriptedTextToSpeech()
    speakers = {"a": ENGLISH, "b": Speaker("ann", "en"), "c": Speaker(None, "it", greeting="Ciao!")}
    book = phrasebook(voice, speakers=speakers)
    assert book.of("a").greeting is None
    await book.prepare()
    assert voice.clauses == ["Hello!", APOLOGY["en"], MOMENT["en"], "Ciao!", APOLOGY["it"], MOMENT["it"]]
    assert [(options.voice, options.language) for options in voice.requests] == [("ann", "en")] * 3 + [(None, "it")] * 3
    a, b, c = (book.of(name) for name in "abc")
    assert a.greeting is not None
    assert a.greeting.text == "Hello!"
    assert sum(len(chunk.samples) for chunk in a.greeting.chunks) > 0
    assert "".join(piece.text for chunk in a.greeting.chunks for piece in chunk.spoken) == "Hello!"
    assert (b.greeting, b.apology, b.moment) == (None, a.apology, a.moment)
    assert c.apology is not None
    assert c.apology.text == APOLOGY["it"]


@in_virtual_time
async def test_a_language_without_phrases_hears_the_english_ones() -> None:
    voice = ScriptedTextToSpeech()
    book = phrasebook(voice, speakers={"tester": Speaker(None, "de")})
    await book.prepare()
    apology = book.of("tester").apology
    assert apology is not None
    assert apology.text == APOLOGY["en"]
    assert {options.language for options in voice.requests} == {"en"}


@in_virtual_time
async def test_a_voice_that_is_away_is_tried_again_with_growing_pauses() -> None:
    voice = Away(failures=9)
    book = phrasebook(voice)
    await book.prepare()
    pauses = [later - earlier for earlier, later in zip(voice.times[:9], voice.times[1:10], strict=True)]
    # With the third failure begins the search for a stand-in, which is the same voice here and fails as well.
    assert [round(pause) for pause in pauses if pause > 0.5] == [1, 2, 4, 8, 16]
    assert book.of("tester").apology is not None


@in_virtual_time
async def test_any_voice_apologises_until_the_right_one_can() -> None:
    voice, stand_in = Away(failures=4), ScriptedTextToSpeech()
    book = phrasebook(voice, stand_in)
    preparing = asyncio.create_task(book.prepare())
    await asyncio.sleep(2.9)
    assert book.of("tester").apology is None, "the right voice may still come"
    await asyncio.sleep(0.2)
    assert (voice.tries, stand_in.clauses) == (3, [APOLOGY["en"]])
    phrases = book.of("tester")
    assert phrases.apology is not None
    assert (phrases.greeting, phrases.moment) == (None, None), "only the apology is worth a strange voice"
    await preparing
    assert book.of("tester").apology is not phrases.apology
    assert book.of("tester").greeting is not None
    assert len(stand_in.clauses) == 1


@in_virtual_time
async def test_a_voice_that_hangs_is_not_waited_for_for_ever() -> None:
    voice, stand_in = Away(failures=3, hangs=True), ScriptedTextToSpeech()
    book = phrasebook(voice, stand_in)
    await book.prepare()
    assert asyncio.get_running_loop().time() == pytest.approx(3 * ATTEMPT_SECONDS + 1 + 2 + 4)
    assert stand_in.clauses == [APOLOGY["en"]]


@in_virtual_time
async def test_a_voice_without_sound_has_prepared_nothing() -> None:
    book = phrasebook(Mute(), ScriptedTextToSpeech())
    await prepare_for(book, 10 * LONGEST_PAUSE_SECONDS)
    phrases = book.of("tester")
    assert phrases.greeting is None
    assert phrases.apology is not None
