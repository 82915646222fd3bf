"""HTML and SVG as values: what is not markup is escaped."""

import html
from collections.abc import Sequence

VOID = frozenset({"meta", "br"})


class Markup(str):
    """Text that is markup already."""

    __slots__ = ()


Child = str | None
"""None is nothing."""


def join(children: Sequence[Child]) -> Markup:
    """One after the other."""
    return Markup("".join(_text(child) for child in children))


def element(name: str, /, *children: Child, **attributes: object) -> Markup:
    """An element. `class_` is `class`, `data_value` is `data-value`; an attribute that is None is left out."""
    written = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{html.escape(_attribute(value))}"'
        for key, value in attributes.items()
        if value is not None
    )
    if name in VOID:
        return Markup(f"<{name}{written}>")
    return Markup(f"<{name}{written}>{''.join(map(_text, children))}</{name}>")


def table(
    caption: str, header: Sequence[Child], rows: Sequence[Sequence[Child]], *, class_: str | None = None
) -> Markup:
    """A table that can be scrolled sideways; the first cell of each row is its header."""
    head = element("tr", *(element("th", cell, scope="col") for cell in header))
    body = [
        element("tr", element("th", row[0], scope="row"), *(element("td", cell) for cell in row[1:])) for row in rows
    ]
    return element(
        "div",
        element("table", element("caption", caption), element("thead", head), element("tbody", *body), class_=class_),
        class_="scroll",
        tabindex="0",
        role="region",
        aria_label=caption,
    )


def details(summary: str, *children: Child) -> Markup:
    """Something that is opened on demand."""
    return element("details", element("summary", summary), *children)


def _text(child: Child) -> str:
    if child is None:
        return ""
    return child if isinstance(child, Markup) else html.escape(child, quote=False)


def _attribute(value: object) -> str:
    return f"{value:.1f}".removesuffix(".0") if isinstance(value, float) else str(value)
