"""How long a server waits against how often it cuts people off."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from benchmarks.report.chart import Axis, Frame, framed
from benchmarks.report.conditions import source, title
from benchmarks.report.evidence import Evidence, Run
from benchmarks.report.figure import figure
from benchmarks.report.markup import Child, Markup, details, element, table
from benchmarks.report.series import Series

GOOD_SHARE, GOOD_MS = 0.03, 450.0
LADDERS = (re.compile(r"fixed (\d+) ms"), re.compile(r"default x ([\d.]+)"))
Row = Mapping[str, Any]


def cut_ins(evidence: Evidence, series: Series) -> Markup:
    """One chart for each batch of utterances, and one for everybody's conversations with hesitant speakers."""
    drawn: list[Child] = []
    for index, document in enumerate(evidence.endpointings):
        for batch, content in document.content.items():
            drawn.append(_batch(evidence, index, batch, [row for row in content["rows"] if row["utterances"] == "all"]))
    conversations: dict[tuple[int, str], list[Run]] = {}
    for run in evidence.runs:
        if run.scenario == "hesitant":
            conversations.setdefault((run.document, run.profile), []).append(run)
    drawn += [_conversations(evidence, series, runs) for runs in conversations.values()]
    return element("div", *drawn, class_="charts") if drawn else element("p", "Nobody hesitated in these results.")


def _batch(evidence: Evidence, index: int, batch: str, rows: Sequence[Row]) -> Markup:
    frame = _frame("median delay of the end of the turn, ms", [row["delay_p50_ms"] for row in rows])
    marks: list[Child] = [_good(frame), *_ladders(frame, rows)]
    for row in rows:
        if not any(pattern.fullmatch(row["policy"]) for pattern in LADDERS):
            is_default = row["policy"] == "default"
            colour, size = ("s0", 7.0) if is_default else ("s2", 4.0)
            marks.append(frame.dot(*_place(row), _words(row), colour=colour, size=size))
            if is_default:
                marks.append(frame.text(*_place(row), "this server", dx=8, dy=20))
    path = f"endpointing|{index}|{batch}"
    table_rows: list[list[Child]] = [
        [
            row["policy"],
            figure(evidence, f"{path}|{row['policy']}|all|cut_in_share", "{:.1f} %", factor=100),
            figure(evidence, f"{path}|{row['policy']}|all|delay_p50_ms"),
            figure(evidence, f"{path}|{row['policy']}|all|delay_p90_ms"),
        ]
        for row in rows
    ]
    legend = element(
        "ul",
        *(
            element("li", element("span", class_=f"swatch {colour}"), words)
            for colour, words in (
                ("s0", "this server's endpointing, its silences scaled by 0.3 to 2"),
                ("s1", "a fixed silence"),
                ("s2", "parts of ours alone, and with errors in the words"),
            )
        ),
        class_="legend",
    )
    scene = f"{batch}: {rows[0]['count']} utterances with {rows[0]['pauses']} pauses"
    caption = (
        f"{scene}, played faster than real time to the endpointing alone. Left and down is better; the shaded "
        "corner is the goal. Cut in: of the utterances with pauses, those in which the turn was ended before "
        "the speech was."
    )
    header: list[Child] = ["how a turn is ended", "cut in", "delay p50, ms", "p90, ms"]
    behind = details("The table behind it", table(scene, header, table_rows))
    return framed(frame.drawing(f"Delay against cut-ins, {scene}", *marks), legend, caption, behind)


def _frame(name: str, delays: Sequence[float]) -> Frame:
    most = max([GOOD_MS * 1.5, *delays])
    return Frame(Axis("cut in, % of the utterances", -2, 102, (0, 20, 40, 60, 80, 100)), Axis(name, 0, most * 1.05))


