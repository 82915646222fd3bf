"""What all emulated vendors share: script, profile, faults and the log of what was asked."""

import time
from collections import Counter, deque
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import aiohttp.web
import numpy as np
import numpy.typing as npt
import orjson

from benchmarks.emulators.clips import Clips, read_clip
from benchmarks.emulators.faults import REFUSALS, FaultKind, Faults, hang
from benchmarks.emulators.profile import PROFILES, Delays, Profile
from benchmarks.emulators.script import Line, Script
from benchmarks.emulators.toned_answers import TonedAnswers

KEPT_REQUESTS = 50_000
"""Of the log; the oldest are forgotten."""


@dataclass(slots=True)
class Exchange:
    """One request and how it is answered. Moments are of the machine's monotonic clock."""

    began: float
    """When it came."""
    vendor: str
    request: str
    """`transcription`, `completion`, `speech`, `voices` or `models`."""
    session_id: str
    """From the header `X-Session-Id`; "" without one."""
    number: int
    """Its place among the requests of its conversation, from 1."""
    fault: FaultKind | None
    text: list[str] = field(default_factory=list)
    """What was sent to be said or answered, in order."""
    audio_bytes: int = 0
    """How much audio was sent or received."""
    finished: bool = False
    """Whether it was answered to the end."""
    asked: float | None = None
    """When everything was there that the first answer needs: the whole recording, the question, the first text."""
    first: float | None = None
    """When the first of the answer went out."""
    clause: float | None = None
    """Completions: when their first clause was out."""
    transcripts: list[tuple[float, float]] = field(default_factory=list)
    """Transcriptions: when each was asked for and when it was given; a socket gives several."""
    tokens: int = 0
    """Completions: how many were written."""
    said: str = ""
    """Completions: what is answered, if it is a text."""
    ended: float | None = None
    """When the last of the answer went out."""

    def note_asked(self) -> None:
        """Everything is there for a first answer."""
        self.asked = self.asked or time.monotonic()

    def note_first(self) -> None:
        """The first of the answer goes out."""
        self.first = self.first or time.monotonic()

    def note_clause(self) -> None:
        """The first clause is out."""
        self.clause = self.clause or time.monotonic()

    def note_transcript(self, asked: float) -> None:
        """A transcript is complete."""
        self.transcripts.append((asked, time.monotonic()))
        self.note_end()

    def note_end(self) -> None:
        """The answer is complete."""
        self.finished = True
        self.ended = time.monotonic()


class Scene:
    """One world for the vendors to play in. It may be shared by several."""

    def __init__(
        self,
        script: Script | None = None,
        profile: Profile = PROFILES["zero"],
        faults: Faults | None = None,
        *,
        seed: int = 0,
        keys: frozenset[str] | None = None,
    ) -> None:
        self.script = script or Script()
        self.faults = faults or Faults()
        self.exchanges: deque[Exchange] = deque(maxlen=KEPT_REQUESTS)
        self.clips = Clips()
        """What may be heard; where there is any, transcripts come from it and not from the script."""
        self.answers: TonedAnswers | None = None
        """What is answered instead of the script."""
        self._profile = profile
        self._seed = seed
        self._keys = keys
        self._counts: Counter[str] = Counter()

    def begin(self, http: aiohttp.web.Request, vendor: str, request: str) -> Exchange:
        """Note a request and decide its fault."""
        session_id = http.headers.get("X-Session-Id", "")
        fault = self.faults.take(request, session_id)
        self._counts[session_id] += 1
        exchange = Exchange(time.monotonic(), vendor, request, session_id, self._counts[session_id], fault)
        self.exchanges.append(exchange)
        return exchange

    def transcript(self, exchange: Exchange, samples: npt.NDArray[np.int16], rate: int) -> str:
        """What was said in audio (int16, shape (n,))."""
        if self.clips:
            return self.clips.transcript(samples, rate)
        return self.script.transcript(exchange.session_id, len(samples) / rate)

    def answer(self, exchange: Exchange, messages: Sequence[Mapping[str, Any]]) -> Line:  # noqa: ARG002 -- for others
        """What the model answers to a whole conversation; here it looks at the last message alone."""
        return self.reply(exchange, exchange.text[-1])

    def reply(self, exchange: Exchange, heard: str) -> Line:
        """What the model answers."""
        if self.answers is not None:
            return self.answers.next(exchange.session_id)
        return self.script.reply(exchange.session_id, heard)

    def delays(self, exchange: Exchange) -> Delays:
        """The delays of a request: they depend on its conversation and on its place there."""
        name = f"{exchange.session_id}/{exchange.number}/{exchange.request}"
        return Delays(self._profile, self._seed, name)

    def accepts(self, key: str) -> bool:
        """Whether an API key is right."""
        return bool(key) and (self._keys is None or key in self._keys)

    async def refusal(self, exchange: Exchange) -> int | None:
        """The HTTP status that this request is refused with, None if it is answered. May hang."""
        if exchange.fault is FaultKind.HANG_ON_CONNECT:
            await hang()
        return REFUSALS.get(exchange.fault) if exchange.fault else None

    async def change(self, request: aiohttp.web.Request) -> aiohttp.web.Response:
        """`POST /emulator/scene`: forget the log, and hear and answer this: `{"clips": […], "answer_words": 17}`.

        A clip is `{"name", "words": [[text, start, end], …], "loudness": [float, …]}`. What is left out stays.
        """
        told: dict[str, Any] = orjson.loads(await request.read())
        self.exchanges.clear()
        if "clips" in told:
            self.clips = Clips([read_clip(clip) for clip in told["clips"]])
        if "answer_words" in told:
            self.answers = TonedAnswers(told["answer_words"])
        return aiohttp.web.json_response({"clips": len(told.get("clips", ()))})

    async def log(self, _: aiohttp.web.Request) -> aiohttp.web.Response:
        """`GET /emulator/log`: every request so far."""
        entries: list[dict[str, Any]] = [asdict(exchange) for exchange in self.exchanges]
        return aiohttp.web.json_response(body=orjson.dumps({"requests": entries}))
