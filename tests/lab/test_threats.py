"""What somebody on the same network can do to a phone that searches and links (threats T-26 to T-28)."""

import json
import random
import re
import socket
import struct
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv4Network
from pathlib import Path
from typing import Any

import pytest

from lab.home import Home
from lab.network.plan import SEGMENTS
from lab.node import Node
from lab.program import ProgramError
from phone_client.session import MemoryFile
from protocol.codes import with_check_digit
from protocol.discovery import Advertisement
from tests.phone_client import mdns_peer as peer
from tests.support.rights import NOT_ALLOWED, may_make_networks

pytestmark = pytest.mark.skipif(not may_make_networks(), reason=NOT_ALLOWED)

HOME: IPv4Network = SEGMENTS["home"].network
ALL_FRAMES = 3  # ETH_P_ALL
DEVICE_CODE, LINK_CODE = with_check_digit("123456789"), with_check_digit("12345678901")
PASSWORD = "correct horse battery"
FLOOD = 10_000
MEASURED = """
import resource, runpy, sys
try:
    runpy.run_module("phone_client", run_name="__main__", alter_sys=True)
finally:
    print("peak", resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, file=sys.stderr)
"""


@pytest.fixture(scope="module")
def home() -> Iterator[Home]:
    with Home() as home:
        yield home


@dataclass
class Sent:
    """What the phone has sent: to whom, and what."""

    packets: list[tuple[IPv4Address, bytes]] = field(default_factory=list)

    def naming(self, secret: str) -> set[IPv4Address]:
        """Return to whom a packet with `secret` in it went."""
        return {to for to, packet in self.packets if secret.encode() in packet}


@contextmanager
def overheard(phone: Node) -> Iterator[Sent]:
    """Yield what `phone` sends by IPv4; it is filled in when the block is over."""
    sent, own = Sent(), bytes.fromhex(phone.mac.replace(":", ""))
    with phone.open_socket(socket.AF_PACKET, socket.SOCK_RAW) as wire:
        wire.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
        wire.bind(("eth0", ALL_FRAMES))
        yield sent
        wire.setblocking(False)
        while frame := received(wire):
            if frame[6:12] == own and frame[12:14] == b"\x08\x00":
                sent.packets.append((IPv4Address(frame[30:34]), frame[34:]))


def received(wire: socket.socket) -> bytes:
    try:
        return wire.recv(65536)
    except BlockingIOError:
        return b""


@contextmanager
def rogue(node: Node) -> Iterator[None]:
    """Announce an AiSEG that answers as one, and would take whatever it is sent."""
    words = ("tests.phone_client.gateway_double", node.address, "--id", "0123456789ac")
    with node.running(sys.executable, "-m", *words) as program:
        assert program.read_line() == "announced\n"
        yield


@contextmanager
def logged_in(home: Home, folder: Path) -> Iterator[Callable[..., Any]]:
    """Run a cloud on the internet, and log the phone in there; yield what runs a command of the phone."""
    cloud, address = home.cloud, home.cloud.address
    places = {"HTTP__HOST": address, "MQTT__HOST": address, "STORE__FOLDER": f"{folder}/cloud"}
    environment = [f"AISEG_CLOUD__{key}={value}" for key, value in places.items()]
    program = (sys.executable, "-m", "cloud", "--config", "config/cloud-lan.toml", "--json")
    with cloud.running("env", *environment, *program) as running:
        said = json.loads(next(line for line in running.stdout if line.startswith("{")))

        def phone(*words: str) -> Any:
            options = ("--state", f"{folder}/phone", "--cloud", said["cloud"], "--lan", "--json")
            command = (sys.executable, "-m", "phone_client", *words, *options)
            return json.loads(home.phone.run("env", f"AISEG_PHONE__PASSWORD={PASSWORD}", *command))

        phone("signup", "--email", "a@example.com", "--accept-terms")
        read = "import sys, urllib.request as r; print(r.urlopen(sys.argv[1]).read().decode())"
        url = re.search(
            r'href="(http[^"]*/verify[^"]*)"', cloud.run(sys.executable, "-c", read, said["inbox"])
        )
        assert url
        phone("verify", url[1])
        phone("login", "--email", "a@example.com")
        yield phone


