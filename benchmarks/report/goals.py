"""What the project wants to reach, and whether these figures reach it."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from benchmarks.report.conditions import title, warnings
from benchmarks.report.evidence import Evidence, Run
from benchmarks.report.figure import ABSENT, figure
from benchmarks.report.markup import Child, Markup, element, join, table
from benchmarks.report.peers import best_peer, find, same

STALLED = "half-open"


@dataclass(frozen=True, slots=True)
class Goal:
    """A figure and its limit."""

    what: str
    limit: float
    form: str = "{:.0f} ms"
    factor: float = 1.0
    """From the figure to what is shown; `limit` is as shown."""
    at_least: bool = False

    def reached_by(self, value: float) -> bool:
        """Whether a figure is good enough."""
        shown = value * self.factor
        return shown >= self.limit if self.at_least else shown <= self.limit


Measured = Iterator[tuple[Goal, str, str]]
"""A goal, the path of the figure, and where it was measured."""


def goals(evidence: Evidence) -> Markup:
    """A table of all that can be judged by these results, and a list of what cannot."""
    found = sorted((one for part in PARTS for one in part(evidence)), key=lambda one: ALL.index(one[0].what))
    rows: list[list[Child]] = []
    judged: set[str] = set()
    missed = 0
    for goal, path, where in found:
        value = evidence.value(path)
        if value is None:
            continue
        judged.add(goal.what)
        is_reached = goal.reached_by(value)
        missed += not is_reached
        verdict = element("span", "reached" if is_reached else "missed", class_="good" if is_reached else "bad")
        limit = f"{'≥' if goal.at_least else '≤'} {goal.form.format(goal.limit)}"
        rows.append([goal.what, verdict, figure(evidence, path, goal.form, factor=goal.factor), limit, where])
    unjudged = [what for what in ALL if what not in judged]
    header: list[Child] = ["goal", "", "measured", "limit", "where"]
    return join(
        [
            element("p", f"{len(rows) - missed} reached, {missed} missed, {len(unjudged)} not in these results."),
            table("Goals and what was measured", header, rows, class_="goals") if rows else None,
            element("p", "Not in these results: ", "; ".join(unjudged), ".") if unjudged else None,
        ]
    )


TO_SEQUENTIAL = Goal("seed, one session: p50 to one stage after the other", 0.60, "{:.2f}")
TO_PEER = Goal("seed, one session: p50 to the better peer with default settings", 0.80, "{:.2f}")
SPREAD = Goal("seed, one session: p95 to p50", 1.15, "{:.2f}")
FAST_TO_PEER = Goal("fast, one session: p50 to the better peer with default settings", 0.75, "{:.2f}")
OVERHEAD_P50 = Goal("seed, one session: above the floor, p50", 40)
OVERHEAD_P95 = Goal("seed, one session: above the floor, p95", 80)
MANY_P95 = Goal("50 sessions on a core: p95 to that of one session", 1.25, "{:.2f}")
MANY_FAILED = Goal("50 sessions on a core: failed turns", 0, "{:.0f}")
MANY_GAPS = Goal("50 sessions on a core: gaps in the speech", 0, "{:.0f}")
MEMORY = Goal("memory of a session", 2, "{:.2f} MB", 1 / (1 << 20))
KNEE = Goal("sessions on a core at that p95", 100, "{:.0f}", at_least=True)
HIGH_KNEE = Goal("sessions on a core at that p95, aim", 200, "{:.0f}", at_least=True)
CUT_INS = Goal("hesitant speakers: cut in", 3, "{:.1f} %", 100)
DELAY = Goal("hesitant speakers: median delay, providers at 0 ms", 450)
STOP = Goal("interruption to last audio message, p95", 250)
RESTORED = Goal("false stop: restored, at worst", 700)
LOST = Goal("false stops: speech lost", 2, "{:.1f} %", 100)
ECHO = Goal("own echo at -12 dB: interruptions by itself", 0, "{:.0f}")
ECHO_LONG = Goal("own echo at -12 dB: seconds of playback", 600, "{:.0f} s", at_least=True)
STALLS = Goal("5 % of the calls stall: p99 above the p95 without", 300)
WASTE = Goal("prepared answers: tokens nobody heard, hesitant speakers", 20, "{:.1f} %", 100)
SAVED = Goal("prepared answers: saved at p50, seed", 200, at_least=True)
FAULTS = "fault matrix: something audible within 4 s, and the next turn works (it is a test, not a measurement)"
ALL = [goal.what for goal in globals().copy().values() if isinstance(goal, Goal)] + [FAULTS]


def _ours(evidence: Evidence, scenario: str, profile: str | None = None, sessions: int | None = None) -> list[Run]:
    return [
        run
        for run in evidence.runs
        if run.name == "this" and run.scenario == scenario
        and profile in (None, run.profile) and sessions in (None, run.sessions)
    ]  # fmt: skip


def _where(evidence: Evidence, run: Run) -> str:
    """Which run, and whether it was disturbed."""
    disturbed = " ▲ see warnings" if warnings(run) else ""
    return f"{title(run)}, {run.figures['turns']} turns; {evidence.documents[run.document].name}{disturbed}"


def _alone(evidence: Evidence) -> Measured:
    for run in _ours(evidence, "plain", "seed", 1):
        p50, where = run.path("voice_to_voice", "p50"), _where(evidence, run)
        if other := same(evidence, run, "sequential"):
            yield TO_SEQUENTIAL, f"{p50} / {other.path('voice_to_voice', 'p50')}", where
        if other := best_peer(evidence, run):
            yield TO_PEER, f"{p50} / {other.path('voice_to_voice', 'p50')}", f"{where}; peer: {other.name}"
        yield SPREAD, f"{run.path('voice_to_voice', 'p95')} / {p50}", where
        yield OVERHEAD_P50, run.path("overhead", "p50"), where
        yield OVERHEAD_P95, run.path("overhead", "p95"), where
        if other := same(evidence, run, "this-unprepared"):
            yield SAVED, f"{other.path('voice_to_voice', 'p50')} - {p50}", where
    for run in _ours(evidence, "plain", "fast", 1):
        if other := best_peer(evidence, run):
            path = f"{run.path('voice_to_voice', 'p50')} / {other.path('voice_to_voice', 'p50')}"
            yield FAST_TO_PEER, path, f"{_where(evidence, run)}; peer: {other.name}"


def _many(evidence: Evidence) -> Measured:
    for run in _ours(evidence, "plain", "seed", 50):
        where = _where(evidence, run)
        if one := find(evidence, run.document, run.name, run.scenario, run.profile, 1):
            yield MANY_P95, f"{run.path('voice_to_voice', 'p95')} / {one.path('voice_to_voice', 'p95')}", where
        yield MANY_FAILED, run.path("failed"), where
        yield MANY_GAPS, run.path("gaps"), where
        yield MEMORY, run.path("rss_bytes_per_session"), where
    for index, (document, model) in enumerate(evidence.capacities):
        if model.title.startswith("this,"):
            where = f"capacity model: {model.title}, {getattr(model, 'knee_is', ABSENT)}; {document.name}"
            yield KNEE, f"capacity|{index}|knee", where
            yield HIGH_KNEE, f"capacity|{index}|knee", where


def _hesitant(evidence: Evidence) -> Measured:
    for run in _ours(evidence, "hesitant"):
        where = _where(evidence, run)
        yield CUT_INS, f"{run.path('cut_ins')} / {run.path('turns')}", where
        if run.profile == "zero":
            yield DELAY, run.path("voice_to_voice", "p50"), f"{where}, to the first sample"
        yield WASTE, run.path("unheard_tokens"), where
    for index, document in enumerate(evidence.endpointings):
        for batch in document.content:
            count = document.content[batch]["rows"][0]
            where = f"endpointing benchmark, {batch}: {count['count']} utterances, {count['pauses']} pauses"
            yield CUT_INS, f"endpointing|{index}|{batch}|default|all|cut_in_share", where
            yield DELAY, f"endpointing|{index}|{batch}|default|all|delay_p50_ms", f"{where}, to the end of the turn"


def _interrupted(evidence: Evidence) -> Measured:
    for run in _ours(evidence, "barge-in"):
        yield STOP, run.path("interruption_to_last_audio", "p95"), _where(evidence, run)
    for run in _ours(evidence, "sounds"):
        yield RESTORED, run.path("restored", "max"), _where(evidence, run)
        yield LOST, run.path("lost_share"), _where(evidence, run)
    for run in _ours(evidence, "echo"):
        yield ECHO, run.path("self_interruptions"), _where(evidence, run)
        yield ECHO_LONG, run.path("played_seconds"), _where(evidence, run)


def _stalled(evidence: Evidence) -> Measured:
    for run in _ours(evidence, "plain"):
        faults = run.fields["faults"]
        if not faults or not all(fault.startswith(STALLED) for fault in faults):
            continue
        base = run.profile.split(", ", maxsplit=1)[0] + (", long tails" if run.fields["tails"] else "")
        if one := find(evidence, run.document, "this", "plain", base, run.sessions):
            yield (
                STALLS,
                f"{run.path('voice_to_voice', 'p99')} - {one.path('voice_to_voice', 'p95')}",
                _where(evidence, run),
            )


PARTS: tuple[Callable[[Evidence], Measured], ...] = (_alone, _many, _hesitant, _interrupted, _stalled)
