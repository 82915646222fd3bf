"""What one conversation costs the server beside its providers: `python -m benchmarks.session_cost`.

Processor time for each frame of 20 ms that is received, in silence and in speech, with the detector for tests and with
the real one; the same with what the wire makes of its bytes; and for each 100 ms of a reply that is given. Providers
follow a script and cost little.
"""

import asyncio
import time
from collections.abc import Callable
from contextlib import aclosing
from pathlib import Path

import numpy as np
import soundfile

from pipeline.audio import FRAME_SAMPLES, FRAME_SECONDS, INPUT_RATE, OUTPUT_RATE, Resampler, Samples
from pipeline.events import AudioReceived, ItemCreated, ReplyAudio, ReplyFinished, ReplyRequested
from pipeline.items import Message, Text
from pipeline.providers.scripted import ScriptedLanguageModel, ScriptedSpeechToText, ScriptedTextToSpeech
from pipeline.session import Providers, Session
from pipeline.settings import SessionSettings
from pipeline.speaking import PIECE_SAMPLES
from pipeline.vad import ConfirmedVoiceActivity, LoudnessVoiceActivity, VoiceActivityDetector
from voice_server.wire.connection import Connection
from voice_server.wire.session_config import start_session

RECORDING = Path(__file__).parent.parent / "tests" / "speech" / "carbon_slt.flac"
FRAMES = 10_000
WIRE_FRAME_SAMPLES = round(OUTPUT_RATE * FRAME_SECONDS)
FAR_FUTURE = 4_000_000_000
"""Seconds since 1970, when no session ends that is measured here."""


def new_session(voice_activity: Callable[[], VoiceActivityDetector]) -> Session:
    """A session that is never in a hurry, and never waits for an ear."""
    settings = SessionSettings(max_lead_seconds=float("inf"), max_utterance_seconds=float("inf"))
    model = ScriptedLanguageModel("This is a sentence of eight words, more or less. " * 100)
    providers = Providers(ScriptedSpeechToText(), model, ScriptedTextToSpeech(), voice_activity)
    return Session("sess_cost", settings, providers)


async def seconds_per_frame(voice_activity: Callable[[], VoiceActivityDetector], samples: Samples) -> float:
    """Processor time to receive one frame."""
    starts = range(0, len(samples) - FRAME_SAMPLES + 1, FRAME_SAMPLES)
    events = [AudioReceived(samples[start : start + FRAME_SAMPLES]) for start in starts]
    async with new_session(voice_activity) as session:
        for event in events[:50]:
            session.receive(event)
        began = time.process_time()
        for index in range(FRAMES):
            session.receive(events[index % len(events)])
            if index % 50 == 0:
                await asyncio.sleep(0)
        return (time.process_time() - began) / FRAMES


async def seconds_per_wire_frame(samples: Samples) -> float:
    """The same with decoding and resampling, as a binary message brings it (int16, 24 kHz)."""
    config = start_session("sess_cost", "galion", SessionSettings(), FAR_FUTURE)
    connection = Connection(config, with_extensions=True)
    starts = range(0, len(samples) - WIRE_FRAME_SAMPLES + 1, WIRE_FRAME_SAMPLES)
    messages = [samples[start : start + WIRE_FRAME_SAMPLES].tobytes() for start in starts]
    async with new_session(ConfirmedVoiceActivity) as session:
        began = time.process_time()
        for index in range(FRAMES):
            for event in connection.receive(messages[index % len(messages)], may_wait=session.can_wait):
                assert isinstance(event, AudioReceived)
                session.receive(event)
            if index % 50 == 0:
                await asyncio.sleep(0)
        return (time.process_time() - began) / FRAMES


async def seconds_per_piece() -> float:
    """Processor time to make and give 100 ms of a reply."""
    samples = 0
    async with new_session(LoudnessVoiceActivity) as session, aclosing(session.outputs()) as outputs:
        session.receive(ItemCreated(Message("item_question", "user", (Text("Go on."),))))
        session.receive(ReplyRequested())
        began = time.process_time()
        async for output in outputs:
            if isinstance(output, ReplyAudio):
                samples += len(output.samples)
            if isinstance(output, ReplyFinished):
                break
        return (time.process_time() - began) / (samples / PIECE_SAMPLES)


async def main() -> None:
    """Print everything."""
    speech, _ = soundfile.read(RECORDING, dtype="int16")
    silence = np.zeros(10 * INPUT_RATE, np.int16)
    for detector in (LoudnessVoiceActivity, ConfirmedVoiceActivity):
        for name, samples in {"silence": silence, "speech": speech}.items():
            cost = await seconds_per_frame(detector, samples)
            print(f"{detector.__name__:24}{name:8}{cost * 1e6:8.1f} µs per frame of 20 ms")
    for name, samples in {"silence": silence, "speech": speech}.items():
        cost = await seconds_per_wire_frame(Resampler(INPUT_RATE, OUTPUT_RATE).push(samples))
        print(f"{'with the wire':24}{name:8}{cost * 1e6:8.1f} µs per frame of 20 ms")
    print(f"a reply: {await seconds_per_piece() * 1e6:.0f} µs per 100 ms")


if __name__ == "__main__":
    asyncio.run(main())