def test_a_rogue_aiseg_is_never_told_a_code_a_password_or_a_token(home: Home, tmp_path: Path) -> None:
    with logged_in(home, tmp_path) as phone, overheard(home.phone) as sent, rogue(home.neighbour):
        assert [hit["address"] for hit in phone("search")["found"]] == [home.neighbour.address]
        phone("login", "--email", "a@example.com")
        codes = ("--device-code", DEVICE_CODE, "--link-code", LINK_CODE)
        with pytest.raises(ProgramError, match="code"):  # the cloud knows no such codes
            phone("link", "--nickname", "father", *codes)
    login = MemoryFile(tmp_path / "phone").read().login
    assert login
    cloud = IPv4Address(home.cloud.address)
    assert any(to in HOME for to, packet in sent.packets if b"GET /api/v1/device" in packet)
    for secret in (DEVICE_CODE, LINK_CODE, PASSWORD, login.token):
        assert sent.naming(secret) == {cloud}, secret


def noise() -> Iterator[bytes]:
    """Yield packets that announce a gateway each which is none; half of them are damaged."""
    dice = random.Random(1)
    for number in range(500):
        said = Advertisement(
            gateway_id=f"{number:012x}", model="MKN702", firmware="2.10", registered=True, busy=False
        )
        packet = bytearray(peer.packet(peer.whole(said, 9, "192.168.0.40")))
        if number % 2:
            packet[dice.randrange(len(packet))] ^= 1 + dice.randrange(255)
        yield bytes(packet)


def flood(node: Node, packets: Sequence[bytes]) -> None:
    """Send thousands of packets to everybody's port 5353."""
    with node.open_socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, struct.pack("@8xi", 2))
        sock.bind((node.address, peer.PORT))
        for _ in range(FLOOD // len(packets)):
            for packet in packets:
                sock.sendto(packet, (peer.GROUP, peer.PORT))


def peak_of_a_search(home: Home, meanwhile: Callable[[], None]) -> int:
    """Return how much memory (kB) a search of two seconds took at most; it ends by itself, and prints its answer."""
    search = ("search", "--lan", "--timeout", "2", "--json", "--state", "/run/phone")
    with home.phone.running(sys.executable, "-c", MEASURED, *search, separate_errors=True) as searching:
        meanwhile()
        assert isinstance(json.loads(searching.read_line(20))["found"], list)
        peak = next(line for line in searching.stderr if line.startswith("peak"))
    return int(peak.split()[1])


def test_a_flood_costs_a_searching_phone_little_memory_and_no_time(home: Home) -> None:
    packets, calm = list(noise()), peak_of_a_search(home, lambda: None)
    assert peak_of_a_search(home, lambda: flood(home.neighbour, packets)) - calm < 50_000


def test_an_answer_from_beyond_the_router_finds_nothing(home: Home) -> None:
    """Somebody far away answers as an AiSEG, and his mDNS answers get in as if the router let them."""
    search = ("-m", "phone_client", "search", "--lan", "--timeout", "2", "--json", "--state", "/run/far")
    with rogue(home.cloud), home.phone.running(sys.executable, *search) as searching:
        for _ in range(20):
            let_in(home)
            time.sleep(0.1)  # over the whole search, whenever it begins to listen
        said = json.loads(searching.read_line(20))
    assert said["found"] == []
    assert said["diagnosis"]["code"] == "off_link_answer"


def let_in(home: Home) -> None:
    """Multicast in the home what the far machine says, from its address."""
    far = Advertisement(
        gateway_id="0123456789ac", model="MKN702", firmware="2.10", registered=True, busy=False
    )
    payload = peer.packet(peer.whole(far, 8080, home.cloud.address))
    datagram = struct.pack("!4H", peer.PORT, peer.PORT, 8 + len(payload), 0) + payload
    addresses = IPv4Address(home.cloud.address).packed + IPv4Address(peer.GROUP).packed
    header = (
        struct.pack("!2B3H2BH", 0x45, 0, 20 + len(datagram), 0, 0, 255, socket.IPPROTO_UDP, 0) + addresses
    )
    with home.neighbour.open_socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW) as raw:
        raw.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, struct.pack("@8xi", 2))
        raw.sendto(header + datagram, (peer.GROUP, peer.PORT))
