"""How soon a server falls silent when somebody speaks, and what a cough does to it."""

from collections.abc import Sequence

from benchmarks.report.chart import BOTTOM, TOP, Axis, Frame, framed, up_to
from benchmarks.report.conditions import title
from benchmarks.report.evidence import Evidence, Run
from benchmarks.report.figure import figure
from benchmarks.report.markup import Child, Markup, element, join, table
from benchmarks.report.series import Series

LIMIT_MS = 250.0
ROW = 34.0
SPREADS = (("last_audio", "last audio message"), ("ducked", "duck"), ("stopped", "news of the stop"))


def interruptions(evidence: Evidence, series: Series) -> Markup:
    """Interruptions that are meant, and sounds that are none."""
    cuts = [run for run in evidence.runs if "interruption_to_last_audio" in run.figures]
    sounds = [run for run in evidence.runs if "sounds" in run.figures]
    echoes = [run for run in evidence.runs if run.scenario == "echo"]
    parts: list[Child] = []
    if cuts:
        parts += [element("h3", "Barge-in"), _barge_in(evidence, series, cuts)]
    if sounds:
        parts += [element("h3", "Coughs, backchannels and noises"), _sounds(evidence, sounds)]
    if echoes:
        parts += [element("h3", "Its own echo"), _echo(evidence, echoes)]
    return join(parts) if parts else element("p", "Nobody was interrupted in these results.")


def _barge_in(evidence: Evidence, series: Series, runs: Sequence[Run]) -> Markup:
    dots = [[(1000 * seconds, turn) for turn, seconds in _last_audio(run)] for run in runs]
    slowest = [value for own in dots for value, _ in own]
    height = TOP + BOTTOM + ROW * len(runs)
    across = up_to("ms from the first sample of the interruption to the last audio message", [LIMIT_MS * 1.4, *slowest])
    frame = Frame(across, Axis("", len(runs), 0, ()), height=height, left=130.0)
    marks: list[Child] = [frame.limit(x=LIMIT_MS, words="goal, p95")]
    for row, (run, own) in enumerate(zip(runs, dots, strict=True)):
        words = element(
            "text", run.name, x=frame.left - 8, y=frame.down(row + 0.5) + 4, text_anchor="end", class_="tick"
        )
        marks.append(words)
        for value, turn in own:
            href = f"#run-{run.number}-{turn[0]}-{turn[1]}"
            told = f"{run.name}: {value:.0f} ms"
            marks.append(frame.dot(value, row + 0.5, told, colour=series.colour(run.name), href=href, size=4))
    header: list[Child] = ["run"]
    header += [f"{words} {name}" for _, words in SPREADS for name in ("p50", "p95")]
    header += ["n", "failed"]
    rows: list[list[Child]] = [
        [
            title(run),
            *(
                figure(evidence, run.path(f"interruption_to_{spread}", name))
                for spread, _ in SPREADS
                for name in ("p50", "p95")
            ),
            figure(evidence, run.path("interruption_to_last_audio", "count")),
            figure(evidence, run.path("failed")),
        ]
        for run in runs
    ]
    caption = (
        "Each dot is an interruption; at 0, nothing was sent any more when it began. What was sent before may still be "
        "in a player that does not empty itself."
    )
    drawing = frame.drawing("Interruption to last audio", *marks, names=False)
    return framed(drawing, None, caption, table("Barge-in, ms", header, rows, class_="wide"))


def _last_audio(run: Run) -> list[tuple[tuple[int, int], float]]:
    """As the figures have it: 0 where nothing was sent any more when the interruption began."""
    return [
        ((turn["session"], turn["turn"]), (turn["last_audio"] or turn["speech_began"]) - turn["speech_began"])
        for turn in run.fields["turns"]
        if turn["kind"] == "interruption" and turn["speech_began"] is not None
    ]


def _sounds(evidence: Evidence, runs: Sequence[Run]) -> Markup:
    header: list[Child] = [
        "run", "sounds over an answer", "noticed", "false stops", "restored p50, ms", "at worst, ms", "speech lost",
    ]  # fmt: skip
    rows: list[list[Child]] = [
        [
            title(run),
            *(figure(evidence, run.path(name)) for name in ("sounds", "disturbed", "false_stops")),
            figure(evidence, run.path("restored", "p50")),
            figure(evidence, run.path("restored", "max")),
            figure(evidence, run.path("lost_share"), "{:.1f} %", factor=100),
        ]
        for run in runs
    ]
    words = (
        "Noticed: the answer was quieter or stopped for a moment. A false stop: some of it was never played, or the "
        "sound was answered."
    )
    return join([table("Sounds that are no interruption", header, rows, class_="wide"), element("p", words)])


def _echo(evidence: Evidence, runs: Sequence[Run]) -> Markup:
    header: list[Child] = ["run", "seconds played", "answers stopped though nobody spoke", "failed"]
    rows: list[list[Child]] = [
        [title(run), *(figure(evidence, run.path(name)) for name in ("played_seconds", "self_interruptions", "failed"))]
        for run in runs
    ]
    return table("The microphone hears the loudspeaker at -12 dB", header, rows)
