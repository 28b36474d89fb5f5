from collections.abc import Sequence
from datetime import date, datetime, timedelta, timezone
from typing import get_args

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import event

from cloud.arrivals import Arrival
from cloud.instants import to_ms
from cloud.registry.sessions import Who
from cloud.timeline import buckets, edges
from protocol.cloud_api import By
from protocol.problems import NOT_LINKED
from protocol.telemetry import Status
from tests.cloud.actors import NOON, Gateway, World, another_gateway, refusal, sample
from tests.cloud.meters import around, counted

pytestmark = pytest.mark.adapters

TEN_SECONDS = timedelta(seconds=10)


def status(world: World, online: bool) -> Status:
    return Status(online=online, firmware="2.10", at=world.now)


def test_samples_are_stored_once_and_confirmed(world: World, gateway: Gateway) -> None:
    registered = world.register(gateway)
    assert world.send(registered, [sample(1), sample(2)]) == 2
    before = world.contents("gateways")
    assert world.send(registered, [sample(2), sample(1)]) == 2
    assert world.contents("gateways") == before
    assert world.send(registered, [sample(3)]) == 3


def test_a_hole_is_not_confirmed_until_it_is_filled(world: World, gateway: Gateway) -> None:
    registered = world.register(gateway)
    assert world.send(registered, [sample(1), sample(3)]) == 1
    assert world.send(registered, [sample(4)]) == 1
    world.restart()
    assert world.send(registered, [sample(2)]) == 4


def test_what_the_gateway_lost_does_not_block_the_receipt(world: World, gateway: Gateway) -> None:
    registered = world.register(gateway)
    assert world.send(registered, [sample(1)]) == 1
    assert world.send(registered, [sample(9), sample(10)], oldest=9) == 10
    assert len(world.contents()["samples"]) == 3


def test_a_batch_confirms_each_gateway(world: World, gateway: Gateway) -> None:
    one, other = world.register(gateway), world.register(another_gateway())
    arrivals = [
        Arrival(one.gateway_id, 1, None, (sample(1),)),
        Arrival(other.gateway_id, 1, None, (sample(1), sample(2))),
        Arrival(one.gateway_id, 1, None, (sample(2), sample(3))),
    ]
    assert world.registry.accept_samples(arrivals, world.now) == {
        (one.gateway_id, 1): 3,
        (other.gateway_id, 1): 2,
    }


@pytest.mark.req("S-TEL-03")
def test_an_unregistered_gateway_is_not_stored(world: World, gateway: Gateway) -> None:
    before = world.contents()
    assert (
        world.registry.accept_samples([Arrival(gateway.gateway_id, 1, None, (sample(1),))], world.now) == {}
    )
    assert not world.registry.accept_status(gateway.gateway_id, 1, status(world, True), world.now)
    assert world.contents() == before


@pytest.mark.req("S-TEL-02")
def test_the_old_registration_is_not_stored_under_the_new(world: World, gateway: Gateway) -> None:
    old, new = world.register(gateway), world.register(gateway)
    before = world.contents()
    assert world.send(old, [sample(1)]) is None
    assert not world.registry.accept_status(old.gateway_id, old.epoch, status(world, True), world.now)
    assert world.contents() == before
    assert world.send(new, [sample(1)]) == 1


deliveries = st.lists(st.lists(st.integers(1, 12), min_size=1, max_size=5), max_size=12)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(deliveries)
def test_any_order_and_repetition_stores_the_same(world: World, orders: Sequence[Sequence[int]]) -> None:
    registered = world.register(Gateway(gateway_id="0" * 12, key=KEY))
    sent: set[int] = set()
    for order in orders:
        confirmed = world.send(registered, [sample(seq) for seq in order])
        sent |= set(order)
        assert confirmed == next(seq for seq in range(13) if seq + 1 not in sent)
    assert [row[2] for row in world.contents()["samples"]] == sorted(sent)


KEY = Gateway().key


@pytest.mark.req("S-TEL-04", "S-BIND-07")
def test_the_timeline_shows_the_linked_gateway_only(world: World, gateway: Gateway) -> None:
    ours, theirs = world.register(gateway), world.register(another_gateway())
    world.send(theirs, [counted(seq, world.now + seq * TEN_SECONDS, seq * 999) for seq in (1, 2)])
    world.send(ours, [counted(seq, world.now + seq * TEN_SECONDS, seq) for seq in (1, 2)])
    world.pass_time(minutes=25)
    father = world.person("father")
    assert refusal(world.registry.timeline, father, "hour", None, world.now) is NOT_LINKED
    world.link(father, gateway, world.issue(gateway))
    timeline = world.registry.timeline(father, "hour", None, world.now)
    assert (timeline.gateway_id, timeline.by) == (gateway.gateway_id, "hour")
    assert timeline.newest == counted(2, NOON + 2 * TEN_SECONDS, 2)
    assert [each.consumption_wh for each in timeline.buckets] == [None] * 12 + [10]


@pytest.mark.req("S-TEL-04")
def test_a_phone_without_a_slot_sees_no_timeline(world: World, gateway: Gateway) -> None:
    world.register(gateway)
    world.link(world.person("father"), gateway, world.issue(gateway))
    unregistered = world.log_in("father@example.jp", "other")
    assert refusal(world.registry.timeline, unregistered, "day", None, world.now) is NOT_LINKED


