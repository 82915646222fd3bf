"""Every stage and everything that a vendor can do wrong, as a caller hears it: through the whole server, over sockets.

In each cell a caller asks a question while one stage of one vendor fails, hears something within 4 s of the end of
their speech, and asks another question when the vendor has recovered. Each cell has a server and vendors of its own.
`python -m pytest tests/acceptance/test_fault_matrix_of_turns.py -s` prints the seconds.
"""

import asyncio
import contextlib
import operator
import re
from collections.abc import AsyncIterator, Iterable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace

import pytest

from benchmarks.emulators import elevenlabs, openai
from benchmarks.emulators.clips import Clips
from benchmarks.emulators.faults import Fault, FaultKind
from benchmarks.emulators.scene import Scene
from benchmarks.emulators.server import Server
from benchmarks.recordings import Recording, questions
from pipeline.providers.embedded.speech_to_text import EmbeddedSpeechToText
from pipeline.providers.embedded.text_to_speech import EmbeddedTextToSpeech
from tests.acceptance.caller import TURN_SECONDS, Caller, Turn
from tests.services.asking import ask_for
from voice_server.assistants.catalog import Catalog, open_catalog
from voice_server.phrases import APOLOGY, MOMENT
from voice_server.server import open_server
from voice_server.settings import ServerSettings

AUDIBLE_SECONDS = 4.0
STAGES = {"STT": "transcription", "LLM": "completion", "TTS": "speech"}
PREPARED_PHRASES = 2
FIRST, SECOND = "square_root_slt", "boiling_point_slt"
BETWEEN_STARTS_SECONDS = 0.4
"""So that not all of them speak at the same moment."""
KEYS = ServerSettings(
    port=0,
    openai_api_key="sk-emulated",
    elevenlabs_api_key="el-emulated",
    max_event_loop_lag_ms=60_000,  # All servers of a test share one loop.
)

pytestmark = pytest.mark.timeout(240)


@dataclass(frozen=True)
class Cell:
    stage: str
    fault: FaultKind
    scene: Scene
    url: str

    def __str__(self) -> str:
        return f"{self.stage} {self.fault}"


@dataclass(frozen=True)
class Outcome:
    cell: Cell
    struck: Turn
    """While the vendor failed."""
    next: Turn
    """When it had recovered."""
    history: list[tuple[str, str, str]]
    """Role, status and words of every item."""


@pytest.fixture(scope="module")
def recordings() -> dict[str, Recording]:
    return {name: recording for name, recording in questions().items() if name in (FIRST, SECOND)}


@asynccontextmanager
async def opened_cell(
    stage: str, fault: FaultKind, recordings: Iterable[Recording], settings: ServerSettings
) -> AsyncIterator[Cell]:
    """A server whose vendors work as yet."""
    scene = Scene()
    scene.clips = Clips([recording.clip() for recording in recordings])
    # All of them over one database, as tasks of one server are.
    kept = {"database_url": ask_for("database_url"), "secret_key": ("x" * 32,)}
    folder = ask_for("tmp_path") / f"{stage}-{fault.name}"
    async with (
        Server(openai.application(scene)) as first,
        Server(elevenlabs.application(scene)) as second,
        open_server(
            replace(
                settings,
                openai_base_url=f"{first.url}/v1",
                elevenlabs_base_url=second.url,
                data_dir=folder,
                **kept,
            )
        ) as url,
    ):
        yield Cell(stage, fault, scene, url)


@asynccontextmanager
async def matrix(recordings: Iterable[Recording], settings: ServerSettings) -> AsyncIterator[list[Cell]]:
    """All cells, ready to be called."""
    async with AsyncExitStack() as stack:
        cells = [
            await stack.enter_async_context(opened_cell(stage, fault, recordings, settings))
            for fault in FaultKind
            for stage in STAGES
        ]
        async with asyncio.timeout(60):
            while not all(phrases_are_ready(cell.scene) for cell in cells):  # noqa: ASYNC110 (a log has no event)
                await asyncio.sleep(0.05)
        yield cells


def phrases_are_ready(scene: Scene) -> bool:
    return sum(exchange.request == "speech" and exchange.finished for exchange in scene.exchanges) >= PREPARED_PHRASES


@asynccontextmanager
async def shared(monkeypatch: pytest.MonkeyPatch, *, embedded: bool) -> AsyncIterator[None]:
    """What costs processes is started once for all servers: the assistants, and what is embedded."""
    # All servers of a test share one loop: what keeps it busy is not a database that does not answer.
    for name in ("ACQUIRE_SECONDS", "CONNECT_SECONDS"):
        monkeypatch.setattr(f"voice_server.storage.postgres.database.{name}", TURN_SECONDS)
    async with AsyncExitStack() as stack:
        assistants: Catalog = await stack.enter_async_context(open_catalog())
        monkeypatch.setattr("voice_server.server.open_catalog", lambda: contextlib.nullcontext(assistants))
        if embedded:
            domains = {each.name: each.vocabulary() for each in assistants.all()}
            pronunciations = {word: phones for each in assistants.all() for word, phones in each.pronunciations.items()}
            recogniser = await stack.enter_async_context(EmbeddedSpeechToText(domains, pronunciations=pronunciations))
            voice = await stack.enter_async_context(EmbeddedTextToSpeech())
            package = "pipeline.providers.embedded"
            monkeypatch.setattr(
                f"{package}.speech_to_text.EmbeddedSpeechToText", lambda *_, **__: contextlib.nullcontext(recogniser)
            )
            monkeypatch.setattr(f"{package}.text_to_speech.EmbeddedTextToSpeech", lambda: contextlib.nullcontext(voice))
        yield


