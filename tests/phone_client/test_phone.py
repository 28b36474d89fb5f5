"""The doorway, with a gateway and a cloud that are real servers on loopback."""

import json
from pathlib import Path

import pytest
from aiohttp import web
from yarl import URL

from phone_client.phone import Phone
from phone_client.settings import Cloud, Store
from protocol.codes import with_check_digit
from protocol.problems import (
    CODE_MALFORMED,
    DEVICE_CODE_MALFORMED,
    LINK_CODE_NEEDED,
    LINK_REFUSED,
    NOT_LOGGED_IN,
    REQUEST_MALFORMED,
    STATE_DAMAGED,
    STATE_UNWRITABLE,
    Problem,
    UnreachableError,
)
from tests.phone_client import cloud_double, mdns_peer
from tests.phone_client.cloud_double import CHANGE_CODE, EMAIL, LINK, REFRESH, SESSION, TOKEN
from tests.phone_client.gateway_double import GATEWAY_ID, GatewayDouble, announced
from tests.phone_client.person import DEVICE_CODE, LINK_CODE, PASSWORD, World
from tests.support.ports import free_port

pytestmark = pytest.mark.adapters

LINKS = "POST /api/v1/links"
SESSIONS = "POST /api/v1/sessions"


async def refusal(world: World, *, link_code: str | None = None, device_code: str = DEVICE_CODE) -> Problem:
    async with world.phone() as phone:
        with pytest.raises(Problem) as refused:
            await phone.link("お父さん", device_code, link_code)
    return refused.value


@pytest.mark.req("S-DISC-01")
async def test_a_search_finds_and_remembers(world: World) -> None:
    async with announced(GatewayDouble()) as gateway, world.phone() as phone:
        found = await phone.search()
    (hit,) = [each for each in found.hits if each.gateway_id == GATEWAY_ID]
    remembered = {each.gateway_id: each for each in (await world.memory()).gateways}[GATEWAY_ID]
    assert (remembered.address, remembered.port) == (hit.address, hit.port) == ("127.0.0.1", gateway.port)


@pytest.mark.parametrize(
    "answer",
    ["[" * 100_000, json.dumps(Problem(NOT_LOGGED_IN).document() | {"facts": {"kind": "x", "self": "y"}})],
)
async def test_a_hostile_host_does_not_keep_others_from_being_found(world: World, answer: str) -> None:
    class Hostile(GatewayDouble):
        async def answer(self, request: web.Request) -> web.Response:
            return web.Response(status=500, text=answer)

    hostile = Hostile(gateway_id="666666666666")
    async with announced(hostile), announced(GatewayDouble()), world.phone() as phone:
        found = await phone.search()
    assert {hit.gateway_id for hit in found.hits} == {GATEWAY_ID}


async def test_a_search_works_where_nothing_can_be_kept(world: World, tmp_path: Path) -> None:
    read_only = tmp_path / "read-only"
    read_only.mkdir()
    (read_only / "phone.lock").mkdir()  # root may write anywhere, but not open a folder
    settings = world.settings.model_copy(update={"store": Store(folder=read_only)})
    async with announced(GatewayDouble()), Phone(settings) as phone:
        assert GATEWAY_ID in {hit.gateway_id for hit in (await phone.search()).hits}
        with pytest.raises(Problem) as refused:
            await phone.log_in(EMAIL, PASSWORD)
    assert refused.value.kind is STATE_UNWRITABLE
    assert world.cloud.requests == []


@pytest.mark.req("S-DISC-01", "S-BIND-06")
async def test_the_code_is_taken_from_the_panel_that_shows_it(logged_in: World) -> None:
    async with announced(GatewayDouble(shown_link_code=LINK_CODE)), logged_in.phone() as phone:
        linked = await phone.link("お父さん", DEVICE_CODE)
    assert linked.code_from
    assert linked.code_from.gateway_id == GATEWAY_ID
    assert not linked.other_found
    (sent,) = logged_in.cloud.bodies(LINKS)
    assert (sent["link_code"], sent["device_code"]) == (LINK_CODE, DEVICE_CODE)
    assert (await logged_in.memory()).link == LINK


