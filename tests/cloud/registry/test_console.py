"""What the operator sees: pages of gateways and accounts, who sits where, what happened; and it changes nothing."""

from datetime import timedelta

import pytest

from cloud.registry.console import PAGE_SIZE, PhoneLine
from protocol.telemetry import Status
from tests.cloud.actors import NOON, Gateway, World, another_gateway
from tests.cloud.meters import counted

pytestmark = pytest.mark.adapters


def house(world: World) -> Gateway:
    """Return a gateway that father (two phones) and mother use."""
    gateway = Gateway()
    registered = world.register(gateway)
    world.pass_time(minutes=1)
    father, mother = world.person("father"), world.person("mother")
    world.link(father, gateway, world.issue(gateway), "お父さん")
    world.link(mother, gateway, world.issue(gateway), "Ｍａｍａ")
    world.send(registered, [counted(seq, world.now, seq) for seq in (1, 2)])
    return gateway


def test_a_line_says_how_a_gateway_stands(world: World) -> None:
    gateway = house(world)
    before = world.contents()
    overview = world.registry.overview(world.now)
    (line,) = overview.gateways
    assert (line.gateway_id, line.model, line.firmware, line.epoch) == (
        gateway.gateway_id,
        "MKN702",
        "2.10",
        1,
    )
    assert (line.registered_at, line.last_seen_at) == (NOON, world.now)
    assert (line.stored_up_to, line.accounts, line.newest) == (2, 2, counted(2, world.now, 2))
    world.registry.account_list()
    world.registry.gateway_view(gateway.gateway_id, world.now)
    world.registry.newest_events()
    assert world.contents() == before


def test_the_figures_count_everything(world: World) -> None:
    gateway = house(world)
    world.register(another_gateway())
    world.sign_up("unconfirmed@example.jp")
    world.registry.accept_status(
        gateway.gateway_id, 1, Status(online=True, firmware="2.10", at=world.now), world.now
    )
    figures = world.registry.overview(world.now, "nobody").figures
    assert (figures.gateways, figures.online, figures.accounts, figures.phones) == (2, 1, 2, 2)


@pytest.mark.req("S-TEL-06")
def test_gateways_can_be_asked_for_by_their_state(world: World) -> None:
    gateway = house(world)
    other = another_gateway()
    world.register(other)
    world.registry.accept_status(
        gateway.gateway_id, 1, Status(online=True, firmware="2.10", at=world.now), world.now
    )

    def found(state: str) -> list[str]:
        lines = world.registry.overview(world.now, state=state).gateways  # type: ignore[arg-type]
        assert all(line.online is (state == "online") for line in lines if state != "all")
        return sorted(line.gateway_id for line in lines)

    assert (found("online"), found("offline")) == ([gateway.gateway_id], [other.gateway_id])
    world.pass_time(seconds=30)
    assert found("online") == [gateway.gateway_id]
    world.pass_time(milliseconds=1)
    assert found("online") == []
    assert found("offline") == found("all") == sorted([gateway.gateway_id, other.gateway_id])


def test_a_search_finds_by_id_address_and_nickname(world: World) -> None:
    house(world)
    world.register(another_gateway(999))
    world.person("stranger")
    for search, gateways, accounts in (
        ("", 2, 3),
        ("0123456789AB", 1, 2),
        ("456", 1, 2),
        ("FATHER@", 1, 1),
        ("example.jp", 1, 3),
        ("お父", 1, 1),
        ("mama", 1, 1),
        ("ｍａｍａ", 1, 1),
        ("stranger", 0, 1),
        ("nobody", 0, 0),
        ("%", 0, 0),
        ("_", 0, 0),
        ("'; DROP TABLE", 0, 0),
        ("\\", 0, 0),
    ):
        overview, listed = world.registry.overview(world.now, search), world.registry.account_list(search)
        assert (len(overview.gateways), overview.pages.found) == (gateways, gateways), search
        assert (len(listed.accounts), listed.pages.found) == (accounts, accounts), search


def test_a_page_is_never_longer_and_none_is_beyond_the_last(world: World) -> None:
    for number in range(1, PAGE_SIZE + 2):
        world.register(another_gateway(number))
        world.pass_time(seconds=1)
    first, second = (world.registry.overview(world.now, page=page) for page in (1, 2))
    assert (len(first.gateways), len(second.gateways)) == (PAGE_SIZE, 1)
    assert [first.gateways[0].gateway_id, second.gateways[0].gateway_id] == [
        f"{PAGE_SIZE + 1:012x}",
        f"{1:012x}",
    ]
    assert (first.pages.number, first.pages.last, first.pages.found) == (1, 2, PAGE_SIZE + 1)
    for page in (0, -1, 3, 10**6):
        shown = world.registry.overview(world.now, page=page)
        assert shown.gateways == (first if page < 1 else second).gateways


def test_an_account_says_where_it_sits_and_with_which_phones(world: World) -> None:
    gateway = house(world)
    world.registry.log_out(world.session("mother@example.jp", "mother").token)
    mother, father = world.registry.account_list().accounts
    assert (father.email, father.gateway_id, father.member_slot) == (
        "father@example.jp",
        gateway.gateway_id,
        1,
    )
    assert father.phones == [PhoneLine(1, "お父さん", "android", "14")]
    assert mother.phones == [PhoneLine(1, "Ｍａｍａ", None, None)]  # logged out, and keeps its place
    assert (mother.member_slot, mother.two_step_on, mother.verified_at) == (
        2,
        False,
        NOON + timedelta(minutes=1),
    )


def test_a_gateway_shows_its_seats_and_what_happened_to_it(world: World) -> None:
    gateway, other = house(world), another_gateway()
    world.register(other)
    view = world.registry.gateway_view(gateway.gateway_id, world.now)
    assert view
    assert [(each.member_slot, each.email) for each in view.members] == [
        (1, "father@example.jp"),
        (2, "mother@example.jp"),
    ]
    assert {each.gateway_id for each in view.events} == {gateway.gateway_id}
    assert world.registry.newest_events() == view.events
    empty = world.registry.gateway_view(other.gateway_id, world.now)
    assert empty
    assert (empty.members, empty.events, empty.line.newest) == ([], [], None)
    assert world.registry.gateway_view("f" * 12, world.now) is None


def test_an_event_is_told_once_with_all_who_heard(world: World) -> None:
    gateway = house(world)
    world.pass_time(minutes=1)
    world.registry.accept_status(
        gateway.gateway_id, 1, Status(online=True, firmware="2.11", at=world.now), world.now
    )
    newest = world.registry.newest_events()[0]
    assert (newest.kind, newest.gateway_id, newest.at) == ("firmware_updated", gateway.gateway_id, world.now)
    assert sorted(newest.told) == ["father@example.jp", "mother@example.jp"]
