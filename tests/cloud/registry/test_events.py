import pytest

from tests.cloud.actors import Gateway, World

pytestmark = pytest.mark.adapters


def at_of(world: World, name: str) -> list[object]:
    who = world.log_in(f"{name}@example.jp", name)
    return [event.at for event in world.registry.events(who, world.now).events]


def linked(world: World, gateway: Gateway, name: str = "father") -> None:
    world.link(world.person(name), gateway, world.issue(gateway))


def test_who_is_not_linked_is_told_nothing(world: World, gateway: Gateway) -> None:
    world.register(gateway)
    world.person("father")
    world.issue(gateway)
    assert at_of(world, "father") == []


def test_the_newest_fifty_come_newest_first(world: World, gateway: Gateway) -> None:
    world.register(gateway)
    linked(world, gateway)
    issued = []
    for _ in range(52):
        world.pass_time(minutes=10)
        world.issue(gateway)
        issued.append(world.now)
    assert at_of(world, "father") == issued[:1:-1]


def test_an_event_is_kept_90_days(world: World, gateway: Gateway) -> None:
    world.register(gateway)
    linked(world, gateway)
    happened = world.now
    world.pass_time(days=90, milliseconds=-1)
    assert at_of(world, "father") == [happened]
    world.pass_time(milliseconds=1)
    assert at_of(world, "father") == []
    assert len(world.contents()["events"]) == 1
    world.issue(gateway)
    assert len(world.contents()["events"]) == 1, "the old one is erased with the next"


def test_events_outlive_the_link(world: World, gateway: Gateway) -> None:
    world.register(gateway)
    linked(world, gateway)
    linked_at = world.now
    world.pass_time(minutes=1)
    world.register(gateway)
    world.issue(gateway)
    assert at_of(world, "father") == [world.now, linked_at], "registered anew, and nothing of the code since"
