"""Where the time of a turn goes: the stages that a server reports of itself, or what its vendors took and the rest."""

from collections.abc import Sequence

from benchmarks.measures import overhead, voice_to_voice
from benchmarks.report.chart import BOTTOM, TOP, Axis, Frame, framed, up_to
from benchmarks.report.conditions import source
from benchmarks.report.evidence import Evidence, Fields, Run
from benchmarks.report.latency import groups
from benchmarks.report.markup import Child, Markup, element

STAGES = ("pause", "transcript", "first_token", "first_clause", "first_audio", "sent", "heard")
REST = "rest"
NAMES = {
    "pause": "pause: silence until it was sure, or until the recogniser had all",
    "transcript": "transcript",
    "first_token": "model's first token",
    "first_clause": "model's first clause",
    "first_audio": "voice's first audio",
    "sent": "sent",
    "heard": "heard",
    REST: "the rest: what the server added",
}
ROW = 46.0

Part = tuple[str, float, float]
"""A stage, from and to, milliseconds after the end of speech."""


def stages(turn: Fields) -> list[Part]:
    """As the server told in `voice.turn`."""
    return [(str(name), float(start), float(end)) for name, start, end in turn["spans"]]


def floor_parts(turn: Fields) -> list[Part]:
    """As the vendors' log has it, one after the other, and what is left until the answer was heard."""
    total, at, parts = voice_to_voice(turn), 0.0, list[Part]()
    if total is None or turn["floor"] is None:
        return []
    for name, seconds in turn["floor"].items():
        parts.append((name, at, at + 1000 * seconds))
        at = parts[-1][2]
    return [*parts, (REST, at, max(at, 1000 * total))]


def parts(turn: Fields) -> list[Part]:
    """The best that is known."""
    return stages(turn) or floor_parts(turn)


def median_turn(run: Run) -> Fields | None:
    """The answered turn that is nearest to the median: one that happened, and not a mean of several."""
    timed: list[tuple[float, Fields]] = [
        (value, turn) for turn in run.fields["turns"] if (value := voice_to_voice(turn)) is not None
    ]
    timed = [(value, turn) for value, turn in timed if parts(turn) and turn["kind"] != "sound"]
    if not timed or run.figures["voice_to_voice"] is None:
        return None
    median = run.figures["voice_to_voice"]["p50"] / 1000
    return min(timed, key=lambda one: abs(one[0] - median))[1]


def waterfalls(evidence: Evidence) -> Markup:
    """For each file, profile and scenario: a median turn of each target."""
    drawn: list[Child] = []
    for runs in groups(evidence):
        fewest = min(run.sessions for run in runs)
        chosen = [(run, turn) for run in runs if run.sessions == fewest and (turn := median_turn(run))]
        if chosen and runs[0].scenario in ("plain", "noise"):
            drawn.append(_waterfall(evidence, chosen))
    return (
        element("div", *drawn, class_="charts") if drawn else element("p", "There are no plain turns in these results.")
    )


def _waterfall(evidence: Evidence, chosen: Sequence[tuple[Run, Fields]]) -> Markup:
    lines: list[tuple[str, Run, Fields, list[Part]]] = []
    for run, turn in chosen:
        if turn["spans"]:
            lines.append((f"{run.name}: its stages", run, turn, stages(turn)))
        if turn["floor"] is not None:
            lines.append((f"{run.name}: its vendors", run, turn, floor_parts(turn)))
    ends = [part[2] for *_, own in lines for part in own]
    starts = [part[1] for *_, own in lines for part in own] + [part[2] for *_, own in lines for part in own]
    across = up_to("milliseconds after the end of speech", ends, low=min(0.0, *starts))
    frame = Frame(across, Axis("", 0, len(lines), ()), height=TOP + BOTTOM + ROW * len(lines), left=12.0)
    marks = [mark for row, line in enumerate(lines) for mark in _line(frame, row, *line)]
    used = [name for name in (*STAGES, REST) if any(name == part[0] for *_, own in lines for part in own)]
    keys = [element("li", element("span", class_=f"swatch w-{name}"), NAMES[name]) for name in used]
    run = chosen[0][0]
    scene = f"{run.scenario}, profile {run.profile}, {run.sessions} at once ({source(evidence, run)})"
    caption = (
        f"{scene}: of each target the turn that is nearest to its median. The bar of the vendors is what they took for "
        "this answer, one after the other; a server that works ahead has done some of it before its wait was over. "
        "Every turn has such a bar below, with the runs."
    )
    drawing = frame.drawing(f"Where the time goes: {scene}", *marks, names=False)
    return framed(drawing, element("ul", *keys, class_="legend"), caption)


def _line(frame: Frame, row: int, name: str, run: Run, turn: Fields, own: Sequence[Part]) -> list[Markup]:
    top = TOP + ROW * row
    total = voice_to_voice(turn)
    heard = f"{1000 * total:.0f} ms" if total is not None else ""
    above = overhead(turn)
    added = f", {1000 * above:.0f} ms above the floor" if above is not None else ""
    href = f"#run-{run.number}-{turn['session']}-{turn['turn']}"
    words = element("text", f"{name} · {heard}{added}", x=frame.left, y=top + 14, class_="label")
    marks = [element("a", words, href=href)]
    for stage, start, end in own:
        left, right = sorted((frame.across(start), frame.across(end)))
        told = element("title", f"{stage}: {start:.0f} to {end:.0f} ms, {end - start:.0f} ms")
        shape = {"x": left, "y": top + 20, "width": max(right - left, 0.5), "height": 18.0}
        marks.append(element("rect", told, class_=f"w-{stage}", **shape))
    return marks


def bar(turn: Fields, longest_ms: float) -> Markup | None:
    """One turn as a row of a table."""
    pieces, at = list[Child](), 0.0
    for name, _, end in parts(turn):
        if end > at:
            width = f"width:{100 * (end - at) / longest_ms:.1f}%"
            pieces.append(element("i", class_=f"w-{name}", style=width, title=f"{name} {end - at:.0f} ms"))
            at = end
    return element("span", *pieces, class_="bar") if pieces else None
