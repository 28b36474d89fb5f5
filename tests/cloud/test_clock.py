from datetime import timedelta

import pytest

from cloud.clock import SystemClock

YEAR = timedelta(days=365)


def test_a_mark_in_the_past_changes_nothing() -> None:
    plain = SystemClock()
    assert abs(SystemClock(plain.now() - YEAR).now() - plain.now()) < timedelta(seconds=1)


def test_a_wall_clock_set_back_before_the_start_goes_on_from_the_mark() -> None:
    mark = SystemClock().now() + YEAR
    clock = SystemClock(mark)
    first = clock.now()
    assert mark <= first < mark + timedelta(seconds=1)
    assert clock.now() > first


def test_a_wall_clock_set_back_while_running_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = SystemClock()
    before = clock.now()
    monkeypatch.setattr("chassis.clock.SystemClock.now", lambda _: before - YEAR)
    assert before < clock.now() < before + timedelta(seconds=1)


def test_a_wall_clock_corrected_while_running_does_not_bring_the_past_back(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    clock = SystemClock()
    before = clock.now()
    monkeypatch.setattr("chassis.clock.SystemClock.now", lambda _: before + YEAR)
    ahead = clock.now()
    monkeypatch.setattr("chassis.clock.SystemClock.now", lambda _: before)
    assert ahead <= clock.now() < ahead + timedelta(seconds=1)
