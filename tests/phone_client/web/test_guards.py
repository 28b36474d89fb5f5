"""Who may do what: tokens, origins, hosts, the key; and what must not be found in addresses, headers and logs."""

import logging
import re
import subprocess
from collections.abc import Iterator
from urllib.parse import urlsplit

import aiohttp
import pytest

from phone_client.settings import Ui
from protocol.codes import in_fours
from tests.phone_client.cloud_double import CHANGE_CODE, LINK, REFRESH, TOKEN
from tests.phone_client.person import DEVICE_CODE, LINK_CODE, World
from tests.phone_client.web.hand import Hand, hand_at
from tests.phone_client.web.test_opening import SCREENS
from tests.phone_client.web.test_registering import TYPED, agree
from tests.support.rights import NOT_ALLOWED, may_make_networks

pytestmark = pytest.mark.adapters

OUTSIDE = "192.0.2.77"


@pytest.mark.req("S-UI-03")
async def test_each_form_needs_the_token_of_this_run(hand: Hand) -> None:
    for place in ("introduction", "login", "search", "phone", "timeline"):
        await hand.stand_at(place)
        before = await hand.world.contents() if place != "introduction" else ""
        for screen in SCREENS:
            if screen.act:
                await hand.send(screen.path, {"token": "of-an-earlier-run", "go": "on"})
                assert hand.status == 409, screen.path
                assert hand.says("ページの再読み込みを行ってください。")
        assert all(each.startswith("GET ") for each in hand.world.cloud.routes())
        assert place == "introduction" or await hand.world.contents() == before


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Host": "evil.example"},
    ],
)
async def test_another_sites_page_moves_nothing(hand: Hand, headers: dict[str, str]) -> None:
    await hand.stand_at("timeline")
    await hand.look("/menu")
    await hand.send("/logged-out", {"token": hand.token()}, **headers)
    assert hand.status == 403
    assert (await hand.world.memory()).login


async def test_pages_have_a_strict_policy_and_are_kept_nowhere(hand: Hand) -> None:
    await hand.stand_at("timeline")
    for path in ("/timeline", "/help", "/change"):
        await hand.look(path)
        policy = hand.headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy
        assert "script-src 'self'" in policy
        assert "form-action 'self';" in policy
        assert "unsafe" not in policy
        assert hand.headers["Cache-Control"] == "no-store"
        assert not re.search(r"<script(?![^>]* src=)|\son\w+=|style=", hand.page), path


@pytest.mark.req("S-LC-22")
async def test_no_code_or_token_is_in_an_address_or_a_log(
    hand: Hand, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    went: list[str] = []
    await hand.stand_at("search")
    await agree(hand)
    await hand.tap("/register", **TYPED)
    went += [hand.path, *hand.went]
    hand.link(LINK)
    await hand.tap("/confirm")
    went += [hand.path, *hand.went]
    await hand.look("/change")
    await hand.tap("/change")
    went += [hand.path, *hand.went]
    assert hand.says(*in_fours(CHANGE_CODE).split())
    told = "\n".join([*went, caplog.text])
    for secret in (DEVICE_CODE, LINK_CODE, in_fours(LINK_CODE), CHANGE_CODE, TOKEN, REFRESH, hand.token()):
        assert secret not in told
    assert "/confirm" in told


@pytest.fixture
def outside() -> Iterator[str]:
    """Yield an address of this process's own network that is not a loopback address (RFC 5737)."""
    if not may_make_networks():
        pytest.skip(NOT_ALLOWED)
    here = (f"{OUTSIDE}/32", "dev", "lo")
    subprocess.run(["ip", "address", "add", *here], check=True)
    yield OUTSIDE
    subprocess.run(["ip", "address", "delete", *here], check=True)


async def test_where_others_reach_it_a_key_lets_in_and_nothing_else(world: World, outside: str) -> None:
    async with hand_at(world, ui=Ui(host=outside, port=0)) as hand:
        address = urlsplit(hand.url)
        assert re.fullmatch(r"key=[\w-]{22}", address.query)
        hand.url = f"http://{address.netloc}"
        for path in ("/", "/introduction", "/login/callback?code=x&state=y", "/events", "/?key=wrong"):
            await hand.look(path)
            assert (hand.status, hand.went) == (403, []), path
            assert hand.says("この画面は開けません", "鍵の付いたアドレス", "the address with the key")
        await hand.send("/introduction", {"token": "x"})
        assert hand.status == 403
        assert not (await world.memory()).introduced
        await hand.look("/static/phone.css")
        assert hand.status == 200

        async with (
            aiohttp.ClientSession() as lured,
            lured.get(f"{hand.url}//elsewhere.example/?{address.query}", allow_redirects=False) as answer,
        ):
            assert answer.headers["Location"] == "/elsewhere.example/", "never to another host"

        await hand.look(f"/?{address.query}")
        assert hand.went == ["/", "/introduction"], "the key does not stay in the address"
        assert hand.status == 200
        assert address.query.removeprefix("key=") not in hand.page
        await hand.tap("/introduction")
        assert hand.at == "/login"
        async with aiohttp.ClientSession() as stranger, stranger.get(f"{hand.url}/menu") as answer:
            assert answer.status == 403


async def test_each_start_has_a_key_of_its_own(world: World, outside: str) -> None:
    keys = set()
    for _ in range(2):
        async with hand_at(world, ui=Ui(host=outside, port=0)) as hand:
            keys.add(urlsplit(hand.url).query)
    assert len(keys) == 2


async def test_on_loopback_there_is_no_key(hand: Hand) -> None:
    assert urlsplit(hand.url).query == ""