def _good(frame: Frame) -> Markup:
    left, right, top, bottom = frame.left, frame.across(100 * GOOD_SHARE), frame.down(GOOD_MS), frame.down(0)
    words = element("title", f"goal: cut in at most {100 * GOOD_SHARE:.0f} %, median delay at most {GOOD_MS:.0f} ms")
    return element("rect", words, x=left, y=top, width=right - left, height=bottom - top, class_="goal")


def _place(row: Row) -> tuple[float, float]:
    return 100 * row["cut_in_share"], row["delay_p50_ms"]


def _words(row: Row) -> str:
    x, y = _place(row)
    return f"{row['policy']}: {x:.1f} % cut in, {y:.0f} ms"


def _ladders(frame: Frame, rows: Sequence[Row]) -> list[Markup]:
    marks = []
    for pattern, colour in zip(LADDERS, ("s1", "s0"), strict=True):
        ladder = [(float(found[1]), row) for row in rows if (found := pattern.fullmatch(row["policy"]))]
        marks += _ladder(frame, ladder, colour)
    return marks


def _alone(evidence: Evidence) -> tuple[str, list[Row]]:
    """The first batch of the endpointing benchmark, if there is one."""
    for document in evidence.endpointings:
        for batch, content in document.content.items():
            return batch, [row for row in content["rows"] if row["utterances"] == "all"]
    return "", []


def _ladder(frame: Frame, ladder: Sequence[tuple[float, Row]], colour: str) -> list[Markup]:
    rungs = [row for _, row in sorted(ladder, key=lambda one: one[0])]
    line = frame.line([_place(row) for row in rungs], colour=colour)
    return [line, *(frame.dot(*_place(row), _words(row), colour=colour) for row in rungs)]


def _conversations(evidence: Evidence, series: Series, runs: Sequence[Run]) -> Markup:
    shares = {run.number: (run.path("cut_ins"), run.path("turns")) for run in runs}
    timed = [run for run in runs if run.figures["voice_to_voice"]]
    frame = _frame("median delay of the answer, ms", [run.figures["voice_to_voice"]["p50"] for run in timed])
    marks: list[Child] = []
    caption = (
        f"Whole conversations, profile {runs[0].profile} ({source(evidence, runs[0])}), in real time, with the same "
        "recordings for everybody; the delay is until the first sample of the answer, of the turns that were neither "
        "cut into nor failed. Cut in is of all turns, also of those without pauses."
    )
    batch, lines = _alone(evidence)
    if runs[0].profile == "zero":
        marks.append(_good(frame))
        if lines:
            marks.append(element("g", *_ladders(frame, lines), class_="faint"))
            caption += f" The faint lines are the first chart's ({batch}): the endpointing alone, with nothing added."
    rows: list[list[Child]] = []
    for run in runs:
        share, p50 = " / ".join(shares[run.number]), run.path("voice_to_voice", "p50")
        rows.append(
            [
                title(run),
                figure(evidence, share, "{:.0f} %", factor=100),
                figure(evidence, p50),
                figure(evidence, run.path("voice_to_voice", "count")),
                figure(evidence, run.path("turns")),
                figure(evidence, run.path("failed")),
                figure(evidence, run.path("unheard_tokens"), "{:.1f} %", factor=100),
            ]
        )
        x, y = evidence.value(share), evidence.value(p50)
        if x is not None and y is not None:
            words = f"{title(run)}: {100 * x:.0f} % cut in, {y:.0f} ms"
            colour = series.colour(run.name)
            marks.append(frame.dot(100 * x, y, words, colour=colour, href=f"#run-{run.number}", size=6))
            marks.append(frame.text(100 * x, y, run.name, dx=10, dy=4))
    header: list[Child] = ["run", "cut in", "delay p50, ms", "of", "turns", "failed", "tokens nobody heard"]
    behind = details("The table behind it", table("Hesitant speakers", header, rows))
    drawing = frame.drawing(f"Delay against cut-ins in conversations with hesitant speakers, {runs[0].profile}", *marks)
    return framed(drawing, series.legend(run.name for run in timed), caption, behind)
