"""How many cores for so many conversations: `python -m benchmarks capacity results.json [--conversations 1000]`.

A straight line through what a server's processor and memory cost with several numbers of sessions, and the knee: the
largest number of sessions at which p95 is at most 1.25 of that of one session, with no failed turn and no gap in the
speech. What does not support a model is refused, with the reason; what the answer assumes is in `ASSUMPTIONS`.
"""

import argparse
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import orjson

from benchmarks.measures import summary
from benchmarks.table import FOREIGN, MEBIBYTE

Fields = Mapping[str, Any]
MAX_SLOWER = 1.25
"""p95 with many sessions to p95 with one: above it, the server is full."""
HEADROOM = 0.6
"""Of the knee: so much is planned with."""
MEMORY_MARGIN = 1.25
GIBIBYTE = 1 << 30
CONVERSATIONS = (1, 10, 100, 1_000, 10_000, 100_000, 1_000_000, 5_000_000)
TASKS: Mapping[float, Sequence[float]] = {
    0.5: (1, 2, 3, 4),
    1.0: (2, 3, 4, 5, 6, 7, 8),
    2.0: tuple(range(4, 17)),
    4.0: tuple(range(8, 31)),
}
"""vCPU of a Fargate task, and the GB that can be had with it (AWS, "Task CPU and memory")."""
ASSUMPTIONS = (
    (
        "One process for each core, each with its own sessions; what one process bears, so many bear together: nothing "
        "is shared between them."
    ),
    (
        "A vCPU is taken to be as quick as a core of the machine that measured. A Fargate vCPU is one thread of a core "
        "of some processor, and half a vCPU is a whole one half of the time: measure there before relying on it."
    ),
    "The providers are elsewhere and keep their delays however many ask; their rate limits are not in it.",
    (
        "Network, load balancer and their limits (ports, connections, bandwidth) are not in it, nor TLS, PostgreSQL, "
        "Redis or logging."
    ),
    "People speak and listen as much as in the run; who is silent costs less, who is interrupted often costs more.",
    "No spare for a task or a zone that fails, and none for a rush while more are started, but the headroom.",
)


@dataclass(frozen=True, slots=True)
class Load:
    """One run, as the model sees it."""

    sessions: int
    busy_sessions: float
    """That were in a conversation, on average over the run: sessions start one after the other."""
    cores: float
    """Processor seconds per second."""
    rss_bytes: float
    p95_ms: float | None
    failed: int
    gaps: int
    talk_share: float
    """Of the session time, in which the user or the assistant spoke."""

    def holds(self, p95_alone_ms: float) -> bool:
        """Whether it was as good as alone."""
        quick = self.p95_ms is not None and self.p95_ms <= MAX_SLOWER * p95_alone_ms
        return quick and not self.failed and not self.gaps


@dataclass(frozen=True, slots=True)
class Model:
    """What a process costs: `base + per session * sessions`."""

    title: str
    base_cores: float
    cores_per_session: float
    base_bytes: float
    bytes_per_session: float
    knee: float
    """Sessions."""
    knee_is: str
    """`measured`, `interpolated` or `at least`."""
    knee_reason: str
    talk_share: float
    loads: tuple[Load, ...]
    left_out: tuple[str, ...]
    """Runs that do not count, and why."""

    def cores(self, sessions: float) -> float:
        """That so many sessions use."""
        return self.base_cores + self.cores_per_session * sessions

    def sessions_on(self, vcpu: float, headroom: float = HEADROOM) -> int:
        """That a task of so many vCPU is planned with."""
        processes = max(1, math.floor(vcpu))
        usable = headroom * self.cores(self.knee) * min(vcpu, 1.0)
        if self.cores_per_session > 0:
            each = (usable - self.base_cores) / self.cores_per_session
        else:
            each = headroom * self.knee * min(vcpu, 1.0)
        return processes * max(0, math.floor(each + 1e-9))


@dataclass(frozen=True, slots=True)
class Unsupported:
    """There is no model."""

    title: str
    reason: str


@dataclass(frozen=True, slots=True)
class Fleet:
    """Tasks of one size for so many conversations."""

    conversations: int
    vcpu: float
    sessions_each: int
    tasks: int
    memory_each_gb: float

    @property
    def memory_gb(self) -> float:
        """Of all tasks."""
        return self.tasks * self.memory_each_gb


