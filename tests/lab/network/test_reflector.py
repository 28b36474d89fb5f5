"""The mDNS reflector of a router: the words stay, the addresses of packets do not."""

import pytest

from lab.network.frames import IPV6, MDNS_4, MDNS_6, frame, group_address, udp4, udp6
from lab.network.leg import link_local
from lab.network.reflector import ASKER_LIVES_S, MOST_ASKERS, Reflector
from tests.lab.network.machines import Lab, at

HOME, GUEST = bytes((192, 168, 0, 1)), bytes((192, 168, 5, 1))


@pytest.fixture
def lab() -> Lab:
    lab = Lab()
    lab.network.plug("phone", "guest")
    reflect(lab)
    return lab


def reflect(lab: Lab, *, keep_source: bool = False) -> None:
    router = lab.network.router
    router.reflectors[1] = Reflector(router.leg("home"), router.leg("guest"), keep_source=keep_source)


def test_without_a_reflector_nothing_passes() -> None:
    lab = Lab()
    lab.network.plug("phone", "guest")
    assert not at("gateway", lab.send("phone", lab.multicast("phone", b"question")))


def test_a_question_and_its_multicast_answer_pass_unchanged(lab: Lab) -> None:
    (heard,) = at("gateway", lab.send("phone", lab.multicast("phone", b"question")))
    assert (heard.udp.data, heard.udp.sport, heard.ip4.src, heard.ip4.ttl) == (b"question", 5353, HOME, 255)
    (heard,) = at("phone", lab.send("gateway", lab.multicast("gateway", b"answer")))
    assert (heard.udp.data, heard.ip4.src, heard.ip4.dst) == (b"answer", GUEST, MDNS_4)
    assert heard.target == group_address(MDNS_4)


def test_senders_can_keep_their_address(lab: Lab) -> None:
    reflect(lab, keep_source=True)
    (heard,) = at("phone", lab.send("gateway", lab.multicast("gateway", b"answer")))
    assert heard.ip4.src == bytes((192, 168, 0, 20))


def test_ipv6_passes_too(lab: Lab) -> None:
    packet = udp6(link_local(lab.mac("gateway")), MDNS_6, 5353, 5353, b"answer", hops=255)
    sent = frame(group_address(MDNS_6), lab.mac("gateway"), IPV6, packet)
    (heard,) = at("phone", lab.send("gateway", sent))
    assert (heard.udp.data, heard.ip6.src) == (b"answer", lab.network.router.leg("guest").link_local)


def test_the_answer_to_a_one_shot_question_comes_back_to_the_asker(lab: Lab) -> None:
    lab.ask_router("phone", GUEST)
    (asked,) = at("gateway", lab.send("phone", lab.multicast("phone", b"question", sport=40000)))
    assert asked.udp.sport not in (5353, 40000)
    answer = udp4(lab.ip("gateway"), HOME, 5353, asked.udp.sport, b"answer", ttl=255)
    sent = lab.frame("gateway", asked.source, answer)
    (heard,) = at("phone", lab.send("gateway", sent))
    assert (heard.udp.data, heard.udp.sport, heard.udp.dport, heard.ip4.dst) == (
        b"answer",
        5353,
        40000,
        lab.ip("phone"),
    )
    lab.later(ASKER_LIVES_S)
    assert not at("phone", lab.send("gateway", sent))


def test_a_unicast_answer_to_the_router_is_said_to_all(lab: Lab) -> None:
    answer = udp4(lab.ip("gateway"), HOME, 5353, 5353, b"answer", ttl=255)
    (heard,) = at(
        "phone", lab.send("gateway", lab.frame("gateway", lab.network.router.leg("home").mac, answer))
    )
    assert (heard.udp.data, heard.ip4.dst) == (b"answer", MDNS_4)


def test_other_groups_do_not_pass(lab: Lab) -> None:
    ssdp = bytes((239, 255, 255, 250))
    sent = lab.frame("gateway", group_address(ssdp), udp4(lab.ip("gateway"), ssdp, 1900, 1900, b"x"))
    assert not at("phone", lab.send("gateway", sent))


def test_a_flood_of_one_shot_questions_is_not_remembered(lab: Lab) -> None:
    for number in range(MOST_ASKERS + 20):
        lab.send("phone", lab.multicast("phone", b"question", sport=40000 + number))
    reflector = lab.network.router.reflectors[1]
    assert len(reflector._askers) == MOST_ASKERS
