"""Other machines: what is started for them, what they announce and answer, and one with an address that is taken."""

from collections.abc import Sequence
from ipaddress import ip_interface

import dpkt  # type: ignore[import-untyped]

from emulator.mdns import codec
from emulator.mdns.link import Datagram, Link, Outgoing
from lab.neighbour.__main__ import neighbour
from lab.neighbour.answers import heard_gateway
from lab.network.names import question
from protocol.discovery import SERVICE_TYPE, Advertisement
from tests.lab.conditions.fake_hands import FakeHands
from tests.lab.network.machines import Lab, at

LINK = Link("eth0", 2, 4, (ip_interface("192.168.0.40/24"),))
PTR, ANY = 12, 255


def records(packets: Sequence[Outgoing]) -> dict[str, list[object]]:
    """Return all records of some packets by the kind of their class."""
    found: dict[str, list[object]] = {}
    for packet in packets:
        message = codec.read(packet.data)
        assert message is not None
        assert len(packet.data) < 1472
        for record in message.answers():
            found.setdefault(type(record).__name__, []).append(record)
    return found


def asked(kind: int = PTR, name: str = SERVICE_TYPE, port: int = 5353) -> Datagram:
    return Datagram(question(name, kind), ("192.168.0.30", port))


def test_programs_are_started_in_the_neighbour_and_stopped(hands: FakeHands) -> None:
    hands.begin("busy_neighbourhood", n=5, ours=2)
    hands.begin("rogue_gateway", address="far")
    hands.begin("name_taken")
    hands.begin("name_taken", instance="AiSEG MKN702 (6789ab)")
    assert list(hands.running.values()) == [
        ("neighbour", "lab.neighbour", "busy", "5", "2", "neighbour-1"),
        ("neighbour", "lab.neighbour", "rogue", "0badc0ffee00", "far"),
        ("neighbour", "lab.neighbour", "taker"),
        ("neighbour", "lab.neighbour", "taker", "AiSEG MKN702 (6789ab)"),
    ]
    hands.register.all_clear()
    assert hands.running == {}


def test_a_busy_neighbour_announces_all_and_answers_only_for_what_it_has() -> None:
    busy = neighbour("busy", "40", "3")
    assert len(records(busy.announcement(LINK))["DNSService"]) == 43
    wait, packets = busy.answer(LINK, asked())
    assert 0.02 <= wait <= 0.12
    assert len(records(packets)["DNSPointer"]) == 3
    assert busy.answer(LINK, asked(name="_nobody._tcp.local.")) == (0.0, [])
    assert busy.answer(LINK, Datagram(b"noise", ("192.168.0.30", 5353))) == (0.0, [])


def test_a_one_shot_question_is_answered_at_once_to_the_asker() -> None:
    wait, packets = neighbour("busy", "3", "1").answer(LINK, asked(port=40000))
    assert wait == 0
    assert [each.peer for each in packets] == [("192.168.0.30", 40000)]


def test_what_is_announced_of_our_type_is_no_gateway() -> None:
    (text,) = records(neighbour("busy", "0", "1").announcement(LINK))["DNSText"]
    assert b"vendor=ACME" in text.text  # type: ignore[attr-defined]


def test_a_rogue_looks_like_a_gateway_at_the_address_it_chooses() -> None:
    for where, address in (("own", "192.168.0.40"), ("far", "203.0.113.66"), ("router", "192.168.0.1")):
        found = records(neighbour("rogue", "0badc0ffee00", where).announcement(LINK))
        (host,) = found["DNSAddress"]
        assert host.address == bytes(map(int, address.split(".")))  # type: ignore[attr-defined]
        (text,) = found["DNSText"]
        assert b"id=0badc0ffee00" in text.text  # type: ignore[attr-defined]


def test_a_taker_learns_the_name_from_whoever_announces_it() -> None:
    claim = Advertisement(
        gateway_id="0123456789ab", model="MKN702", firmware="2.10", registered=False, busy=False
    )
    announced = neighbour("rogue", "0123456789ab", "own").announcement(LINK)
    assert heard_gateway(codec.read(announced[0].data)) == claim.instance_name
    assert heard_gateway(codec.read(question(SERVICE_TYPE, PTR))) is None
    assert heard_gateway(None) is None
    assert neighbour("taker").announcement(LINK) == []


def test_a_taker_answers_a_probe_at_once() -> None:
    taker = neighbour("taker", "AiSEG MKN702 (6789ab)")
    other = neighbour("rogue", "0123456789ab", "own").announcement(LINK)
    proposed = [
        each for packet in other for each in (codec.read(packet.data) or codec.DNSIncoming(b"")).answers()
    ]
    (probe,) = codec.probe([f"AiSEG MKN702 (6789ab).{SERVICE_TYPE}"], proposed[:1], unicast=False)
    wait, packets = taker.answer(LINK, Datagram(probe, ("192.168.0.20", 5353)))
    assert wait == 0
    (server,) = records(packets)["DNSService"]
    assert server.server == "taker.local."  # type: ignore[attr-defined]


def test_a_goodbye_takes_everything_back() -> None:
    found = records(neighbour("busy", "2", "0").goodbye(LINK))
    assert {each.ttl for kind in found.values() for each in kind} == {0}  # type: ignore[attr-defined]
    assert neighbour("taker").goodbye(LINK) == []


def test_a_conflict_answers_for_the_address_and_says_so_again_and_again(hands: FakeHands, lab: Lab) -> None:
    hands.begin("address_conflict", every_s=3)
    claims = at("phone", lab.later(6.5))
    assert [(each.arp.op, each.arp.spa, each.arp.tpa) for each in claims] == [
        (1, lab.ip("gateway"), lab.ip("gateway"))
    ] * 3
    going = lab.send("phone", lab.who_has("phone", lab.ip("gateway")))
    assert at("gateway", going)  # the true one is asked as well
    (false,) = at("phone", going)
    assert false.arp.spa == lab.ip("gateway")
    assert false.arp.sha not in (lab.mac("gateway"), lab.mac("neighbour"))
    segment = dpkt.tcp.TCP(sport=40000, dport=80, flags=2)
    packet = dpkt.ip.IP(src=lab.ip("phone"), dst=lab.ip("gateway"), p=6, data=segment)
    (reset,) = at("phone", lab.send("phone", lab.frame("phone", false.arp.sha, packet)))
    assert reset.tcp.flags == 0x14


def test_a_conflict_is_about_the_address_that_the_machine_has_now(hands: FakeHands, lab: Lab) -> None:
    hands.begin("address_changes")
    hands.begin("address_conflict")
    (claim,) = at("phone", lab.later(1))
    assert claim.arp.spa == lab.plan.address("gateway", "home", changed=True).packed


def test_after_the_conflict_nobody_else_answers(hands: FakeHands, lab: Lab) -> None:
    began = hands.begin("address_conflict")
    lab.later(1)
    hands.register.end(began.number)
    assert not at("phone", lab.later(30))
    assert not at("phone", lab.send("phone", lab.who_has("phone", lab.ip("gateway"))))