def load(run: Fields) -> Load:
    """Of a run whose server was on this machine."""
    found, server = summary(run), run["server"]
    seconds, talk = _session_seconds(run["turns"])
    return Load(
        run["sessions"],
        seconds / server["seconds"],
        server["cpu_seconds"] / server["seconds"],
        server["rss_bytes"],
        found["voice_to_voice"]["p95"] if found["voice_to_voice"] else None,
        found["failed"],
        found["gaps"],
        talk / seconds if seconds else 0.0,
    )


def _session_seconds(turns: Sequence[Fields]) -> tuple[float, float]:
    """Seconds that all sessions were in conversation, and those of them in which somebody spoke."""
    spans: dict[int, list[float]] = {}
    talk = 0.0
    for turn in turns:
        if turn["speech_began"] is None or turn["speech_ended"] is None:
            continue
        moments = spans.setdefault(turn["session"], [])
        moments += [turn["speech_began"], turn["speech_ended"]]
        moments += [at + seconds for at, seconds, *_ in turn["arrivals"]]
        talk += turn["speech_ended"] - turn["speech_began"] + (turn["played_seconds"] or 0.0)
    return sum(max(moments) - min(moments) for moments in spans.values()), talk


def unusable(run: Fields) -> str:
    """Why a run says nothing about the server's cost; "" if it does."""
    if run["server"] is None:
        return "its server was not on this machine"
    if run["client"]["was_bottleneck"]:
        return "the callers were the bottleneck"
    share = run["server"].get("foreign_cpu_seconds", 0.0) / run["server"]["seconds"]
    if share > FOREIGN:
        return f"other programs took {100 * share:.0f} % of the server's core"
    return ""


def models(runs: Sequence[Fields]) -> list[Model | Unsupported]:
    """One for each target, profile and scenario that was measured with several numbers of sessions, or once only."""
    groups: dict[tuple[str, ...], list[Fields]] = {}
    for run in runs:
        setting = (run["name"], run["scenario"], run["profile"], str(run["tails"]), *run["faults"])
        groups.setdefault(setting, []).append(run)
    return [model(own) for own in groups.values() if own[0]["scenario"] == "plain"]


def model(runs: Sequence[Fields]) -> Model | Unsupported:
    """Fit one to the runs of one target, profile and scenario."""
    title = f"{runs[0]['name']}, {runs[0]['scenario']}, {runs[0]['profile']}"
    reasons = [(run["sessions"], unusable(run)) for run in runs]
    left_out = tuple(f"{sessions} sessions: {reason}" for sessions, reason in reasons if reason)
    loads = sorted((load(run) for run in runs if not unusable(run)), key=lambda one: one.sessions)
    because = f" Left out: {'; '.join(left_out)}." if left_out else ""
    # Who was not served did not cost what a session costs.
    served = [one for one in loads if not one.failed]
    counts = {one.sessions for one in served}
    if len(counts) < 2:
        many = f"only with {counts.pop()}" if counts else "with no number of sessions at all"
        return Unsupported(title, f"A line needs two numbers of sessions; it was measured well {many}.{because}")
    alone = served[0]
    if alone.sessions != 1 or alone.p95_ms is None:
        return Unsupported(title, f"There is no run with one session to compare p95 with.{because}")
    knee, knee_is, why = _knee(loads, alone.p95_ms)
    busy = np.array([one.busy_sessions for one in served])
    base_cores, cores_each = _line(busy, np.array([one.cores for one in served]))
    sessions = np.array([one.sessions for one in served], float)
    base_bytes, bytes_each = _line(sessions, np.array([one.rss_bytes for one in served]))
    talk = float(np.average([one.talk_share for one in served], weights=busy))
    return Model(
        title, base_cores, cores_each, base_bytes, bytes_each, knee, knee_is, why, talk, tuple(loads), left_out
    )


def _line(x: np.ndarray[Any, Any], y: np.ndarray[Any, Any]) -> tuple[float, float]:
    """Intercept and slope of the best line that neither begins nor goes below zero."""
    slope, start = np.polyfit(x, y, 1)
    if start < 0:
        return 0.0, float(x @ y / (x @ x))
    return (float(start), float(slope)) if slope >= 0 else (float(y.mean()), 0.0)


