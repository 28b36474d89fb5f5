"""CLUB Panasonic IDs: from 新規登録 to 退会する."""

from collections.abc import Callable

import pytest
from sqlalchemy import String, cast, select

from cloud.instants import to_ms
from cloud.registry.accounts import SocialSignUp
from cloud.store.schema import metadata
from protocol.cloud_api import SignUp
from protocol.problems import (
    ACCOUNT_DELETED,
    AUTHORIZATION_REFUSED,
    EMAIL_UNUSABLE,
    LOGIN_REFUSED,
    MAIL_URL_EXPIRED,
    MAIL_URL_INVALID,
    NEW_PASSWORD_NEEDED,
    NOT_LOGGED_IN,
    PASSWORD_UNUSABLE,
    TERMS_NOT_ACCEPTED,
    TOO_MANY_MESSAGES,
    TOO_MANY_TRIES,
    Problem,
)
from tests.cloud.actors import HOME, PASSWORD, PUBLIC_URL, Gateway, World, refusal, sample

pytestmark = pytest.mark.adapters

EMAIL = "taro@example.jp"
LINE = ("line", "subject-of-taro")


def sign_up(world: World, email: str = EMAIL, password: str = PASSWORD, *, terms: bool = True) -> object:
    asked = SignUp(email=email, password=password, terms_accepted=terms)
    return world.registry.sign_up(asked, PUBLIC_URL, world.now).told


def sign_up_with_line(world: World, email: str = EMAIL, *, terms: bool = True) -> object:
    asked = SocialSignUp(*LINE, email, terms)
    return world.registry.sign_up_with_social(asked, PUBLIC_URL, world.now).told


def may_log_in(world: World, password: str = PASSWORD) -> bool:
    try:
        world.registry.check_password(EMAIL, password, HOME, False, world.now)
    except Problem as problem:
        assert problem.kind is LOGIN_REFUSED
        return False
    return True


@pytest.mark.req("S-APP-09")
def test_the_address_is_the_id_however_it_is_typed(world: World) -> None:
    world.sign_up("Taro@Example.JP")
    verified = world.registry.verify(world.mailed_token(), world.now)
    assert (verified.email, verified.already) == (EMAIL, False)
    assert world.log_in(" TARO@example.jp", "taro").email == EMAIL
    world.sign_up("ｔａｒｏ@example.jp")
    assert len(world.contents()["accounts"]) == 1


@pytest.mark.req("S-ACC-02", "S-ACC-12")
def test_without_the_tick_or_with_an_unusable_answer_nothing_happens(world: World) -> None:
    before = world.contents()
    assert refusal(sign_up, world, terms=False) is TERMS_NOT_ACCEPTED
    assert refusal(sign_up, world, password="password") is PASSWORD_UNUSABLE
    assert refusal(sign_up, world, email="taro") is EMAIL_UNUSABLE
    assert refusal(sign_up_with_line, world, terms=False) is TERMS_NOT_ACCEPTED
    assert world.contents() == before


@pytest.mark.req("S-ACC-01", "S-ACC-03")
def test_newsletters_are_none_unless_chosen_and_can_be_changed(world: World) -> None:
    father, mother = world.person("father"), "mother@example.jp"
    assert world.registry.profile(father.account_id).newsletters == ()
    asked = SignUp(email=mother, password=PASSWORD, terms_accepted=True, newsletters=("住まい", "家電"))
    world.registry.sign_up(asked, PUBLIC_URL, world.now)
    world.registry.verify(world.mailed_token(), world.now)
    account_id = world.log_in(mother, "mother").account_id
    assert world.registry.profile(account_id).newsletters == ("住まい", "家電")
    world.registry.change_newsletters(account_id, ("家電",))
    assert world.registry.profile(account_id).newsletters == ("家電",)
    assert world.registry.profile(father.account_id).newsletters == ()


@pytest.mark.req("S-ACC-04", "S-GEN-20")
def test_the_mail_has_the_url_and_a_sender_that_users_accept(world: World) -> None:
    world.sign_up(EMAIL)
    (mail,) = world.registry.inbox()
    assert mail.recipient == EMAIL
    assert f"{PUBLIC_URL}/verify?token={world.mailed_token()}\n" in mail.body
    assert mail.sender.endswith(".panasonic.jp>")
    assert mail.sent_at == world.now


