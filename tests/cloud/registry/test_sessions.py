"""Sessions: tokens that are good for minutes, renewed for months, dead when they should be."""

import string
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from cloud.instants import to_ms
from cloud.pepper import mint_token
from cloud.registry.sessions import check_session, end_sessions
from cloud.store.schema import sessions
from protocol.cloud_api import Login, Renewal, Session
from protocol.problems import NOT_LOGGED_IN, OS_UNSUPPORTED, PHONE_MOVED, SESSION_ENDED, Problem
from tests.cloud.actors import HOME, PASSWORD, Gateway, World, refusal

pytestmark = pytest.mark.adapters

EMAIL = "taro@example.jp"


@pytest.fixture
def session(world: World) -> Session:
    world.person("taro")
    return world.session(EMAIL, "taro")


def renew(world: World, session: Session) -> Session:
    return world.registry.renew(Renewal(refresh_token=session.refresh_token), world.now)


def is_alive(world: World, token: str) -> bool:
    try:
        return world.who(token).email == EMAIL
    except Problem as problem:
        assert problem.kind in (NOT_LOGGED_IN, SESSION_ENDED)
        return False


@pytest.mark.parametrize(("age_s", "good"), [(899.999, True), (900.0, False)])
def test_a_bearer_token_is_good_for_a_quarter_of_an_hour(
    world: World, session: Session, age_s: float, good: bool
) -> None:
    assert session.expires_in_s == 900
    world.pass_time(seconds=age_s)
    assert is_alive(world, session.token) is good


@pytest.mark.parametrize(
    ("age", "good"), [(timedelta(days=30, milliseconds=-1), True), (timedelta(days=30), False)]
)
def test_a_refresh_token_is_good_for_thirty_days(
    world: World, session: Session, age: timedelta, good: bool
) -> None:
    world.now += age
    if good:
        assert is_alive(world, renew(world, session).token)
    else:
        before = world.contents()
        assert refusal(renew, world, session) is NOT_LOGGED_IN
        assert world.contents() == before


def test_a_session_ends_after_180_days_however_often_it_is_renewed(world: World, session: Session) -> None:
    end = world.now + timedelta(days=180)
    for _ in range(6):
        world.pass_time(days=29)
        session = renew(world, session)
        assert session.expires_in_s == 900
    world.now = end - timedelta(seconds=2)
    session = renew(world, session)
    assert session.expires_in_s == 2
    world.now = end - timedelta(milliseconds=1)
    assert is_alive(world, session.token)
    world.now = end
    assert not is_alive(world, session.token)
    assert refusal(renew, world, session) is NOT_LOGGED_IN


def test_tokens_are_of_256_bits_and_no_two_are_the_same(world: World, session: Session) -> None:
    seen = {session.token, session.refresh_token}
    for _ in range(50):
        session = renew(world, session)
        seen |= {session.token, session.refresh_token}
    assert len(seen) == 102
    allowed = set(string.ascii_letters + string.digits + "-_")
    assert all(len(token) == 43 and set(token) <= allowed for token in seen)
    assert len({mint_token() for _ in range(100_000)}) == 100_000


def test_one_kind_of_token_is_not_taken_for_the_other(world: World, session: Session) -> None:
    before = world.contents()
    assert refusal(world.who, session.refresh_token) is NOT_LOGGED_IN
    wrong = Renewal(refresh_token=session.token)
    assert refusal(world.registry.renew, wrong, world.now) is NOT_LOGGED_IN
    for token in ("", "x" * 43, "\ud800"):
        assert refusal(world.who, token) is NOT_LOGGED_IN
        assert (
            refusal(world.registry.renew, Renewal.model_construct(refresh_token=token), world.now)
            is NOT_LOGGED_IN
        )
    assert world.contents() == before


def test_a_renewal_whose_answer_was_lost_may_be_repeated(world: World, session: Session) -> None:
    first = renew(world, session)
    before = world.contents()
    world.pass_time(seconds=59, milliseconds=999)
    again = renew(world, session)
    assert (again.token, again.refresh_token) == (first.token, first.refresh_token)
    assert (first.expires_in_s, again.expires_in_s) == (900, 840)
    assert world.contents() == before
    assert is_alive(world, renew(world, again).token)


@pytest.mark.parametrize("used", [False, True])
def test_a_refresh_token_used_twice_ends_the_session(world: World, session: Session, used: bool) -> None:
    """A minute later, or as soon as somebody goes on with what the first use has bought."""
    other = world.session(EMAIL, "two")
    newer = renew(world, session)
    if used:
        newest = renew(world, newer)
    else:
        newest = newer
        world.pass_time(seconds=60)
    assert refusal(renew, world, session) is SESSION_ENDED
    for each in (newest, newer):
        assert refusal(world.who, each.token) is SESSION_ENDED
        assert refusal(renew, world, each) is SESSION_ENDED
    assert refusal(renew, world, session) is SESSION_ENDED
    assert is_alive(world, other.token)  # nobody else's


