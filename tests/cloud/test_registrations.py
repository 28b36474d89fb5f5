from datetime import UTC, date, datetime, timedelta

import pytest

from cloud.instants import to_ms
from cloud.registrations import family_needed, mint_confirmation_code, run_is_live
from protocol.registering import bought_early
from tests.cloud.actors import NOON


@pytest.mark.req("S-REG-09", "S-REG-26")
def test_confirmation_codes_are_six_digits_and_none_of_the_first_guesses(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    drawn = iter([0, 111_111, 123_456, 654_321, 999_999, 7])
    monkeypatch.setattr("secrets.randbelow", lambda _below: next(drawn))
    assert mint_confirmation_code() == "000007"


@pytest.mark.req("S-REG-26")
def test_every_place_of_a_confirmation_code_takes_every_digit() -> None:
    codes = [mint_confirmation_code() for _ in range(2000)]
    assert all(len(code) == 6 and code.isascii() and code.isdigit() for code in codes)
    assert all(len({code[place] for code in codes}) == 10 for place in range(6))


def test_a_run_lives_24_hours() -> None:
    begun, life = to_ms(NOON), to_ms(NOON + timedelta(hours=24))
    assert run_is_live(begun, begun)
    assert run_is_live(begun, life - 1)
    assert not run_is_live(begun, life)


@pytest.mark.req("S-REG-07", "S-REG-08")
@pytest.mark.parametrize(
    ("purchased_on", "early"),
    [(None, True), (date(2016, 6, 19), True), (date(2016, 6, 20), True), (date(2016, 6, 21), False)],
)
def test_the_day_itself_is_early(purchased_on: date | None, early: bool) -> None:
    assert bought_early(purchased_on) is early


@pytest.mark.req("S-LC-08", "S-LC-09")
@pytest.mark.usefixtures("process_zone")
@pytest.mark.parametrize("in_utc", [False, True])
@pytest.mark.parametrize("answered", [False, True])
@pytest.mark.parametrize(
    ("registered_at", "early"),
    [("2015-12-20T23:59:59+09:00", True), ("2015-12-21T00:00:00+09:00", False)],
)
def test_the_family_is_asked_for_before_that_midnight_in_japan_or_when_it_is_not_known(
    registered_at: str, early: bool, answered: bool, in_utc: bool
) -> None:
    at = datetime.fromisoformat(registered_at)
    assert family_needed(at.astimezone(UTC) if in_utc else at, answered) is (early or not answered)
