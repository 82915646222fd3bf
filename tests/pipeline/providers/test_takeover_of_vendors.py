"""A vendor's voice that breaks off between two words, or two clauses, is followed by another."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing

import pytest

from benchmarks.emulators import elevenlabs, openai, tones
from benchmarks.emulators.faults import Fault, FaultKind, Faults
from benchmarks.emulators.scene import Scene
from benchmarks.emulators.server import Server
from pipeline.audio import OUTPUT_RATE
from pipeline.errors import ProviderError
from pipeline.providers.elevenlabs.text_to_speech import ElevenLabsTextToSpeech
from pipeline.providers.failover import TextToSpeeches, candidate
from pipeline.providers.interfaces import SpeechChunk, TextToSpeech, VoiceOptions
from pipeline.providers.openai.client import client
from pipeline.providers.openai.text_to_speech import OpenAITextToSpeech
from pipeline.providers.scripted import ScriptedTextToSpeech
from tests.contracts.stages import given

MIDWAY = (FaultKind.HANG_MIDWAY, FaultKind.CLOSE_MIDWAY)


async def said(voice: TextToSpeech, clauses: list[str]) -> tuple[str, float]:
    """The text that was told, and the seconds of audio."""
    chunks: list[SpeechChunk] = []
    async with aclosing(voice.speak(given(clauses), VoiceOptions("s"))) as speech:
        chunks.extend([chunk async for chunk in speech])
    text = "".join(piece.text for chunk in chunks for piece in chunk.spoken)
    return text, sum(len(chunk.samples) for chunk in chunks) / OUTPUT_RATE


@pytest.mark.parametrize("fault", MIDWAY)
async def test_elevenlabs_breaks_off_behind_a_whole_word(fault: FaultKind) -> None:
    # Its first chunk, of 0.2 s, is the first word.
    scene = Scene(faults=Faults(Fault(fault)))
    second = ScriptedTextToSpeech()
    async with Server(elevenlabs.application(scene)) as server:
        stage = TextToSpeeches([candidate("TTS", ElevenLabsTextToSpeech("key", server.url)), candidate("TTS", second)])
        text, seconds = await said(stage, ["One two three. ", "Four."])
    assert text == "One two three. Four."
    assert second.clauses == ["two three. ", "Four."]
    _, rest_seconds = await said(ScriptedTextToSpeech(), second.clauses)
    assert seconds == pytest.approx(0.2 + rest_seconds)


@pytest.mark.parametrize("fault", MIDWAY)
async def test_elevenlabs_breaks_off_in_the_middle_of_a_word(fault: FaultKind) -> None:
    scene = Scene(faults=Faults(Fault(fault)))
    second = ScriptedTextToSpeech()
    async with Server(elevenlabs.application(scene)) as server:
        stage = TextToSpeeches([candidate("TTS", ElevenLabsTextToSpeech("key", server.url)), candidate("TTS", second)])
        with pytest.raises(ProviderError):
            await said(stage, ["Seventeen of them. "])
    assert second.clauses == []


@pytest.mark.parametrize("fault", [FaultKind.SERVER_ERROR, FaultKind.HANG_ON_CONNECT, FaultKind.EMPTY])
async def test_openai_fails_with_the_second_clause(fault: FaultKind) -> None:
    scene = Scene(faults=Faults())
    second = ScriptedTextToSpeech()
    is_said = asyncio.Event()

    async def clauses() -> AsyncIterator[str]:
        yield "One two. "
        await is_said.wait()
        scene.faults.add(Fault(fault))
        yield "Three four."

    async with Server(openai.application(scene)) as server, client("sk-test", f"{server.url}/v1") as connection:
        stage = TextToSpeeches([candidate("TTS", OpenAITextToSpeech(connection)), candidate("TTS", second)])
        texts, seconds = "", 0.0
        async with aclosing(stage.speak(clauses(), VoiceOptions("s"))) as speech:
            async for chunk in speech:
                texts += "".join(piece.text for piece in chunk.spoken)
                seconds += len(chunk.samples) / OUTPUT_RATE
                if any(not piece.text for piece in chunk.spoken):
                    is_said.set()
    assert texts == "One two. Three four."
    assert second.clauses == ["Three four."]
    _, rest_seconds = await said(ScriptedTextToSpeech(), ["Three four."])
    assert seconds == pytest.approx(len(tones.speech("One two.").samples) / tones.RATE + rest_seconds)
