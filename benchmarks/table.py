"""The table that a comparison prints."""

from collections.abc import Mapping
from typing import Any

from benchmarks.measures import summary

COLUMNS = "{:<16}{:<10}{:>4}{:>6}{:>6}{:>7}{:>8}{:>8}{:>8}{:>14}{:>6}{:>8}{:>9}"
MEBIBYTE = 1 << 20
FOREIGN = 0.05
"""Of the server's core: so much of it may go to others."""


def print_header(profile: str, *, tails: bool) -> None:
    """The names of the columns."""
    print(f"\nprofile {profile}{' with long tails' if tails else ''}; milliseconds, voice to voice")
    print(
        COLUMNS.format(
            "target",
            "scenario",
            "n",
            "turns",
            "fail",
            "cut in",
            "p50",
            "p95",
            "p99",
            "over floor",
            "gaps",
            "CPU %",
            "MB/each",
        ),
        flush=True,
    )


def print_row(run: Mapping[str, Any]) -> None:
    """One run."""
    found = summary(run)
    total, over = found["voice_to_voice"], found["overhead"]
    delays = [f"{total[name]:.0f}" if total else "–" for name in ("p50", "p95", "p99")]
    above = f"{over['p50']:.0f} / {over['p95']:.0f}" if over else "–"
    cpu = f"{found['cpu_percent_per_session']:.2f}" if "cpu_percent_per_session" in found else "–"
    memory = f"{found['rss_bytes_per_session'] / MEBIBYTE:.1f}" if "rss_bytes_per_session" in found else "–"
    print(
        COLUMNS.format(
            run["name"], run["scenario"], run["sessions"], found["turns"], found["failed"], found["cut_ins"],
            *delays, above, found["gaps"], cpu, memory,
        ),
        flush=True,
    )  # fmt: skip
    for line in notes(run, found):
        print(f"    {line}", flush=True)


def notes(run: Mapping[str, Any], found: Mapping[str, Any]) -> list[str]:
    """What does not fit into columns."""
    lines = []
    for name, title in (("last_audio", "last audio message"), ("ducked", "duck"), ("stopped", "news of it")):
        if spread := found.get(f"interruption_to_{name}"):
            lines.append(
                f"interruption to {title}: p50 {spread['p50']:.0f}, p95 {spread['p95']:.0f}, n {spread['count']}"
            )
    if "sounds" in found:
        restored = found["restored"]
        again = f", restored after p50 {restored['p50']:.0f}, max {restored['max']:.0f} ms" if restored else ""
        lines.append(
            f"{found['sounds']} sounds: {found['disturbed']} noticed, {found['false_stops']} false stops{again}, "
            f"{100 * found['lost_share']:.1f} % lost"
        )
    if found["self_interruptions"]:
        seconds = found["played_seconds"]
        lines.append(
            f"{found['self_interruptions']} answers in {seconds:.0f} s of speech were stopped though nobody spoke"
        )
    if found["unheard_tokens"] > 0:
        lines.append(f"{100 * found['unheard_tokens']:.1f} % of the tokens were never heard")
    if (
        run["server"] is not None
        and (share := run["server"]["foreign_cpu_seconds"] / run["server"]["seconds"]) > FOREIGN
    ):
        lines.append(f"other programs took {100 * share:.0f} % of the server's core: these figures are too high")
    if run["client"]["was_bottleneck"]:
        lines.append(f"the callers were the bottleneck (loop lag p99 {run['client']['lag_p99_ms']:.0f} ms)")
    reasons = sorted({turn["failure"] for turn in run["turns"] if turn["failure"]} | set(run["failed_sessions"][:3]))
    return lines + [f"failed: {reason}" for reason in reasons[:5]]
