"""A conversation with a target whose every moment is known, and the figures that come out of it."""

import asyncio
import copy
from collections.abc import AsyncGenerator
from types import TracebackType
from typing import Any, Self

import numpy as np
import orjson
import pytest

from benchmarks import measures
from benchmarks.caller import News, Sound
from benchmarks.conversation import Conversation, Room, Step
from benchmarks.emulators import toned_answers, tones
from benchmarks.recordings import Recording, spread
from tests.virtual_time import in_virtual_time

RATE = tones.RATE
SPEECH_SECONDS = 2.0
DELAY_SECONDS = 0.8
WORDS = 17
PIECE = RATE // 10


def recordings() -> dict[str, Recording]:
    speech = np.full(round(SPEECH_SECONDS * RATE), 9_000, np.int16)
    question = Recording("question", "question", speech, spread("is it", 0.0, SPEECH_SECONDS))
    cough = Recording("cough", "sound", speech[: RATE // 4] // 2, ())
    return {"question": question, "cough": cough}


class ScriptedTarget:
    """Answers each question some time after its last sample; stops for speech over an answer, and may stop for less."""

    def __init__(self, *, hole_seconds: float = 0.0, early: bool = False, stops_after: float = 0.2) -> None:
        self._heard: asyncio.Queue[Sound | News] = asyncio.Queue()
        self._hole_seconds = hole_seconds
        self._early = early
        self._stops_after = stops_after
        self._speech = 0.0
        self._silence = 0.0
        self._number = -1
        self._answering: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        pass

    async def send(self, audio: bytes) -> None:
        loud = np.abs(np.frombuffer(audio, np.int16)).max() > 6_000
        if loud:
            self._speech += 0.02
            self._silence = 0.0
            if self._answering and not self._answering.done() and self._speech >= self._stops_after:
                self._answering.cancel()
                self._tell("speech_started")
                self._tell("reply_done", response={"status": "cancelled"})
            if self._early and self._speech == pytest.approx(1.0):
                self._answer(0.0)
        else:
            self._silence += 0.02
            if self._speech >= 1.0 and self._silence == pytest.approx(0.1):
                self._answer(DELAY_SECONDS - 0.1)
            if self._silence >= 0.1:
                self._speech = 0.0

    async def mark_end(self) -> None:
        pass

    async def report(self, item: str, heard_seconds: float, *, playing: bool) -> None:
        pass

    async def heard(self) -> AsyncGenerator[Sound | News, None]:
        self._tell("session", id="sess_1")
        while True:
            yield await self._heard.get()

    def _tell(self, name: str, **fields: Any) -> None:
        self._heard.put_nowait(News(self._now(), name, fields))

    def _now(self) -> float:
        return asyncio.get_running_loop().time()

    def _answer(self, delay: float) -> None:
        self._number += 1
        self._answering = asyncio.create_task(self._say(self._number, delay))

    async def _say(self, number: int, delay: float) -> None:
        await asyncio.sleep(delay)
        self._tell("reply_started")
        samples = tones.speech(toned_answers.text(number, WORDS)).samples
        for index, start in enumerate(range(0, len(samples), PIECE)):
            self._heard.put_nowait(Sound(self._now(), f"item {number}", samples[start : start + PIECE]))
            await asyncio.sleep(0.1 + self._hole_seconds * (index == 9))
        self._tell("reply_done", response={"status": "completed"})


async def converse(target: ScriptedTarget, *steps: Step) -> list[dict[str, Any]]:
    clock = asyncio.get_running_loop().time
    conversation = Conversation(target, steps, recordings(), Room(), marks_end=False, clock=clock)
    await conversation.run()
    turns = [turn | {"session": 0} for turn in conversation.turns()]
    # As it is after it was written down.
    return list(orjson.loads(orjson.dumps(turns, option=orjson.OPT_NON_STR_KEYS)))


def requests(turns: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """What vendors would have noted who took 0.2, 0.3 and 0.15 s of the 0.8."""
    empty = {
        "session_id": "sess_1",
        "transcripts": [],
        "tokens": 0,
        "text": [],
        "said": "",
        "clause": None,
        "first": None,
    }
    noted = []
    for number, turn in enumerate(turns):
        ended = turn["speech_ended"]
        said = toned_answers.text(number, WORDS)
        noted += [
            empty | {"request": "transcription", "asked": ended + 0.1, "ended": ended + 0.3},
            empty
            | {"request": "completion", "asked": ended + 0.31, "clause": ended + 0.61, "said": said, "tokens": 17},
            empty | {"request": "speech", "asked": ended + 0.62, "first": ended + 0.77, "text": [said]},
        ]
    return noted


@in_virtual_time
async def test_voice_to_voice_is_what_the_target_took() -> None:
    turns = await converse(ScriptedTarget(), *[Step("question")] * 3)
    derived = measures.derive(turns, requests(turns), WORDS)
    assert [turn["answer"] for turn in derived] == [0, 1, 2]
    for turn in derived:
        assert measures.voice_to_voice(turn) == pytest.approx(DELAY_SECONDS, abs=0.021)
        assert turn["floor"] == pytest.approx(
            {"pause": 0.1, "transcript": 0.2, "first_clause": 0.3, "first_audio": 0.15}
        )
        assert measures.overhead(turn) == pytest.approx(measures.voice_to_voice(turn) - 0.75)
        assert (turn["failure"], turn["cut_in"], turn["gaps"]) == ("", False, [])
        assert turn["played_seconds"] == pytest.approx(turn["expected_seconds"], abs=0.1)


@in_virtual_time
async def test_waiting_for_the_end_of_the_turn_is_no_overhead() -> None:
    turns = await converse(ScriptedTarget(), Step("question"))
    turns[0]["committed_ms"] = 790.0
    (turn,) = measures.derive(turns, requests(turns), WORDS)
    assert measures.overhead(turn) == pytest.approx(measures.voice_to_voice(turn) - 0.79)


@in_virtual_time
async def test_an_answer_that_stutters() -> None:
    (turn,) = measures.derive(await converse(ScriptedTarget(hole_seconds=0.5), Step("question")), [], WORDS)
    ((_, seconds),) = turn["gaps"]
    assert seconds == pytest.approx(0.5 - 0.06, abs=0.02)


@in_virtual_time
async def test_an_answer_into_the_question_cuts_in() -> None:
    (turn,) = measures.derive(await converse(ScriptedTarget(early=True, stops_after=9.0), Step("question")), [], WORDS)
    assert turn["cut_in"]
    assert turn["answer"] == 1
    assert measures.voice_to_voice(turn) is None


@in_virtual_time
async def test_an_interruption() -> None:
    steps = (Step("question"), Step("question", "interruption", over=1.0))
    first, second = measures.derive(await converse(ScriptedTarget(stops_after=0.2), *steps), [], WORDS)
    assert first["played_seconds"] == pytest.approx(1.2, abs=0.2)
    assert second["last_audio"] - second["speech_began"] == pytest.approx(0.15, abs=0.1)
    assert second["stopped"] - second["speech_began"] == pytest.approx(0.2, abs=0.03)
    assert second["answer"] == 1


@in_virtual_time
async def test_a_cough_over_an_answer_that_goes_on() -> None:
    steps = (Step("question"), Step("cough", "sound", over=1.0))
    _, cough = measures.derive(await converse(ScriptedTarget(), *steps), [], WORDS)
    assert (cough["stopped"], cough["lost_seconds"], cough["answered"]) == (None, 0.0, False)


@in_virtual_time
async def test_every_figure_can_be_computed_from_the_raw_events_again() -> None:
    turns = await converse(
        ScriptedTarget(), Step("question"), Step("question", "interruption", over=1.0), Step("question")
    )
    asked = requests(turns)
    client = {"was_bottleneck": False, "lag_p99_ms": 0.0}
    server = {"seconds": 10.0, "cpu_seconds": 0.5, "rss_bytes": 3 << 20, "idle_rss_bytes": 1 << 20}
    run = {
        "sessions": 1, "turns": measures.derive(turns, asked, WORDS), "requests": asked, "client": client,
        "server": server, "failed_sessions": [],
    }  # fmt: skip
    kept = orjson.loads(orjson.dumps(run, option=orjson.OPT_NON_STR_KEYS))
    raw = copy.deepcopy(turns)
    assert measures.derive(raw, kept["requests"], WORDS) == kept["turns"]
    assert measures.derive(kept["turns"], kept["requests"], WORDS) == kept["turns"]
    found = measures.summary(kept)
    assert found == measures.summary(run)
    # By hand, from nothing but arrivals and the end of speech.
    seconds = [
        next(at + audible for at, _, audible, number in turn["arrivals"] if number == index and audible is not None)
        - turn["speech_ended"]
        for index, turn in enumerate(turns)
    ]
    assert found["voice_to_voice"]["p50"] == pytest.approx(1000 * float(np.median(seconds)))
    assert found["cpu_percent_per_session"] == pytest.approx(5.0)
    assert found["rss_bytes_per_session"] == 2 << 20
    assert (found["turns"], found["failed"], found["cut_ins"]) == (3, 0, 0)
