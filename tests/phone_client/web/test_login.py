"""To the club and back: the password never comes by, and a code never stays in an address."""

from urllib.parse import parse_qs, urlencode, urlsplit

import pytest

from protocol.problems import AUTHORIZATION_REFUSED, Problem
from tests.phone_client.cloud_double import CLUB, LINK
from tests.phone_client.web.hand import Hand

pytestmark = pytest.mark.adapters

CALLBACK = "/login/callback"
AUTHORIZED = "POST /api/v1/sessions/authorized"
CODE = "authorization-code-1"


async def go_to_club(hand: Hand) -> dict[str, str]:
    """Tap the button and return what the club is asked for."""
    await hand.look("/login")
    await hand.tap("/login")
    (address,) = hand.went
    assert address.startswith(f"{CLUB}?")
    return {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}


async def come_back(hand: Hand, **query: str) -> None:
    await hand.look(f"{CALLBACK}?{urlencode(query)}")


@pytest.mark.req("S-APP-07", "S-GEN-20", "S-2FA-08")
async def test_the_button_leads_to_the_clubs_own_origin_and_no_form_leads_elsewhere(hand: Hand) -> None:
    await hand.stand_at("login")
    await hand.look("/login")
    assert hand.ways_on() == ["CLUB Panasonic ログイン画面へ"]
    assert hand.says("「panasonic.jp」「panasonic.com」からのメールを受信できるように")
    assert "password" not in hand.page
    assert "form-action 'self' http://127.0.0.1:8083;" in hand.headers["Content-Security-Policy"]
    asked = await go_to_club(hand)
    assert asked["redirect_uri"] == f"{hand.url}{CALLBACK}"
    assert asked["code_challenge_method"] == "S256"
    assert asked["lang"] == "ja"
    await hand.look("/help")
    assert "form-action 'self';" in hand.headers["Content-Security-Policy"]


@pytest.mark.req("S-APP-07", "S-ADD-04", "S-CHG-08", "S-2FA-08")
async def test_the_way_back_finishes_the_login_and_leaves_the_address_at_once(hand: Hand) -> None:
    await hand.stand_at("login")
    hand.link(None)
    asked = await go_to_club(hand)
    await come_back(hand, code=CODE, state=asked["state"])
    assert hand.went == ["/", "/start"]
    (sent,) = hand.world.cloud.bodies(AUTHORIZED)
    assert (sent["code"], sent["redirect_uri"]) == (CODE, asked["redirect_uri"])
    assert CODE not in hand.page


@pytest.mark.req("S-OUT-04", "S-ADD-14")
@pytest.mark.parametrize(("link", "home"), [(LINK, "/timeline"), (None, "/start")])
async def test_who_is_registered_comes_to_the_top_and_who_is_not_to_the_search(
    hand: Hand, link: object, home: str
) -> None:
    await hand.stand_at("login")
    hand.link(LINK if link else None)
    asked = await go_to_club(hand)
    await come_back(hand, code=CODE, state=asked["state"])
    assert hand.at == home


async def test_an_answer_to_somebody_elses_login_changes_nothing(hand: Hand) -> None:
    await hand.stand_at("login")
    await go_to_club(hand)
    before = await hand.world.contents()
    await come_back(hand, code=CODE, state="slipped-in-by-somebody")
    assert hand.at == "/login"
    assert hand.alert == AUTHORIZATION_REFUSED.ja
    assert hand.world.cloud.bodies(AUTHORIZED) == []
    assert await hand.world.contents() == before
    await hand.look("/login")
    assert hand.alert == "", "it is said once"


async def test_a_login_that_the_cloud_refuses_is_told_on_the_login_page(hand: Hand) -> None:
    await hand.stand_at("login")
    hand.world.cloud.answers[AUTHORIZED] = Problem(AUTHORIZATION_REFUSED)
    asked = await go_to_club(hand)
    await come_back(hand, code=CODE, state=asked["state"])
    assert (hand.at, hand.alert) == ("/login", AUTHORIZATION_REFUSED.ja)
    assert not hand.says("ご利用を続けるには、もう一度ログインしてください。"), "the sentence says so itself"


async def test_back_from_the_club_without_a_login_is_back_at_the_login(hand: Hand) -> None:
    await hand.stand_at("login")
    asked = await go_to_club(hand)
    await come_back(hand, error="access_denied", state=asked["state"])
    assert (hand.at, hand.alert) == ("/login", "")


async def test_without_the_cloud_there_is_no_way_to_the_club(hand: Hand) -> None:
    await hand.stand_at("login")
    hand.world.cloud.answers["GET /api/v1/club"] = None
    await hand.look("/login")
    assert (hand.status, hand.alert) == (503, "サーバーに接続できません")
