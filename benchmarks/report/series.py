"""Which colour and line a target has, the same in all charts of a report."""

from collections.abc import Iterable

from benchmarks.report.markup import Markup, element

COLOURS = 8
DASHES = (None, "6 4", "2 3")
FIRST = ("this", "sequential")


class Series:
    """Names, each with a look of its own."""

    def __init__(self, names: Iterable[str]) -> None:
        known = dict.fromkeys(names)
        self.names = [name for name in FIRST if name in known] + [name for name in known if name not in FIRST]

    def colour(self, name: str) -> str:
        """A class of the style sheet."""
        return f"s{self.names.index(name) % COLOURS}"

    def dash(self, name: str) -> str | None:
        """Of its lines."""
        return DASHES[self.names.index(name) // COLOURS % len(DASHES)]

    def legend(self, names: Iterable[str]) -> Markup:
        """What is which."""
        keys = [
            element("li", element("span", class_=f"swatch {self.colour(name)}"), name)
            for name in sorted(set(names), key=self.names.index)
        ]
        return element("ul", *keys, class_="legend")