@pytest.mark.req("S-DISC-09")
async def test_among_several_the_one_that_shows_a_code_is_used_and_two_are_never_guessed(
    logged_in: World,
) -> None:
    other = GatewayDouble(gateway_id="0123456789ac", model="MKN700")
    async with announced(GatewayDouble(shown_link_code=LINK_CODE)), announced(other):
        async with logged_in.phone() as phone:
            linked = await phone.link("お父さん", DEVICE_CODE)
            assert linked.code_from
            assert linked.code_from.gateway_id == GATEWAY_ID
        other.shown_link_code = with_check_digit("98765432109")
        refused = await refusal(logged_in)
    assert refused.kind is LINK_CODE_NEEDED
    assert len(logged_in.cloud.bodies(LINKS)) == 1


async def test_a_code_of_another_gateway_than_the_one_linked_is_said(logged_in: World) -> None:
    neighbour = GatewayDouble(gateway_id="0123456789ac", shown_link_code=LINK_CODE)
    async with announced(neighbour), logged_in.phone() as phone:
        assert (await phone.link("お父さん", DEVICE_CODE)).other_found


@pytest.mark.req("S-FAR-02", "S-DISC-06")
async def test_without_a_gateway_the_typed_code_links_all_the_same(logged_in: World) -> None:
    assert (await refusal(logged_in)).kind is LINK_CODE_NEEDED
    assert logged_in.cloud.bodies(LINKS) == []
    async with logged_in.phone() as phone:
        linked = await phone.link("お父さん", DEVICE_CODE, LINK_CODE)
    assert linked.code_from is None
    assert linked.link == LINK


@pytest.mark.req("S-LC-24")
@pytest.mark.parametrize("typed", ["{0} {1} {2}", "{0}-{1}-{2}", "{0}　{1}ー{2}"])
async def test_the_code_may_be_typed_as_it_is_shown(logged_in: World, typed: str) -> None:
    groups = (LINK_CODE[:4], "５６７８" if "　" in typed else LINK_CODE[4:8], LINK_CODE[8:])
    async with logged_in.phone() as phone:
        await phone.link("お父さん", "1234-567890", typed.format(*groups))
    (sent,) = logged_in.cloud.bodies(LINKS)
    assert (sent["link_code"], sent["device_code"]) == (LINK_CODE, DEVICE_CODE)


@pytest.mark.req("S-BIND-05")
async def test_what_cannot_be_right_is_refused_before_anything_is_sent(logged_in: World) -> None:
    before = len(logged_in.cloud.requests)
    wrong = LINK_CODE[:-1] + str((int(LINK_CODE[-1]) + 1) % 10)
    assert (await refusal(logged_in, link_code=wrong)).kind is CODE_MALFORMED
    assert (await refusal(logged_in, link_code="12 34")).kind is CODE_MALFORMED
    for device_code in ("", "123", "12345678901", "１２３", "abcdefghij"):
        assert (await refusal(logged_in, device_code=device_code)).kind is DEVICE_CODE_MALFORMED
    async with logged_in.phone() as phone:
        with pytest.raises(Problem) as refused:
            await phone.link("長" * 300, DEVICE_CODE, LINK_CODE)
    assert refused.value.kind is REQUEST_MALFORMED
    assert len(logged_in.cloud.requests) == before


async def test_linking_without_a_login_is_refused_before_the_search(world: World) -> None:
    async with mdns_peer.speaking(lambda _: []) as listener:
        assert (await refusal(world)).kind is NOT_LOGGED_IN
    assert not [each for _, port, each in listener.heard if port != mdns_peer.PORT]


@pytest.mark.req("S-BIND-20")
async def test_a_lost_answer_is_asked_for_again_under_the_same_request(logged_in: World) -> None:
    logged_in.cloud.answers[LINKS] = None
    for _ in range(2):
        async with logged_in.phone() as phone:
            with pytest.raises(UnreachableError):
                await phone.link("お父さん", DEVICE_CODE, LINK_CODE)
    logged_in.cloud.answers[LINKS] = LINK
    async with logged_in.phone() as phone:
        await phone.link("お父さん", DEVICE_CODE, LINK_CODE)
        await phone.link("お父さん", DEVICE_CODE, LINK_CODE)
    *same, last = [body["request_id"] for body in logged_in.cloud.bodies(LINKS)]
    assert len(set(same)) == 1
    assert last not in same
    assert LINK_CODE not in (await logged_in.memory()).model_dump_json()


