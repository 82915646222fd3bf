"""On what, by which command and how well it was measured."""

from benchmarks.report.evidence import Evidence, Run
from benchmarks.report.markup import Child, Markup, element, join, table
from benchmarks.table import FOREIGN


def conditions(evidence: Evidence) -> Markup:
    """The machine, the commands, the versions, and what went wrong."""
    parts: list[Markup] = []
    for index, document in enumerate(evidence.documents):
        if not document.is_comparison:
            continue
        content, machine = document.content, document.content["machine"]
        runs = [run for run in evidence.runs if run.document == index]
        versions = dict.fromkeys(f"{run.name}: {run.fields['version']}" for run in runs)
        rows: list[list[Child]] = [
            ["started", str(content["started"])],
            ["command", element("code", str(content["command"]))],
            ["machine", f"{machine['processor']}, {machine['cores']} cores, {machine['memory_bytes'] / 2**30:.1f} GB"],
            ["system", f"{machine['system']}, Python {machine['python']}"],
            ["versions", join([element("div", version) for version in versions])],
        ]
        parts.append(table(document.name, ["", ""], rows, class_="plain"))
    told = [
        element("li", element("a", title(run), href=f"#run-{run.number}"), f": {warning}")
        for run in evidence.runs
        for warning in warnings(run)
    ]
    verdict = element("ul", *told) if told else element("p", "No run was disturbed, and no turn failed.")
    return join([*parts, element("h3", "Warnings"), verdict])


def title(run: Run) -> str:
    """A run in a few words."""
    sessions = "1 session" if run.sessions == 1 else f"{run.sessions} sessions"
    return f"{run.name}, {run.scenario}, {run.profile}, {sessions}"


def source(evidence: Evidence, run: Run) -> str:
    """The file that a run is from."""
    return evidence.documents[run.document].name


def warnings(run: Run) -> list[str]:
    """Why the figures of a run are not what they seem, and what did not work in it."""
    server, client = run.fields["server"], run.fields["client"]
    told = []
    if client["was_bottleneck"]:
        told.append(
            f"the callers were the bottleneck (event loop late by {client['lag_p99_ms']:.0f} ms p99): "
            "the target may be better than this"
        )
    if server is None:
        told.append("the server was not on this machine: what it cost is not known")
    elif "foreign_cpu_seconds" not in server:
        told.append("it was not noted how busy others kept the server's core")
    elif (share := server["foreign_cpu_seconds"] / server["seconds"]) > FOREIGN:
        told.append(f"other programs took {100 * share:.0f} % of the server's core: the target may be better than this")
    reasons: dict[str, int] = {}
    for turn in run.fields["turns"]:
        if turn["failure"]:
            reasons[turn["failure"]] = reasons.get(turn["failure"], 0) + 1
    told += [f"turns failed: {count} × {reason}" for reason, count in reasons.items()]
    if failed := run.fields["failed_sessions"]:
        told.append(f"sessions failed: {len(failed)}, the first: {failed[0]}")
    return told
