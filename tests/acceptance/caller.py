"""Somebody who speaks to a server in real time and listens, with OpenAI's protocol and nothing beyond it."""

import asyncio
import base64
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self

import aiohttp
import numpy as np
import numpy.typing as npt

from benchmarks.emulators.tones import RATE
from benchmarks.recordings import Recording

FRAME_SAMPLES = RATE // 25
QUIET = 300
"""Of int16: anything below is silence."""
GAP_SAMPLES = RATE // 50
"""Between two words of the emulated voice there is twice as much silence."""
TURN_SECONDS = 40.0
"""Until a question has to be asked and answered."""
TICK_SECONDS = 0.05
PAUSE_SECONDS = 0.3
"""From the end of an answer, as it is heard, to the next question."""

Samples = npt.NDArray[np.int16]


@dataclass
class Turn:
    """A question and what came of it."""

    audible_seconds: float = float("inf")
    """From the last audible sample of the question to the arrival of the first of the answer."""
    lost_seconds: float = 0.0
    """Of it, what this process was too slow by: how late it woke up, all together."""
    heard: str | None = None
    """What the server understood."""
    statuses: list[str] = field(default_factory=list)
    """Of each answer that was given; there should be one."""
    error: str = ""
    text: str = ""
    """What was said, as the server tells it."""
    audio: list[Samples] = field(default_factory=list)

    @property
    def bursts(self) -> int:
        """Stretches of sound: words, if the emulated voice has spoken."""
        loud = np.flatnonzero(np.abs(np.concatenate([np.zeros(0, np.int16), *self.audio])) > QUIET)
        return int(np.count_nonzero(np.diff(loud) > GAP_SAMPLES)) + 1 if len(loud) else 0


class Caller:
    """A microphone that is open while it is the caller's turn, and an ear."""

    def __init__(self, url: str) -> None:
        self._url = f"{url}/v1/realtime?model=galion&greeting=0"
        self._turn = Turn()
        self._said_at = 0.0
        self._is_heard = asyncio.Event()
        """Whether the server has taken the question."""
        self._is_answered = asyncio.Event()
        self._plays_until = 0.0
        self._items: dict[str, dict[str, Any]] = {}
        """What the server has told of the conversation, in order."""
        self._retrieved: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self._refusals: list[str] = []
        self._tasks: list[asyncio.Task[None]] = []

    async def __aenter__(self) -> Self:
        self._http = aiohttp.ClientSession()
        try:
            self._socket = await self._http.ws_connect(self._url, max_msg_size=0)
        except BaseException:
            await self._http.close()
            raise
        self._tasks = [asyncio.create_task(self._listen()), asyncio.create_task(self._watch())]
        audio = {"input": {"transcription": {"model": "gpt-transcribe"}}}
        await self._send("session.update", session={"type": "realtime", "audio": audio})
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._socket.close()
        await self._http.close()

    async def asks(self, recording: Recording) -> Turn:
        """Say this, and listen to the answer until its end. Raises TimeoutError if that never comes."""
        self._turn = turn = Turn()
        self._is_heard.clear()
        self._is_answered.clear()
        async with asyncio.timeout(TURN_SECONDS):
            await self._say(recording)
            await self._is_answered.wait()
        assert not self._refusals, self._refusals
        await asyncio.sleep(max(0.0, self._plays_until - _now()) + PAUSE_SECONDS)
        return turn

    async def history(self) -> list[tuple[str, str, str]]:
        """Role, status and words of each item, as the server remembers them."""
        found = []
        for item_id in self._items:
            await self._send("conversation.item.retrieve", item_id=item_id)
            async with asyncio.timeout(TURN_SECONDS):
                item = await self._retrieved.get()
            words = " ".join(part.get("transcript") or part.get("text") or "" for part in item["content"])
            found.append((item["role"], item["status"], words))
        return found

    async def _say(self, recording: Recording) -> None:
        """In real time, and be silent until the server knows that this was all."""
        loud_end = recording.audible[1]
        began = _now()
        position = 0
        while position < len(recording.samples) or not self._is_heard.is_set():
            due = began + position / RATE
            await asyncio.sleep(max(0.0, due - _now()))
            frame = recording.samples[position : position + FRAME_SAMPLES]
            padded = np.concatenate([frame, np.zeros(FRAME_SAMPLES - len(frame), np.int16)])
            await self._send("input_audio_buffer.append", audio=base64.b64encode(padded.tobytes()).decode())
            if position <= loud_end < position + FRAME_SAMPLES:
                self._said_at, self._turn.lost_seconds = _now(), 0.0
            position += FRAME_SAMPLES

    async def _listen(self) -> None:
        async for message in self._socket:
            self._hear(message.json())

    async def _watch(self) -> None:
        while True:
            due = _now() + TICK_SECONDS
            await asyncio.sleep(TICK_SECONDS)
            if self._turn.audible_seconds == float("inf"):
                self._turn.lost_seconds += _now() - due

    def _hear(self, event: dict[str, Any]) -> None:
        turn = self._turn
        match event["type"]:
            case "error":
                self._refusals.append(event["error"]["message"])
            case "input_audio_buffer.committed":
                self._is_heard.set()
            case "conversation.item.added":
                self._items[event["item"]["id"]] = event["item"]
            case "conversation.item.retrieved":
                self._retrieved.put_nowait(event["item"])
            case "conversation.item.input_audio_transcription.completed":
                turn.heard = event["transcript"]
            case "response.output_audio.delta":
                self._listen_to(np.frombuffer(base64.b64decode(event["delta"]), np.int16))
            case "response.output_audio_transcript.delta":
                turn.text += event["delta"]
            case "response.done":
                response = event["response"]
                turn.statuses.append(response["status"])
                turn.error = ((response.get("status_details") or {}).get("error") or {}).get("message", "")
                self._is_answered.set()
            case _:
                pass

    def _listen_to(self, samples: Samples) -> None:
        self._turn.audio.append(samples)
        if self._turn.audible_seconds == float("inf") and (np.abs(samples) > QUIET).any():
            self._turn.audible_seconds = _now() - self._said_at
        self._plays_until = max(self._plays_until, _now()) + len(samples) / RATE

    async def _send(self, kind: str, **fields: Any) -> None:
        await self._socket.send_json({"type": kind, **fields})


def _now() -> float:
    return asyncio.get_running_loop().time()