async def test_a_refused_request_and_a_corrected_one_are_two(logged_in: World) -> None:
    logged_in.cloud.answers[LINKS] = Problem(LINK_REFUSED)
    assert (await refusal(logged_in, link_code=LINK_CODE)).kind is LINK_REFUSED
    assert (await logged_in.memory()).link is None
    assert (await refusal(logged_in, link_code=LINK_CODE)).kind is LINK_REFUSED
    first, second = [body["request_id"] for body in logged_in.cloud.bodies(LINKS)]
    assert first != second


@pytest.mark.req("S-DISC-14")
async def test_no_lan_host_ever_sees_a_code_a_password_or_a_token(logged_in: World) -> None:
    gateway = GatewayDouble(shown_link_code=LINK_CODE)
    async with mdns_peer.speaking(lambda _: []) as listener, announced(gateway), logged_in.phone() as phone:
        await phone.search()
        await phone.preview("お父さん", DEVICE_CODE, LINK_CODE)
        await phone.link("お父さん", DEVICE_CODE)
        await phone.link("お父さん", DEVICE_CODE, LINK_CODE)
        await phone.move_here((await phone.issue_change_code()).change_code)
    assert gateway.requests
    assert listener.raw
    heard = " ".join(gateway.requests).encode() + b" ".join(listener.raw)
    installation = (await logged_in.memory()).installation_id
    secrets = (DEVICE_CODE, LINK_CODE, CHANGE_CODE, TOKEN, REFRESH, PASSWORD, EMAIL, installation, "Bearer")
    for secret in secrets:
        assert secret.encode() not in heard


@pytest.mark.parametrize(
    "nonsense", ["", "<html>", '{"token": 1}', "[1]", SESSION.model_dump_json() + " " * (1 << 20)]
)
async def test_a_cloud_that_talks_nonsense_is_unreachable(world: World, nonsense: str) -> None:
    world.cloud.answers["POST /api/v1/sessions"] = nonsense
    async with world.phone() as phone:
        with pytest.raises(UnreachableError):
            await phone.log_in(EMAIL, PASSWORD)
    assert (await world.memory()).login is None


async def test_a_password_does_not_follow_a_redirection(world: World) -> None:
    async with cloud_double.running() as other:
        world.cloud.answers["POST /api/v1/sessions"] = URL(f"{other.url}/api/v1/sessions")
        async with world.phone() as phone:
            with pytest.raises(UnreachableError):
                await phone.log_in(EMAIL, PASSWORD)
    assert other.requests == []


async def test_a_cloud_that_is_away_is_unreachable(world: World) -> None:
    away = world.settings.model_copy(update={"cloud": Cloud(url=f"http://127.0.0.1:{free_port()}")})
    async with Phone(away) as phone:
        with pytest.raises(UnreachableError, match="refused"):
            await phone.log_in(EMAIL, PASSWORD)


async def test_a_refusal_of_the_cloud_comes_back_without_terminal_tricks(world: World) -> None:
    hostile = Problem(REQUEST_MALFORMED, reason="\x1b[2Jgone\u202e")
    world.cloud.answers["POST /api/v1/sessions"] = hostile
    async with world.phone() as phone:
        with pytest.raises(Problem) as refused:
            await phone.log_in(EMAIL, PASSWORD)
    assert refused.value.sentence().isprintable()


async def test_a_damaged_memory_refuses_every_verb_and_stays_as_it_is(world: World) -> None:
    file = world.settings.store.folder / "phone.json"
    file.write_text("{")
    async with world.phone() as phone:
        for verb in (
            phone.search(),
            phone.log_in(EMAIL, PASSWORD),
            phone.timeline(),
            phone.events(),
            phone.log_out(),
        ):
            with pytest.raises(Problem) as refused:
                await verb
            assert refused.value.kind is STATE_DAMAGED
    assert file.read_text() == "{"
    assert world.cloud.requests == []
