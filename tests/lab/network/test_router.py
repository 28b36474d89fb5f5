"""Our routers: who may speak with whom, what they answer themselves, what they say when it does not work."""

from typing import Any

import dpkt  # type: ignore[import-untyped]
import pytest

from lab.network.frames import BROADCAST, IPV6, UDP, Frame, frame, group_address, udp4
from lab.network.leg import KNOWN_FOR_S, MOST_ASKED_FOR, MOST_KNOWN, MOST_WAITING, link_local
from lab.network.outgoing import Outgoing
from lab.network.plan import CLOUD_NAME, HOME_ROUTER, SECOND_ROUTER
from tests.lab.network.machines import Lab, at, ports

ROUTER = bytes((192, 168, 0, 1))
CLOUD = bytes((203, 0, 113, 10))


def to_router(lab: Lab, node: str, packet: Any, router: bytes = ROUTER) -> list[Outgoing]:
    return lab.send(node, lab.frame(node, lab.ask_router(node, router), packet))


def echo(source: bytes, target: bytes, number: int = 7, kind: int = 8, ttl: int = 64) -> Any:
    message = dpkt.icmp.ICMP(type=kind, data=dpkt.icmp.ICMP.Echo(id=number, seq=1, data=b"ping"))
    return dpkt.ip.IP(src=source, dst=target, p=1, ttl=ttl, data=message)


def test_the_router_answers_arp_for_itself_only() -> None:
    lab = Lab()
    (reply,) = at("phone", lab.send("phone", lab.who_has("phone", ROUTER)))
    assert (reply.arp.op, reply.arp.spa, reply.arp.tha) == (2, ROUTER, lab.mac("phone"))
    assert not at("phone", lab.send("phone", lab.who_has("phone", bytes((192, 168, 0, 99)))))


def test_the_router_answers_a_probe_for_its_address() -> None:
    lab = Lab()
    (reply,) = at("phone", lab.send("phone", lab.who_has("phone", ROUTER, own=bytes(4))))
    assert reply.arp.spa == ROUTER


def test_the_router_answers_a_ping() -> None:
    lab = Lab()
    (reply,) = at("phone", to_router(lab, "phone", echo(lab.ip("phone"), ROUTER)))
    assert (reply.ip4.src, reply.ip4.data.type, reply.ip4.data.data.data) == (ROUTER, 0, b"ping")


@pytest.mark.parametrize(("flags", "seq", "ack", "answer"), [(0x02, 0, 8, 0x14), (0x10, 9, 0, 0x04)])
def test_the_router_refuses_a_connection(flags: int, seq: int, ack: int, answer: int) -> None:
    lab = Lab()
    segment = dpkt.tcp.TCP(sport=40000, dport=80, seq=7, ack=9, flags=flags)
    (reset,) = at(
        "phone", to_router(lab, "phone", dpkt.ip.IP(src=lab.ip("phone"), dst=ROUTER, p=6, data=segment))
    )
    assert (reset.tcp.flags, reset.tcp.seq, reset.tcp.ack, reset.tcp.dport) == (answer, seq, ack, 40000)


def test_the_router_does_not_answer_a_reset() -> None:
    lab = Lab()
    segment = dpkt.tcp.TCP(sport=40000, dport=80, flags=4)
    assert to_router(lab, "phone", dpkt.ip.IP(src=lab.ip("phone"), dst=ROUTER, p=6, data=segment)) == []


def test_the_router_says_that_a_port_is_closed() -> None:
    lab = Lab()
    sent = udp4(lab.ip("phone"), ROUTER, 40000, 9, b"x")
    (error,) = at("phone", to_router(lab, "phone", sent))
    assert (error.ip4.data.type, error.ip4.data.code) == (3, 3)
    assert bytes(error.ip4.data.data.data)[:28] == bytes(sent)[:28]


