"""How the delays are spread, and how they grow with the number of sessions."""

from collections.abc import Sequence

from benchmarks.measures import voice_to_voice
from benchmarks.report.chart import Axis, Frame, framed, up_to
from benchmarks.report.conditions import source, title
from benchmarks.report.evidence import Evidence, Run
from benchmarks.report.figure import figure
from benchmarks.report.markup import Child, Markup, details, element, table
from benchmarks.report.series import Series

MOST_DOTS = 120
"""Turns of a run that are drawn one by one."""
SHARES = (0.0, 0.25, 0.5, 0.75, 0.95, 1.0)


def distribution(evidence: Evidence, series: Series) -> Markup:
    """For each file, profile and scenario: which share of the turns was answered within which time."""
    drawn: list[Child] = []
    for runs in groups(evidence):
        fewest = min(run.sessions for run in runs)
        chosen = [run for run in runs if run.sessions == fewest and run.figures["voice_to_voice"]]
        if chosen:
            drawn.append(_distribution(evidence, series, chosen))
    return element("div", *drawn, class_="charts")


def groups(evidence: Evidence) -> list[list[Run]]:
    """Runs that differ in the target and the number of sessions only."""
    kinds: dict[tuple[int, str, str], list[Run]] = {}
    for run in evidence.runs:
        kinds.setdefault((run.document, run.scenario, run.profile), []).append(run)
    return list(kinds.values())


def _distribution(evidence: Evidence, series: Series, runs: Sequence[Run]) -> Markup:
    slowest = [run.figures["voice_to_voice"]["max"] for run in runs]
    frame = Frame(up_to("voice to voice, ms", slowest), Axis("share of the answered turns", 0, 1, SHARES))
    marks = [mark for run in runs for mark in _steps(frame, series, run)]
    scene = f"{runs[0].scenario}, profile {runs[0].profile}, {runs[0].sessions} at once ({source(evidence, runs[0])})"
    rows = [
        [run.name, *(figure(evidence, run.path("voice_to_voice", name)) for name in ("p50", "p95", "p99", "max"))]
        for run in runs
    ]
    caption = f"{scene}. Further left is sooner; steeper is steadier. A dot is a turn and leads to it."
    behind = details("The table behind it", table(scene, ["target", "p50", "p95", "p99", "most"], rows))
    drawing = frame.drawing(f"Distribution of the delay: {scene}", *marks)
    return framed(drawing, series.legend(run.name for run in runs), caption, behind)


def _steps(frame: Frame, series: Series, run: Run) -> list[Markup]:
    timed = sorted(
        (1000 * value, turn["session"], turn["turn"], turn["clip"])
        for turn in run.fields["turns"]
        if turn["kind"] != "sound" and (value := voice_to_voice(turn)) is not None
    )
    points, dots = [(timed[0][0], 0.0)], list[Markup]()
    for index, (value, session, turn, clip) in enumerate(timed):
        points += [(value, index / len(timed)), (value, (index + 1) / len(timed))]
        if len(timed) <= MOST_DOTS:
            words, href = f"{run.name}: {value:.0f} ms, {clip}", f"#run-{run.number}-{session}-{turn}"
            share = (index + 1) / len(timed)
            dots.append(frame.dot(value, share, words, colour=series.colour(run.name), href=href, size=2.5))
    return [frame.line(points, colour=series.colour(run.name), dash=series.dash(run.name)), *dots]


def against_sessions(evidence: Evidence, series: Series) -> Markup:
    """p50 and p95 of everything that was measured with several numbers of sessions."""
    several = [runs for runs in groups(evidence) if len({run.sessions for run in runs}) > 1]
    drawn = [_against_sessions(evidence, series, runs) for runs in several]
    return (
        element("div", *drawn, class_="charts")
        if drawn
        else element("p", "Everything was measured with one number of sessions only.")
    )


def _against_sessions(evidence: Evidence, series: Series, runs: Sequence[Run]) -> Markup:
    counts = sorted({run.sessions for run in runs})
    slowest = [run.figures["voice_to_voice"]["p95"] for run in runs if run.figures["voice_to_voice"]]
    across = Axis("sessions at once, on one core", counts[0] * 0.85, counts[-1] * 1.15, counts, is_logarithmic=True)
    frame = Frame(across, up_to("voice to voice, ms", slowest))
    marks: list[Child] = []
    for name in dict.fromkeys(run.name for run in runs):
        own = sorted((run for run in runs if run.name == name), key=lambda run: run.sessions)
        marks += _growth(frame, series, own)
    scene = f"{runs[0].scenario}, profile {runs[0].profile} ({source(evidence, runs[0])})"
    rows: list[list[Child]] = [
        [
            f"{run.name}, {run.sessions}",
            *(figure(evidence, run.path("voice_to_voice", name)) for name in ("p50", "p95")),
            *(figure(evidence, run.path(name)) for name in ("failed", "gaps")),
        ]
        for run in runs
    ]
    caption = (
        f"{scene}. Whole line p95, dotted line p50. A cross: turns failed or the speech had gaps. A ring: the callers "
        "were the bottleneck, and the target may be better."
    )
    behind = details("The table behind it", table(scene, ["target, sessions", "p50", "p95", "failed", "gaps"], rows))
    drawing = frame.drawing(f"Delay against sessions: {scene}", *marks)
    return framed(drawing, series.legend(run.name for run in runs), caption, behind)


def _growth(frame: Frame, series: Series, runs: Sequence[Run]) -> list[Markup]:
    colour, marks = series.colour(runs[0].name), list[Markup]()
    timed = [run for run in runs if run.figures["voice_to_voice"]]
    for name, dash in (("p50", "1 5"), ("p95", series.dash(runs[0].name))):
        points = [(float(run.sessions), run.figures["voice_to_voice"][name]) for run in timed]
        marks.append(frame.line(points, colour=colour, dash=dash))
        for run, (x, y) in zip(timed, points, strict=True):
            figures, href = run.figures, f"#run-{run.number}"
            words = f"{title(run)}: {name} {y:.0f} ms, {figures['failed']} failed, {figures['gaps']} gaps"
            marks.append(frame.dot(x, y, words, colour=colour, href=href))
            if run.fields["client"]["was_bottleneck"]:
                marks.append(frame.dot(x, y, words, colour=f"{colour} ring", size=8))
            if figures["failed"] or figures["gaps"]:
                marks.append(frame.text(x, y, "✕", dy=5, anchor="middle"))
    return marks
