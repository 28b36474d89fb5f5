"""Visits: in memory, bounded, over when nobody was there for an hour."""

import weakref
from dataclasses import fields
from datetime import UTC, datetime, timedelta

import pytest

from cloud.club.visits import IDLE, VISITS_MAX, SigningUp, Visit, Visits
from cloud.registry.logging_in import Visitor
from protocol.rules import EMAIL_URL_LIFE

NOON = datetime(2026, 11, 22, 3, 0, tzinfo=UTC)
FATHER = Visitor(1, "father@example.jp", needs_code=False, asked_two_step=True, stamp="stamp")


def test_a_visit_is_found_by_its_key_and_by_nothing_else() -> None:
    visits = Visits()
    visit = visits.begin(NOON)
    assert visits.find(visit.key, NOON) is visit
    for other in (None, "", visit.token, visit.key[:-1]):
        assert visits.find(other, NOON) is None


def test_no_secret_is_in_a_log_of_a_visit() -> None:
    visit = Visit(NOON, key="secret key", signing_up=SigningUp("a@b.jp", password="secret password"))
    secrets = [each.name for each in fields(Visit) if each.name.endswith("token")]
    for name in secrets:
        setattr(visit, name, f"secret {name}")
    assert len(secrets) == 3
    assert "secret" not in repr(visit)


def test_whoever_waits_for_a_mail_is_remembered_as_long_as_its_url_is_good() -> None:
    assert IDLE == EMAIL_URL_LIFE
    visits = Visits()
    visit = visits.begin(NOON)
    just_before = NOON + IDLE - timedelta(milliseconds=1)
    assert visits.find(visit.key, just_before) is visit
    assert visits.find(visit.key, just_before + IDLE) is None
    assert visits.find(visit.key, just_before) is None, "it does not come back"


def test_what_was_typed_is_not_kept_for_whoever_never_comes_back() -> None:
    visits = Visits()
    father = weakref.ref(visits.begin(NOON))
    mother = visits.begin(NOON + timedelta(minutes=1))
    visits.begin(NOON + IDLE)
    assert father() is None
    assert visits.find(mother.key, NOON + IDLE) is mother


def test_a_clock_set_back_ends_it_too() -> None:
    visits = Visits()
    visit = visits.begin(NOON)
    assert visits.find(visit.key, NOON - timedelta(seconds=1)) is None


def test_browsers_that_hold_nothing_do_not_push_out_who_is_at_it() -> None:
    visits = Visits()
    father = visits.begin(NOON)
    father.visitor = FATHER
    for _ in range(2 * VISITS_MAX):
        visits.begin(NOON)
    assert visits.find(father.key, NOON) is father


def test_their_number_is_bounded_whatever_they_hold() -> None:
    visits = Visits()
    begun = [visits.begin(NOON) for _ in range(VISITS_MAX)]
    for each in begun:
        each.mailed_to = "somebody@example.jp"
    visits.find(begun[0].key, NOON)
    newest = visits.begin(NOON)
    assert visits.find(begun[1].key, NOON) is None, "the one longest unused goes"
    assert all(visits.find(each.key, NOON) for each in (begun[0], begun[2], newest))


def test_a_renewed_visit_is_not_found_by_what_somebody_knew_before() -> None:
    visits = Visits()
    visit = visits.begin(NOON)
    key, token = visit.key, visit.token
    visits.renew(visit)
    assert visits.find(key, NOON) is None
    assert visits.find(visit.key, NOON) is visit
    assert visit.token != token


@pytest.mark.parametrize(
    ("login_page", "sign_up_page"),
    [("/login", "/login?tab=signup"), ("/authorize?state=x", "/authorize?state=x&tab=signup")],
)
def test_the_login_page_has_another_tab(login_page: str, sign_up_page: str) -> None:
    assert Visit(NOON, login_page=login_page).sign_up_page == sign_up_page