@pytest.mark.req("S-ACC-04", "S-ACC-05", "S-ACC-07")
@pytest.mark.parametrize(("age_s", "good"), [(3599.999, True), (3600.0, False)])
def test_the_url_is_good_for_one_hour(world: World, age_s: float, good: bool) -> None:
    world.sign_up(EMAIL)
    token = world.mailed_token()
    world.pass_time(seconds=age_s)
    if good:
        assert world.registry.verify(token, world.now).email == EMAIL
        return
    before = world.contents()
    assert refusal(world.registry.verify, token, world.now) is MAIL_URL_EXPIRED
    assert world.contents() == before
    assert not may_log_in(world)


@pytest.mark.req("S-ACC-06")
def test_a_second_tap_says_already_confirmed(world: World) -> None:
    world.sign_up(EMAIL)
    token = world.mailed_token()
    world.registry.verify(token, world.now)
    world.pass_time(days=2)
    before = world.contents()
    assert world.registry.verify(token, world.now).already
    assert world.contents() == before


def test_a_token_that_nobody_was_mailed_is_invalid(world: World) -> None:
    world.sign_up(EMAIL)
    for token in ("", "x" * 43, "\ud800"):
        assert refusal(world.registry.verify, token, world.now) is MAIL_URL_INVALID


@pytest.mark.req("S-ACC-08", "S-ACC-13")
def test_a_new_url_voids_the_old_one_whether_asked_for_or_signed_up_for(world: World) -> None:
    world.sign_up(EMAIL)
    tokens = [world.mailed_token()]
    world.sign_up(EMAIL)
    tokens.append(world.mailed_token())
    world.registry.resend(EMAIL, PUBLIC_URL, world.now)
    for old in tokens:
        assert refusal(world.registry.verify, old, world.now) is MAIL_URL_INVALID
    world.sign_up("another@example.jp")  # while the first is unverified
    assert world.registry.verify(world.mailed_token(), world.now).email == "another@example.jp"


@pytest.mark.req("S-ACC-05", "S-ACC-13")
def test_after_an_hour_another_mail_goes_on_with_the_same_password(world: World) -> None:
    world.sign_up(EMAIL)
    world.pass_time(hours=1)
    world.registry.resend(EMAIL, PUBLIC_URL, world.now)
    world.registry.verify(world.mailed_token(), world.now)
    assert may_log_in(world)


@pytest.mark.req("S-ACC-13")
def test_five_mails_an_hour_go_to_an_address_whoever_asks_for_them(world: World) -> None:
    ways: tuple[Callable[[], object], ...] = (
        lambda: sign_up(world),
        lambda: world.registry.resend(EMAIL, PUBLIC_URL, world.now),
        lambda: world.registry.ask_new_password(EMAIL, PUBLIC_URL, world.now),
        lambda: sign_up_with_line(world),
    )
    world.person("taro")
    for way in ways:
        world.pass_time(seconds=1)
        way()
    before = world.contents()
    for way in ways:
        with pytest.raises(Problem) as refused:
            way()
        assert (refused.value.kind, refused.value.facts) == (TOO_MANY_MESSAGES, {"retry_after_s": 3596})
    assert world.contents() == before
    sign_up(world, "hanako@example.jp")
    world.pass_time(seconds=3596)
    ways[1]()
    assert refusal(ways[2]) is TOO_MANY_MESSAGES


@pytest.mark.req("S-ACC-13")
def test_mails_that_go_nowhere_count_alike(world: World) -> None:
    for _ in range(5):
        world.registry.resend("nobody@example.jp", PUBLIC_URL, world.now)
    assert world.registry.inbox() == []
    for verb in (world.registry.resend, world.registry.ask_new_password):
        assert refusal(verb, "nobody@example.jp", PUBLIC_URL, world.now) is TOO_MANY_MESSAGES


@pytest.mark.req("S-ACC-14")
def test_unconfirmed_accounts_vanish_after_a_day(world: World) -> None:
    world.sign_up(EMAIL)
    world.pass_time(hours=24, milliseconds=-1)
    world.sign_up("hanako@example.jp")
    assert len(world.contents()["accounts"]) == 2
    world.pass_time(milliseconds=1)
    world.sign_up("hanako@example.jp")
    assert len(world.contents()["accounts"]) == 1
    assert {mail.recipient for mail in world.registry.inbox()} == {"hanako@example.jp"}


@pytest.mark.req("S-ACC-10")
def test_an_owned_address_is_answered_alike_and_its_owner_is_told(world: World) -> None:
    world.person("taro")
    before = world.contents("mails", "tallies")
    ways: tuple[Callable[[str], object], ...] = (
        lambda email: sign_up(world, email, "another password"),
        lambda email: sign_up_with_line(world, email),
        lambda email: world.registry.resend(email, PUBLIC_URL, world.now),
    )
    for ask in ways:
        fresh, owned = ask("new@example.jp"), ask(EMAIL)
        assert str(owned).replace(EMAIL, "new@example.jp") == str(fresh)
        notice = world.registry.inbox()[0]
        assert notice.recipient == EMAIL
        assert "token=" not in notice.body
    assert before["accounts"][0] in world.contents()["accounts"]
    assert may_log_in(world)


