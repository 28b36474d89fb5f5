"""The timeline: what the counters rose in each span of a day, month or year in Japan; a gap is shown as a gap."""

from calendar import monthrange
from collections.abc import Iterable
from datetime import date, datetime, time, timedelta
from itertools import pairwise
from typing import Final, NamedTuple

from cloud.instants import from_ms, in_ms, to_ms
from protocol.cloud_api import Bucket, By, CircuitEnergy
from protocol.rules import SAMPLE_INTERVAL, SILENT_INTERVALS_UNTIL_OFFLINE, TOKYO
from protocol.telemetry import Sample

FIRST_YEAR: Final = 1970
LAST_YEAR: Final = 9998
"""Of which a timeline can be asked: the instants around it exist."""

_SILENT: Final = SILENT_INTERVALS_UNTIL_OFFLINE * SAMPLE_INTERVAL
_MONTHS: Final = 12


class Edge(NamedTuple):
    """An instant (ms) that ends one bucket and begins the next, the last sample before it, and the first from it on."""

    at_ms: int
    before: Sample | None
    after: Sample | None


def edges(by: By, on: date) -> tuple[int, ...]:
    """Return the instants (ms) between buckets, of the day, month or year in Japan that holds `on`."""
    if by == "month":
        return tuple(
            _midnight(date(on.year + month // _MONTHS, month % _MONTHS + 1, 1))
            for month in range(_MONTHS + 1)
        )
    if by == "day":
        days = monthrange(on.year, on.month)[1]
        return tuple(_midnight(on.replace(day=1) + timedelta(days=day)) for day in range(days + 1))
    step = timedelta(minutes=10) if by == "ten_minutes" else timedelta(hours=1)
    return tuple(range(_midnight(on), _midnight(on + timedelta(days=1)) + 1, in_ms(step)))


def buckets(around: Iterable[Edge], now_ms: int) -> tuple[Bucket, ...]:
    """Return the buckets that have begun.

    A bucket's energy is what the counters rose to its last sample, from the last sample before it, or from its own first
    one where those two are more than three intervals apart. What rose twice, because the gateway's clock was set back,
    counts once: so the sum never exceeds what the counters rose.
    """
    shown: list[Bucket] = []
    newest: Sample | None = None
    for start, end in pairwise(around):
        if start.at_ms > now_ms:
            break
        bounds = _bounds(start, end)
        if bounds is None:
            shown.append(_gap(start, end))
            continue
        first = max(filter(None, (bounds[0], newest)), key=lambda each: each.seq)
        newest = max(first, bounds[1], key=lambda each: each.seq)
        shown.append(_bucket(start, end, first, newest))
    return tuple(shown)


def is_online(says_online: bool, last_seen_at_ms: int | None, now_ms: int) -> bool:
    """Say whether a gateway counts as online: it has not said otherwise, and was heard within 3 intervals (S-TEL-06)."""
    return says_online and last_seen_at_ms is not None and last_seen_at_ms >= earliest_online_ms(now_ms)


def earliest_online_ms(now_ms: int) -> int:
    """Return when a gateway must have been heard last to be online now."""
    return now_ms - in_ms(_SILENT)


def _bounds(start: Edge, end: Edge) -> tuple[Sample, Sample] | None:
    """Return the samples from which to which a bucket is measured; None when it has none of its own."""
    first, last = start.after, end.before
    if first is None or last is None or to_ms(first.measured_at) >= end.at_ms:
        return None
    before = start.before
    return (before if before and first.measured_at - before.measured_at <= _SILENT else first), last


def _gap(start: Edge, end: Edge) -> Bucket:
    return Bucket(
        start_at=from_ms(start.at_ms),
        end_at=from_ms(end.at_ms),
        measured_s=0,
        generation_wh=None,
        consumption_wh=None,
        grid_import_wh=None,
        grid_export_wh=None,
        battery_wh=None,
        circuits=(),
    )


def _bucket(start: Edge, end: Edge, first: Sample, last: Sample) -> Bucket:
    generation = _rise(first.generation_wh, last.generation_wh)
    consumption = _rise(first.consumption_wh, last.consumption_wh)
    grid_import = _rise(first.grid_import_wh, last.grid_import_wh)
    grid_export = _rise(first.grid_export_wh, last.grid_export_wh)
    return Bucket(
        start_at=from_ms(start.at_ms),
        end_at=from_ms(end.at_ms),
        measured_s=max(0, int((last.measured_at - first.measured_at).total_seconds())),
        generation_wh=generation,
        consumption_wh=consumption,
        grid_import_wh=grid_import,
        grid_export_wh=grid_export,
        battery_wh=consumption + grid_export - generation - grid_import,
        circuits=_circuits(first, last),
    )


def _circuits(first: Sample, last: Sample) -> tuple[CircuitEnergy, ...]:
    """Return what each circuit used; one that was not there before has no counter to compare with yet."""
    before = {each.circuit: each.energy_wh for each in first.circuits}
    return tuple(
        CircuitEnergy(
            circuit=each.circuit,
            name=each.name,
            energy_wh=_rise(before.get(each.circuit, each.energy_wh), each.energy_wh),
        )
        for each in last.circuits
    )


def _rise(before_wh: int, after_wh: int) -> int:
    return max(0, after_wh - before_wh)


def _midnight(day: date) -> int:
    return to_ms(datetime.combine(day, time(), TOKYO))