@pytest.mark.req("S-OUT-03", "S-OUT-04")
def test_logging_out_kills_every_token_and_keeps_the_phone(world: World, gateway: Gateway) -> None:
    world.register(gateway)
    who = world.person("taro")
    link = world.link(who, gateway, world.issue(gateway), "お父さん")
    first = world.session(EMAIL, "taro")
    second = renew(world, first)
    before = world.contents("sessions", "tokens")
    world.registry.log_out(second.token)
    for each in (first, second):
        assert refusal(world.who, each.token) is NOT_LOGGED_IN
        assert refusal(renew, world, each) is NOT_LOGGED_IN
        assert refusal(world.registry.log_out, each.token) is NOT_LOGGED_IN
    assert world.contents("sessions", "tokens") == before
    assert world.session(EMAIL, "taro").link == link  # no code, no nickname


@pytest.mark.parametrize("kind", ["token", "refresh_token"])
def test_a_late_logout_ends_the_session_by_any_of_its_tokens(
    world: World, session: Session, kind: str
) -> None:
    newer = renew(world, session)
    world.pass_time(hours=1)
    world.registry.log_out(getattr(newer, kind))
    assert refusal(renew, world, newer) is NOT_LOGGED_IN


def test_the_phone_that_logs_in_again_has_one_session(world: World, session: Session) -> None:
    other = world.session(EMAIL, "two")
    again = world.session(EMAIL, "taro")
    assert not is_alive(world, session.token)
    assert is_alive(world, again.token)
    assert is_alive(world, other.token)
    assert len(world.contents()["sessions"]) == 2


def test_whoever_is_ended_is_told_why_for_thirty_days(world: World, session: Session) -> None:
    who = world.who(session.token)
    with world.registry.store.writing() as store:
        check_session(store, who)
        end_sessions(store, sessions.c.account_id == who.account_id, PHONE_MOVED, to_ms(world.now))
        assert refusal(check_session, store, who) is PHONE_MOVED
    assert refusal(world.who, session.token) is PHONE_MOVED
    world.pass_time(days=30, milliseconds=-1)
    world.session(EMAIL, "two")
    assert refusal(renew, world, session) is PHONE_MOVED
    world.pass_time(milliseconds=1)
    world.session(EMAIL, "two")
    assert refusal(renew, world, session) is NOT_LOGGED_IN
    assert world.contents()["ended_tokens"] == []


@pytest.mark.req("S-GEN-04", "S-GEN-10", "S-GEN-11")
def test_a_session_keeps_what_the_app_said_of_itself(world: World, session: Session) -> None:
    asked = Login(
        email=EMAIL,
        password=PASSWORD,
        installation_id="installation-ipad",
        platform="ios",
        os_version="17.5.1",
        form_factor="tablet",
    )
    world.registry.log_in(asked, HOME, world.now)
    columns = (sessions.c.platform, sessions.c.os_version, sessions.c.form_factor)
    mine = select(*columns).where(sessions.c.installation_id == "installation-ipad")
    with world.registry.store.reading() as store:
        assert tuple(store.execute(mine).one()) == ("ios", "17.5.1", "tablet")
    before = world.contents()
    for platform, version, oldest in (("ios", "15.8", "iOS 16"), ("android", "5.1", "Android 6.0")):
        old = asked.model_copy(update={"platform": platform, "os_version": version})
        with pytest.raises(Problem) as refused:
            world.registry.log_in(old, HOME, world.now)
        assert refused.value.kind is OS_UNSUPPORTED
        assert (refused.value.facts["oldest"], version in str(refused.value)) == (oldest, True)
    assert world.contents() == before


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("renew"), st.integers(0, 8)),
        st.tuples(st.just("pass"), st.sampled_from([1, 59, 60, 899, 900])),
        st.tuples(st.just("log_out"), st.integers(0, 8)),
    ),
    min_size=1,
    max_size=12,
)


@given(steps=STEPS)
@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_order_of_steps_leaves_two_ways_on(world: World, steps: list[tuple[str, int]]) -> None:
    """At most one refresh token buys a pair that is new; after a stolen one was used, none does."""
    if not world.contents()["accounts"]:
        world.person("taro")
    pairs = [world.session(EMAIL, "taro")]
    for step, number in steps:
        chosen = pairs[number % len(pairs)]
        try:
            if step == "pass":
                world.pass_time(seconds=number)
            elif step == "log_out":
                world.registry.log_out(chosen.refresh_token)
            else:
                pairs.append(renew(world, chosen))
        except Problem as problem:
            assert problem.kind in (NOT_LOGGED_IN, SESSION_ENDED)
            assert not any(is_alive(world, pair.token) for pair in pairs)
            break
    unspent = [row for row in world.contents()["tokens"] if row[2] == "refresh" and row[4] is None]
    assert len(unspent) <= 1