@pytest.mark.parametrize("by", get_args(By))
def test_what_is_sought_by_index_is_what_a_look_at_everything_finds(
    world: World, gateway: Gateway, by: By
) -> None:
    """Days with gaps, two samples of one instant, samples on an edge, before and after the year."""
    instants = [at for day in range(-400, 40, 7) for at in minutes_of(NOON + timedelta(days=day))]
    stored = [counted(seq, at, seq * seq) for seq, at in enumerate(instants, start=1)]
    registered = world.register(gateway)
    for start in range(0, len(stored), 100):
        world.send(registered, stored[start : start + 100])
    world.register(another_gateway())
    father = world.person("father")
    world.link(father, gateway, world.issue(gateway))
    for on in (None, date(2025, 12, 31), date(2026, 11, 22), date(2030, 1, 1)):
        at = edges(by, on or date(2026, 11, 22))
        shown = world.registry.timeline(father, by, on, world.now)
        assert shown.buckets == buckets(around(stored, at), to_ms(world.now))
        assert (to_ms(shown.start_at), to_ms(shown.end_at)) == (at[0], at[-1])


def minutes_of(day: datetime) -> list[datetime]:
    return [day + timedelta(minutes=minute) for minute in (0, 0, 9, 10, 10.2, 10.4, 11, 300)]


def test_today_is_a_day_in_japan(process_zone: str, world: World, gateway: Gateway) -> None:
    world.register(gateway)
    father = world.person("father")
    world.link(father, gateway, world.issue(gateway))
    world.now = datetime(2026, 11, 22, 14, 59, 59, tzinfo=timezone.utc)  # noqa: UP017
    assert len(world.registry.timeline(father, "ten_minutes", None, world.now).buckets) == 144
    world.pass_time(seconds=1)
    tomorrow = world.registry.timeline(father, "ten_minutes", None, world.now)
    assert (tomorrow.start_at, len(tomorrow.buckets)) == (world.now, 1)


def test_a_new_registration_starts_the_timeline_anew(world: World, gateway: Gateway) -> None:
    old = world.register(gateway)
    world.send(old, [counted(seq, NOON + seq * TEN_SECONDS, 1000 * seq) for seq in (1, 2)])
    new = world.register(gateway)
    world.send(new, [counted(seq, NOON + (2 + seq) * TEN_SECONDS, seq) for seq in (1, 2)])
    world.pass_time(minutes=5)
    father = world.person("father")
    world.link(father, gateway, world.issue(gateway))
    assert world.registry.timeline(father, "day", None, world.now).buckets[-1].consumption_wh == 10


@pytest.mark.parametrize("by", get_args(By))
def test_no_statement_looks_through_the_samples(world_in_a_file: World, gateway: Gateway, by: By) -> None:
    """As SQLite plans it: every look into `samples` is a search by a key, however much is stored."""
    world = world_in_a_file
    world.register(gateway)
    father = world.person("father")
    world.link(father, gateway, world.issue(gateway))
    said: list[tuple[str, tuple[object, ...]]] = []
    with world.registry.store.reading() as store:
        listened = (
            store.engine,
            "before_cursor_execute",
            lambda _, __, text, values, *___: said.append((text, values)),
        )
        event.listen(*listened)
        world.registry.timeline(father, by, None, world.now)
        event.remove(*listened)
        asked = [(text, values) for text, values in said if "samples" in text]
        plans = [store.exec_driver_sql(f"EXPLAIN QUERY PLAN {text}", values).all() for text, values in asked]
    steps = [row.detail for plan in plans for row in plan if "samples" in row.detail]
    assert len(steps) == 4
    assert all(each.startswith("SEARCH samples USING") for each in steps)


def test_another_firmware_is_told_once_to_every_linked_account(world: World, gateway: Gateway) -> None:
    registered = world.register(gateway)
    father, mother, stranger = (world.person(name) for name in ("father", "mother", "stranger"))
    for who in (father, mother):
        world.link(who, gateway, world.issue(gateway))

    def told(who: Who) -> int:
        return [each.kind for each in world.registry.events(who, world.now).events].count("firmware_updated")

    def say(firmware: str, *, online: bool = True) -> None:
        said = Status(online=online, firmware=firmware, at=world.now)
        assert world.registry.accept_status(registered.gateway_id, registered.epoch, said, world.now)

    for firmware, online, number in (
        ("2.10", True, 0),
        ("2.11", True, 1),
        ("2.11", True, 1),
        ("2.10", False, 1),  # the last will of the connection before
        ("2.11", True, 1),
        ("2.10", True, 2),
    ):
        say(firmware, online=online)
        assert [told(who) for who in (father, mother, stranger)] == [number, number, 0]
        assert world.registry.overview(world.now).gateways[0].firmware == (firmware if online else "2.11")


@pytest.mark.req("S-TEL-06")
def test_a_silent_or_parting_gateway_is_offline(world: World, gateway: Gateway) -> None:
    registered = world.register(gateway)
    father = world.person("father")
    world.link(father, gateway, world.issue(gateway))

    def online() -> bool:
        shown = world.registry.timeline(father, "hour", None, world.now).online
        assert shown is world.registry.overview(world.now).gateways[0].online
        return shown

    assert not online()
    world.registry.accept_status(registered.gateway_id, 1, status(world, True), world.now)
    assert online()
    world.pass_time(seconds=30)
    assert online()
    world.pass_time(milliseconds=1)
    assert not online()
    world.send(registered, [sample(1)])
    assert online()
    world.registry.accept_status(registered.gateway_id, 1, status(world, False), world.now)
    assert not online()


def test_the_latest_instant_is_that_of_the_last_thing_kept(world: World, gateway: Gateway) -> None:
    assert world.registry.latest_instant() is None
    registered = world.register(gateway)
    for act in (
        lambda: world.issue(gateway),
        lambda: world.sign_up("a@b.jp"),
        lambda: world.send(registered, [sample(1)]),
    ):
        world.pass_time(minutes=1)
        act()
        assert world.registry.latest_instant() == world.now
