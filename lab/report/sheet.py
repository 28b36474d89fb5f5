"""What the pictures of a report are drawn on: time from left to right, and things that share no room in rows."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape
from typing import Final, NamedTuple

from phone_client.drawing import tag

NARROW: Final = 340.0
"""Units of a picture for a phone's screen, WIDE for a desktop's: a letter has the same size on both."""
WIDE: Final = 1040.0
LETTER: Final = 6.3
"""How wide a letter is, about; a Japanese one is twice that."""
_TICK_ROOM: Final = 62.0
_TICKS_S: Final = (0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 1800)
_WIDE_LETTERS: Final = 0x2E80


class Spot(NamedTuple):
    """Room in a row, from `left` to `right`."""

    row: int
    left: float
    right: float


@dataclass(frozen=True)
class Sheet:
    """`name` keeps the ids of one picture apart from those of the others of its page."""

    name: str
    width: float
    last_s: float

    @property
    def is_wide(self) -> bool:
        """Say whether there is room for names beside the lanes."""
        return self.width > NARROW

    @property
    def left(self) -> float:
        """Where time begins."""
        return 112.0 if self.is_wide else 8.0

    @property
    def right(self) -> float:
        """Where it ends."""
        return self.width - 12.0

    def x(self, at_s: float) -> float:
        """Return where a moment is."""
        share = min(1.0, max(0.0, at_s / self.last_s)) if self.last_s > 0 else 0.0
        return self.left + (self.right - self.left) * share

    def ticks(self) -> list[float]:
        """Return the moments that have a label."""
        most = (self.right - self.left) / _TICK_ROOM
        step = next((each for each in _TICKS_S if self.last_s / each <= most), _TICKS_S[-1])
        return [each * step for each in range(int(self.last_s / step) + 1)]


def rows(spans: Iterable[tuple[float, float]], gap: float = 3.0) -> list[Spot]:
    """Return a spot for each span, in the first row in which it overlaps nothing that came before."""
    ends: list[float] = []
    spots = []
    for left, right in spans:
        row = next((each for each, end in enumerate(ends) if end + gap <= left), len(ends))
        ends[row : row + 1] = [right]
        spots.append(Spot(row, left, right))
    return spots


def count(spots: Sequence[Spot]) -> int:
    """Return how many rows they take."""
    return max((each.row + 1 for each in spots), default=0)


def text_width(text: str) -> float:
    """Return how wide a text is, about."""
    return sum(LETTER * (2 if ord(each) >= _WIDE_LETTERS else 1) for each in text)


def text(x: float, y: float, said: str, kind: str, anchor: str = "start") -> str:
    """Return a text."""
    return tag("text", escape(said), x=x, y=y, class_=kind, text_anchor=anchor)


def clock(at_s: float) -> str:
    """Return a moment as it is read: `12.3 s`."""
    return f"{at_s:.1f} s"
