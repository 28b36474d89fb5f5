"""Machines with another address or time, without power or programs, behind a firewall."""

import dpkt  # type: ignore[import-untyped]

from lab.conditions.firewall import MOST_FLOWS, Firewall, lets_in_nothing
from lab.network.frames import IPV6, frame, group_address, udp4
from lab.network.leg import link_local
from tests.lab.conditions.fake_hands import FakeHands
from tests.lab.network.machines import Lab, at, ports


def ping(lab: Lab, source: str, target: str, kind: int = 8) -> bytes:
    message = dpkt.icmp.ICMP(type=kind, data=dpkt.icmp.ICMP.Echo(id=3))
    return lab.frame(source, target, dpkt.ip.IP(src=lab.ip(source), dst=lab.ip(target), p=1, data=message))


def test_an_address_changes_and_changes_back(hands: FakeHands) -> None:
    began = hands.begin("address_changes")
    hands.register.end(began.number)
    assert hands.did == [("readdress", "gateway", "192.168.0.120"), ("readdress", "gateway", "192.168.0.20")]


def test_a_clock_is_wrong_and_right_again(hands: FakeHands) -> None:
    began = hands.begin("clock_wrong", ahead_s=-60)
    hands.register.end(began.number)
    assert hands.did == [("clock", "gateway", -60.0), ("clock", "gateway", 0.0)]


def test_the_gateway_is_off(hands: FakeHands) -> None:
    began = hands.begin("gateway_off")
    hands.register.end(began.number)
    assert hands.did == [("power", "gateway", False), ("power", "gateway", True)]


def test_after_a_power_cut_all_come_back_in_their_order(hands: FakeHands, lab: Lab) -> None:
    began = hands.begin("power_cut", order="phone, router,gateway", off_s=3, gap_s=2)
    assert began.args["order"] == "phone,router,gateway"
    assert lab.send("neighbour", lab.multicast("neighbour")) == []
    assert not hands.states["power", "phone"]
    hands.pass_time(3.1)
    assert (hands.states["power", "phone"], hands.states["carrier", "phone"]) == (True, False)
    assert hands.states["carrier", "neighbour"] is False
    hands.pass_time(2)
    assert (hands.states["carrier", "phone"], hands.states["carrier", "neighbour"]) == (True, True)
    assert hands.states["power", "gateway"] is False
    assert at("gateway", lab.send("neighbour", lab.multicast("neighbour")))
    hands.pass_time(2)
    assert (hands.states["power", "gateway"], hands.states["carrier", "gateway"]) == (True, True)
    assert hands.register.active() == []


def test_a_power_cut_that_is_called_off_ends_at_once(hands: FakeHands) -> None:
    began = hands.begin("power_cut")
    hands.register.end(began.number)
    did = list(hands.did)
    hands.pass_time(60)
    assert hands.did == did
    assert all(hands.states["power", node] for node in ("gateway", "phone"))


def test_a_gateway_whose_program_is_not_running(hands: FakeHands, lab: Lab) -> None:
    lab.send("gateway", lab.multicast("gateway"))
    hands.begin("gateway_not_running")
    (reset,) = at("phone", lab.send("phone", lab.tcp("phone", "gateway")))
    assert (reset.tcp.flags, reset.ip4.src, reset.source) == (0x14, lab.ip("gateway"), lab.mac("gateway"))
    (error,) = at("phone", lab.send("phone", lab.udp("phone", "gateway", 40000, 5353)))
    assert (error.ip4.data.type, error.ip4.data.code) == (3, 3)
    assert ports(lab.send("phone", lab.multicast("phone"))) == {"neighbour"}
    assert not lab.send("gateway", lab.multicast("gateway"))
    assert not lab.send("gateway", lab.tcp("gateway", "phone"))
    assert at("gateway", lab.send("phone", lab.who_has("phone", lab.ip("gateway"))))
    assert at("gateway", lab.send("phone", ping(lab, "phone", "gateway")))


def test_a_gateway_behind_a_firewall_only_hears_answers(hands: FakeHands, lab: Lab) -> None:
    hands.begin("gateway_firewalled")
    assert not at("gateway", lab.send("phone", lab.tcp("phone", "gateway")))
    assert not at("gateway", lab.send("phone", lab.multicast("phone")))
    assert not at("gateway", lab.send("phone", lab.udp("phone", "gateway", 5353, 5353)))
    assert not at("gateway", lab.send("phone", ping(lab, "phone", "gateway")))
    assert at("gateway", lab.send("phone", lab.who_has("phone", lab.ip("gateway"))))
    assert at("phone", lab.send("gateway", lab.multicast("gateway")))
    lab.send("gateway", lab.tcp("gateway", "phone", 50000, 8080))
    assert at("gateway", lab.send("phone", lab.tcp("phone", "gateway", 8080, 50000, flags=18)))
    assert not at("gateway", lab.send("phone", lab.tcp("phone", "gateway", 8081, 50000, flags=18)))
    lab.send("gateway", ping(lab, "gateway", "phone"))
    assert at("gateway", lab.send("phone", ping(lab, "phone", "gateway", kind=0)))


def test_a_phone_behind_ufw_hears_the_group_and_no_unicast_answer_to_a_question_to_it(
    hands: FakeHands, lab: Lab
) -> None:
    hands.begin("phone_firewalled")
    lab.send("phone", lab.multicast("phone", sport=40000))
    lab.send("phone", lab.multicast("phone"))
    assert not at("phone", lab.send("gateway", lab.udp("gateway", "phone", 5353, 40000)))
    assert not at("phone", lab.send("gateway", lab.udp("gateway", "phone", 5353, 5353)))
    assert at("phone", lab.send("gateway", lab.multicast("gateway")))
    assert at("phone", lab.send("gateway", ping(lab, "gateway", "phone")))
    assert not at("phone", lab.send("gateway", lab.tcp("gateway", "phone")))
    lab.send("phone", lab.udp("phone", "gateway", 40001, 5353))
    assert at("phone", lab.send("gateway", lab.udp("gateway", "phone", 5353, 40001)))
    lab.later(121)
    assert not at("phone", lab.send("gateway", lab.udp("gateway", "phone", 5353, 40001)))


def test_a_firewall_lets_neighbour_discovery_pass(hands: FakeHands, lab: Lab) -> None:
    hands.begin("gateway_firewalled")
    phone, gateway = (link_local(lab.mac(node)) for node in ("phone", "gateway"))
    sought = bytes.fromhex("ff0200000000000000000001ff") + gateway[-3:]
    for kind, heard in ((135, True), (128, False)):
        message = dpkt.icmp6.ICMP6(type=kind, data=bytes(4) + gateway)
        packet = dpkt.ip6.IP6(src=phone, dst=sought, nxt=58, hlim=255, plen=len(message), data=message)
        sent = frame(group_address(sought), lab.mac("phone"), IPV6, packet)
        assert bool(at("gateway", lab.send("phone", sent))) is heard


def test_a_firewall_remembers_only_so_many_flows(hands: FakeHands, lab: Lab) -> None:
    wall = Firewall("phone", lets_in_nothing)
    hands.network.add_rule(1, "wall", wall)
    for number in range(MOST_FLOWS + 10):
        lab.send(
            "phone", lab.frame("phone", "gateway", udp4(lab.ip("phone"), lab.ip("gateway"), number, 9, b"x"))
        )
    assert len(wall._begun) == MOST_FLOWS
