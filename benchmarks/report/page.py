"""The page: `python -m benchmarks report results.json … [endpointing.json] -o report.html`."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from benchmarks.report.conditions import conditions
from benchmarks.report.cut_ins import cut_ins
from benchmarks.report.evidence import DATA_ID, Evidence, read
from benchmarks.report.goals import goals
from benchmarks.report.interruptions import interruptions
from benchmarks.report.latency import against_sessions, distribution
from benchmarks.report.markup import Markup, element, join
from benchmarks.report.overview import overview
from benchmarks.report.provision import provision
from benchmarks.report.series import Series
from benchmarks.report.turns import turns
from benchmarks.report.waterfall import waterfalls

MOST_BYTES = 10_000_000
TITLE = "Voice servers side by side"
_HERE = Path(__file__).parent


def page(evidence: Evidence) -> str:
    """All of it, as HTML."""
    series = Series(run.name for run in evidence.runs)
    parts = {
        "Goals": goals(evidence),
        "All runs": overview(evidence),
        "How the delays are spread": distribution(evidence, series),
        "Many at once": against_sessions(evidence, series),
        "Where the time goes": waterfalls(evidence),
        "Waiting against cutting in": cut_ins(evidence, series),
        "Interruptions": interruptions(evidence, series),
        "How many cores": provision(evidence),
        "Machine, commands, warnings": conditions(evidence),
        "Every turn": turns(evidence),
    }
    links = [element("li", element("a", name, href=f"#{_id(name)}")) for name in parts]
    sections = [element("section", element("h2", name, id=_id(name)), part) for name, part in parts.items()]
    starts = [str(document.content["started"]) for document in evidence.documents if document.is_comparison]
    began = " to ".join(dict.fromkeys((min(starts), max(starts)))).replace("T", " ") if starts else ""
    button = element("button", "Download the raw data (JSON)", type="button", id="download")
    body = element(
        "body",
        element("header", element("h1", TITLE), element("p", f"Measured {began}. ", button) if began else button),
        element("nav", element("ul", *links), aria_label="Parts"),
        element("main", *sections),
        element("script", Markup(evidence.embedded()), id=DATA_ID, type="application/gzip;base64"),
        element("script", Markup((_HERE / "page.js").read_text())),
    )
    head = element(
        "head",
        element("meta", charset="utf-8"),
        element("meta", name="viewport", content="width=device-width, initial-scale=1"),
        element("meta", name="color-scheme", content="light dark"),
        element("title", TITLE),
        element("style", Markup((_HERE / "page.css").read_text())),
    )
    return join([Markup("<!doctype html>\n"), element("html", head, body, lang="en")])


def _id(name: str) -> str:
    return name.lower().replace(",", "").replace(" ", "-")


def write(evidence: Evidence, path: Path) -> None:
    """Write it and say so."""
    path.parent.mkdir(parents=True, exist_ok=True)
    written = page(evidence).encode()
    path.write_bytes(written)
    print(f"{path}: {len(written) / 1e6:.1f} MB")
    if len(written) > MOST_BYTES:
        print("This is large for a page; make one from fewer runs.", file=sys.stderr)


def main(arguments: Sequence[str]) -> None:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks report", description=__doc__)
    parser.add_argument("files", type=Path, nargs="+", help="what `compare --out` and `endpointing --json` wrote")
    parser.add_argument("-o", "--out", type=Path, default=Path("report.html"))
    options = parser.parse_args(arguments)
    try:
        evidence = read(options.files)
    except (OSError, ValueError) as error:
        parser.error(str(error))
    write(evidence, options.out)
