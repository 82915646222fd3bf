"""One real turn: a recorded question is spoken to a server, and its answer listened to."""

import argparse
import asyncio
import os
import sys
import time
from collections.abc import Sequence
from contextlib import aclosing
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from voice_client import ConnectionFailed, VoiceClient
from voice_client.events import (
    RATE,
    ConversationRestarted,
    ReplyAudio,
    ReplyFinished,
    ReplyText,
    Samples,
    ServerError,
    UserTranscript,
    UserTranscriptFailed,
)
from voice_client.microphone import first_and_last_loud, read_recording

from deploy.scripts.failures import DONE, Failed

KEY_VARIABLE = "VOICE_SERVER_API_KEY"
QUESTION = Path(__file__).parents[2] / "tests" / "speech" / "square_root_slt.flac"
FRAME_SAMPLES = RATE // 50
FRAME_SECONDS = 0.02
AUDIBLE = 300
"""Of int16; anything below is silence."""


class SpeechFailed(Failed):
    """There was no turn, and why."""


@dataclass(frozen=True)
class SpokenTurn:
    """What came of it."""

    transcript: str
    answer: str
    answer_seconds: float
    """Of sound that was received."""
    wait_seconds: float
    """From the last audible sample of the question to the arrival of the first of the answer."""

    def told(self) -> str:
        """In one line."""
        heard = f'Understood "{self.transcript}" and answered "{self.answer}"'
        return f"{heard}: {self.answer_seconds:.1f} s of speech, after {self.wait_seconds:.2f} s."


class _Turn:
    """What has been said and heard so far."""

    def __init__(self) -> None:
        self.asked_at = 0.0
        self.audible_at: float | None = None
        self.transcript = ""
        self.answer = ""
        self.samples = 0
        self.is_answered = False

    @property
    def missing(self) -> str:
        """What a turn still needs."""
        parts = {
            "the question's words": self.transcript,
            "sound": self.audible_at,
            "the end of an answer": self.is_answered,
        }
        return ", ".join(name for name, found in parts.items() if not found)

    def hear(self, samples: Samples) -> None:
        """Sound of the answer."""
        self.samples += len(samples)
        if self.audible_at is None and (np.abs(samples) > AUDIBLE).any():
            self.audible_at = time.monotonic()


def speak(url: str, api_key: str | None, *, seconds: float, question: Path = QUESTION) -> SpokenTurn:
    """Hold the turn. Raises SpeechFailed."""
    try:
        samples = read_recording(question)
    except OSError as error:
        raise SpeechFailed(f"{question} cannot be read ({error}). Run this in a whole checkout.") from error
    return asyncio.run(_hold(url, api_key, samples, seconds))


async def _hold(url: str, api_key: str | None, samples: Samples, seconds: float) -> SpokenTurn:
    turn = _Turn()
    try:
        async with asyncio.timeout(seconds), VoiceClient(url, api_key, greeting=False) as client:
            await client.started()
            speaking = asyncio.create_task(_say(client, samples, turn))
            try:
                await _listen(client, turn)
            finally:
                speaking.cancel()
                await asyncio.gather(speaking, return_exceptions=True)
    except ConnectionFailed as error:
        raise SpeechFailed(str(error)) from error
    except TimeoutError as error:
        raise SpeechFailed(f"After {seconds:g} seconds there was still missing: {turn.missing}.") from error
    assert turn.audible_at is not None
    wait = turn.audible_at - turn.asked_at
    return SpokenTurn(turn.transcript, turn.answer.strip(), turn.samples / RATE, wait)


async def _say(client: VoiceClient, samples: Samples, turn: _Turn) -> None:
    """In real time, and then silence, as a microphone that stays open."""
    last_loud = (first_and_last_loud(samples) or (0, len(samples) - 1))[1]
    began = time.monotonic()
    turn.asked_at = began + last_loud / RATE
    position = 0
    while True:
        frame = samples[position : position + FRAME_SAMPLES]
        await client.send_audio(np.concatenate([frame, np.zeros(FRAME_SAMPLES - len(frame), np.int16)]))
        position += FRAME_SAMPLES
        await asyncio.sleep(max(0.0, began + position / RATE - time.monotonic()))


async def _listen(client: VoiceClient, turn: _Turn) -> None:
    async with aclosing(client.events()) as events:
        async for event in events:
            match event:
                case UserTranscript(text=text, is_final=True):
                    turn.transcript = text
                case ReplyAudio(samples=samples):
                    turn.hear(samples)
                case ReplyText(text=text):
                    turn.answer += text
                case ReplyFinished(status="completed"):
                    turn.is_answered = True
                case ReplyFinished(status="failed" | "incomplete", message=message):
                    raise SpeechFailed(f"The answer failed: {message or 'it says not why'}. See the server's log.")
                case UserTranscriptFailed(message=message) | ServerError(message=message):
                    raise SpeechFailed(f"The server refuses: {message}")
                case ConversationRestarted():
                    raise SpeechFailed("The server forgot the conversation in its middle. See the server's log.")
                case _:
                    pass
            if not turn.missing:
                return


def command(arguments: Sequence[str] | None = None) -> int:
    """Gives the exit code."""
    made = argparse.ArgumentParser(prog="python -m deploy.scripts.spoken_turn", description=__doc__)
    made.add_argument("url", help="of a server, such as http://127.0.0.1:8080")
    try:
        print(speak(made.parse_args(arguments).url, os.environ.get(KEY_VARIABLE), seconds=60.0).told())
    except SpeechFailed as error:
        print(f"spoken_turn: {error}", file=sys.stderr)
        return error.exit_code
    return DONE


if __name__ == "__main__":
    sys.exit(command())