def test_the_router_answers_for_its_ipv6_addresses() -> None:
    lab = Lab()
    leg = lab.network.router.leg("home")
    phone = link_local(lab.mac("phone"))
    for wanted in leg.addresses6:
        asked = dpkt.icmp6.ICMP6(type=135, data=bytes(4) + wanted + b"\x01\x01" + lab.mac("phone"))
        sought = bytes.fromhex("ff0200000000000000000001ff") + wanted[-3:]
        packet = dpkt.ip6.IP6(src=phone, dst=sought, nxt=58, hlim=255, plen=len(asked), data=asked)
        (reply,) = at(
            "phone", lab.send("phone", frame(group_address(sought), lab.mac("phone"), IPV6, packet))
        )
        assert reply.ip6.src == wanted
        assert bytes(reply.ip6.data)[0] == 136
        assert bytes(reply.ip6.data)[-6:] == leg.mac == reply.source
        ping = dpkt.icmp6.ICMP6(type=128, data=b"\0\1\0\1ping")
        packet = dpkt.ip6.IP6(src=phone, dst=wanted, nxt=58, hlim=64, plen=len(ping), data=ping)
        (pong,) = at("phone", lab.send("phone", frame(leg.mac, lab.mac("phone"), IPV6, packet)))
        assert bytes(pong.ip6.data)[4:] == b"\0\1\0\1ping"
        assert bytes(pong.ip6.data)[0] == 129


def lookup(lab: Lab, name: str, kind: int = 1, node: str = "phone", router: bytes = ROUTER) -> Any:
    question = dpkt.dns.DNS(id=5, qd=[dpkt.dns.DNS.Q(name=name, type=kind)], an=[], ns=[], ar=[])
    sent = udp4(lab.ip(node), router, 40000, 53, bytes(question))
    (reply,) = at(node, to_router(lab, node, sent, router))
    return dpkt.dns.DNS(bytes(reply.udp.data))


def test_the_router_knows_the_name_of_the_cloud() -> None:
    lab = Lab()
    answer = lookup(lab, CLOUD_NAME.upper())
    assert (answer.id, answer.rcode, answer.an[0].ip) == (5, 0, CLOUD)
    nothing = lookup(lab, CLOUD_NAME, kind=28)
    assert (nothing.rcode, nothing.an) == (0, [])
    assert lookup(lab, "elsewhere.example").rcode == 3


@pytest.mark.parametrize("data", [b"", b"\0" * 12, b"\xff" * 40, b"\0\5\1\0\0\1\0\0\0\0\0\0\x3fabc"])
def test_a_question_that_cannot_be_read_gets_no_answer(data: bytes) -> None:
    lab = Lab()
    assert to_router(lab, "phone", udp4(lab.ip("phone"), ROUTER, 40000, 53, data)) == []


def test_a_connection_to_the_cloud_goes_out_under_the_routers_address_and_back() -> None:
    lab = Lab()
    ask = dpkt.tcp.TCP(sport=40000, dport=443, seq=7, flags=2)
    asked = to_router(lab, "phone", dpkt.ip.IP(src=lab.ip("phone"), dst=CLOUD, p=6, data=ask))
    (out,) = at("cloud", lab.tell("cloud", asked))
    assert (out.ip4.src, out.tcp.sport, out.ip4.ttl) == (bytes((203, 0, 113, 2)), 40000, 63)
    assert (out.target, out.source) == (lab.mac("cloud"), HOME_ROUTER.legs[2].mac)
    answer = dpkt.tcp.TCP(sport=443, dport=40000, seq=1, ack=8, flags=18)
    back = dpkt.ip.IP(src=CLOUD, dst=out.ip4.src, p=6, data=answer)
    (came,) = at("phone", lab.send("cloud", lab.frame("cloud", out.source, back)))
    assert (came.ip4.src, came.ip4.dst, came.tcp.dport) == (CLOUD, lab.ip("phone"), 40000)
    assert_checksums(came)


def assert_checksums(got: Frame) -> None:
    packet = dpkt.ip.IP(got.data[14:])
    given = packet.sum, packet.data.sum
    packet.sum = packet.data.sum = 0
    again = dpkt.ip.IP(bytes(packet))
    assert (again.sum, again.data.sum) == given


