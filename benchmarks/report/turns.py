"""Every turn of every run."""

from benchmarks.measures import overhead, voice_to_voice
from benchmarks.report.conditions import title, warnings
from benchmarks.report.evidence import Evidence, Fields, Run
from benchmarks.report.figure import ABSENT
from benchmarks.report.markup import Child, Markup, details, element, join, table
from benchmarks.report.waterfall import bar, parts

HEADER: list[Child] = [
    "session.turn", "said", "kind", "voice to voice", "over floor", "where it went", "cut in", "gaps", "committed",
    "wasted", "speech over the answer", "failure",
]  # fmt: skip


def turns(evidence: Evidence) -> Markup:
    """One table for each run, closed until it is asked for."""
    parts = [_run(run) for run in evidence.runs]
    parts += [_endpointing(evidence, index) for index in range(len(evidence.endpointings))]
    return join(parts)


def _run(run: Run) -> Markup:
    own = run.fields["turns"]
    longest = max((end for turn in own for *_, end in parts(turn)), default=1.0)
    rows = [_row(run, turn, longest) for turn in own]
    head = element("tr", *(element("th", cell, scope="col") for cell in HEADER))
    told = [element("li", warning) for warning in warnings(run)]
    cost = element("p", _cost(run))
    body = element(
        "div",
        element(
            "table",
            element("caption", f"Turns of {title(run)}, ms"),
            element("thead", head),
            *rows,
            class_="wide turns",
        ),
        class_="scroll",
        tabindex="0",
        role="region",
        aria_label=f"Turns of {title(run)}",
    )
    inside = element("div", element("ul", *told) if told else None, cost, body, id=f"run-{run.number}")
    return details(f"{title(run)}: {len(own)} turns", inside)


def _cost(run: Run) -> str:
    server, client = run.fields["server"], run.fields["client"]
    told = (
        f"Callers (processes: {client['processes']}): {client['cpu_seconds']:.1f} s of processor in "
        f"{client['seconds']:.0f} s, event loop late by {client['lag_p99_ms']:.1f} ms p99, "
        f"{client['late_frames']} of {client['frames']} frames late."
    )
    if server is None:
        return told
    return (
        f"Server {run.fields['version']}: {server['cpu_seconds']:.2f} s of processor in {server['seconds']:.0f} s, "
        f"memory {server['idle_rss_bytes'] / 2**20:.0f} MB at rest, {server['rss_bytes'] / 2**20:.0f} MB at most. "
        f"{told}"
    )


def _row(run: Run, turn: Fields, longest: float) -> Markup:
    number = f"{turn['session']}.{turn['turn']}"
    wasted = turn["wasted"] or {}
    cells: list[Child] = [
        turn["clip"],
        turn["kind"],
        _milliseconds(voice_to_voice(turn)),
        element("span", _milliseconds(overhead(turn)), title=_floor(turn)),
        bar(turn, longest),
        "yes" if turn["cut_in"] else None,
        str(len(turn["gaps"])) if turn["gaps"] else None,
        f"{turn['committed_ms']:.0f}" if turn["committed_ms"] is not None else None,
        ", ".join(f"{value} {name}" for name, value in wasted.items() if value) or None,
        _over(turn),
        turn["failure"] or None,
    ]
    anchor = f"run-{run.number}-{turn['session']}-{turn['turn']}"
    header = element("th", number, scope="row")
    return element("tr", header, *(element("td", cell) for cell in cells), id=anchor)


def _floor(turn: Fields) -> str | None:
    """What it is above."""
    if turn["floor"] is None:
        return None
    return "floor: " + ", ".join(f"{name} {1000 * seconds:.0f} ms" for name, seconds in turn["floor"].items())


def _over(turn: Fields) -> str | None:
    """What an interruption or a sound did to the answer before it."""
    if turn["kind"] == "interruption" and turn["speech_began"] is not None:
        moments = {name: turn[name] for name in ("last_audio", "ducked", "stopped") if turn[name] is not None}
        return ", ".join(f"{name} {1000 * (at - turn['speech_began']):.0f} ms" for name, at in moments.items()) or None
    if turn["kind"] != "sound" or turn.get("lost_seconds") is None:
        return None
    told = [f"lost {turn['lost_seconds']:.1f} s"] + ["answered"] * turn["answered"]
    if turn["stopped"] is not None and turn["restored"] is not None:
        told.insert(0, f"quiet for {1000 * (turn['restored'] - turn['stopped']):.0f} ms")
    return ", ".join(told)


def _milliseconds(seconds: float | None) -> str:
    return ABSENT if seconds is None else f"{1000 * seconds:.0f}"


def _endpointing(evidence: Evidence, index: int) -> Markup:
    """What became of each utterance with the default settings."""
    document = evidence.endpointings[index]
    tables: list[Child] = []
    for batch, content in document.content.items():
        rows: list[list[Child]] = [
            [
                one["name"],
                one["kind"],
                f"{one['cut_pauses']} of {one['pauses']}",
                _milliseconds(one["delay_seconds"]),
                "; ".join(one["cut_after"]),
            ]
            for one in content["default"]
        ]
        tables.append(table(batch, ["utterance", "kind", "pauses cut", "delay, ms", "cut in after"], rows))
    return details(f"{document.name}: every utterance", element("div", *tables, id=f"endpointing-{index}"))
