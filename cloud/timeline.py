"""The timeline: mean powers over equal spans; a gap is shown as a gap."""

from collections.abc import Iterable
from datetime import timedelta
from typing import NamedTuple

from cloud.instants import from_ms, in_ms
from protocol.cloud_api import Bucket
from protocol.rules import SAMPLE_INTERVAL, SILENT_INTERVALS_UNTIL_OFFLINE


class Powers(NamedTuple):
    """What a stored sample says to the timeline: when (ms), and four powers (W)."""

    measured_at: int
    generation_w: int
    consumption_w: int
    grid_import_w: int
    grid_export_w: int


class Span(NamedTuple):
    """The instants (ms) of a timeline: `start <= t < end`, both multiples of the bucket."""

    start_ms: int
    end_ms: int
    bucket_ms: int


def span(now_ms: int, length: timedelta, bucket: timedelta) -> Span:
    """Return the span of whole buckets that reaches `length` back and holds `now`."""
    bucket_ms = in_ms(bucket)
    end_ms = (now_ms // bucket_ms + 1) * bucket_ms
    return Span((now_ms - in_ms(length)) // bucket_ms * bucket_ms, end_ms, bucket_ms)


def buckets(samples: Iterable[Powers], over: Span) -> tuple[Bucket, ...]:
    """Return one bucket after the other, those without samples too."""
    held: dict[int, list[Powers]] = {}
    for sample in samples:
        held.setdefault(sample.measured_at // over.bucket_ms * over.bucket_ms, []).append(sample)
    starts = range(over.start_ms, over.end_ms, over.bucket_ms)
    return tuple(_bucket(start_ms, held.get(start_ms, [])) for start_ms in starts)


def is_online(says_online: bool, last_seen_at_ms: int | None, now_ms: int) -> bool:
    """Say whether a gateway counts as online: it has not said otherwise, and was heard within 3 intervals (S-TEL-06)."""
    if last_seen_at_ms is None or not says_online:
        return False
    return now_ms - last_seen_at_ms <= in_ms(SILENT_INTERVALS_UNTIL_OFFLINE * SAMPLE_INTERVAL)


def _bucket(start_ms: int, samples: list[Powers]) -> Bucket:
    def mean(column: int) -> int | None:
        return round(sum(sample[column] for sample in samples) / len(samples)) if samples else None

    return Bucket(
        start_at=from_ms(start_ms),
        samples=len(samples),
        generation_w=mean(1),
        consumption_w=mean(2),
        grid_import_w=mean(3),
        grid_export_w=mean(4),
    )
