"""While nobody speaks, audio is heard some frames at once; whatever follows from it follows in the same frame."""

import asyncio
import json
import random
from contextlib import aclosing

import numpy as np
import pytest

from pipeline.audio import FRAME_SECONDS, INPUT_RATE, OUTPUT_RATE
from pipeline.events import AudioCleared, AudioReceived, Input, RequestFailed, SettingsChanged, SpeechStarted
from pipeline.providers.scripted import ScriptedLanguageModel, ScriptedSpeechToText, ScriptedTextToSpeech
from pipeline.session import Providers, Session
from pipeline.settings import SessionSettings
from pipeline.vad import LoudnessVoiceActivity
from tests.pipeline.lab import hush, tone
from tests.virtual_time import run
from tests.voice_server.wire.story import new_config
from voice_server.wire.audio import InputAudio
from voice_server.wire.connection import Connection

FRAME_BYTES = round(OUTPUT_RATE * FRAME_SECONDS) * 2
FRAME = bytes(FRAME_BYTES)


def new_connection() -> Connection:
    return Connection(new_config(), with_extensions=True)


def lengths(events: list[Input | RequestFailed]) -> list[float]:
    return [len(event.samples) / INPUT_RATE for event in events if isinstance(event, AudioReceived)]


def room(seed: int) -> list[bytes]:
    """Silence, clicks, words with gaps in them, and long pauses, in frames."""
    chance = random.Random(seed)
    sound = []
    for _ in range(40):
        sound.append(hush(chance.choice((0.02, 0.06, 0.14, 0.3, 0.9, 2.5)), OUTPUT_RATE))
        sound.append(tone(chance.choice((0.02, 0.04, 0.1, 0.12, 0.16, 0.4, 1.2)), OUTPUT_RATE))
    samples = np.concatenate(sound)
    whole = len(samples) - len(samples) % (FRAME_BYTES // 2)
    return [frame.tobytes() for frame in np.split(samples[:whole], whole * 2 // FRAME_BYTES)]


async def held(frames: list[bytes], *, waits: bool) -> tuple[list[tuple[int, str, float | None]], int]:
    """What a conversation gives after each frame, and how often it was given audio."""
    model = ScriptedLanguageModel("This is an answer of some words.")
    providers = Providers(ScriptedSpeechToText("hello there"), model, ScriptedTextToSpeech(), LoudnessVoiceActivity)
    session = Session("sess_1", SessionSettings(), providers)
    connection = new_connection()
    given: list[tuple[int, str, float | None]] = []
    number = times = 0

    async def note() -> None:
        async with aclosing(session.outputs()) as outputs:
            async for output in outputs:
                start = output.start_seconds if isinstance(output, SpeechStarted) else None
                given.append((number, type(output).__name__, start))

    async with asyncio.TaskGroup() as tasks, session:
        tasks.create_task(note())
        for number, frame in enumerate(frames):  # noqa: B007 -- `note` tells it
            for event in connection.receive(frame, may_wait=waits and session.can_wait):
                assert isinstance(event, AudioReceived)
                times += 1
                session.receive(event)
            await asyncio.sleep(FRAME_SECONDS)
    return given, times


@pytest.mark.parametrize("seed", range(5))
def test_nothing_follows_later_from_audio_that_waited(seed: int) -> None:
    frames = room(seed)
    # Each in a time of its own, which begins at 0: fractions of a frame are rounded in the same way.
    at_once, all_frames = run(held(frames, waits=False))
    waited, some_frames = run(held(frames, waits=True))
    assert waited == at_once
    assert sum(name == "SpeechStarted" for _, name, _ in at_once) > 5
    assert all_frames == len(frames)
    assert some_frames < 0.8 * all_frames


def test_three_frames_are_given_as_one() -> None:
    connection = new_connection()
    given = [lengths(list(connection.receive(FRAME, may_wait=True))) for _ in range(6)]
    assert [len(each) for each in given] == [0, 0, 1, 0, 0, 1]
    # The resampler holds back a millisecond.
    assert sum(map(sum, given)) == pytest.approx(0.12, abs=0.002)


def test_what_waited_comes_with_the_first_frame_that_may_not_wait() -> None:
    connection = new_connection()
    assert not list(connection.receive(FRAME, may_wait=True))
    assert lengths(list(connection.receive(FRAME))) == pytest.approx([0.04], abs=0.002)


def test_much_at_once_does_not_wait() -> None:
    connection = new_connection()
    assert sum(lengths(list(connection.receive(FRAME * 5, may_wait=True)))) == pytest.approx(0.1, abs=0.002)


@pytest.mark.parametrize(
    ("message", "follows"),
    [
        ('{"type": "input_audio_buffer.clear"}', AudioCleared),
        ('{"type": "input_audio_buffer.append", "audio": "AAAA"}', AudioReceived),
        ('{"type": "nonsense"}', RequestFailed),
        ("no JSON", RequestFailed),
    ],
)
def test_what_waited_comes_before_whatever_else_the_client_says(message: str, follows: type) -> None:
    connection = new_connection()
    assert not list(connection.receive(FRAME, may_wait=True))
    first, *_, last = connection.receive(message)
    assert lengths([first]) == pytest.approx([0.02], abs=0.002)
    assert isinstance(last, follows)


def test_what_waited_is_read_in_the_encoding_that_it_came_in() -> None:
    connection = new_connection()
    assert not list(connection.receive(FRAME, may_wait=True))
    audio = {"input": {"format": {"type": "audio/pcmu"}}}
    update = {"type": "session.update", "session": {"type": "realtime", "audio": audio}}
    first, last = connection.receive(json.dumps(update))
    assert lengths([first]) == pytest.approx([0.02], abs=0.002)
    assert isinstance(last, SettingsChanged)
    g711 = [lengths(list(connection.receive(bytes(160), may_wait=True))) for _ in range(3)]
    assert [len(each) for each in g711] == [0, 0, 1]
    assert sum(map(sum, g711)) == pytest.approx(0.06, abs=0.005)


def test_waiting_changes_no_sample() -> None:
    frames = room(1)[:300]
    audio = InputAudio("audio/pcm")
    connection = new_connection()
    alone = np.concatenate([audio.push(frame) for frame in frames])
    waited = [event for n, frame in enumerate(frames) for event in connection.receive(frame, may_wait=n % 7 != 0)]
    together = np.concatenate([event.samples for event in waited if isinstance(event, AudioReceived)])
    assert np.array_equal(together, alone[: len(together)])
    assert len(alone) - len(together) <= 2 * 320