async def called(cell: Cell, index: int, recordings: dict[str, Recording]) -> Outcome:
    """Ask twice, the first time while the vendor fails."""
    await asyncio.sleep(index * BETWEEN_STARTS_SECONDS)
    async with Caller(cell.url) as caller:
        cell.scene.faults.add(Fault(cell.fault, request=STAGES[cell.stage]))
        struck = await caller.asks(recordings[FIRST])
        cell.scene.faults.clear()
        following = await caller.asks(recordings[SECOND])
        return Outcome(cell, struck, following, await caller.history())


async def everybody(cells: list[Cell], recordings: dict[str, Recording]) -> list[Outcome]:
    outcomes = await asyncio.gather(*(called(cell, index, recordings) for index, cell in enumerate(cells)))
    print("\n  stage and fault     first audio  status      said")
    for outcome in sorted(outcomes, key=lambda outcome: list(STAGES).index(outcome.cell.stage)):
        for turn in (outcome.struck, outcome.next):
            print(f"  {outcome.cell!s:20}{turn.audible_seconds:7.2f} s    {','.join(turn.statuses):10}  {turn.text}")
    turns = [turn for outcome in outcomes for turn in (outcome.struck, outcome.next)]
    worst, lost = (max(turns, key=operator.attrgetter(name)) for name in ("audible_seconds", "lost_seconds"))
    print(
        f"  at the worst {worst.audible_seconds:.2f} s; of a turn, this process lost {lost.lost_seconds:.2f} s at most"
    )
    return outcomes


def check_audible(outcome: Outcome) -> None:
    """A machine that is too slow for all cells at once is forgiven what it lost by that."""
    for turn in (outcome.struck, outcome.next):
        assert turn.audible_seconds <= AUDIBLE_SECONDS + turn.lost_seconds, str(outcome.cell)


def words(recording: Recording) -> str:
    return " ".join(word.text for word in recording.words)


def answer(text: str) -> str:
    """What the emulated model says."""
    return f"I heard this: {text}"


def said_once(text: str, answer: str) -> bool:
    """Whether nothing was said but, in this order and once each: one moment, the answer or its beginning, sorry."""
    text = text.removeprefix(MOMENT["en"]).strip()
    beginning = text.removesuffix(APOLOGY["en"]).strip()
    return answer == text or (beginning != text and answer.startswith(beginning))


def check_history(outcome: Outcome) -> None:
    """What was understood and what was said is remembered, once each and in order."""
    first, second = outcome.struck, outcome.next
    status = "completed" if first.statuses == ["completed"] else "incomplete"
    assert outcome.history == [
        ("user", "completed", first.heard or ""),
        ("assistant", status, first.text.strip()),
        ("user", "completed", second.heard),
        ("assistant", "completed", second.text.strip()),
    ], str(outcome.cell)


async def test_alone_a_vendor_that_fails_is_told_of_in_time(
    recordings: dict[str, Recording], monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = replace(KEYS, stt=("openai",), llm=("openai",), tts=("elevenlabs",))
    async with shared(monkeypatch, embedded=False), matrix(recordings.values(), settings) as cells:
        outcomes = await everybody(cells, recordings)
    wanted, following = (words(recordings[name]) for name in (FIRST, SECOND))
    for outcome in outcomes:
        check_audible(outcome)
        check_history(outcome)
        struck, cell = outcome.struck, str(outcome.cell)
        is_answered = struck.text.endswith(answer(wanted))
        assert struck.statuses == ["completed" if is_answered else "failed"], cell
        assert bool(struck.error) is not is_answered, cell
        assert said_once(struck.text, answer(wanted)), cell
        # A word that breaks off has no silence behind it.
        assert 0 <= len(struck.text.split()) - struck.bursts <= breaks_off(outcome.cell), cell
        assert (outcome.next.heard, outcome.next.statuses) == (following, ["completed"]), cell
        assert outcome.next.text == answer(following), cell
        assert outcome.next.bursts == len(outcome.next.text.split()), cell


async def test_with_what_is_embedded_behind_it_the_answer_itself_comes(
    recordings: dict[str, Recording], monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = replace(KEYS, stt=("openai", "embedded"), llm=("openai", "embedded"), tts=("elevenlabs", "embedded"))
    async with shared(monkeypatch, embedded=True), matrix(recordings.values(), settings) as cells:
        outcomes = await everybody(cells, recordings)
    for outcome in outcomes:
        check_audible(outcome)
        check_history(outcome)
        for turn, name, offline in ((outcome.struck, FIRST, r"\b(12|twelve)\b"), (outcome.next, SECOND, r"\b100\b")):
            cell = str(outcome.cell)
            assert turn.heard == words(recordings[name]), cell
            said = turn.text.removeprefix(MOMENT["en"]).strip()
            if turn is outcome.struck and breaks_off(outcome.cell):
                assert said_once(turn.text, answer(words(recordings[name]))), cell
            else:
                assert turn.statuses == ["completed"], cell
                assert said == answer(words(recordings[name])) or re.search(offline, said), cell


def breaks_off(cell: Cell) -> bool:
    """Whether some of the answer is heard before the vendor fails, perhaps in the middle of a word."""
    return cell.stage == "TTS" and cell.fault in (FaultKind.HANG_MIDWAY, FaultKind.CLOSE_MIDWAY, FaultKind.DRIP)
