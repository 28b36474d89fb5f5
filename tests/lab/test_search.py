"""A search in a home that stands: what it finds, what it sends, and causes and evidence that the matrix does not ask for."""

import json
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import pytest

from lab.home import Home
from lab.network.plan import SEGMENTS
from lab.node import Node
from lab.residents import Residents, Said, living_in
from phone_client.places import PlacesFile
from phone_client.session import Login, MemoryFile
from protocol.discovery import DEFAULT_PORT
from protocol.problems import CANNOT_RUN_HERE, Problem
from tests.support.rights import NOT_ALLOWED, may_make_networks

pytestmark = pytest.mark.skipif(not may_make_networks(), reason=NOT_ALLOWED)

ALL_FRAMES = 3  # ETH_P_ALL
NOBODYS_MAC = "02:00:00:00:00:99"
NOW = datetime(2026, 11, 22, 5, 0, tzinfo=timezone.utc)  # noqa: UP017 - as the rest of the project writes it


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("home")


@pytest.fixture(scope="module")
def memory(folder: Path) -> Path:
    """Return where the phone remembers."""
    return folder / "phone"


@pytest.fixture(scope="module")
def standing(folder: Path) -> Iterator[Residents]:
    with Home() as home, living_in(home, folder) as residents:
        yield residents


@pytest.fixture
def residents(standing: Residents) -> Iterator[Residents]:
    """Hand the home over well, with a phone that has just met the gateway in it."""
    standing.meet()
    yield standing
    standing.home.all_clear()


def remember(residents: Residents, memory: Path, **known: Any) -> None:
    """Let the phone know the gateway from an earlier day, by nothing but its address and what is `known`."""
    (met,) = PlacesFile(memory).read().gateways
    residents.forget()
    PlacesFile(memory).add([met.model_copy(update={"mac": None, "router_mac": None, "more": (), **known})])


@contextmanager
def dropping(node: Node, *rules: str) -> Iterator[None]:
    """Drop in a node's kernel what fits one of `rules`, each a hook of nftables (input, output) and an expression."""
    for number, rule in enumerate(rules):
        hook, _, fits = rule.partition(" ")
        chain = f"chain c {{ type filter hook {hook} priority 0; {fits} drop\n }}"
        node.run("nft", f"table inet t{number} {{ {chain}\n }}")
    try:
        yield
    finally:
        node.run("nft", "flush", "ruleset")


@contextmanager
def announced(node: Node, gateway_id: str, model: str) -> Iterator[None]:
    """Announce a gateway that also answers, from python-zeroconf."""
    words = ("tests.phone_client.gateway_double", node.address, "--id", gateway_id, "--model", model)
    with node.running(sys.executable, "-m", *words) as program:
        assert program.read_line() == "announced\n"
        yield


def not_found(said: Said) -> str | None:
    assert said.found == ()
    return said.code


def evidence(said: Said) -> str:
    return " ".join(line["en"] for line in said.document["diagnosis"]["evidence"])


# What it finds and what it sends


@pytest.mark.req("S-GEN-07", "S-DISC-01")
def test_it_is_found_at_once_and_its_network_is_known_the_next_time(
    residents: Residents, memory: Path
) -> None:
    residents.forget()
    said = residents.search()
    (hit,) = said.found
    gateway = residents.home.gateway
    assert (hit["gateway_id"], hit["address"], hit["port"]) == (
        residents.gateway_id,
        gateway.address,
        DEFAULT_PORT,
    )
    assert hit["elapsed_ms"] < 500
    assert said.code is None
    assert said.took_s < 5
    (place,) = PlacesFile(memory).read().gateways
    assert place.mac == gateway.mac
    router = residents.home.phone.run("ip", "neighbour", "show", str(SEGMENTS["home"].router))
    assert f"lladdr {place.router_mac} " in router


@pytest.mark.req("S-DISC-09")
def test_two_gateways_are_both_listed(residents: Residents) -> None:
    residents.forget()
    neighbour = residents.home.neighbour
    with announced(neighbour, "0123456789ac", "MKN700"):
        said = residents.search()
    assert {(hit["model"], hit["address"]) for hit in said.found} == {
        ("MKN702", residents.home.gateway.address),
        ("MKN700", neighbour.address),
    }


def captured(wire: socket.socket) -> list[bytes]:
    wire.setblocking(False)
    frames = []
    while True:
        try:
            frames.append(wire.recv(65536))
        except BlockingIOError:
            return frames


@pytest.mark.req("S-DISC-14")
def test_what_crosses_the_wire_is_questions_and_one_request(residents: Residents, memory: Path) -> None:
    residents.forget()
    login = Login(
        cloud_url="http://127.0.0.1:8080",
        email="father@example.com",
        token="t0ken",
        expires_at=NOW,
        refresh_token="refresh-t0ken",
    )
    MemoryFile(memory).change(lambda kept: kept.model_copy(update={"login": login}))
    with residents.home.phone.open_socket(socket.AF_PACKET, socket.SOCK_RAW) as wire:
        wire.bind(("eth0", ALL_FRAMES))
        assert residents.search().found
        frames = captured(wire)
    secrets = (
        login.token,
        login.refresh_token,
        login.email,
        "Authorization",
        MemoryFile(memory).read().installation_id,
    )
    assert any(b"GET /api/v1/device" in frame for frame in frames)
    assert not [frame for frame in frames for secret in secrets if secret.encode() in frame]


