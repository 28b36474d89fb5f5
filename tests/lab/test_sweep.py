"""The sweep in a whole home: who is asked and who never is, what it finds where multicast is dead, what it tells apart."""

from collections import Counter
from collections.abc import Iterator
from ipaddress import IPv4Address, IPv4Network, IPv6Address, ip_address
from pathlib import Path
from typing import Any

import dpkt  # type: ignore[import-untyped]
import pytest
from dpkt import pcapng

from lab.home import Home
from lab.network.plan import SEGMENTS
from lab.residents import Residents, Said, living_in
from phone_client.searching.multicast import PORT
from tests.support.rights import NOT_ALLOWED, may_make_networks

pytestmark = pytest.mark.skipif(not may_make_networks(), reason=NOT_ALLOWED)

AT_HOME = SEGMENTS["home"].network
TRIES_OF_ARP = 3  # /proc/sys/net/ipv4/neigh/*/mcast_solicit
SWEEP = "--sweep"


@pytest.fixture
def residents(tmp_path: Path) -> Iterator[Residents]:
    with Home(seed=5, folder=tmp_path) as home, living_in(home, tmp_path) as residents:
        residents.forget()
        yield residents


def sent_by_phone(home: Home) -> Iterator[Any]:
    """Yield the Ethernet frames that the phone has sent, each once."""
    sender = bytes.fromhex(home.phone.mac.replace(":", ""))
    last = b""
    with home.capture().open("rb") as file:
        for _, data in pcapng.Reader(file):
            if (
                data[6:12] == sender and data != last
            ):  # what is flooded is in the file once for each that it went to
                last = data
                yield dpkt.ethernet.Ethernet(data)


def asked_by_arp(frames: list[Any]) -> Counter[IPv4Address]:
    asked = (each.data for each in frames if isinstance(each.data, dpkt.arp.ARP))
    return Counter(IPv4Address(each.tpa) for each in asked if each.op == dpkt.arp.ARP_OP_REQUEST)


def unicast(frames: list[Any]) -> list[tuple[IPv4Address | IPv6Address, int]]:
    """Return to which addresses and ports UDP or TCP was sent that is no multicast."""
    packets = [each.data for each in frames if isinstance(each.data, dpkt.ip.IP | dpkt.ip6.IP6)]
    udp_or_tcp = [each for each in packets if isinstance(each.data, dpkt.udp.UDP | dpkt.tcp.TCP)]
    targets = [(ip_address(each.dst), each.data.dport) for each in udp_or_tcp]
    return [each for each in targets if not each[0].is_multicast]


@pytest.mark.req("S-DISC-04")
def test_without_the_wish_of_a_person_nobody_is_asked_but_the_router(residents: Residents) -> None:
    residents.home.begin("gateway_off")
    assert residents.search(limit_s=3).found == ()
    frames = list(sent_by_phone(residents.home))
    router = SEGMENTS["home"].router
    speaking = IPv4Address(
        residents.home.neighbour.address
    )  # it answers the phone, so the kernel checks its MAC address
    assert set(asked_by_arp(frames)) <= {router, speaking}
    assert {address for address, _ in unicast(frames)} == {router}


def test_everybody_of_the_own_network_is_asked_once_and_nobody_else(residents: Residents) -> None:
    residents.home.begin("gateway_off")
    assert residents.search(SWEEP, limit_s=6).found == ()
    frames = list(sent_by_phone(residents.home))
    asked = asked_by_arp(frames)
    own, neighbour = (IPv4Address(each.address) for each in (residents.home.phone, residents.home.neighbour))
    router, everybody = SEGMENTS["home"].router, set(AT_HOME.hosts())
    assert set(asked) >= everybody - {own, neighbour, router}
    assert set(asked) <= everybody
    assert max(asked.values()) <= 2 * TRIES_OF_ARP, (
        "for the question, and for a connection where ARP answered"
    )
    spoken_to = Counter(unicast(frames))
    assert {address for address, _ in spoken_to} <= {neighbour, router}
    assert spoken_to[neighbour, PORT] == 1
    by_router = [each for each in frames if isinstance(each.data, dpkt.ip.IP) and is_for_router(each)]
    assert {IPv4Address(each.data.dst) for each in by_router} == {router}


def is_for_router(frame: Any) -> bool:
    return bytes(frame.dst[:2]) == bytes((2, 5)) and bytes(frame.dst[2:4]) == bytes((1, 1))


def found_with(said: Said) -> tuple[str, str | None]:
    (hit,) = said.found
    assert said.took_s < 6
    return hit["found_by"], said.code


@pytest.mark.req("S-DISC-15")
@pytest.mark.parametrize(
    ("condition", "code"), [("mdns_blocked", "mdns_blocked"), ("multicast_lost", "multicast_not_carried")]
)
def test_where_multicast_is_dead_it_finds_the_gateway_and_says_so(
    residents: Residents, condition: str, code: str
) -> None:
    residents.home.begin(condition, **({"p": 1} if condition == "multicast_lost" else {}))
    residents.home.begin("address_changes")
    assert residents.search(limit_s=2).code == "multicast_blocked_or_isolated"
    assert found_with(residents.search(SWEEP)) == ("sweep", code)
    assert found_with(residents.search()) == ("remembered", code), "and it is remembered"


@pytest.mark.req("S-DISC-15")
def test_it_tells_isolation_from_a_gateway_that_is_off(residents: Residents) -> None:
    isolated = residents.home.begin("ap_isolation")
    said = residents.search(SWEEP, limit_s=5)
    assert (said.code, said.could_also_be) == ("client_isolation", ("gateway_off", "other_network"))
    residents.home.end(isolated.number)
    residents.home.begin("gateway_off")
    said = residents.search(SWEEP, limit_s=5)
    assert said.code == "gateway_off_or_elsewhere"
    assert "client_isolation" not in said.could_also_be


def test_a_carriers_network_is_never_swept(residents: Residents) -> None:
    residents.home.begin("other_network")
    assert residents.search(SWEEP, limit_s=3).found == ()
    carrier = IPv4Network("100.64.0.0/10")
    frames = list(sent_by_phone(residents.home))
    assert {address for address in asked_by_arp(frames) if address in carrier} == {SEGMENTS["mobile"].router}
