import os
import time
from collections.abc import Iterator
from datetime import date, datetime

import pytest

from emulator.settings import day_in_japan
from protocol.registering import bought_early

EARLY, LATE = "2016-06-20T23:59:59+09:00", "2016-06-21T00:00:00+09:00"


@pytest.fixture(params=["UTC", "Asia/Tokyo", "America/Los_Angeles"])
def zone(request: pytest.FixtureRequest) -> Iterator[str]:
    """Let the process live in a time zone."""
    before = os.environ.get("TZ")
    os.environ["TZ"] = request.param
    time.tzset()
    yield request.param
    if before is None:
        del os.environ["TZ"]
    else:
        os.environ["TZ"] = before
    time.tzset()


@pytest.mark.req("S-REG-07", "S-REG-08")
@pytest.mark.parametrize(
    ("instant", "day", "early"),
    [
        (EARLY, date(2016, 6, 20), True),
        (LATE, date(2016, 6, 21), False),
        ("2016-06-20T14:59:59+00:00", date(2016, 6, 20), True),
        ("2016-06-20T15:00:00+00:00", date(2016, 6, 21), False),
        ("2016-06-20T08:00:00-07:00", date(2016, 6, 21), False),
    ],
)
@pytest.mark.usefixtures("zone")
def test_midnight_in_japan_divides_early_from_late_wherever_the_process_lives(
    instant: str, day: date, early: bool
) -> None:
    bought = day_in_japan(datetime.fromisoformat(instant))
    assert bought == day
    assert bought_early(bought) is early


@pytest.mark.req("S-REG-08")
@pytest.mark.usefixtures("zone")
def test_a_day_is_a_day_in_japan_already() -> None:
    assert day_in_japan(date(2016, 6, 20)) == date(2016, 6, 20)
    assert bought_early(date(2016, 6, 20))
    assert not bought_early(date(2016, 6, 21))


@pytest.mark.req("S-REG-08")
def test_unknown_counts_as_early() -> None:
    assert day_in_japan(None) is None
    assert bought_early(None)


def test_an_instant_without_a_zone_is_no_instant() -> None:
    with pytest.raises(ValueError, match="time zone"):
        day_in_japan(datetime(2016, 6, 20, 12))  # noqa: DTZ001 - what is refused