def _knee(loads: Sequence[Load], alone_ms: float) -> tuple[float, str, str]:
    """Where the server is full, how that is known, and why it is full there."""
    good = loads[0]
    for one in loads:
        if one.holds(alone_ms):
            good = one
            continue
        if one.failed or one.gaps or one.p95_ms is None or good.p95_ms is None or one.sessions == good.sessions:
            why = f"{one.failed} failed turns and {one.gaps} gaps with {one.sessions} sessions"
            return float(good.sessions), "measured", why
        limit = MAX_SLOWER * alone_ms
        share = (limit - good.p95_ms) / (one.p95_ms - good.p95_ms)
        between = good.sessions + share * (one.sessions - good.sessions)
        why = f"p95 {good.p95_ms:.0f} ms with {good.sessions} sessions, {one.p95_ms:.0f} ms with {one.sessions}"
        return between, "interpolated", f"{why}; the limit is {limit:.0f} ms, and nothing was measured between them"
    return (
        float(good.sessions),
        "at least",
        f"it still holds with {good.sessions} sessions, the most that were measured",
    )


def caution(found: Model) -> str:
    """What to keep in mind of a line through two points only; "" if there are more."""
    points = len({one.sessions for one in found.loads if not one.failed})
    return " Through two points a line always goes: nothing here checks that it is one." if points == 2 else ""


def figures(found: Model | Unsupported) -> dict[str, Any]:
    """A model's numbers by name; none of one that there is not."""
    if isinstance(found, Unsupported):
        return {}
    tasks = {f"sessions_on_{vcpu:g}": found.sessions_on(vcpu) for vcpu in TASKS}
    return asdict(found) | tasks | {"cores_at_knee": found.cores(found.knee)}


def fleet(found: Model, conversations: int, vcpu: float, headroom: float = HEADROOM) -> Fleet | None:
    """Tasks of one size; None if not even one session fits into such a task."""
    processes = max(1, math.floor(vcpu))
    most_gb = max(TASKS[vcpu])
    room = most_gb * GIBIBYTE / MEMORY_MARGIN - processes * found.base_bytes
    by_memory = math.floor(room / found.bytes_per_session) if found.bytes_per_session > 0 else conversations
    each = min(found.sessions_on(vcpu, headroom), by_memory)
    if each < 1:
        return None
    held = min(each, conversations)
    needed = MEMORY_MARGIN * (processes * found.base_bytes + held * found.bytes_per_session) / GIBIBYTE
    memory = min(size for size in TASKS[vcpu] if size >= min(needed, most_gb))
    return Fleet(conversations, vcpu, each, math.ceil(conversations / each), memory)


def lines(found: Model | Unsupported, conversations: Sequence[int], headroom: float) -> list[str]:
    """A model and its answers, for a terminal."""
    if isinstance(found, Unsupported):
        return [f"{found.title}: no model. {found.reason}"]
    told = [
        f"{found.title}",
        f"  processor  {100 * found.base_cores:.2f} % of a core + {100 * found.cores_per_session:.3f} % a session",
        f"  memory     {found.base_bytes / MEBIBYTE:.0f} MB + {found.bytes_per_session / MEBIBYTE:.2f} MB a session",
        f"  knee       {found.knee:.0f} sessions a core ({found.knee_is}): {found.knee_reason}.{caution(found)}",
        f"  speech     somebody spoke {100 * found.talk_share:.0f} % of the time",
        f"  headroom   planned with {100 * headroom:.0f} % of what a core does at the knee",
        *(f"  left out   {reason}" for reason in found.left_out),
        "",
        f"  {'conversations':>13}" + "".join(f"{f'{vcpu:g} vCPU tasks':>22}" for vcpu in TASKS),
    ]
    for count in conversations:
        cells = [_cell(fleet(found, count, vcpu, headroom)) for vcpu in TASKS]
        told.append(f"  {count:>13,}" + "".join(f"{cell:>22}" for cell in cells))
    return told


def _cell(found: Fleet | None) -> str:
    return "–" if found is None else f"{found.tasks:,} × {found.memory_each_gb:g} GB"


def main(arguments: Sequence[str]) -> None:
    """Read the command line and print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks capacity", description=__doc__)
    parser.add_argument("results", type=Path, help="what `compare --out` wrote")
    parser.add_argument("--conversations", type=int, nargs="+", default=CONVERSATIONS, help="at once")
    parser.add_argument("--headroom", type=float, default=HEADROOM, help="share of the knee to plan with")
    options = parser.parse_args(arguments)
    for found in models(orjson.loads(options.results.read_bytes())["targets"]):
        print("\n".join(lines(found, options.conversations, options.headroom)), end="\n\n")
    print("\n".join(f"- {assumption}" for assumption in ASSUMPTIONS))
