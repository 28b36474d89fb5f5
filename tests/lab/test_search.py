"""The search in a home of network namespaces: found on the same bridge, never across a router, nothing leaks."""

import socket
from collections.abc import Iterator
from datetime import datetime, timezone
from pathlib import Path

import pytest

from phone_client.session import Login, MemoryFile
from tests.lab.home import NAME, Home, home, mac_of
from tests.phone_client.gateway_double import GATEWAY_ID, PORT

ALL_PROTOCOLS = 3  # ETH_P_ALL
NOW = datetime(2026, 11, 22, 5, 0, tzinfo=timezone.utc)  # noqa: UP017 - as the rest of the project writes it


@pytest.fixture
def lan(tmp_path: Path) -> Iterator[Home]:
    with home(tmp_path / "phone") as made:
        yield made


@pytest.mark.req("S-GEN-07", "S-DISC-01")
def test_found_on_the_same_bridge(lan: Home) -> None:
    with lan.announcing():
        searched = lan.search(10)
    assert searched.code == 0
    (hit,) = searched.found
    assert (hit["gateway_id"], hit["address"], hit["port"], hit["name"]) == (
        GATEWAY_ID,
        lan.gateway.address,
        PORT,
        NAME,
    )
    assert hit["elapsed_ms"] < 500
    assert searched.diagnosis is None
    assert searched.took_s < 5


@pytest.mark.req("S-DISC-09")
def test_two_gateways_on_the_bridge_are_both_listed(lan: Home) -> None:
    with lan.announcing(), lan.announcing(lan.router, "--id", "0123456789ac", "--model", "MKN700"):
        searched = lan.search(10)
    assert {(hit["model"], hit["address"]) for hit in searched.found} == {
        ("MKN702", lan.gateway.address),
        ("MKN700", lan.router.address),
    }


@pytest.mark.req("S-DISC-14")
def test_what_crosses_the_wire_is_questions_and_one_request(lan: Home) -> None:
    login = Login(
        cloud_url="http://127.0.0.1:8080",
        email="father@example.com",
        token="t0ken",
        expires_at=NOW,
        refresh_token="refresh-t0ken",
    )
    MemoryFile(lan.state).change(lambda memory: memory.model_copy(update={"login": login}))
    with lan.announcing(), lan.gateway.open_socket(socket.AF_PACKET, socket.SOCK_RAW) as wire:
        wire.bind(("eth0", ALL_PROTOCOLS))
        assert lan.search(10).found
        frames = captured(wire)
    secrets = (
        login.token,
        login.refresh_token,
        login.email,
        "Authorization",
        MemoryFile(lan.state).read().installation_id,
    )
    assert any(b"GET /api/v1/device" in frame for frame in frames)
    assert not [frame for frame in frames for secret in secrets if secret.encode() in frame]


def test_the_default_does_not_leave_this_machine(lan: Home) -> None:
    lan.remember()
    with lan.announcing(), lan.gateway.open_socket(socket.AF_PACKET, socket.SOCK_RAW) as wire:
        wire.bind(("eth0", ALL_PROTOCOLS))
        assert lan.search(1, "--interface", "127.0.0.1").found == []
        phone = bytes.fromhex(mac_of(lan.phone).replace(":", ""))
        ipv4 = b"\x08\x00"
        assert not [frame for frame in captured(wire) if frame[6:14] == phone + ipv4]


def captured(wire: socket.socket) -> list[bytes]:
    wire.setblocking(False)
    frames = []
    while True:
        try:
            frames.append(wire.recv(65536))
        except BlockingIOError:
            return frames


@pytest.mark.req("S-DISC-02", "S-DISC-03", "S-GEN-07")
def test_from_another_network_it_ends_at_the_limit_of_ten_seconds(lan: Home) -> None:
    lan.remember("198.51.100.2")
    searched = lan.search(10)
    assert searched.code == 3
    assert searched.diagnosis == "other_network"
    assert 9 < searched.took_s < 12