@pytest.mark.parametrize("kind", ["tcp", "udp", "icmp"])
def test_what_answers_nothing_does_not_come_in(kind: str) -> None:
    lab = Lab()
    wan = bytes((203, 0, 113, 2))
    inside = {
        "tcp": dpkt.ip.IP(src=CLOUD, dst=wan, p=6, data=dpkt.tcp.TCP(sport=443, dport=40000, flags=16)),
        "udp": udp4(CLOUD, wan, 53, 40000, b"x"),
        "icmp": echo(CLOUD, wan, kind=0),
    }[kind]
    router = lab.ask_router("cloud", wan)
    assert ports(lab.send("cloud", lab.frame("cloud", router, inside))) <= {"cloud"}
    to_home = dpkt.ip.IP(src=CLOUD, dst=lab.ip("phone"), p=17, data=inside.data)
    assert not at("phone", lab.send("cloud", lab.frame("cloud", router, to_home)))


def test_a_ping_and_its_error_find_their_way_back_through_two_routers() -> None:
    lab = Lab()
    lab.network.add_device("second_router", lab.network.routers[SECOND_ROUTER.name])
    lab.network.plug("phone", "inner")
    inner = bytes((192, 168, 10, 1))
    phone = lab.ip("phone")
    assert phone == bytes((192, 168, 10, 30))
    asked = to_router(lab, "phone", echo(phone, CLOUD, number=99), inner)
    (out,) = at("cloud", lab.tell("cloud", asked))
    assert (out.ip4.src, out.ip4.ttl) == (bytes((203, 0, 113, 2)), 62)
    back = echo(CLOUD, out.ip4.src, number=out.ip4.data.data.id, kind=0)
    (came,) = at("phone", lab.send("cloud", lab.frame("cloud", out.source, back)))
    assert (came.ip4.dst, came.ip4.data.data.id) == (phone, 99)

    (out,) = at("cloud", to_router(lab, "phone", udp4(phone, CLOUD, 40001, 9, b"x"), inner))
    told = dpkt.icmp.ICMP(type=3, code=3, data=bytes(4) + out.data[14 : 14 + 28])
    error = dpkt.ip.IP(src=CLOUD, dst=out.ip4.src, p=1, data=told)
    (came,) = at("phone", lab.send("cloud", lab.frame("cloud", out.source, error)))
    quoted = came.ip4.data.data.ip
    assert (came.ip4.dst, quoted.src, bytes(quoted.data)[:4]) == (
        phone,
        phone,
        bytes.fromhex("9c41") + b"\0\x09",
    )


def test_from_behind_the_second_router_the_home_can_be_reached_and_not_the_other_way() -> None:
    lab = Lab()
    lab.network.add_device("second_router", lab.network.routers[SECOND_ROUTER.name])
    lab.network.plug("phone", "inner")
    gateway = lab.ip("gateway")
    asked = to_router(lab, "phone", udp4(lab.ip("phone"), gateway, 40000, 80, b"x"), bytes((192, 168, 10, 1)))
    (came,) = at("gateway", lab.tell("gateway", asked))
    assert came.ip4.src == bytes((192, 168, 0, 2))
    inwards = udp4(gateway, lab.ip("phone"), 40000, 80, b"x")
    going = lab.send("gateway", lab.frame("gateway", SECOND_ROUTER.legs[1].mac, inwards))
    assert not at("phone", going)


def test_guests_reach_the_internet_and_not_the_home() -> None:
    lab = Lab()
    lab.network.plug("phone", "guest")
    router = bytes((192, 168, 5, 1))
    going = to_router(lab, "phone", udp4(lab.ip("phone"), CLOUD, 40000, 9, b"x"), router)
    assert at("cloud", lab.tell("cloud", going))
    assert to_router(lab, "phone", udp4(lab.ip("phone"), lab.ip("gateway"), 40000, 80, b"x"), router) == []


def test_joined_segments_reach_each_other_without_translation() -> None:
    lab = Lab()
    lab.network.plug("phone", "guest")
    lab.network.router.joined[1] = frozenset(("home", "guest"))
    going = to_router(lab, "phone", lab_udp(lab), bytes((192, 168, 5, 1)))
    (came,) = at("gateway", lab.tell("gateway", going))
    assert (came.ip4.src, came.ip4.ttl) == (bytes((192, 168, 5, 30)), 63)
    assert_checksums(came)


def lab_udp(lab: Lab) -> Any:
    return udp4(lab.ip("phone"), lab.ip("gateway"), 40000, 80, b"x")


def test_a_packet_that_has_gone_too_far_is_told_so() -> None:
    lab = Lab()
    (error,) = at("phone", to_router(lab, "phone", echo(lab.ip("phone"), CLOUD, ttl=1)))
    assert (error.ip4.src, error.ip4.data.type) == (ROUTER, 11)


