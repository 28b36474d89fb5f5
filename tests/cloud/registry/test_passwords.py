"""パスワードを忘れた方はこちら: a mailed URL sets a new password."""

import pytest

from cloud.instants import to_ms
from cloud.pepper import s256
from protocol.cloud_api import AuthorizedLogin, Renewal
from protocol.problems import (
    AUTHORIZATION_REFUSED,
    EMAIL_UNUSABLE,
    LOGIN_REFUSED,
    MAIL_URL_EXPIRED,
    MAIL_URL_INVALID,
    PASSWORD_UNUSABLE,
    SESSION_ENDED,
    SMS_CODE_SPENT,
)
from tests.cloud.actors import HOME, PASSWORD, PUBLIC_URL, Gateway, World, refusal

pytestmark = pytest.mark.adapters

EMAIL = "taro@example.jp"
NEW = "a new password 電池"


def ask(world: World, email: str = EMAIL) -> None:
    world.registry.ask_new_password(email, PUBLIC_URL, world.now)


def set_new(world: World, token: str, password: str = NEW) -> str:
    return world.registry.set_new_password(token, password, world.now)


def needs_code(world: World, password: str) -> bool:
    return world.registry.check_password(EMAIL, password, HOME, False, world.now).needs_code


@pytest.mark.req("S-APP-12")
def test_the_mailed_url_sets_a_new_password_once(world: World) -> None:
    world.person("taro")
    ask(world, " TARO@example.jp")
    mail, token = world.registry.inbox()[0], world.mailed_token()
    assert mail.recipient == EMAIL
    assert f"{PUBLIC_URL}/password/new?token={token}\n" in mail.body
    assert set_new(world, token) == EMAIL
    assert refusal(needs_code, world, PASSWORD) is LOGIN_REFUSED
    assert needs_code(world, NEW) is False
    notice = world.registry.inbox()[0]
    assert (notice.recipient, "token=" in notice.body) == (EMAIL, False)
    before = world.contents()
    assert refusal(set_new, world, token, "yet another 電池") is MAIL_URL_INVALID
    assert world.contents() == before


@pytest.mark.req("S-APP-12")
def test_nothing_tells_whether_an_address_has_an_account(world: World) -> None:
    world.sign_up("unconfirmed@example.jp")
    before = world.contents("tallies")
    for email in ("nobody@example.jp", "unconfirmed@example.jp"):
        ask(world, email)
    assert world.contents("tallies") == before
    assert refusal(ask, world, "nonsense") is EMAIL_UNUSABLE


@pytest.mark.req("S-APP-12")
@pytest.mark.parametrize(("age_s", "good"), [(3599.999, True), (3600.0, False)])
def test_the_url_is_good_for_an_hour(world: World, age_s: float, good: bool) -> None:
    world.person("taro")
    ask(world)
    token = world.mailed_token()
    world.pass_time(seconds=age_s)
    if good:
        set_new(world, token)
        return
    before = world.contents()
    assert refusal(set_new, world, token) is MAIL_URL_EXPIRED
    assert world.contents() == before


@pytest.mark.req("S-APP-12", "S-ACC-12")
def test_only_the_newest_url_is_good_and_only_for_a_usable_password(world: World) -> None:
    world.person("taro")
    ask(world)
    first = world.mailed_token()
    ask(world)
    before = world.contents()
    assert refusal(set_new, world, first) is MAIL_URL_INVALID
    for password in ("short", "password1", "Panasonic2026", "taro@example.jp"):
        assert refusal(set_new, world, world.mailed_token(), password) is PASSWORD_UNUSABLE
    assert world.contents() == before
    set_new(world, world.mailed_token())


@pytest.mark.req("S-APP-12")
def test_a_verification_url_sets_no_password_and_the_other_way_round(world: World) -> None:
    world.sign_up(EMAIL)
    verification = world.mailed_token()
    assert refusal(set_new, world, verification) is MAIL_URL_INVALID
    world.registry.verify(verification, world.now)
    ask(world)
    assert refusal(world.registry.verify, world.mailed_token(), world.now) is MAIL_URL_INVALID


@pytest.mark.req("S-APP-12")
def test_a_new_password_ends_every_login_and_leaves_the_link(world: World, gateway: Gateway) -> None:
    world.register(gateway)
    who = world.person("taro")
    world.link(who, gateway, world.issue(gateway))
    session = world.session(EMAIL, "two")
    redirect = "http://127.0.0.1:1/"
    visitor = world.registry.visitor(who.account_id)
    assert visitor is not None
    code = world.registry.authorize(visitor, s256("v" * 43), redirect, world.now)
    other = world.session(world.person("hanako").email, "hanako")
    kept = {name: world.contents()[name] for name in ("links", "phones", "samples", "events")}
    ask(world)
    set_new(world, world.mailed_token())
    assert refusal(world.who, session.token) is SESSION_ENDED
    renewal = Renewal(refresh_token=session.refresh_token)
    assert refusal(world.registry.renew, renewal, world.now) is SESSION_ENDED
    asked = AuthorizedLogin(
        code=code, code_verifier="v" * 43, redirect_uri=redirect, installation_id="installation-____"
    )
    assert refusal(world.registry.open_authorized, asked, world.now) is AUTHORIZATION_REFUSED
    assert {name: world.contents()[name] for name in kept} == kept
    assert world.who(other.token).email == "hanako@example.jp"


@pytest.mark.req("S-APP-12", "S-2FA-10")
def test_two_step_verification_and_its_wrong_codes_stay(world: World) -> None:
    account_id = world.person("taro").account_id
    world.turn_on_two_step(account_id)
    sent = world.registry.send_login_code(account_id, world.now)
    with world.registry.store.writing() as store:
        for _ in range(3):
            world.registry.tally("code_wrong", account_id).note(store, to_ms(world.now))
    ask(world)
    set_new(world, world.mailed_token())
    assert needs_code(world, NEW)
    code = world.texted_code()  # asked for with the old password
    assert refusal(world.registry.answer_code, sent.challenge, code, world.now) is SMS_CODE_SPENT
    with world.registry.store.reading() as store:
        assert len(world.registry.tally("code_wrong", account_id).count(store)) == 3
