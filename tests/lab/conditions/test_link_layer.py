"""Filters, isolation, forgetful switches, rewritten multicast, missing families."""

import pytest

from lab.network.frames import IPV6, MDNS_6, frame, group_address, udp4, udp6
from lab.network.leg import link_local
from tests.lab.conditions.fake_hands import FakeHands
from tests.lab.network.machines import Lab, at, igmp_report, ports

ROUTER = bytes((192, 168, 0, 1))


def multicast6(lab: Lab, node: str) -> bytes:
    packet = udp6(link_local(lab.mac(node)), MDNS_6, 5353, 5353, b"?", hops=255)
    return frame(group_address(MDNS_6), lab.mac(node), IPV6, packet)


def test_blocked_mdns_is_blocked_in_every_shape_and_nothing_else_is(hands: FakeHands, lab: Lab) -> None:
    lab.send("gateway", lab.multicast("gateway"))
    hands.begin("mdns_blocked")
    assert not lab.send("phone", lab.multicast("phone"))
    assert not lab.send("phone", multicast6(lab, "phone"))
    assert not lab.send("phone", lab.multicast("phone", sport=40000))
    assert not lab.send("phone", lab.udp("phone", "gateway", 40000, 5353))
    assert not lab.send("gateway", lab.udp("gateway", "phone", 5353, 40000))
    assert lab.send("phone", lab.tcp("phone", "gateway"))
    assert lab.send("phone", lab.udp("phone", "gateway", 40000, 53530))
    assert lab.send("phone", lab.who_has("phone", ROUTER))


def test_isolation_leaves_the_router_and_nobody_else(hands: FakeHands, lab: Lab) -> None:
    hands.begin("ap_isolation")
    for node in ("phone", "neighbour"):
        assert lab.ask_router(node, ROUTER)
        others = {"gateway", "phone", "neighbour"} - {node}
        assert not ports(lab.send(node, lab.multicast(node))) & others
        assert not ports(lab.send(node, lab.udp(node, "gateway"))) & others
        assert not ports(lab.send(node, lab.who_has(node, lab.ip("gateway")))) & others
        assert not at(node, lab.send("gateway", lab.udp("gateway", node)))
        assert not at(node, lab.send("gateway", lab.multicast("gateway")))
    cloud = udp4(lab.ip("phone"), lab.plan.address("cloud", "internet").packed, 40000, 9, b"x")
    assert at("cloud", lab.send("phone", lab.frame("phone", lab.network.router.leg("home").mac, cloud)))


def test_isolation_is_of_stations_only(hands: FakeHands) -> None:
    wired = FakeHands(Lab(hands.lab.plan.with_node("tv"))).lab
    FakeHands(wired).begin("ap_isolation")
    assert ports(wired.send("gateway", wired.multicast("gateway"))) == {"tv"}


def test_a_forgetful_switch_knows_for_a_while_who_listens(hands: FakeHands, lab: Lab) -> None:
    lab.send("gateway", igmp_report(lab, "gateway"))
    hands.begin("igmp_snooping_no_querier", age_s=5)
    assert ports(lab.send("phone", lab.multicast("phone"))) == {"gateway"}
    lab.later(4.9)
    assert ports(lab.send("phone", lab.multicast("phone"))) == {"gateway"}
    lab.later(0.2)
    assert ports(lab.send("phone", lab.multicast("phone"))) == set()


def test_who_joins_again_stays_findable(hands: FakeHands, lab: Lab) -> None:
    hands.begin("igmp_snooping_no_querier", age_s=5)
    for _ in range(5):
        lab.send("gateway", igmp_report(lab, "gateway"))
        lab.later(4)
        assert ports(lab.send("phone", lab.multicast("phone"))) == {"gateway"}
    lab.send("gateway", igmp_report(lab, "gateway", leave=True))
    assert ports(lab.send("phone", lab.multicast("phone"))) == set()


def test_a_forgetful_switch_carries_all_else(hands: FakeHands, lab: Lab) -> None:
    hands.begin("igmp_snooping_no_querier", age_s=5)
    assert lab.ask_router("phone", ROUTER)
    assert ports(lab.send("phone", lab.udp("phone", "gateway"))) == {"gateway", "neighbour"}
    to_all_hosts = udp4(lab.ip("phone"), bytes((224, 0, 0, 1)), 9, 9, b"x")
    assert lab.send("phone", lab.frame("phone", group_address(bytes((224, 0, 0, 1))), to_all_hosts))
    assert any(each.target == "router.home" and each.fate == "passed" for each in lab.traced)


@pytest.mark.parametrize(("mld", "heard"), [(True, set()), (False, {"gateway", "neighbour"})])
def test_it_may_leave_ipv6_alone(hands: FakeHands, lab: Lab, mld: bool, heard: set[str]) -> None:
    hands.begin("igmp_snooping_no_querier", mld=mld)
    assert ports(lab.send("phone", multicast6(lab, "phone"))) == heard


def test_multicast_becomes_unicast_on_the_air_and_not_on_the_wire(hands: FakeHands, lab: Lab) -> None:
    lab.send("phone", lab.multicast("phone"))
    hands.begin("multicast_to_unicast")
    sent = lab.multicast("gateway")
    (heard,) = at("phone", lab.send("gateway", sent))
    assert (heard.target, heard.data[6:]) == (lab.mac("phone"), sent[6:])
    (heard,) = at("gateway", lab.send("phone", lab.multicast("phone")))
    assert heard.target == group_address(heard.ip4.dst)
    assert not at("neighbour", lab.send("gateway", sent))  # never heard of


def test_a_station_that_sleeps_is_forgotten(hands: FakeHands, lab: Lab) -> None:
    hands.begin("multicast_to_unicast", forgets_s=30)
    lab.send("phone", lab.multicast("phone"))
    lab.later(29)
    assert at("phone", lab.send("gateway", lab.multicast("gateway")))
    lab.later(1)
    assert not at("phone", lab.send("gateway", lab.multicast("gateway")))
    assert at("phone", lab.send("gateway", lab.udp("gateway", "phone")))


def test_broadcast_stays_broadcast(hands: FakeHands, lab: Lab) -> None:
    hands.begin("multicast_to_unicast")
    (heard,) = at("phone", lab.send("gateway", lab.who_has("gateway", lab.ip("phone"))))
    assert heard.is_broadcast


@pytest.mark.parametrize(("name", "what"), [("ipv6_only", "ipv4"), ("ipv4_only", "ipv6")])
def test_a_family_is_taken_from_all_of_the_home_or_from_one(hands: FakeHands, name: str, what: str) -> None:
    hands.begin(name)
    assert hands.did == [(what, node, False) for node in ("gateway", "phone", "neighbour")]
    hands.register.all_clear()
    hands.did.clear()
    hands.begin(name, on="phone")
    assert hands.did == [(what, "phone", False)]
