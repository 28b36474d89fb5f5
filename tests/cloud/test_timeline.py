from collections.abc import Sequence
from datetime import date, datetime
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloud.instants import from_ms, to_ms
from cloud.timeline import Edge, buckets, edges, is_online
from protocol.cloud_api import Bucket, By
from protocol.rules import TOKYO
from protocol.telemetry import Sample
from tests.cloud.meters import around, at_ms

NOW = 1_800_000_030_000
FAR = 10**15
MINUTE_MS = 60_000
EDGES = range(0, 5 * MINUTE_MS, MINUTE_MS)
"""Four buckets of a minute."""


def shown(*samples: Sample, edges: Sequence[int] = EDGES, now_ms: int = FAR) -> tuple[Bucket, ...]:
    return buckets(around(samples, edges), now_ms)


def used(*samples: Sample) -> list[int | None]:
    return [each.consumption_wh for each in shown(*samples)]


def in_tokyo(year: int, month: int, day: int, hour: int = 0, minute: int = 0) -> datetime:
    return datetime(year, month, day, hour, minute, tzinfo=TOKYO)


@pytest.mark.parametrize(
    ("by", "number", "some"),
    [
        ("ten_minutes", 144, [(2028, 2, 29), (2028, 2, 29, 0, 10), (2028, 3, 1)]),
        ("hour", 24, [(2028, 2, 29), (2028, 2, 29, 1), (2028, 3, 1)]),
        ("day", 29, [(2028, 2, 1), (2028, 2, 2), (2028, 3, 1)]),
        ("month", 12, [(2028, 1, 1), (2028, 2, 1), (2029, 1, 1)]),
    ],
)
def test_a_day_a_month_or_a_year_is_divided_as_in_japan(
    process_zone: str, by: By, number: int, some: list[tuple[int, int, int]]
) -> None:
    at = edges(by, date(2028, 2, 29))
    assert len(at) == number + 1
    assert [from_ms(each) for each in (at[0], at[1], at[-1])] == [in_tokyo(*each) for each in some]
    assert list(at) == sorted(set(at))


@pytest.mark.parametrize("day", [date(1970, 1, 1), date(9998, 12, 31)])
@pytest.mark.parametrize("by", ["ten_minutes", "hour", "day", "month"])
def test_the_ends_of_time_can_be_asked_for(by: By, day: date) -> None:
    assert len(shown(edges=edges(by, day))) == len(edges(by, day)) - 1


def test_a_bucket_holds_what_the_counters_rose_and_the_battery_balances_them() -> None:
    first, _, _, _ = shown(at_ms(1, 0, 100), at_ms(2, 50_000, 103))
    assert (first.start_at, first.end_at, first.measured_s) == (from_ms(0), from_ms(MINUTE_MS), 50)
    assert (first.generation_wh, first.consumption_wh) == (12, 30)
    assert (first.grid_import_wh, first.grid_export_wh, first.battery_wh) == (21, 6, 3)
    assert [(each.circuit, each.name, each.energy_wh) for each in first.circuits] == [(1, "リビング", 30)]


def test_a_sample_at_an_edge_begins_the_later_bucket() -> None:
    assert used(at_ms(1, 30_000, 0), at_ms(2, MINUTE_MS, 1), at_ms(3, MINUTE_MS + 30_000, 2)) == [
        0,
        20,
        None,
        None,
    ]


def test_between_close_samples_nothing_is_lost_at_an_edge() -> None:
    samples = [at_ms(seq + 1, seq * 10_000, seq) for seq in range(24)]
    measured = shown(*samples)
    assert [each.consumption_wh for each in measured] == [50, 60, 60, 60]
    assert [each.measured_s for each in measured] == [50, 60, 60, 60]


@pytest.mark.parametrize(("apart_ms", "second"), [(30_000, 10), (30_001, 0)])
def test_what_rose_in_a_gap_is_not_blamed_on_the_bucket_after_it(apart_ms: int, second: int) -> None:
    before = at_ms(1, MINUTE_MS - 1, 5)
    assert used(before, at_ms(2, MINUTE_MS - 1 + apart_ms, 6)) == [0, second, None, None]


def test_a_gap_is_a_gap_and_what_is_around_it_is_right() -> None:
    before = [at_ms(seq + 1, seq * 10_000, seq) for seq in range(6)]
    after = [at_ms(seq + 1, 70_000 + seq * 10_000, 100 + seq) for seq in range(6, 12)]
    measured = shown(*before, *after)
    assert [each.is_gap for each in measured] == [False, True, False, False]
    assert [each.consumption_wh for each in measured] == [50, None, 40, 10]
    assert measured[1] == Bucket(
        start_at=from_ms(MINUTE_MS),
        end_at=from_ms(2 * MINUTE_MS),
        measured_s=0,
        generation_wh=None,
        consumption_wh=None,
        grid_import_wh=None,
        grid_export_wh=None,
        battery_wh=None,
        circuits=(),
    )