@pytest.mark.req("S-ACC-10")
def test_every_sign_up_hashes_exactly_once(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.person("taro")
    hashed: list[str] = []
    real = type(world.registry.pepper).hash

    def counted(self: object, secret: str) -> str:
        hashed.append(secret)
        return real(world.registry.pepper, secret)

    monkeypatch.setattr("cloud.pepper.Pepper.hash", counted)
    for number, email in enumerate(("new@example.jp", "new@example.jp", EMAIL), 1):
        sign_up(world, email)
        assert len(hashed) == number
    sign_up_with_line(world)
    assert len(hashed) == 4


@pytest.mark.req("S-APP-11")
def test_a_social_account_logs_in_by_provider_and_subject_after_the_mail(world: World) -> None:
    assert world.registry.social_visitor(*LINE, False) is None
    sign_up_with_line(world)
    assert world.registry.social_visitor(*LINE, False) is None
    world.registry.verify(world.mailed_token(), world.now)
    visitor = world.registry.social_visitor(*LINE, False)
    assert visitor is not None
    assert (visitor.email, visitor.needs_code, visitor.asked_two_step) == (EMAIL, False, False)
    for other in (("google", LINE[1]), ("line", EMAIL), ("line", "Subject-of-taro")):
        assert world.registry.social_visitor(*other, False) is None
    before = world.contents()
    assert refusal(sign_up_with_line, world, "other@example.jp") is AUTHORIZATION_REFUSED
    assert world.contents() == before


@pytest.mark.req("S-APP-11", "S-ACC-10")
def test_a_social_account_with_the_address_of_an_account_takes_nothing_over(world: World) -> None:
    world.person("taro")
    sign_up_with_line(world)
    assert world.registry.social_visitor(*LINE, False) is None
    assert world.contents()["social_logins"] == []
    sign_up_with_line(world, "own@example.jp")
    world.registry.verify(world.mailed_token(), world.now)
    visitor = world.registry.social_visitor(*LINE, False)
    assert visitor is not None
    assert visitor.email == "own@example.jp"


@pytest.mark.req("S-APP-11")
def test_a_second_attempt_with_a_social_account_replaces_the_first(world: World) -> None:
    sign_up_with_line(world, "mistyped@example.jp")
    first = world.mailed_token()
    sign_up_with_line(world)
    assert refusal(world.registry.verify, first, world.now) is MAIL_URL_INVALID
    world.registry.verify(world.mailed_token(), world.now)
    assert world.registry.social_visitor(*LINE, False) is not None


def test_the_profile_shows_what_is_kept_and_of_the_number_four_digits(world: World, gateway: Gateway) -> None:
    father = world.person("father")
    profile = world.registry.profile(father.account_id)
    assert (profile.email, profile.two_step_on, profile.number_masked) == (father.email, False, None)
    assert (profile.gateway, profile.phones) == (None, ())
    world.register(gateway)
    world.link(father, gateway, world.issue(gateway), "お父さん")
    world.turn_on_two_step(father.account_id)
    profile = world.registry.profile(father.account_id)
    assert (profile.two_step_on, profile.number_masked) == (True, "***-****-5678")
    assert (profile.gateway, profile.phones) == ("MKN702", ("お父さん",))


@pytest.mark.req("S-DEL-14", "S-DEL-09")
def test_leaving_erases_the_person_and_leaves_the_house(world: World, gateway: Gateway) -> None:
    registered = world.register(gateway)
    world.send(registered, [sample(1)])
    father, mother = world.person("father"), world.person("mother")
    for who, nickname in ((father, "大黒柱"), (mother, "お母さん")):
        world.link(who, gateway, world.issue(gateway), nickname)
    world.turn_on_two_step(father.account_id, "080-9876-5432")
    world.turn_on_two_step(father.account_id, "090-1111-2222")
    world.registry.resend(father.email, PUBLIC_URL, world.now)
    kept = world.contents("events", "mails", "tallies")
    world.registry.withdraw(father.account_id, PASSWORD, world.now)
    left = world.contents()
    assert left["samples"] == kept["samples"]
    assert left["gateways"] == kept["gateways"]
    assert [row[0] for row in left["links"]] == [mother.account_id]
    assert refusal(world.registry.profile, father.account_id) is NOT_LOGGED_IN
    assert world.registry.current_link(mother).nickname == "お母さん"
    personal = (father.email, "大黒柱", "9876", "+819011112222", "installation-father")
    found = [
        (table.name, column.name, trace)
        for table in metadata.sorted_tables
        for column in table.columns
        for trace in personal
        if in_column(world, str(table.name), column.name, trace)
    ]
    assert found == []
    assert in_column(world, "accounts", "email", mother.email)


def in_column(world: World, table: str, column: str, trace: str) -> bool:
    """Say whether the text is anywhere in this column."""
    where = metadata.tables[table].c[column]
    with world.registry.store.reading() as store:
        return bool(store.scalar(select(where).where(cast(where, String).contains(trace)).limit(1)))


@pytest.mark.req("S-DEL-14")
def test_nothing_of_the_person_is_left_in_the_file(world: World, gateway: Gateway) -> None:
    father = world.person("father")
    world.register(gateway)
    world.link(father, gateway, world.issue(gateway), "大黒柱")
    world.turn_on_two_step(father.account_id)
    world.registry.withdraw(father.account_id, PASSWORD, world.now)
    world.registry.close()
    kept = world.kept()
    for trace in (father.email, "大黒柱", "819012345678"):
        assert trace.encode() not in kept


@pytest.mark.req("S-DEL-14")
def test_whoever_left_is_told_so_and_their_place_is_free(world: World, gateway: Gateway) -> None:
    world.register(gateway)
    people = [world.person(name) for name in ("a", "b", "c", "d")]
    for who in people:
        world.link(who, gateway, world.issue(gateway), who.email[0])
    session = world.session(people[0].email, "a")
    left = world.registry.withdraw(people[0].account_id, PASSWORD, world.now)
    assert left is not None
    assert (left.gateway_id, left.epoch) == (gateway.gateway_id, 1)
    assert refusal(world.who, session.token) is ACCOUNT_DELETED
    assert refusal(world.registry.log_out, session.refresh_token) is ACCOUNT_DELETED
    assert refusal(world.session, people[0].email, "a") is LOGIN_REFUSED
    world.link(world.person("e"), gateway, world.issue(gateway), "e")
    again = world.person("a")  # the address is free
    assert refusal(world.registry.current_link, again) is not None


def test_leaving_a_gateway_behind_needs_the_password(world: World, gateway: Gateway) -> None:
    who = world.person("taro")
    before = world.contents("tallies")
    for _ in range(6):
        assert refusal(world.registry.withdraw, who.account_id, "wrong", world.now) is LOGIN_REFUSED
    assert refusal(world.registry.withdraw, who.account_id, PASSWORD, world.now) is TOO_MANY_TRIES
    assert world.contents("tallies") == before
    assert may_log_in(world)
    world.pass_time(seconds=30)
    assert world.registry.withdraw(who.account_id, PASSWORD, world.now) is None
    assert world.contents()["accounts"] == []
    assert refusal(world.registry.withdraw, who.account_id, PASSWORD, world.now) is NOT_LOGGED_IN


def test_a_hundred_wrong_passwords_in_a_row_end_the_tries_to_leave(world: World) -> None:
    who = world.person("taro")
    with world.registry.store.writing() as store:
        for _ in range(99):
            world.registry.tally("leaving_wrong", who.account_id).note(store, to_ms(world.now))
    world.pass_time(hours=1)
    assert refusal(world.registry.withdraw, who.account_id, "wrong", world.now) is LOGIN_REFUSED
    world.pass_time(days=1)
    assert refusal(world.registry.withdraw, who.account_id, PASSWORD, world.now) is NEW_PASSWORD_NEEDED


@pytest.mark.req("S-DEL-14")
def test_a_social_account_is_free_again_after_leaving(world: World) -> None:
    sign_up_with_line(world)
    world.registry.verify(world.mailed_token(), world.now)
    visitor = world.registry.social_visitor(*LINE, False)
    assert visitor is not None
    world.registry.ask_new_password(EMAIL, PUBLIC_URL, world.now)
    world.registry.set_new_password(world.mailed_token(), PASSWORD, world.now)
    world.registry.withdraw(visitor.account_id, PASSWORD, world.now)
    assert world.registry.social_visitor(*LINE, False) is None
    assert world.contents()["social_logins"] == []


def test_no_password_or_token_is_in_the_database(world: World) -> None:
    world.person("taro")
    session = world.session(EMAIL, "taro")
    secrets = (PASSWORD, session.token, session.refresh_token)
    text = repr(world.contents())
    kept = world.kept()
    for secret in secrets:
        assert secret not in text
        assert secret.encode() not in kept
