"""The capacity models, and what they say is needed for so many conversations."""

from benchmarks import capacity
from benchmarks.report.evidence import Evidence
from benchmarks.report.figure import figure
from benchmarks.report.markup import Child, Markup, element, join, table


def provision(evidence: Evidence) -> Markup:
    """Of everything that was measured with several numbers of sessions; a refusal says why."""
    parts, refused = list[Child](), list[Child]()
    for index, (document, found) in enumerate(evidence.capacities):
        title = f"{found.title} ({document.name})"
        if isinstance(found, capacity.Model):
            body = _model(evidence, index, found)
            parts.append(element("div", element("h3", title), body, id=f"capacity-{index}"))
        else:
            refused.append(element("li", element("b", title), f": {found.reason}"))
    if refused:
        parts += [element("h3", "No model can be made of"), element("ul", *refused)]
    told = [element("li", assumption) for assumption in capacity.ASSUMPTIONS]
    return join([*parts, element("h3", "What this assumes"), element("ul", *told)])


def _model(evidence: Evidence, index: int, found: capacity.Model) -> Markup:
    path = f"capacity|{index}"
    sentence = join(
        [
            "A process uses ", figure(evidence, f"{path}|base_cores", "{:.2f} %", factor=100), " of a core and ",
            figure(evidence, f"{path}|cores_per_session", "{:.3f} %", factor=100), " for each session, ",
            figure(evidence, f"{path}|base_bytes", "{:.0f} MB", factor=1 / (1 << 20)), " of memory and ",
            figure(evidence, f"{path}|bytes_per_session", "{:.2f} MB", factor=1 / (1 << 20)),
            " for each session. The knee, where a core is full, is ", figure(evidence, f"{path}|knee"),
            f" sessions ({found.knee_is}): {found.knee_reason}.{capacity.caution(found)} Somebody spoke ",
            figure(evidence, f"{path}|talk_share", "{:.0f} %", factor=100), " of the time. Planned with ",
            f"{100 * capacity.HEADROOM:.0f} % of what a full core does, and memory with a quarter more than needed.",
        ]
    )  # fmt: skip
    header: list[Child] = ["conversations at once"]
    header += [f"tasks of {vcpu:g} vCPU" for vcpu in capacity.TASKS] + ["vCPU (tasks of 1)", "GB (tasks of 1)"]
    each: list[list[Child]] = [
        ["sessions in a task", *(figure(evidence, f"{path}|sessions_on_{vcpu:g}") for vcpu in capacity.TASKS), "", ""]
    ]
    rows = each + [_fleets(found, count) for count in capacity.CONVERSATIONS]
    measured: list[list[Child]] = [
        [
            f"{one.sessions}",
            f"{one.busy_sessions:.1f}",
            f"{100 * one.cores:.1f} %",
            f"{100 * found.cores(one.busy_sessions):.1f} %",
            f"{one.rss_bytes / (1 << 20):.0f}",
            f"{one.p95_ms:.0f}" if one.p95_ms is not None else "–",
            f"{one.failed}",
            f"{one.gaps}",
        ]
        for one in found.loads
    ]
    names: list[Child] = [
        "sessions", "busy on average", "core, measured", "core, by the line", "MB", "p95, ms", "failed", "gaps",
    ]  # fmt: skip
    left = element("p", "Left out: ", "; ".join(found.left_out), ".") if found.left_out else None
    return join(
        [
            element("p", sentence),
            left,
            table("Fargate tasks: number × memory of each", header, rows, class_="wide"),
            table("What the line was fitted to", names, measured),
        ]
    )


def _fleets(found: capacity.Model, conversations: int) -> list[Child]:
    cells: list[Child] = [f"{conversations:,}"]
    for vcpu in capacity.TASKS:
        one = capacity.fleet(found, conversations, vcpu)
        cells.append(f"{one.tasks:,} × {one.memory_each_gb:g} GB" if one else "–")
    whole = capacity.fleet(found, conversations, 1.0)
    cells += [f"{whole.tasks:,}", f"{whole.memory_gb:,.0f}"] if whole else ["–", "–"]
    return cells