@pytest.mark.parametrize(
    ("now_ms", "number"), [(-1, 0), (0, 1), (MINUTE_MS - 1, 1), (MINUTE_MS, 2), (FAR, 4)]
)
def test_buckets_of_the_future_are_not_there(now_ms: int, number: int) -> None:
    assert len(shown(now_ms=now_ms)) == number


def test_a_circuit_that_is_new_has_used_nothing_yet() -> None:
    old = at_ms(1, 0, 1).model_copy(update={"circuits": ()})
    assert [each.energy_wh for each in shown(old, at_ms(2, 10_000, 9))[0].circuits] == [0]


def test_a_clock_that_is_set_back_counts_nothing_twice() -> None:
    ahead = [at_ms(seq + 1, 120_000 + seq * 10_000, seq) for seq in range(6)]
    right = [at_ms(seq + 1, (seq - 6) * 10_000, seq) for seq in range(6, 24)]
    assert used(*ahead, *right) == [50, 60, 60, None]


def test_what_was_measured_while_the_clock_was_ahead_counts_once() -> None:
    early, late = at_ms(1, 10_000, 1), at_ms(10, 30_000, 10)
    assert used(early, at_ms(3, 100_000, 3), at_ms(5, 110_000, 5), late) == [90, 0, None, None]


walks = st.lists(st.tuples(st.integers(-90_000, 200_000), st.integers(0, 500)), min_size=1, max_size=40)
"""From one sample to the next: how far its clock went, and how far its counters rose."""


@given(walks)
def test_sums_never_exceed_what_the_counters_rose(walk: list[tuple[int, int]]) -> None:
    samples, instant, wh = [], 0, 0
    for seq, (step_ms, rise) in enumerate(walk, start=1):
        instant, wh = max(0, instant + step_ms), wh + rise
        samples.append(at_ms(seq, instant, wh))
    held = [each for each in samples if to_ms(each.measured_at) < EDGES[-1]]
    measured = shown(*samples)
    for name in ("generation_wh", "consumption_wh", "grid_import_wh", "grid_export_wh"):
        energies = [getattr(each, name) for each in measured if not each.is_gap]
        rose = getattr(held[-1], name) - getattr(held[0], name) if held else 0
        assert all(each >= 0 for each in energies)
        assert sum(energies) <= rose
    for start, each in zip(EDGES, measured, strict=False):
        own = [one for one in held if start <= to_ms(one.measured_at) < start + MINUTE_MS]
        assert each.is_gap is (not own)


@given(st.lists(st.tuples(st.integers(1, 30_000), st.integers(0, 500)), min_size=1, max_size=60))
def test_without_a_gap_the_sum_is_what_the_counters_rose(walk: list[tuple[int, int]]) -> None:
    samples = [at_ms(1, 0, 0)]
    for step_ms, rise in walk:
        last = samples[-1]
        instant = to_ms(last.measured_at) + step_ms
        samples.append(at_ms(last.seq + 1, instant, last.circuits[0].energy_wh // 10 + rise))
    end = (to_ms(samples[-1].measured_at) // MINUTE_MS + 1) * MINUTE_MS
    measured = shown(*samples, edges=range(0, end + 1, MINUTE_MS))
    assert sum(each.consumption_wh or 0 for each in measured) == samples[-1].consumption_wh
    assert all(earlier.end_at == later.start_at for earlier, later in pairwise(measured))


@given(st.data())
def test_a_day_by_hours_is_the_day_of_its_month(data: st.DataObject) -> None:
    """The same samples, divided finely and coarsely; no gap, so nothing may be lost between."""
    at = edges("day", date(2026, 11, 22))
    midnight, seconds = at[21], data.draw(st.lists(st.integers(0, 30), min_size=1, max_size=50))
    samples = [
        at_ms(seq, midnight + sum(seconds[:seq]) * 1000, seq * seq) for seq in range(1, len(seconds) + 1)
    ]
    by_hours = shown(*samples, edges=edges("hour", date(2026, 11, 22)))
    day = shown(*samples, edges=at)[21]
    assert sum(each.consumption_wh or 0 for each in by_hours) == day.consumption_wh


def test_nothing_around_is_a_gap() -> None:
    assert [each.is_gap for each in buckets([Edge(0, None, None), Edge(1, None, None)], FAR)] == [True]


@pytest.mark.req("S-TEL-06")
@pytest.mark.parametrize(
    ("says_online", "silent_ms", "online"),
    [(True, 0, True), (True, 30_000, True), (True, 30_001, False), (False, 0, False), (True, None, False)],
)
def test_online_is_said_and_seen_within_three_intervals(
    says_online: bool, silent_ms: int | None, online: bool
) -> None:
    seen = None if silent_ms is None else NOW - silent_ms
    assert is_online(says_online, seen, NOW) is online
