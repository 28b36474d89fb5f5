"""Sessions: in memory, bounded, forgotten when nobody was there for a while."""

from datetime import UTC, datetime, timedelta

from emulator.panel.flows import Registering
from emulator.panel.sessions import IDLE, SESSIONS_MAX, Sessions

NOON = datetime(2026, 11, 22, 3, 0, tzinfo=UTC)


def test_a_session_is_found_by_its_key_and_by_nothing_else() -> None:
    sessions = Sessions()
    session = sessions.begin(NOON)
    assert sessions.find(session.key, NOON) is session
    for other in (None, "", session.token, session.key[:-1]):
        assert sessions.find(other, NOON) is None
    assert session.key not in repr(session)
    assert session.token not in repr(session)


def test_flows_and_the_pin_are_forgotten_after_half_an_hour_and_not_before() -> None:
    sessions = Sessions()
    session = sessions.begin(NOON)
    session.flows[Registering], session.unlocked = Registering(), True
    just_before = NOON + IDLE - timedelta(seconds=1)
    assert sessions.find(session.key, just_before)
    assert session.flows
    assert sessions.find(session.key, just_before + IDLE)
    assert not session.flows
    assert not session.unlocked


def test_a_clock_set_back_forgets_them_too() -> None:
    sessions = Sessions()
    session = sessions.begin(NOON)
    session.flows[Registering] = Registering()
    assert sessions.find(session.key, NOON - timedelta(seconds=1))
    assert not session.flows


def test_visitors_without_a_cookie_do_not_push_out_a_person_who_is_at_it() -> None:
    sessions = Sessions()
    person = sessions.begin(NOON)
    person.flows[Registering] = Registering(reached=Registering.PAGES.index("confirmation-code"))
    for _ in range(2 * SESSIONS_MAX):
        sessions.begin(NOON).flows[Registering] = Registering(
            reached=2
        )  # as a mere look at the pages leaves it
    assert sessions.find(person.key, NOON) is person


def test_however_many_are_at_it_there_are_not_more_than_that_many() -> None:
    sessions = Sessions()
    everybody = [sessions.begin(NOON) for _ in range(SESSIONS_MAX)]
    for each in everybody:
        each.unlocked = True
    newest = sessions.begin(NOON)
    assert sessions.find(newest.key, NOON) is newest
    assert [sessions.find(each.key, NOON) for each in everybody] == [None, *everybody[1:]]


def test_the_session_longest_unused_makes_room() -> None:
    sessions = Sessions()
    first, second = sessions.begin(NOON), sessions.begin(NOON)
    for _ in range(SESSIONS_MAX - 2):
        sessions.begin(NOON)
    assert sessions.find(first.key, NOON)
    sessions.begin(NOON)
    assert sessions.find(second.key, NOON) is None
    assert sessions.find(first.key, NOON)
