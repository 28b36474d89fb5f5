"""Who may come in: passwords and how often they may be guessed, authorization codes, codes by SMS or mail."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace

import pytest
from argon2 import PasswordHasher
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select, update

from cloud.instants import to_ms
from cloud.pepper import s256
from cloud.registry.accounts import SocialSignUp
from cloud.registry.logging_in import Visitor
from cloud.registry.tallies import What
from cloud.store.schema import accounts, known_peers
from protocol.cloud_api import AuthorizedLogin, Login, LoginCode, SignUp
from protocol.problems import (
    AUTHORIZATION_REFUSED,
    LOGIN_REFUSED,
    NEW_PASSWORD_NEEDED,
    OS_UNSUPPORTED,
    SMS_CODE_NEEDED,
    SMS_CODE_SPENT,
    SMS_CODE_WRONG,
    TOO_MANY_TRIES,
    Problem,
)
from tests.cloud.actors import HOME, PASSWORD, PUBLIC_URL, World, refusal

pytestmark = pytest.mark.adapters

EMAIL = "taro@example.jp"
CAFE = "198.51.100.7"
VERIFIER = "v" * 43
REDIRECT = "http://127.0.0.1:8082/login/callback"


def check(world: World, password: str = PASSWORD, peer: str = CAFE, email: str = EMAIL) -> Visitor:
    return world.registry.check_password(email, password, peer, False, world.now)


def log_in(email: str = EMAIL, password: str = PASSWORD) -> Login:
    return Login(email=email, password=password, installation_id="installation-taro")


def counts(world: World, what: What, *whose: str) -> int:
    with world.registry.store.reading() as store:
        return len(world.registry.tally(what, *whose).count(store))


def wait_s(verb: object, *arguments: object) -> object:
    """Return for how long `verb` was refused."""
    assert callable(verb)
    with pytest.raises(Problem) as refused:
        verb(*arguments)
    assert refused.value.kind is TOO_MANY_TRIES
    return refused.value.facts["retry_after_s"]


@contextmanager
def counted(monkeypatch: pytest.MonkeyPatch, world: World) -> Iterator[list[str]]:
    """Collect what is compared with a hash while the block is in."""
    verified: list[str] = []
    real = type(world.registry.pepper).verify

    def verify(self: object, secret: str, kept: str | None) -> bool:
        verified.append(secret)
        return real(world.registry.pepper, secret, kept)

    with monkeypatch.context() as patch:
        patch.setattr("cloud.pepper.Pepper.verify", verify)
        yield verified


@pytest.mark.req("S-ACC-07")
def test_unknown_unconfirmed_and_wrong_are_one_answer_and_change_nothing(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.person("taro")
    world.sign_up("unconfirmed@example.jp")
    before = world.contents("tallies")
    documents = []
    asked = (
        log_in("nobody@example.jp"),
        log_in("not an address"),
        log_in("unconfirmed@example.jp"),
        log_in(password="wrong password"),
        log_in(password=PASSWORD + " "),
    )
    with counted(monkeypatch, world) as verified:
        for each in asked:
            with pytest.raises(Problem) as refused:
                world.registry.log_in(each, CAFE, world.now)
            documents.append(refused.value.document())
    assert documents == [Problem(LOGIN_REFUSED).document()] * 5
    assert len(verified) == 5  # exactly one slow comparison each
    assert world.contents("tallies") == before


@pytest.mark.parametrize("email", [EMAIL, "nobody@example.jp", "not an address"])
def test_the_wait_grows_with_each_wrong_password_known_or_not(
    world: World, email: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.person("taro")
    peers = (f"203.0.113.{number}" for number in range(1, 255))

    def guess() -> None:
        assert refusal(check, world, "wrong", next(peers), email) is LOGIN_REFUSED

    for _ in range(6):
        guess()
    waits = (30, 60, 120, 240, 480, 960, 1920, 3600, 3600)
    for wait in waits:
        with counted(monkeypatch, world) as verified:
            assert wait_s(check, world, PASSWORD, next(peers), email) == wait
        assert verified == []  # refused before the slow part
        world.pass_time(seconds=wait, milliseconds=-1)
        assert wait_s(check, world, PASSWORD, next(peers), email) == 1
        world.pass_time(milliseconds=1)
        guess()


def test_a_right_password_ends_the_row(world: World) -> None:
    world.person("taro")
    for _ in range(2):
        for _ in range(5):
            assert refusal(check, world, "wrong") is LOGIN_REFUSED
        check(world)
    assert counts(world, "login_wrong", EMAIL) == 0


def test_an_attack_from_elsewhere_does_not_shut_out_whoever_was_here_before(world: World) -> None:
    world.person("taro")  # from HOME
    for number in range(6):
        assert refusal(check, world, "wrong", f"203.0.113.{number}") is LOGIN_REFUSED
    assert wait_s(check, world, PASSWORD, CAFE) == 30
    for _ in range(3):
        check(world, peer=HOME)
    assert wait_s(check, world, PASSWORD, CAFE) == 30  # and does not help the attacker
    for _ in range(6):
        assert refusal(check, world, "wrong", HOME) is LOGIN_REFUSED
    assert wait_s(check, world, PASSWORD, HOME) == 30  # its own do count


def test_a_peer_is_known_for_as_long_as_a_session_may_live(world: World) -> None:
    world.person("taro")
    world.person("hanako")
    world.pass_time(days=180)
    check(world, peer=CAFE)
    with world.registry.store.reading() as store:
        seen = store.scalars(select(known_peers.c.peer)).all()
    assert seen == [world.registry.pepper.derive("peer", CAFE)]


def test_twenty_wrong_passwords_an_hour_from_one_address_at_whatever_accounts(world: World) -> None:
    world.person("taro")
    for number in range(20):
        email = f"victim{number}@example.jp"
        assert refusal(check, world, "wrong", "2001:db8::1", email) is LOGIN_REFUSED
    assert wait_s(check, world, PASSWORD, "2001:db8::2") == 3600  # the same /64
    check(world)
    world.pass_time(hours=1)
    check(world, peer="2001:db8::1")


def test_whoever_logs_in_rightly_is_not_counted(world: World) -> None:
    world.person("taro")
    for _ in range(25):
        check(world)
    assert counts(world, "login_wrong_by", CAFE) == 0


def test_after_a_hundred_in_a_row_only_a_new_password_helps(world: World) -> None:
    world.person("taro")
    with world.registry.store.writing() as store:
        for _ in range(99):
            world.registry.tally("login_wrong", EMAIL).note(store, to_ms(world.now))
    world.pass_time(hours=1)
    assert refusal(check, world, "wrong") is LOGIN_REFUSED
    world.pass_time(days=364)
    assert refusal(check, world) is NEW_PASSWORD_NEEDED
    world.registry.ask_new_password(EMAIL, PUBLIC_URL, world.now)
    world.registry.set_new_password(world.mailed_token(), "a new password 電池", world.now)
    assert check(world, "a new password 電池").email == EMAIL


def test_what_is_counted_is_forgotten_when_it_counts_no_more(world: World) -> None:
    assert refusal(check, world, "wrong") is LOGIN_REFUSED
    world.pass_time(days=365)
    assert refusal(check, world, "wrong", email="another@example.jp") is LOGIN_REFUSED
    assert len(world.contents()["tallies"]) == 2


def test_guesses_made_at_once_cannot_exceed_the_budget(world: World) -> None:
    world.person("taro")

    def guess(number: int) -> bool:
        return refusal(check, world, "wrong", f"203.0.113.{number}") is LOGIN_REFUSED

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(guess, range(16))) == 6
    assert counts(world, "login_wrong", EMAIL) == 6


@given(password=st.text(min_size=8, max_size=80))
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_password_that_was_accepted_opens(world: World, password: str) -> None:
    email = f"p{len(world.contents()['accounts'])}@example.jp"
    asked = SignUp.model_construct(email=email, password=password, terms_accepted=True, newsletters=())
    try:
        world.registry.sign_up(asked, PUBLIC_URL, world.now)
    except Problem:
        return
    world.registry.verify(world.mailed_token(), world.now)
    assert check(world, password, email=email).email == email


def test_a_password_that_is_no_proper_text_is_only_wrong(world: World) -> None:
    world.person("taro")
    for odd in ("\ud800", "\0", "x" * 100_000):
        assert refusal(check, world, odd) is LOGIN_REFUSED
        assert refusal(check, world, PASSWORD, email=odd) is LOGIN_REFUSED


def test_a_weaker_hash_is_made_anew_at_login(world: World) -> None:
    who = world.person("taro")
    this = accounts.c.account_id == who.account_id
    weak = PasswordHasher(time_cost=1, memory_cost=1024, parallelism=1)
    mac = world.registry.pepper._mac("secret", PASSWORD)
    with world.registry.store.writing() as store:
        store.execute(update(accounts).where(this).values(password_hash=weak.hash(mac)))
    visitor = check(world)
    with world.registry.store.reading() as store:
        kept = store.scalars(select(accounts.c.password_hash).where(this)).one()
    assert ",keyid=" in kept
    assert not world.registry.pepper.is_weak(kept)
    assert world.registry.visitor(who.account_id) == visitor
    assert check(world) == visitor  # and again by the new one


def test_a_visitor_is_known_by_a_stamp_that_changes_with_the_password(world: World) -> None:
    who = world.person("taro")
    visitor = check(world)
    assert world.registry.visitor(who.account_id) == visitor
    assert world.registry.visitor_with(EMAIL) == visitor
    world.registry.ask_new_password(EMAIL, PUBLIC_URL, world.now)
    world.registry.set_new_password(world.mailed_token(), "a new password 電池", world.now)
    changed = world.registry.visitor(who.account_id)
    assert changed is not None
    assert changed == replace(visitor, stamp=changed.stamp)
    assert changed.stamp != visitor.stamp
    world.registry.withdraw(who.account_id, "a new password 電池", world.now)
    assert world.registry.visitor(who.account_id) is None
    assert world.registry.visitor_with(EMAIL) is None


def test_whoever_left_is_not_taken_for_a_newcomer_with_the_same_id(world: World) -> None:
    who = world.person("taro")
    visitor = check(world)
    world.registry.withdraw(who.account_id, PASSWORD, world.now)
    newcomer = world.registry.visitor(world.person("taro").account_id)
    assert newcomer is not None
    assert newcomer.stamp != visitor.stamp


def test_a_weaker_hash_may_be_made_anew_twice_at_once(world: World) -> None:
    who = world.person("taro")
    of_before = world.registry.pepper.hash(PASSWORD).partition(",keyid=")
    weak = of_before[0] + of_before[2][8:]
    with world.registry.store.writing() as store:
        this = accounts.c.account_id == who.account_id
        store.execute(update(accounts).where(this).values(password_hash=weak))
    with ThreadPoolExecutor(3) as pool:
        visitors = list(pool.map(lambda _: check(world), range(3)))
    assert set(visitors) == {world.registry.visitor(who.account_id)}
    check(world)


# --- the club sends the browser back to the app (RFC 6749, RFC 7636)


def authorize(world: World, email: str = EMAIL) -> str:
    visitor = world.registry.visitor_with(email)
    assert visitor is not None
    return world.registry.authorize(visitor, s256(VERIFIER), REDIRECT, world.now)


def authorized(code: str, **other: str) -> AuthorizedLogin:
    asked = {"code_verifier": VERIFIER, "redirect_uri": REDIRECT, "installation_id": "installation-taro"}
    return AuthorizedLogin.model_validate(asked | {"code": code} | other)


@pytest.mark.req("S-2FA-08")
def test_an_authorization_code_opens_a_session_once(world: World) -> None:
    account_id = world.person("taro").account_id
    code = authorize(world)
    session = world.registry.open_authorized(authorized(code), world.now)
    assert world.who(session.token).account_id == account_id
    assert world.who(session.token).installation_id == "installation-taro"
    before = world.contents()
    assert refusal(world.registry.open_authorized, authorized(code), world.now) is AUTHORIZATION_REFUSED
    assert world.contents() == before


@pytest.mark.req("S-2FA-08", "S-GEN-10", "S-GEN-11")
def test_whoever_steals_the_code_has_no_use_of_it_and_does_not_spoil_it(world: World) -> None:
    world.person("taro")
    code = authorize(world)
    before = world.contents()
    wrong = (
        (authorized(code, code_verifier="w" * 43), AUTHORIZATION_REFUSED),
        (authorized(code, code_verifier=s256(VERIFIER)), AUTHORIZATION_REFUSED),
        (authorized(code, redirect_uri=REDIRECT + "/"), AUTHORIZATION_REFUSED),
        (authorized("x" * 43), AUTHORIZATION_REFUSED),
        (authorized(code, platform="android", os_version="5.1"), OS_UNSUPPORTED),
        (authorized(code, platform="ios", os_version="15.8"), OS_UNSUPPORTED),
    )
    for asked, why in wrong:
        assert refusal(world.registry.open_authorized, asked, world.now) is why
    assert world.contents() == before
    assert world.registry.open_authorized(authorized(code), world.now).email == EMAIL


@pytest.mark.parametrize(("age_s", "good"), [(59.999, True), (60.0, False)])
def test_an_authorization_code_is_good_for_a_minute(world: World, age_s: float, good: bool) -> None:
    world.person("taro")
    code = authorize(world)
    world.pass_time(seconds=age_s)
    if good:
        world.registry.open_authorized(authorized(code), world.now)
        return
    assert refusal(world.registry.open_authorized, authorized(code), world.now) is AUTHORIZATION_REFUSED
    authorize(world, world.person("hanako").email)
    assert len(world.contents()["authorization_codes"]) == 1


def test_nobody_is_authorized_for_an_account_that_is_gone_or_without_a_proof(world: World) -> None:
    world.person("taro")
    taro = check(world)
    gone = replace(taro, account_id=taro.account_id + 1)
    before = world.contents()
    for asked in ((gone, s256(VERIFIER)), (taro, ""), (taro, VERIFIER + "=")):
        assert refusal(world.registry.authorize, *asked, REDIRECT, world.now) is AUTHORIZATION_REFUSED
    assert world.contents() == before


def test_nobody_is_authorized_who_came_in_by_an_older_password(world: World) -> None:
    world.person("taro")
    visitor = check(world)
    world.registry.ask_new_password(EMAIL, PUBLIC_URL, world.now)
    world.registry.set_new_password(world.mailed_token(), "a new password 電池", world.now)
    asked = (visitor, s256(VERIFIER), REDIRECT, world.now)
    assert refusal(world.registry.authorize, *asked) is AUTHORIZATION_REFUSED


def test_the_challenge_is_that_of_the_standard() -> None:
    """RFC 7636, appendix B."""
    assert (
        s256("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk") == "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
    )


# --- a code as well


def needed(world: World, login: Login) -> tuple[str, str]:
    """Return the challenge of a login that needs a code, and where the code was sent."""
    with pytest.raises(Problem) as refused:
        world.registry.log_in(login, HOME, world.now)
    assert refused.value.kind is SMS_CODE_NEEDED
    return str(refused.value.facts["challenge"]), str(refused.value.facts["sent_to"])


def answer(challenge: str, code: str) -> LoginCode:
    return LoginCode(challenge=challenge, code=code, installation_id="installation-new_")


@pytest.mark.req("S-2FA-10", "S-2FA-05")
def test_with_two_step_on_a_login_needs_a_code_that_is_good_once(world: World) -> None:
    who = world.person("taro")
    world.turn_on_two_step(who.account_id)
    sessions_before = world.contents()["sessions"]
    assert refusal(world.registry.log_in, log_in(password="wrong"), HOME, world.now) is LOGIN_REFUSED
    assert len(world.contents()["texts"]) == 1
    challenge, sent_to = needed(world, log_in())
    assert sent_to == "***-****-5678"
    assert world.contents()["sessions"] == sessions_before
    code = world.texted_code()
    wrong = f"{(int(code) + 1) % 1_000_000:06}"
    assert refusal(world.registry.log_in_with_code, answer(challenge, wrong), world.now) is SMS_CODE_WRONG
    session = world.registry.log_in_with_code(answer(challenge, code), world.now)
    assert world.who(session.token).installation_id == "installation-new_"
    again = answer(challenge, code)
    assert refusal(world.registry.log_in_with_code, again, world.now) is SMS_CODE_SPENT


@pytest.mark.req("S-2FA-02", "S-2FA-07")
def test_with_two_step_off_only_a_login_through_a_proxy_needs_a_code(world: World) -> None:
    who = world.person("taro")
    assert not check(world).needs_code
    assert world.registry.check_password(EMAIL, PASSWORD, HOME, True, world.now).needs_code
    sent = world.registry.send_login_code(who.account_id, world.now)
    assert (sent.sent_to, world.contents()["texts"]) == (EMAIL, [])
    mail = world.registry.inbox()[0]
    assert mail.recipient == EMAIL
    assert (
        world.registry.answer_code(sent.challenge, mail.body.split("\n")[0][-6:], world.now) == who.account_id
    )
    world.turn_on_two_step(who.account_id)
    world.registry.turn_off_two_step(who.account_id, world.now)
    assert not check(world).needs_code
    sent = world.registry.send_login_code(who.account_id, world.now)
    assert sent.sent_to == "***-****-5678"
    assert world.registry.answer_code(sent.challenge, world.texted_code(), world.now) == who.account_id


@pytest.mark.req("S-APP-11", "S-2FA-10")
def test_a_social_login_needs_the_code_too(world: World) -> None:
    asked = SocialSignUp("line", "taro", EMAIL, terms_accepted=True)
    world.registry.sign_up_with_social(asked, PUBLIC_URL, world.now)
    world.registry.verify(world.mailed_token(), world.now)
    visitor = world.registry.social_visitor("line", "taro", True)
    assert visitor is not None
    assert visitor.needs_code
    world.turn_on_two_step(visitor.account_id)
    visitor = world.registry.social_visitor("line", "taro", False)
    assert visitor is not None
    assert (visitor.needs_code, visitor.asked_two_step) == (True, True)


def test_a_code_to_set_up_two_step_verification_is_no_login(world: World) -> None:
    who = world.person("taro")
    challenge = world.registry.begin_two_step(who.account_id, "09012345678", world.now).challenge
    before = world.contents("tallies")
    asked = answer(challenge, world.texted_code())
    assert refusal(world.registry.log_in_with_code, asked, world.now) is SMS_CODE_SPENT
    assert world.contents("tallies") == before


@pytest.mark.req("S-GEN-10", "S-GEN-11")
def test_an_old_phone_is_refused_before_the_code_is_looked_at(world: World) -> None:
    world.turn_on_two_step(world.person("taro").account_id)
    challenge, _ = needed(world, log_in())
    before = world.contents()
    old = answer(challenge, world.texted_code()).model_copy(update={"platform": "ios", "os_version": "15.8"})
    assert refusal(world.registry.log_in_with_code, old, world.now) is OS_UNSUPPORTED
    assert world.contents() == before