def test_a_place_that_nobody_knows_a_way_to_is_told_so() -> None:
    lab = Lab()
    (error,) = at("phone", to_router(lab, "phone", echo(lab.ip("phone"), bytes((8, 8, 8, 8)))))
    assert (error.ip4.data.type, error.ip4.data.code) == (3, 0)


def test_a_machine_that_does_not_answer_arp_is_told_so_after_three_tries() -> None:
    lab = Lab()
    lab.network.router.joined[1] = frozenset(("home", "guest"))
    lab.network.plug("phone", "guest")
    nobody = bytes((192, 168, 0, 77))
    going = to_router(lab, "phone", echo(lab.ip("phone"), nobody), bytes((192, 168, 5, 1)))
    assert [each.arp.tpa for each in at("gateway", going)] == [nobody]
    assert len(at("gateway", lab.later(2.5))) == 2
    (error,) = at("phone", lab.later(1))
    assert (error.ip4.data.type, error.ip4.data.code) == (3, 1)
    assert lab.network.due == float("inf")


def test_the_router_asks_anew_for_whom_it_has_not_heard_of_lately() -> None:
    lab = Lab()
    sent = udp4(lab.ip("phone"), CLOUD, 40000, 9, b"x")
    lab.tell("cloud", to_router(lab, "phone", sent))
    assert [each.type for each in at("cloud", to_router(lab, "phone", sent))] == [0x0800]
    lab.later(KNOWN_FOR_S)
    assert [each.arp.op for each in at("cloud", to_router(lab, "phone", sent))] == [1]


def test_an_address_that_moved_to_another_card_is_learnt_from_whoever_says_so() -> None:
    lab = Lab()
    lab.ask_router("phone", ROUTER)
    other = b"\x02\x09\x09\x09\x09\x09"
    told = lab.who_has("neighbour", lab.ip("phone"), own=lab.ip("phone")).replace(lab.mac("neighbour"), other)
    lab.send("neighbour", told)
    (reply,) = at(
        "neighbour",
        lab.send("neighbour", lab.frame("neighbour", HOME_ROUTER.legs[0].mac, echo(lab.ip("phone"), ROUTER))),
    )
    assert reply.target == other


def test_a_router_that_starts_again_has_forgotten_everything() -> None:
    lab = Lab()
    lab.tell("cloud", to_router(lab, "phone", udp4(lab.ip("phone"), CLOUD, 40000, 9, b"x")))
    router = lab.network.router
    assert len(router.nat) == 1
    router.forget()
    assert len(router.nat) == 0
    back = udp4(CLOUD, bytes((203, 0, 113, 2)), 9, 40000, b"x")
    assert not at("phone", lab.send("cloud", lab.frame("cloud", HOME_ROUTER.legs[2].mac, back)))


def test_floods_do_not_grow_its_tables() -> None:
    lab = Lab()
    mac = lab.ask_router("phone", ROUTER)
    for number in range(MOST_KNOWN * 2):
        host = bytes((192, 168, 0, number % 250 + 2))
        lab.send(
            "phone", lab.frame("phone", mac, udp4(host, bytes((203, 0, 113, number % 200 + 20)), 9, 9, b"x"))
        )
        lab.send("phone", lab.who_has("phone", ROUTER, own=host))
    leg = lab.network.router.leg("internet")
    assert len(leg._asked) <= MOST_ASKED_FOR
    assert all(len(asked.packets) <= MOST_WAITING for asked in leg._asked.values())
    assert len(lab.network.router.leg("home")._known) <= MOST_KNOWN


def test_what_is_not_for_the_router_it_leaves_alone() -> None:
    lab = Lab()
    foreign = lab.frame("phone", b"\x02\x01\x01\x01\x01\x01", echo(lab.ip("phone"), ROUTER))
    assert not at("phone", lab.send("phone", foreign))
    to_all = dpkt.ip.IP(src=lab.ip("phone"), dst=b"\xff" * 4, p=UDP, data=dpkt.udp.UDP(sport=68, dport=67))
    assert not at("phone", lab.send("phone", lab.frame("phone", BROADCAST, to_all)))
