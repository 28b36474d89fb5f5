"""The router, its uplink, and what is behind it."""

from typing import Any

import dpkt  # type: ignore[import-untyped]
import pytest

from lab.network import names
from lab.network.frames import Frame, udp4
from lab.network.outgoing import Outgoing
from lab.network.plan import CLOUD_NAME
from tests.lab.conditions.fake_hands import FakeHands
from tests.lab.network.machines import Lab, at, ports

ROUTER = bytes((192, 168, 0, 1))
CLOUD = bytes((203, 0, 113, 10))


def by_router(lab: Lab, packet: Any) -> list[Outgoing]:
    return lab.send("phone", lab.frame("phone", lab.network.router.leg("home").mac, packet))


def tcp_to_cloud(lab: Lab, port: int, flags: int = 2) -> list[Outgoing]:
    lab.ask_router("phone", ROUTER)
    segment = dpkt.tcp.TCP(sport=40000, dport=port, seq=7, ack=9, flags=flags)
    going = by_router(lab, dpkt.ip.IP(src=lab.ip("phone"), dst=CLOUD, p=6, data=segment))
    return going + lab.tell("cloud", going)


def looked_up(lab: Lab) -> list[Any]:
    lab.ask_router("phone", ROUTER)
    going = by_router(lab, udp4(lab.ip("phone"), ROUTER, 40000, 53, names.question(CLOUD_NAME, 1)))
    return [dpkt.dns.DNS(bytes(each.udp.data)) for each in at("phone", going)]


def test_a_router_that_reboots_is_gone_for_a_while_and_has_forgotten(hands: FakeHands, lab: Lab) -> None:
    tcp_to_cloud(lab, 443)
    hands.begin("router_reboots", s=5)
    assert {each[1] for each in hands.did} == {"gateway", "phone", "neighbour"}
    assert all(each[2] is False for each in hands.did)
    assert lab.send("phone", lab.multicast("phone")) == []
    assert lab.send("phone", lab.who_has("phone", ROUTER)) == []
    assert len(lab.network.router.nat) == 0
    hands.pass_time(5)
    assert lab.ask_router("phone", ROUTER)
    assert ports(lab.send("phone", lab.multicast("phone"))) == {"gateway", "neighbour"}
    assert all(hands.states["carrier", node] for node in ("gateway", "phone", "neighbour"))


def test_without_uplink_the_home_goes_on(hands: FakeHands, lab: Lab) -> None:
    hands.begin("uplink_down")
    assert ports(lab.send("phone", lab.multicast("phone"))) == {"gateway", "neighbour"}
    assert not at("cloud", tcp_to_cloud(lab, 443))
    assert looked_up(lab) == []


@pytest.mark.parametrize(("how", "codes"), [("silent", []), ("servfail", [2])])
def test_broken_dns_is_silent_or_says_so(hands: FakeHands, lab: Lab, how: str, codes: list[int]) -> None:
    hands.begin("dns_broken", how=how)
    assert [each.rcode for each in looked_up(lab)] == codes
    assert at("cloud", tcp_to_cloud(lab, 443))


def test_large_packets_vanish_on_the_uplink_only(hands: FakeHands, lab: Lab) -> None:
    lab.ask_router("phone", ROUTER)
    lab.tell("cloud", tcp_to_cloud(lab, 443))
    hands.begin("mtu_blackhole", mtu=1400)
    assert at("cloud", by_router(lab, udp4(lab.ip("phone"), CLOUD, 40000, 9, bytes(1400 - 28))))
    assert by_router(lab, udp4(lab.ip("phone"), CLOUD, 40000, 9, bytes(1401 - 28))) == []
    assert lab.send("phone", lab.udp("phone", "gateway", data=bytes(1472)))


def test_a_cloud_that_is_down_refuses(hands: FakeHands, lab: Lab) -> None:
    hands.begin("cloud_down")
    (reset,) = [each for each in at("phone", tcp_to_cloud(lab, 443)) if each.tcp]
    assert (reset.ip4.src, reset.tcp.sport, reset.tcp.dport, reset.tcp.flags) == (CLOUD, 443, 40000, 0x14)
    assert looked_up(lab)[0].rcode == 0


def test_a_cloud_that_is_down_may_be_silent(hands: FakeHands, lab: Lab) -> None:
    hands.begin("cloud_down", how="silent")
    assert not [each for each in at("phone", tcp_to_cloud(lab, 443)) if each.tcp]


