"""Conditions begin and end in any order, any number at once, and leave nothing behind."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lab.conditions.catalogue import CATALOGUE
from protocol.problems import CANNOT_RUN_HERE, NODE_UNKNOWN, PARAMETER_WRONG, Problem
from tests.lab.conditions.fake_hands import FakeHands, snapshot
from tests.lab.network.machines import Lab

USUAL: Mapping[str, object] = {
    "power": True,
    "carrier": True,
    "ipv4": True,
    "ipv6": True,
    "tunnel": False,
    "clock": 0.0,
    "second_nic": "",
}


def assert_as_before(hands: FakeHands, before: object) -> None:
    hands.network.wake(hands.lab.now)
    assert snapshot(hands) == before
    for (what, node), value in hands.states.items():
        home = hands.network.plan.hosts[node].segment
        address = str(hands.network.plan.address(node, home).ip)
        assert value == {"join": home, "readdress": address, **USUAL}[what], (what, node)


@pytest.mark.parametrize("name", CATALOGUE)
def test_the_end_restores_what_was(hands: FakeHands, name: str) -> None:
    before = snapshot(hands)
    began = hands.begin(name)
    assert snapshot(hands) != before or hands.did
    hands.lab.send("phone", hands.lab.multicast("phone"))
    hands.register.end(began.number)
    assert hands.register.active() == []
    assert_as_before(hands, before)
    sent = hands.lab.multicast("phone")
    hands.lab.traced.clear()
    assert {each.data for each in hands.lab.send("phone", sent)} == {sent}
    assert {each.target: each.fate for each in hands.lab.traced} == dict.fromkeys(
        ("gateway", "neighbour", "router.home"), "passed"
    )


@pytest.mark.parametrize("name", CATALOGUE)
def test_the_same_twice_is_no_trouble(hands: FakeHands, name: str) -> None:
    before = snapshot(hands)
    first, second = hands.begin(name), hands.begin(name)
    hands.register.end(first.number)
    hands.register.end(second.number)
    assert_as_before(hands, before)


@given(
    names=st.lists(st.sampled_from(sorted(CATALOGUE)), min_size=2, max_size=7),
    order=st.randoms(use_true_random=False),
    wait_s=st.floats(0, 40),
)
def test_any_of_them_together_end_in_any_order(names: list[str], order: Any, wait_s: float) -> None:
    hands = FakeHands(Lab())
    before = snapshot(hands)
    numbers = [hands.begin(name).number for name in names]
    hands.lab.send("phone", hands.lab.multicast("phone"))
    hands.pass_time(wait_s)
    order.shuffle(numbers)
    for number in numbers:
        hands.register.end(number)
    assert_as_before(hands, before)


def test_active_ones_are_listed_with_all_their_parameters(hands: FakeHands) -> None:
    hands.begin("loss", p=0.5)
    hands.begin("delay", ttl_s=9, ms=10)
    first, second = hands.register.active()
    assert (first.number, first.name, first.args, first.ends_at) == (1, "loss", {"p": 0.5, "on": None}, None)
    assert second.args == {"ms": 10, "jitter": 0, "on": None}
    assert second.ends_at == hands.now() + timedelta(seconds=9)


def test_all_clear_ends_all(hands: FakeHands) -> None:
    before = snapshot(hands)
    for name in CATALOGUE:
        hands.begin(name)
    assert len(hands.register.active()) == len(CATALOGUE)
    hands.register.all_clear()
    assert hands.register.active() == []
    assert_as_before(hands, before)


def test_a_time_to_live_ends_it(hands: FakeHands) -> None:
    before = snapshot(hands)
    hands.begin("mdns_blocked", ttl_s=5)
    hands.pass_time(4.9)
    assert len(hands.register.active()) == 1
    hands.pass_time(0.2)
    assert hands.register.active() == []
    assert_as_before(hands, before)


def test_a_time_to_live_that_comes_late_ends_nothing_else(hands: FakeHands) -> None:
    first = hands.begin("mdns_blocked", ttl_s=5)
    hands.register.end(first.number)
    hands.register.end(first.number)  # twice is as good as once
    hands.begin("mdns_blocked")
    hands.pass_time(10)
    assert [each.number for each in hands.register.active()] == [2]


@pytest.mark.parametrize("ttl_s", [0, -1, 86_401, float("inf"), float("nan")])
def test_a_time_to_live_is_above_nothing_and_has_an_end(hands: FakeHands, ttl_s: float) -> None:
    before = snapshot(hands)
    with pytest.raises(Problem) as caught:
        hands.begin("loss", ttl_s=ttl_s)
    assert caught.value.kind == PARAMETER_WRONG
    assert hands.register.active() == []
    assert snapshot(hands) == before


def test_some_end_by_themselves(hands: FakeHands) -> None:
    before = snapshot(hands)
    drops, reboot = hands.begin("wifi_drops", s=2), hands.begin("router_reboots", s=4)
    assert drops.ends_at == hands.now() + timedelta(seconds=2)
    assert reboot.ends_at == hands.now() + timedelta(seconds=4)
    hands.pass_time(3)
    assert [each.name for each in hands.register.active()] == ["router_reboots"]
    assert hands.states["carrier", "phone"] is False  # the router is still away
    hands.pass_time(2)
    assert_as_before(hands, before)


def test_what_cannot_be_done_here_leaves_nothing_behind(hands: FakeHands) -> None:
    hands.lacks.add("tunnel")
    before = snapshot(hands)
    with pytest.raises(Problem) as caught:
        hands.begin("vpn_on_phone")
    assert caught.value.kind == CANNOT_RUN_HERE
    assert (hands.register.active(), hands.did) == ([], [])
    assert_as_before(hands, before)


def test_a_refused_power_cut_cuts_nothing(hands: FakeHands) -> None:
    with pytest.raises(Problem) as caught:
        hands.begin("power_cut", order="router,fridge")
    assert caught.value.kind == NODE_UNKNOWN
    assert hands.did == []


def test_the_last_who_wants_something_gets_it(hands: FakeHands) -> None:
    guest, mobile = hands.begin("guest_wifi"), hands.begin("other_network")
    assert hands.network.segment_of("phone") == "mobile"
    hands.register.end(guest.number)
    assert hands.network.segment_of("phone") == "mobile"
    hands.register.end(mobile.number)
    assert hands.network.segment_of("phone") == "home"
    assert [each for each in hands.did if each[0] == "join"] == [
        ("join", "phone", "guest"),
        ("join", "phone", "mobile"),
        ("join", "phone", "home"),
    ]


def test_a_machine_without_power_gets_no_carrier_from_others(hands: FakeHands) -> None:
    off, reboot = hands.begin("gateway_off"), hands.begin("router_reboots")
    hands.register.end(reboot.number)
    assert ("carrier", "gateway", True) not in hands.did
    hands.register.end(off.number)
    assert hands.states["carrier", "gateway"] is True


def test_power_that_comes_back_brings_no_carrier_that_others_hold(hands: FakeHands) -> None:
    hands.begin("router_reboots")
    off = hands.begin("gateway_off")
    hands.register.end(off.number)
    assert (hands.states["power", "gateway"], hands.states["carrier", "gateway"]) == (True, False)


def test_a_second_interface_is_as_dead_as_the_first(hands: FakeHands) -> None:
    hands.begin("gateway_off", on="phone")
    hands.begin("ipv4_only", on="phone")
    hands.did.clear()
    hands.begin("two_nics_wrong_one")
    assert hands.did == [
        ("second_nic", "phone", "mobile"),
        ("power", "phone", False),
        ("ipv6", "phone", False),
    ]


def test_a_machine_that_moves_keeps_what_else_was_done_to_it(hands: FakeHands) -> None:
    hands.begin("address_changes", on="phone")
    hands.begin("ipv6_only", on="phone")
    hands.did.clear()
    hands.begin("guest_wifi")
    assert hands.did == [
        ("join", "phone", "guest"),
        ("readdress", "phone", "192.168.5.130"),
        ("ipv4", "phone", False),
    ]