def test_the_default_does_not_leave_this_machine(residents: Residents, memory: Path) -> None:
    home = residents.home
    search = ("-m", "phone_client", "search", "--json", "--timeout", "1", "--state", str(memory))
    with home.phone.open_socket(socket.AF_PACKET, socket.SOCK_RAW) as wire:
        wire.bind(("eth0", ALL_FRAMES))
        with home.phone.running(sys.executable, *search) as searching:
            assert json.loads(searching.read_line(30))["found"] == []
        own = bytes.fromhex(home.phone.mac.replace(":", ""))
        sent = [frame for frame in captured(wire) if frame[6:12] == own]
    tcp_or_udp = (socket.IPPROTO_TCP, socket.IPPROTO_UDP)  # the kernel's own words are others
    assert not [frame for frame in sent if frame[12:14] == b"\x08\x00" and frame[23] in tcp_or_udp]
    assert not [frame for frame in sent if frame[12:14] == b"\x86\xdd" and frame[20] in tcp_or_udp]


@pytest.mark.req("S-DISC-02", "S-DISC-03", "S-GEN-07")
def test_from_another_network_it_ends_at_the_limit(residents: Residents) -> None:
    residents.home.begin("other_network")
    said = residents.search(limit_s=2)
    assert not_found(said) == "other_network"
    assert 2 < said.took_s < 4


# Why it does not find


def test_no_address(residents: Residents) -> None:
    for condition in ("ipv4_only", "ipv6_only"):
        residents.home.begin(condition, on="phone")
    assert not_found(residents.search(limit_s=1)) == "no_address"


def test_vpn_active(residents: Residents) -> None:
    try:
        residents.home.begin("vpn_on_phone")
    except Problem as problem:
        if problem.kind != CANNOT_RUN_HERE:
            raise
        pytest.skip(problem.sentence())
    assert not_found(residents.search(limit_s=2)) == "vpn_active"


@pytest.mark.req("S-DISC-13")
def test_permission_denied(residents: Residents) -> None:
    residents.forget()
    with dropping(residents.home.phone, "output udp dport 5353"):
        said = residents.search(limit_s=2)
    assert not_found(said) == "permission_denied"
    assert "Sent 0 mDNS packets. The system refused mDNS (Operation not permitted)." in evidence(said)


@pytest.mark.req("S-DISC-13")
def test_the_phones_own_firewall_is_told_from_a_dead_network(residents: Residents) -> None:
    residents.forget()
    with dropping(residents.home.phone, "input udp dport 5353", "input udp sport 5353"):
        said = residents.search(limit_s=2)
    assert not_found(said) == "permission_denied"
    assert "did not even hear its own question" in evidence(said)


def test_gateway_unreachable(residents: Residents) -> None:
    residents.forget()
    with dropping(residents.home.gateway, f"input tcp dport {DEFAULT_PORT}"):
        said = residents.search(limit_s=3)
    assert not_found(said) == "gateway_unreachable"
    assert "no answer within 2 s" in evidence(said)


@pytest.mark.req("S-GEN-14")
def test_unsupported_model(residents: Residents) -> None:
    residents.forget()
    residents.home.begin("gateway_off")
    with announced(residents.home.neighbour, "0123456789ac", "MKN7100"):
        assert not_found(residents.search(limit_s=2)) == "unsupported_model"


# What it knew of the gateway


def test_an_answer_of_before_the_search_is_none(residents: Residents) -> None:
    assert residents.search(limit_s=2).found
    residents.home.begin("gateway_off")
    said = residents.search(limit_s=2)
    assert not_found(said) == "gateway_off"
    assert "It answers ARP." not in evidence(said)


def test_gateway_firewalled_at_an_ipv6_address(residents: Residents, memory: Path) -> None:
    remember(residents, memory, address="fd00:5::14")
    residents.home.begin("gateway_firewalled")
    said = residents.search(limit_s=2)
    assert not_found(said) == "gateway_firewalled"
    assert "It answers NDP." in evidence(said)


def test_another_gateway_at_the_last_address_is_not_taken_for_ours(
    residents: Residents, memory: Path
) -> None:
    remember(residents, memory, gateway_id="ffffffffffff")
    with dropping(residents.home.gateway, "input udp dport 5353"):
        said = residents.search(limit_s=2)
    assert not_found(said) == "gateway_off_or_elsewhere"
    assert "something else answered" in evidence(said)


def test_a_machine_that_was_given_the_last_address_is_not_taken_for_a_stopped_gateway(
    residents: Residents, memory: Path
) -> None:
    remember(residents, memory, address=residents.home.neighbour.address, mac=NOBODYS_MAC)
    residents.home.begin("gateway_off")
    said = residents.search(limit_s=2)
    assert not_found(said) == "gateway_off_or_elsewhere"
    assert "Another machine than then has that address now." in evidence(said)


def test_a_network_with_the_same_numbers_is_told_by_its_router(residents: Residents, memory: Path) -> None:
    remember(residents, memory, router_mac=NOBODYS_MAC)
    residents.home.begin("gateway_off")
    said = residents.search(limit_s=2)
    assert not_found(said) == "other_network"
    assert "The router is another one" in evidence(said)


def test_a_remembered_address_of_another_kind_says_nothing(residents: Residents, memory: Path) -> None:
    remember(residents, memory, address="2001:db8::9")
    residents.home.begin("ipv4_only", on="phone")
    residents.home.begin("gateway_off")
    said = residents.search(limit_s=2)
    assert not_found(said) == "gateway_off_or_elsewhere"
    assert "cannot be tried" in evidence(said)
