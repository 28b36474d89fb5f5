import pytest

from protocol.cloud_api import Login, SignUp
from protocol.problems import (
    LOGIN_REFUSED,
    MAIL_URL_EXPIRED,
    MAIL_URL_INVALID,
    NOT_LOGGED_IN,
    PASSWORD_UNUSABLE,
    TERMS_NOT_ACCEPTED,
    Problem,
)
from tests.cloud.actors import PASSWORD, PUBLIC_URL, World

pytestmark = pytest.mark.adapters

EMAIL = "taro@example.jp"


def login(email: str = EMAIL, password: str = PASSWORD) -> Login:
    return Login(email=email, password=password, installation_id="installation-0001")


def test_from_sign_up_to_log_out(world: World) -> None:
    world.sign_up(EMAIL)
    verified = world.registry.verify(world.mailed_token(), world.now)
    assert (verified.email, verified.already) == (EMAIL, False)
    session = world.registry.log_in(login("TARO@example.jp "), world.now)
    assert (session.email, session.link) == (EMAIL, None)
    assert world.registry.authenticate(session.token, world.now).email == EMAIL
    world.registry.log_out(session.token, world.now)
    with pytest.raises(Problem) as refused:
        world.registry.authenticate(session.token, world.now)
    assert refused.value.kind is NOT_LOGGED_IN


@pytest.mark.req("S-ACC-02")
def test_without_the_tick_nothing_happens(world: World) -> None:
    before = world.contents()
    with pytest.raises(Problem) as refused:
        world.registry.sign_up(
            SignUp(email=EMAIL, password=PASSWORD, terms_accepted=False), PUBLIC_URL, world.now
        )
    assert refused.value.kind is TERMS_NOT_ACCEPTED
    with pytest.raises(Problem) as refused:
        world.registry.sign_up(
            SignUp(email=EMAIL, password="password", terms_accepted=True), PUBLIC_URL, world.now
        )
    assert refused.value.kind is PASSWORD_UNUSABLE
    assert world.contents() == before


@pytest.mark.req("S-ACC-03")
def test_newsletters_are_kept(world: World) -> None:
    asked = SignUp(email=EMAIL, password=PASSWORD, terms_accepted=True, newsletters=("住まい",))
    world.registry.sign_up(asked, PUBLIC_URL, world.now)
    assert '["住まい"]' in world.contents()["accounts"][0]


@pytest.mark.req("S-ACC-04", "S-GEN-20")
def test_the_mail_has_the_url_and_a_sender_that_users_accept(world: World) -> None:
    world.sign_up(EMAIL)
    (mail,) = world.registry.inbox()
    assert mail.recipient == EMAIL
    assert f"{PUBLIC_URL}/verify?token={world.mailed_token()}" in mail.body
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
    with pytest.raises(Problem) as refused:
        world.registry.verify(token, world.now)
    assert refused.value.kind is MAIL_URL_EXPIRED
    assert world.contents() == before
    with pytest.raises(Problem):
        world.registry.log_in(login(), world.now)


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
    with pytest.raises(Problem) as refused:
        world.registry.verify("x" * 43, world.now)
    assert refused.value.kind is MAIL_URL_INVALID


@pytest.mark.req("S-ACC-13")
def test_signing_up_again_before_confirming_voids_the_first_url(world: World) -> None:
    world.sign_up(EMAIL)
    first = world.mailed_token()
    world.sign_up(EMAIL)
    with pytest.raises(Problem) as refused:
        world.registry.verify(first, world.now)
    assert refused.value.kind is MAIL_URL_INVALID
    assert world.registry.verify(world.mailed_token(), world.now).email == EMAIL


@pytest.mark.req("S-ACC-14")
def test_unconfirmed_accounts_vanish_after_a_day(world: World) -> None:
    world.sign_up(EMAIL)
    world.pass_time(hours=24)
    world.sign_up("hanako@example.jp")
    assert len(world.contents()["accounts"]) == 1


@pytest.mark.req("S-ACC-10")
def test_signing_up_with_an_owned_address_answers_alike_and_tells_the_owner(world: World) -> None:
    asked = SignUp(email=EMAIL, password="another password", terms_accepted=True)
    world.person("taro")
    before = world.contents("mails")
    fresh = world.registry.sign_up(
        asked.model_copy(update={"email": "new@example.jp"}), PUBLIC_URL, world.now
    )
    owned = world.registry.sign_up(asked, PUBLIC_URL, world.now)
    assert owned.model_dump(exclude={"mail_sent_to"}) == fresh.model_dump(exclude={"mail_sent_to"})
    notice = world.registry.inbox()[0]
    assert notice.recipient == EMAIL
    assert "token=" not in notice.body
    assert world.contents("mails")["accounts"][0] == before["accounts"][0]
    world.registry.log_in(login(), world.now)


@pytest.mark.req("S-ACC-07")
def test_unknown_unconfirmed_and_wrong_are_one_answer(world: World) -> None:
    world.person("taro")
    world.sign_up("unconfirmed@example.jp")
    before = world.contents()
    documents = []
    for asked in (
        login("nobody@example.jp"),
        login("not an address"),
        login("unconfirmed@example.jp"),
        login(password="wrong password"),
        login(password=PASSWORD + " "),
    ):
        with pytest.raises(Problem) as refused:
            world.registry.log_in(asked, world.now)
        documents.append(refused.value.document())
    assert documents == [Problem(LOGIN_REFUSED).document()] * 5
    assert world.contents() == before


def test_every_refused_login_verifies_exactly_once(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.person("taro")
    verified: list[str] = []
    verify = type(world.registry.pepper).verify

    def counted(self: object, secret: str, kept: str | None) -> bool:
        verified.append(secret)
        return verify(world.registry.pepper, secret, kept)

    monkeypatch.setattr("cloud.pepper.Pepper.verify", counted)
    for asked in (login("nobody@example.jp"), login("nonsense"), login(password="wrong")):
        with pytest.raises(Problem):
            world.registry.log_in(asked, world.now)
    assert len(verified) == 3


def test_a_session_ends_after_30_days(world: World) -> None:
    world.person("taro")
    token = world.registry.log_in(login(), world.now).token
    world.pass_time(days=30, milliseconds=-1)
    world.registry.authenticate(token, world.now)
    world.pass_time(milliseconds=1)
    with pytest.raises(Problem) as refused:
        world.registry.authenticate(token, world.now)
    assert refused.value.kind is NOT_LOGGED_IN


def test_no_password_or_session_token_is_in_the_database(world: World) -> None:
    world.person("taro")
    token = world.registry.log_in(login(), world.now).token
    files = b"".join(file.read_bytes() for file in world.folder.glob("cloud.sqlite3*"))
    assert token.encode() not in files
    assert PASSWORD.encode() not in files