def test_a_broker_that_is_down_ends_its_connections_and_no_others(hands: FakeHands, lab: Lab) -> None:
    tcp_to_cloud(lab, 1883)
    tcp_to_cloud(lab, 443)
    hands.begin("broker_down")
    assert [each.tcp.flags for each in at("phone", tcp_to_cloud(lab, 1883, flags=16))] == [4]
    router = lab.network.router.leg("internet")
    said = dpkt.tcp.TCP(sport=1883, dport=40000, seq=1, ack=2, flags=16, data=b"publish")
    from_broker = dpkt.ip.IP(src=CLOUD, dst=router.address, p=6, data=said)
    going = lab.send("cloud", lab.frame("cloud", router.mac, from_broker))
    assert not at("phone", going)
    assert [each.tcp.flags for each in at("cloud", going)] == [4]
    assert at("cloud", tcp_to_cloud(lab, 443, flags=16))


def test_a_reflector_brings_far_words_and_routes(hands: FakeHands, lab: Lab) -> None:
    hands.begin("reflector")
    assert lab.network.segment_of("phone") == "guest"
    (heard,) = at("phone", lab.send("gateway", lab.multicast("gateway", b"I am at 192.168.0.20")))
    assert heard.udp.data == b"I am at 192.168.0.20"
    assert heard.ip4.src == bytes((192, 168, 5, 1))
    assert reached(lab)


def test_a_reflector_need_not_route_and_may_keep_the_sender(hands: FakeHands, lab: Lab) -> None:
    hands.begin("reflector", routed=False, keep_source=True)
    (heard,) = at("phone", lab.send("gateway", lab.multicast("gateway")))
    assert heard.ip4.src == lab.ip("gateway")
    assert not reached(lab)


def reached(lab: Lab) -> bool:
    """Say whether the phone, a guest, reaches the gateway."""
    lab.ask_router("phone", bytes((192, 168, 5, 1)))
    packet = udp4(lab.ip("phone"), lab.ip("gateway"), 40000, 80, b"x")
    going = lab.send("phone", lab.frame("phone", lab.network.router.leg("guest").mac, packet))
    return bool(at("gateway", going + lab.tell("gateway", going)))


def answer_with_additional() -> bytes:
    record = dpkt.dns.DNS.RR(name="_aiseg._tcp.local", type=12, cls=1, ttl=9, rdata=b"\x03box\xc0\x0c")
    beside = dpkt.dns.DNS.RR(name="box.local", type=1, cls=1, ttl=9, rdata=b"\xc0\xa8\0\x14")
    return bytes(dpkt.dns.DNS(id=0, op=0x8400, qd=[], an=[record], ns=[], ar=[beside, beside]))


def test_a_damaged_reflector_loses_what_stands_beside_the_answer(hands: FakeHands, lab: Lab) -> None:
    hands.begin("reflector_damaged")
    message = answer_with_additional()
    (heard,) = at("phone", lab.send("gateway", lab.multicast("gateway", message)))
    got = dpkt.dns.DNS(bytes(heard.udp.data))
    assert ([each.name for each in got.an], got.ns, got.ar) == (["_aiseg._tcp.local"], [], [])
    assert message.startswith(bytes(heard.udp.data)[12:], 12)
    (near,) = at("neighbour", lab.send("gateway", lab.multicast("gateway", message)))
    assert near.udp.data == message


def test_a_damaged_reflector_cuts_packets(hands: FakeHands, lab: Lab) -> None:
    hands.begin("reflector_damaged", how="truncated", bytes_left=20)
    message = answer_with_additional()
    (heard,) = at("phone", lab.send("gateway", lab.multicast("gateway", message)))
    assert heard.udp.data == message[:20]
    assert heard.udp.ulen == 28
    short = b"short"
    (heard,) = at("phone", lab.send("gateway", lab.multicast("gateway", short)))
    assert heard.udp.data == short


@pytest.mark.parametrize("message", [b"", b"\0" * 5, b"\xff" * 40])
def test_a_damaged_reflector_takes_what_is_broken_already(hands: FakeHands, lab: Lab, message: bytes) -> None:
    hands.begin("reflector_damaged")
    (heard,) = at("phone", lab.send("gateway", lab.multicast("gateway", message)))
    assert isinstance(heard, Frame)
    assert heard.udp is not None
    assert heard.udp.data == message
