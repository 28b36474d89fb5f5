from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from phone_client.measured import (
    COURSES,
    Gap,
    Origin,
    circuits_of,
    day_after,
    day_before,
    day_of,
    gaps_of,
    origin_of,
    runs_of,
    sold_of,
    sums_of,
)
from protocol.cloud_api import By
from tests.phone_client.timelines import MIDNIGHT, bucket, timeline

pytestmark = pytest.mark.rules

TEN_MINUTES = timedelta(minutes=10)
energies = st.integers(0, 10_000)


def test_a_mean_power_is_that_of_what_was_measured() -> None:
    made, used = COURSES["power"]
    whole = bucket(MIDNIGHT, TEN_MINUTES, (100, 50, 0, 50))
    part = bucket(MIDNIGHT, TEN_MINUTES, (100, 50, 0, 50), measured_s=60)
    assert (made.mean_w(whole), used.mean_w(whole)) == (600, 300)
    assert (made.mean_w(part), used.mean_w(part)) == (6000, 3000)
    assert made.mean_w(bucket(MIDNIGHT, TEN_MINUTES, None)) is None
    assert made.mean_w(bucket(MIDNIGHT, TEN_MINUTES, (0, 0, 0, 0), measured_s=0)) is None


def test_the_battery_either_gives_or_takes() -> None:
    gave, took = COURSES["battery"]
    giving, taking = (bucket(MIDNIGHT, TEN_MINUTES, flow) for flow in ((0, 60, 20, 0), (60, 20, 0, 0)))
    assert (gave.mean_w(giving), took.mean_w(giving)) == (240, 0)
    assert (gave.mean_w(taking), took.mean_w(taking)) == (0, 240)
    assert gave.mean_w(bucket(MIDNIGHT, TEN_MINUTES, None)) is None


@given(energies, energies, energies, energies)
def test_what_was_used_comes_from_somewhere(made: int, used: int, bought: int, sold: int) -> None:
    each = bucket(MIDNIGHT, TEN_MINUTES, (made, used, bought, sold))
    assert sum(origin_of(each)) == used
    assert all(part >= 0 for part in origin_of(each))
    assert 0 <= sold_of(each) <= made


def test_the_grid_is_known_the_battery_balances_and_the_rest_is_the_suns() -> None:
    assert origin_of(bucket(MIDNIGHT, TEN_MINUTES, (30, 100, 50, 0))) == Origin(sun=30, battery=20, grid=50)
    assert origin_of(bucket(MIDNIGHT, TEN_MINUTES, (200, 100, 0, 60))) == Origin(sun=100, battery=0, grid=0)
    assert origin_of(bucket(MIDNIGHT, TEN_MINUTES, None)) == Origin(0, 0, 0)


def test_sums_leave_gaps_out() -> None:
    sums = sums_of(timeline("hour", [(30, 100, 50, 0), None, (200, 100, 0, 60)]).buckets)
    assert (sums.used, sums.made, sums.bought, sums.sold) == (200, 230, 50, 60)
    assert sums.origin == Origin(sun=130, battery=20, grid=50)
    assert sums.own_share_pct == 75
    assert sums_of(()).own_share_pct is None


def test_circuits_are_summed_and_the_hungriest_is_first() -> None:
    circuits = circuits_of(timeline("hour", [(0, 100, 100, 0), None, (0, 60, 60, 0)]).buckets)
    assert [(each.circuit, each.energy_wh) for each in circuits] == [(1, 120), (2, 40)]


def test_gaps_are_told_whole() -> None:
    buckets = timeline("hour", [None, None, (0, 1, 1, 0), (0, 2, 2, 0), None]).buckets
    hour = timedelta(hours=1)
    assert gaps_of(buckets) == [
        Gap(MIDNIGHT, MIDNIGHT + 2 * hour),
        Gap(MIDNIGHT + 4 * hour, MIDNIGHT + 5 * hour),
    ]
    assert [len(run) for run in runs_of(buckets) if not isinstance(run, Gap)] == [2]
    assert runs_of(()) == []


@pytest.mark.parametrize(
    ("by", "first", "before", "after"),
    [
        ("ten_minutes", date(2026, 11, 22), date(2026, 11, 21), date(2026, 11, 23)),
        ("hour", date(2026, 11, 22), date(2026, 11, 21), date(2026, 11, 23)),
        ("day", date(2026, 11, 1), date(2026, 10, 31), date(2026, 12, 1)),
        ("month", date(2026, 1, 1), date(2025, 12, 31), date(2027, 1, 1)),
    ],
)
def test_there_is_a_way_back_and_none_into_the_future(by: By, first: date, before: date, after: date) -> None:
    shown = timeline(by, [])
    assert (day_of(shown), day_before(shown)) == (first, before)
    assert day_after(shown, shown.end_at) == after
    assert day_after(shown, shown.end_at - timedelta(microseconds=1)) is None
