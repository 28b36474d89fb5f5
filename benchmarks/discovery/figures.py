"""What many runs come to: median, 95th percentile, how many found in time. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass
from math import ceil, inf
from typing import Final, Literal

Measure = Literal["median_ms", "p95_ms", "within_1s", "found"]

SOON_MS: Final = 1000.0
COUNTS: Final = ("within_1s", "found")


@dataclass(frozen=True)
class Series:
    """Milliseconds of each run; None: not found within the limit."""

    took_ms: tuple[float | None, ...]

    @property
    def median_ms(self) -> float | None:
        """The median; None when half of the runs found nothing."""
        return self.percentile(50)

    @property
    def p95_ms(self) -> float | None:
        """The 95th percentile; None when more than a twentieth of the runs found nothing."""
        return self.percentile(95)

    @property
    def found(self) -> int:
        """How many runs found it."""
        return sum(took is not None for took in self.took_ms)

    @property
    def within_1s(self) -> int:
        """How many runs found it within a second."""
        return sum(took is not None and took <= SOON_MS for took in self.took_ms)

    def percentile(self, percent: float) -> float | None:
        """Return the smallest figure that so many per cent of the runs do not exceed (nearest rank)."""
        ordered = sorted(inf if took is None else took for took in self.took_ms)
        if not ordered:
            return None
        took = ordered[max(0, ceil(percent / 100 * len(ordered)) - 1)]
        return None if took == inf else took

    def share(self, measure: Measure) -> float | None:
        """Return a measure: milliseconds, or the share of the runs for a count."""
        if measure in COUNTS:
            return float(getattr(self, measure)) / len(self.took_ms) if self.took_ms else None
        took: float | None = getattr(self, measure)
        return took


@dataclass(frozen=True)
class Goal:
    """What is to be reached: at most `at` milliseconds, or at least the share `at` of the runs."""

    measure: Measure
    at: float

    def met(self, series: Series) -> bool:
        """Say whether it is."""
        reached = series.share(self.measure)
        if reached is None:
            return False
        return reached >= self.at if self.measure in COUNTS else reached <= self.at


def milliseconds(took_ms: float | None) -> str:
    """Return a figure for a table: three digits are enough, and nothing found is a dash."""
    if took_ms is None:
        return "–"
    return f"{took_ms:.1f}" if took_ms < 100 else f"{took_ms:.0f}"  # noqa: PLR2004 - three digits


def ratio(theirs: float | None, ours: float | None) -> str:
    """Return how many times longer `theirs` took."""
    if not ours or theirs is None:
        return "–"
    times = theirs / ours
    return f"{times:.0f}×" if times >= 10 else f"{times:.1f}×"  # noqa: PLR2004 - two digits


def best(figures: Iterable[float | None]) -> float | None:
    """Return the smallest that there is."""
    return min((each for each in figures if each is not None), default=None)
