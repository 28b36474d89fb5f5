"""Pieces of a plot as SVG text: scale, frame, axes, areas, bars, bands. Colours come from CSS classes; no script.

Lengths are units of a picture 320 wide, so that a letter keeps its size on a phone.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from html import escape
from math import ceil, floor, log10
from typing import Final, NamedTuple

WIDTH: Final = 320.0
LEFT: Final = 30.0
RIGHT: Final = 12.0
TOP: Final = 18.0
TICK_ROOM: Final = 20.0
MARK_ROOM: Final = 18.0
LABEL_ROOM: Final = 62.0
"""How wide a band must be to hold its label."""
_MARK_RADIUS: Final = 7.5
_BAR_WIDTH: Final = 200.0
_BAR_HEIGHT: Final = 12.0
_NICE: Final = (1.0, 2.0, 2.5, 5.0)
_LINE_ROOM: Final = 26.0
_DARK: Final = 1.0
"""What a scale reaches where there is nothing to draw."""

PATTERNS: Final = {
    "gap": (7, '<path d="M-1 8L8 -1" class="hatch"/>'),
    "battery": (5, '<circle cx="2.5" cy="2.5" r="1" class="pricked"/>'),
    "charged": (5, '<path d="M0 0L5 5M-1 4L1 6M4 -1L6 1" class="pricked"/>'),
    "grid": (5, '<path d="M0 2.5H5" class="pricked"/>'),
    "sold": (5, '<path d="M2.5 0V5" class="pricked"/>'),
}
"""Kinds of area that are told apart without colours: the side of the square that repeats, and what is drawn on it."""


class Scale(NamedTuple):
    """Lines at every `step` (in the plot's unit): so many above zero, so many below."""

    step: float
    above: int
    below: int


class Level(NamedTuple):
    """A value that holds over a span."""

    start_at: datetime
    end_at: datetime
    value: float

    def mirrored(self) -> "Level":
        """Return the same on the other side of zero."""
        return self._replace(value=-self.value)


class Tick(NamedTuple):
    """A label under the time axis."""

    at: datetime
    label: str


class Mark(NamedTuple):
    """A numbered mark on the time axis."""

    at: datetime
    number: int


def tag(name: str, *inside: str, **attributes: str | float) -> str:
    """Return an SVG element; a trailing underscore of an attribute is dropped, others are hyphens where SVG has them."""
    said = "".join(
        f' {key.rstrip("_").replace("aria_", "aria-").replace("text_", "text-")}="{_value(value)}"'
        for key, value in attributes.items()
    )
    return f"<{name}{said}>{''.join(inside)}</{name}>"


def number(value: float) -> str:
    """Return a length as SVG text, to a tenth of a unit."""
    return f"{round(value, 1):g}"


def _value(value: str | float) -> str:
    return escape(value) if isinstance(value, str) else number(value)


def _text(x: float, y: float, text: str, kind: str, anchor: str) -> str:
    return tag("text", escape(text), x=x, y=y, class_=kind, text_anchor=anchor)


def patterns() -> str:
    """Return the picture without size that every plot of a page takes its patterns from."""
    made = [
        tag(
            "pattern",
            tag("rect", width=side, height=side, class_=f"ground {kind}"),
            drawn,
            id=f"paint-{kind}",
            width=side,
            height=side,
            patternUnits="userSpaceOnUse",
        )
        for kind, (side, drawn) in PATTERNS.items()
    ]
    return tag("svg", tag("defs", *made), width=0, height=0, class_="patterns", aria_hidden="true")


def fill(kind: str) -> dict[str, str]:
    """Return how an area of this kind is painted."""
    paint = {"fill": f"url(#paint-{kind})"} if kind in PATTERNS else {}
    return paint | {"class_": f"area {kind}"}


def swatch(kind: str) -> str:
    """Return a small picture of how `kind` looks, for a legend that says what it is."""
    if kind == "used":
        inside = tag("path", d="M1 7H19", class_="line used")
    else:
        inside = tag("rect", x=1, y=1, width=18, height=12, **fill(kind))
    return tag("svg", inside, viewBox="0 0 20 14", class_="swatch", aria_hidden="true")


def share_bar(parts: Sequence[tuple[str, float]]) -> str:
    """Return a bar of parts that sum to its length; the text beside it says the same."""
    whole, left, drawn = sum(value for _, value in parts) or 1, 0.0, []
    for kind, value in parts:
        width = value / whole * _BAR_WIDTH
        if value:
            drawn.append(tag("rect", x=left, y=0, width=width, height=_BAR_HEIGHT, **fill(kind)))
        left += width
    box = f"0 0 {number(_BAR_WIDTH)} {number(_BAR_HEIGHT)}"
    return tag("svg", *drawn, viewBox=box, class_="share", aria_hidden="true", preserveAspectRatio="none")


def scale_of(above: float, below: float, height: float) -> Scale:
    """Return the finest scale for values from `-below` to `above` whose lines are far enough apart to be labelled."""
    above = above if above + below else _DARK
    room = (above + below) / floor(height / _LINE_ROOM)
    power = 10.0 ** floor(log10(room))
    steps = (nice * power * factor for factor in (1, 10) for nice in _NICE)
    scales = (Scale(each, _steps(above, each), _steps(below, each)) for each in steps)
    return next(each for each in scales if (each.above + each.below) * _LINE_ROOM <= height)


def _steps(value: float, step: float) -> int:
    return ceil(value / step - 1e-9)


@dataclass(frozen=True)
class Frame:
    """Where a plot draws: time from left to right, values upwards. `name` keeps its ids apart from those of other plots."""

    name: str
    start_at: datetime
    end_at: datetime
    scale: Scale
    plot_height: float
    has_marks: bool = False

    @property
    def height(self) -> float:
        """Return how high the picture is."""
        return self.floor + TICK_ROOM + (MARK_ROOM if self.has_marks else 0)

    @property
    def floor(self) -> float:
        """Return where the drawing ends and the time axis begins."""
        return TOP + self.plot_height

    def x(self, at: datetime) -> float:
        """Return where an instant is."""
        return LEFT + (WIDTH - LEFT - RIGHT) * ((at - self.start_at) / (self.end_at - self.start_at))

    def y(self, value: float) -> float:
        """Return where a value is."""
        above = self.scale.step * self.scale.above
        return TOP + self.plot_height * (above - value) / (above + self.scale.step * self.scale.below)

    def picture(self, title: str, description: str, parts: Iterable[str]) -> str:
        """Return the whole picture, which says in words what it shows."""
        ids = {"title": f"{self.name}-title", "desc": f"{self.name}-desc"}
        return tag(
            "svg",
            tag("title", escape(title), id=ids["title"]),
            tag("desc", escape(description), id=ids["desc"]),
            *parts,
            viewBox=f"0 0 {number(WIDTH)} {number(self.height)}",
            role="img",
            aria_labelledby=f"{ids['title']} {ids['desc']}",
            class_="plot",
            xmlns="http://www.w3.org/2000/svg",
        )

    def axes(self, unit: str, ticks: Iterable[Tick]) -> str:
        """Return lines with their values, the zero line stronger, and the labels of time."""
        lines = [self._line(count) for count in range(-self.scale.below, self.scale.above + 1)]
        unit_label = _text(LEFT - 5, TOP - 9, unit, "unit", "end")
        labels = [_text(self.x(each.at), self.height - 5, each.label, "tick", "middle") for each in ticks]
        return tag("g", *lines, unit_label, *labels, class_="axes")

    def _line(self, count: int) -> str:
        value = count * self.scale.step
        y = number(self.y(value))
        line = tag("line", x1=LEFT, x2=WIDTH - RIGHT, y1=y, y2=y, class_="zero" if count == 0 else "rule")
        return line + _text(LEFT - 5, self.y(value) + 4, f"{abs(value):g}", "tick", "end")

    def band(self, start_at: datetime, end_at: datetime, label: str) -> str:
        """Return a hatched band over the whole height, labelled where there is room."""
        left, right = self.x(start_at), self.x(end_at)
        box = tag("rect", x=left, y=TOP, width=right - left, height=self.plot_height, **fill("gap"))
        middle = TOP + self.plot_height / 2 + 4
        has_room = right - left >= LABEL_ROOM
        return box + (_text((left + right) / 2, middle, label, "band", "middle") if has_room else "")

    def area(self, levels: Sequence[Level], kind: str) -> str:
        """Return the area between zero and `levels`, which follow each other without a gap."""
        zero = number(self.y(0))
        path = f"M{number(self.x(levels[0].start_at))} {zero}{self._stairs(levels)}V{zero}Z"
        return tag("path", d=path, **fill(kind))

    def line(self, levels: Sequence[Level], kind: str) -> str:
        """Return a line along `levels`, which follow each other without a gap."""
        start = f"M{number(self.x(levels[0].start_at))} {number(self.y(levels[0].value))}"
        return tag("path", d=start + self._stairs(levels), class_=f"line {kind}")

    def _stairs(self, levels: Iterable[Level]) -> str:
        return "".join(f"V{number(self.y(each.value))}H{number(self.x(each.end_at))}" for each in levels)

    def bar(self, level: Level, base: float, kind: str) -> str:
        """Return a bar from `base` on to `base` + the level's value, a little narrower than its span."""
        left, right = self.x(level.start_at), self.x(level.end_at)
        ends = self.y(base), self.y(base + level.value)
        inset = (right - left) * 0.14
        size = {"width": right - left - 2 * inset, "height": abs(ends[0] - ends[1])}
        return tag("rect", x=left + inset, y=min(ends), **size, **fill(kind))

    def pointer(self, at: datetime, label: str) -> str:
        """Return the line that says: it is now."""
        x = self.x(at)
        line = tag("line", x1=x, x2=x, y1=TOP - 4, y2=self.floor, class_="now")
        return line + _text(x, TOP - 7, label, "now", "middle")

    def mark(self, mark: Mark) -> str:
        """Return a numbered mark on the time axis."""
        x, y = self.x(mark.at), self.floor + _MARK_RADIUS + 3
        return tag(
            "g",
            tag("path", d=f"M{number(x)} {number(self.floor)}v3"),
            tag("circle", cx=x, cy=y, r=_MARK_RADIUS),
            _text(x, y + 4, str(mark.number), "mark-number", "middle"),
            class_="mark",
        )
