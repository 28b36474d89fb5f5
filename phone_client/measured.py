"""What a timeline says, worked out for pictures and tables: mean powers, where energy came from, gaps, sums."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta
from itertools import groupby
from typing import Final, NamedTuple

from protocol.cloud_api import Bucket, CircuitEnergy, Timeline
from protocol.rules import TOKYO

_HOUR_S: Final = 3600


class Origin(NamedTuple):
    """Where the used energy (Wh) came from; the three sum to what was used."""

    sun: int
    battery: int
    grid: int


class Sums(NamedTuple):
    """What a timeline's buckets sum to, Wh."""

    used: int
    made: int
    bought: int
    sold: int
    origin: Origin

    @property
    def own_share_pct(self) -> int | None:
        """Return how much of the used energy the house had of its own, None when nothing was used."""
        return round(100 * (self.used - self.origin.grid) / self.used) if self.used else None


class Course(NamedTuple):
    """One course of a plot: how it looks, what it is called, which energy (Wh) of a bucket it is."""

    kind: str
    label: str
    energy_wh: Callable[[Bucket], int | None]

    def mean_w(self, bucket: Bucket) -> float | None:
        """Return the mean power (W) while the bucket was measured; None where there is none."""
        energy_wh = self.energy_wh(bucket)
        if energy_wh is None or not bucket.measured_s:
            return None
        return energy_wh * _HOUR_S / bucket.measured_s


class Gap(NamedTuple):
    """A span in which nothing was measured."""

    start_at: datetime
    end_at: datetime


def _gave(bucket: Bucket) -> int | None:
    return None if bucket.battery_wh is None else max(bucket.battery_wh, 0)


def _took(bucket: Bucket) -> int | None:
    return None if bucket.battery_wh is None else max(-bucket.battery_wh, 0)


COURSES: Final[Mapping[str, tuple[Course, Course]]] = {
    "power": (
        Course("sun", "generation", lambda each: each.generation_wh),
        Course("used", "consumption", lambda each: each.consumption_wh),
    ),
    "grid": (
        Course("grid", "bought", lambda each: each.grid_import_wh),
        Course("sold", "sold", lambda each: each.grid_export_wh),
    ),
    "battery": (Course("battery", "discharged", _gave), Course("charged", "charged", _took)),
}
"""What a day by ten minutes is drawn as, and told as in tables. Of the last two, the second is drawn below zero."""


def origin_of(bucket: Bucket) -> Origin:
    """Divide what was used: the grid's part is what was imported, the battery's what it gave on balance, the rest the sun's."""
    used = bucket.consumption_wh or 0
    grid = min(bucket.grid_import_wh or 0, used)
    battery = min(max(bucket.battery_wh or 0, 0), used - grid)
    return Origin(used - grid - battery, battery, grid)


def sold_of(bucket: Bucket) -> int:
    """Return what of the made energy (Wh) was sold."""
    return min(bucket.grid_export_wh or 0, bucket.generation_wh or 0)


def sums_of(buckets: Sequence[Bucket]) -> Sums:
    """Return what was measured altogether."""
    origins = [origin_of(each) for each in buckets]
    return Sums(
        used=sum(each.consumption_wh or 0 for each in buckets),
        made=sum(each.generation_wh or 0 for each in buckets),
        bought=sum(each.grid_import_wh or 0 for each in buckets),
        sold=sum(each.grid_export_wh or 0 for each in buckets),
        origin=Origin(
            sum(each.sun for each in origins),
            sum(each.battery for each in origins),
            sum(each.grid for each in origins),
        ),
    )


def circuits_of(buckets: Iterable[Bucket]) -> tuple[CircuitEnergy, ...]:
    """Return what each circuit used altogether, the hungriest first, under the name it had last."""
    sums: dict[int, CircuitEnergy] = {}
    for each in (circuit for bucket in buckets for circuit in bucket.circuits):
        before = sums[each.circuit].energy_wh if each.circuit in sums else 0
        sums[each.circuit] = each.model_copy(update={"energy_wh": before + each.energy_wh})
    return tuple(sorted(sums.values(), key=lambda each: (-each.energy_wh, each.circuit)))


def runs_of(buckets: Iterable[Bucket]) -> list[Gap | Sequence[Bucket]]:
    """Return gaps and unbroken runs of buckets as they follow each other."""
    runs: list[Gap | Sequence[Bucket]] = []
    for is_gap, run in groupby(buckets, key=lambda each: each.is_gap):
        held = list(run)
        runs.append(Gap(held[0].start_at, held[-1].end_at) if is_gap else held)
    return runs


def gaps_of(buckets: Iterable[Bucket]) -> list[Gap]:
    """Return the gaps."""
    return [each for each in runs_of(buckets) if isinstance(each, Gap)]


def day_of(timeline: Timeline) -> date:
    """Return the first day in Japan that the timeline is about."""
    return timeline.start_at.astimezone(TOKYO).date()


def day_before(timeline: Timeline) -> date:
    """Return a day of the day, month or year before."""
    return (timeline.start_at - timedelta(days=1)).astimezone(TOKYO).date()


def day_after(timeline: Timeline, now: datetime) -> date | None:
    """Return a day of the day, month or year after, None when that has not begun."""
    return timeline.end_at.astimezone(TOKYO).date() if timeline.end_at <= now else None
