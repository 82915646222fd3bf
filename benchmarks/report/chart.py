"""The frame of a chart as inline SVG: axes, grid, and where a value lies."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from benchmarks.report.markup import Child, Markup, element

WIDTH = 640.0
TICKS = 6
RIGHT, TOP, BOTTOM = 18.0, 14.0, 46.0


@dataclass(frozen=True, slots=True)
class Axis:
    """From `low` to `high`."""

    title: str
    low: float
    high: float
    marks: Sequence[float] | None = None
    """Where something is written; None: round numbers."""
    is_logarithmic: bool = False

    def share(self, value: float) -> float:
        """How far along a value lies, 0 to 1."""
        low, high, at = (map(math.log, (self.low, self.high, value))) if self.is_logarithmic else (
            self.low, self.high, value,
        )  # fmt: skip
        return (at - low) / (high - low) if high != low else 0.5

    def ticks(self) -> Sequence[float]:
        """Values that are written."""
        if self.marks is not None:
            return self.marks
        rough = (self.high - self.low) / TICKS
        power = 10 ** math.floor(math.log10(rough))
        step = next(factor * power for factor in (1, 2, 2.5, 5, 10) if factor * power >= rough * 0.999)
        first = math.ceil(self.low / step - 1e-9)
        return [index * step for index in range(first, math.floor(self.high / step + 1e-9) + 1)]


def up_to(title: str, values: Iterable[float], *, low: float = 0.0) -> Axis:
    """An axis with room for all of these."""
    return Axis(title, low, max(max(values, default=1.0), low + 1e-9) * 1.04)


@dataclass(frozen=True, slots=True)
class Frame:
    """The area of a chart."""

    x: Axis
    y: Axis
    height: float = 320.0
    left: float = 62.0

    def across(self, value: float) -> float:
        """Where a value of `x` lies."""
        return self.left + self.x.share(value) * (WIDTH - RIGHT - self.left)

    def down(self, value: float) -> float:
        """Where a value of `y` lies."""
        return self.height - BOTTOM - self.y.share(value) * (self.height - BOTTOM - TOP)

    def line(self, points: Iterable[tuple[float, float]], *, colour: str, dash: str | None = None) -> Markup:
        """Through all points."""
        written = " ".join(f"{self.across(x):.1f},{self.down(y):.1f}" for x, y in points)
        return element("polyline", points=written, class_=f"line {colour}", stroke_dasharray=dash)

    def dot(self, x: float, y: float, title: str, *, colour: str, href: str | None = None, size: float = 3.5) -> Markup:
        """One measurement, which says what it is and leads to it."""
        circle = element(
            "circle", element("title", title), cx=self.across(x), cy=self.down(y), r=size, class_=f"dot {colour}"
        )
        return element("a", circle, href=href) if href else circle

    def text(
        self, x: float, y: float, words: str, *, dx: float = 0.0, dy: float = 0.0, anchor: str = "start"
    ) -> Markup:
        """Words at a value."""
        return element("text", words, x=self.across(x) + dx, y=self.down(y) + dy, text_anchor=anchor, class_="label")

    def limit(self, *, x: float | None = None, y: float | None = None, words: str) -> Markup:
        """A line that should not be crossed."""
        x1, x2 = (self.left, WIDTH - RIGHT) if x is None else (self.across(x),) * 2
        y1, y2 = (TOP, self.height - BOTTOM) if y is None else (self.down(y),) * 2
        line = element("line", x1=x1, x2=x2, y1=y1, y2=y2, class_="limit")
        at_x, at_y, anchor = (x1 + 4, TOP + 9, "start") if y is None else (x2, y1 - 4, "end")
        return element("g", line, element("text", words, x=at_x, y=at_y, text_anchor=anchor, class_="limit"))

    def drawing(self, title: str, *marks: Child, names: bool = True) -> Markup:
        """The whole picture. `names`: of the values of `y`, too."""
        bottom = self.height - BOTTOM
        grid: list[Child] = []
        for value in self.x.ticks():
            at = self.across(value)
            grid.append(element("line", x1=at, x2=at, y1=TOP, y2=bottom, class_="grid"))
            grid.append(element("text", f"{value:g}", x=at, y=bottom + 17, text_anchor="middle", class_="tick"))
        for value in self.y.ticks() if names else ():
            at = self.down(value)
            grid.append(element("line", x1=self.left, x2=WIDTH - RIGHT, y1=at, y2=at, class_="grid"))
            grid.append(element("text", f"{value:g}", x=self.left - 8, y=at + 4, text_anchor="end", class_="tick"))
        middle = (self.left + WIDTH - RIGHT) / 2
        grid.append(element("text", self.x.title, x=middle, y=self.height - 8, text_anchor="middle", class_="axis"))
        if names:
            turn = f"translate(14 {(TOP + bottom) / 2:.0f}) rotate(-90)"
            grid.append(element("text", self.y.title, text_anchor="middle", transform=turn, class_="axis"))
        return element(
            "svg", element("title", title), *grid, *marks, viewBox=f"0 0 {WIDTH:.0f} {self.height:.0f}", role="img",
            aria_label=title, xmlns="http://www.w3.org/2000/svg",
        )  # fmt: skip


def framed(drawing: Markup, legend: Child, caption: str, *behind: Child) -> Markup:
    """A chart with what belongs to it; `behind` it is the table it was drawn from."""
    words = element("figcaption", caption)
    return element("figure", element("div", drawing, class_="scroll"), legend, words, *behind)
