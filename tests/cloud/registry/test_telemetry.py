from collections.abc import Sequence
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cloud.arrivals import Arrival
from protocol.problems import NOT_LINKED, Problem
from protocol.telemetry import Status
from tests.cloud.actors import Gateway, World, another_gateway, sample

pytestmark = pytest.mark.adapters

HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)


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


@pytest.mark.req("S-TEL-04")
def test_the_timeline_shows_the_linked_gateway_only(world: World, gateway: Gateway) -> None:
    ours, theirs = world.register(gateway), world.register(another_gateway())
    world.send(theirs, [sample(1, world.now, generation_w=999), sample(2, world.now, generation_w=999)])
    world.send(ours, [sample(1, world.now - HOUR, 700), sample(2, world.now, 800)])
    father = world.person("father")
    with pytest.raises(Problem) as refused:
        world.registry.timeline(father, HOUR, MINUTE, world.now)
    assert refused.value.kind is NOT_LINKED
    world.link(father, gateway, world.issue(gateway))
    timeline = world.registry.timeline(father, HOUR, MINUTE, world.now)
    assert (timeline.gateway_id, timeline.bucket_s) == (gateway.gateway_id, 60)
    assert timeline.newest == sample(2, world.now, 800)
    assert [(bucket.generation_w) for bucket in timeline.buckets if bucket.samples] == [700, 800]
    assert len(timeline.buckets) == 61


@pytest.mark.req("S-TEL-04")
def test_a_phone_without_a_slot_sees_no_timeline(world: World, gateway: Gateway) -> None:
    world.register(gateway)
    world.link(world.person("father"), gateway, world.issue(gateway))
    unregistered = world.log_in("father@example.jp", "other")
    with pytest.raises(Problem) as refused:
        world.registry.timeline(unregistered, HOUR, MINUTE, world.now)
    assert refused.value.kind is NOT_LINKED


@pytest.mark.req("S-TEL-06")
def test_a_silent_or_parting_gateway_is_offline(world: World, gateway: Gateway) -> None:
    registered = world.register(gateway)
    father = world.person("father")
    world.link(father, gateway, world.issue(gateway))

    def online() -> bool:
        shown = world.registry.timeline(father, HOUR, MINUTE, world.now).online
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


def test_the_overview_counts_rows(world: World, gateway: Gateway) -> None:
    registered = world.register(gateway)
    world.send(registered, [sample(1), sample(2)])
    world.person("father")
    world.sign_up("unconfirmed@example.jp")
    overview = world.registry.overview(world.now)
    assert overview.accounts == 1
    (line,) = overview.gateways
    assert (line.gateway_id, line.samples, line.epoch) == (gateway.gateway_id, 2, 1)
    assert (line.registered_at, line.last_seen_at) == (world.now, world.now)


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
