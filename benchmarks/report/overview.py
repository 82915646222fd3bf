"""The table of all runs."""

from benchmarks.report.conditions import warnings
from benchmarks.report.evidence import Evidence, Run
from benchmarks.report.figure import ABSENT, figure
from benchmarks.report.markup import Child, Markup, element, join, table
from benchmarks.report.peers import best_peer, same

P50, P95, P99 = (("voice_to_voice", name) for name in ("p50", "p95", "p99"))
HEADER: list[Child] = [
    "target", "at once", "p50", "p95", "p99", "to sequential", "to best peer", "over floor p50", "p95", "turns",
    "failed", "cut in", "gaps", "CPU % each", "MB each",
]  # fmt: skip


def overview(evidence: Evidence) -> Markup:
    """One table for each profile and scenario of each file."""
    tables = []
    kinds = dict.fromkeys((run.document, run.profile, run.scenario) for run in evidence.runs)
    for kind in kinds:
        document, profile, scenario = kind
        runs = [run for run in evidence.runs if (run.document, run.profile, run.scenario) == kind]
        caption = f"{scenario} · profile {profile} · {evidence.documents[document].name}"
        tables.append(table(caption, HEADER, [_row(evidence, run) for run in runs], class_="wide"))
    return join(
        [
            element(
                "p",
                "Milliseconds from the last audible sample of the speaker to the first audible sample of the answer, "
                "at the caller. Each number leads to the turns it was computed from; ▲ marks a run that did not "
                "go as it "
                "should, for the reason that it gives when touched.",
            ),
            *tables,
        ]
    )


def _row(evidence: Evidence, run: Run) -> list[Child]:
    told = warnings(run)
    mark = element("a", " ▲", class_="bad", title="; ".join(told), href=f"#run-{run.number}") if told else None
    return [
        join([element("a", run.name, href=f"#run-{run.number}", title=str(run.fields["version"])), mark]),
        str(run.sessions),
        *(figure(evidence, run.path(*path)) for path in (P50, P95, P99)),
        _ratio(evidence, run, same(evidence, run, "sequential")),
        _ratio(evidence, run, best_peer(evidence, run)),
        *(figure(evidence, run.path("overhead", name)) for name in ("p50", "p95")),
        figure(evidence, run.path("turns")),
        *(_bad(evidence, run.path(name)) for name in ("failed", "cut_ins", "gaps")),
        figure(evidence, run.path("cpu_percent_per_session"), "{:.2f}"),
        figure(evidence, run.path("rss_bytes_per_session"), "{:.1f}", factor=1 / (1 << 20)),
    ]  # fmt: skip


def _bad(evidence: Evidence, path: str) -> Markup:
    shown = figure(evidence, path)
    return element("span", shown, class_="bad") if evidence.value(path) else shown


def _ratio(evidence: Evidence, run: Run, other: Run | None) -> Child:
    if other is None or other.number == run.number:
        return ABSENT
    return figure(evidence, f"{run.path(*P50)} / {other.path(*P50)}", "{:.2f}")
