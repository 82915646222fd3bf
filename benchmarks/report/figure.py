"""A number on the page, which says what it was computed from and leads there."""

from benchmarks.report.evidence import Evidence
from benchmarks.report.markup import Markup, element

ABSENT = "–"


def figure(evidence: Evidence, path: str, form: str = "{:.0f}", *, factor: float = 1.0) -> Markup:
    """A figure as a link to its runs. `factor` changes the unit in which it is shown, not what is noted of it."""
    value = evidence.value(path)
    if value is None:
        return element("span", ABSENT, class_="absent", title="not measured")
    return element(
        "a",
        form.format(value * factor),
        class_="figure",
        href=place(path),
        data_path=path,
        data_value=repr(value),
        title=f"{path.replace('|', ' › ')} = {value:.6g}",
    )


def place(path: str) -> str:
    """Where on the page the raw data of a figure is."""
    kind, number, *_ = path.split(" ", maxsplit=1)[0].split("|")
    return f"#{kind}-{number}"
