"""The sweep against a counting peer on loopback, where every address of 127.0.0.0/8 is somebody; its bounds by themselves."""

import asyncio
import socket
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from ipaddress import IPv4Address, IPv4Interface, IPv4Network, IPv6Interface

import pytest
from zeroconf._dns import DNSRecord
from zeroconf._protocol.incoming import DNSIncoming

from phone_client.searching.network import Link, look_around
from phone_client.searching.sweeping import AT_ONCE, MAX_ADDRESSES, Block, Sweep, _Ear, _Part, blocks
from tests.phone_client import mdns_peer as peer
from tests.phone_client.gateway_double import GatewayDouble

pytestmark = pytest.mark.adapters

LOOPBACK = look_around(("lo",)).links[0]
NEIGHBOURS = IPv4Network("127.0.1.0/24")
GATEWAY = GatewayDouble(gateway_id="5ea4c0000001", port=8081)
PACKET_INFO = 8  # IP_PKTINFO: which address a packet was sent to


def link(*ipv4: str, tunnel: bool = False, name: str = "eth0") -> Link:
    return Link(name, 2, tuple(map(IPv4Interface, ipv4)), (IPv6Interface("fe80::5/64"),), tunnel)


def chosen(*links: Link, stays: bool = True) -> list[tuple[str, bool]]:
    return [(str(each.network), each.whole) for each in blocks(links, lambda _, __: stays)]


@pytest.mark.parametrize(
    ("own", "swept"),
    [
        ("192.168.0.30/24", [("192.168.0.0/24", True)]),
        ("192.168.0.30/25", [("192.168.0.0/25", True)]),
        ("172.16.5.9/22", [("172.16.4.0/22", True)]),
        ("10.1.2.3/21", [("10.1.2.0/24", False)]),
        ("10.1.2.3/8", [("10.1.2.0/24", False)]),
        ("127.0.0.1/8", [("127.0.0.1/32", True)]),
        ("192.168.0.30/32", []),  # nobody else has room there
        ("169.254.7.7/16", []),  # nobody gave it
        ("100.64.0.30/16", []),  # a carrier's, and so other people's
        ("8.8.8.9/24", []),
    ],
)
def test_only_the_households_own_network_is_swept_and_of_a_large_one_what_is_near(
    own: str, swept: list[tuple[str, bool]]
) -> None:
    assert chosen(link(own)) == swept


def test_nothing_is_sent_into_a_tunnel() -> None:
    assert chosen(link("192.168.0.30/24", tunnel=True)) == []
    assert chosen(link("192.168.0.30/24"), stays=False) == []


def test_a_network_is_swept_once_and_all_of_them_are_a_thousand_addresses_at_most() -> None:
    assert len(chosen(link("192.168.0.30/24"), link("192.168.0.31/24", name="wlan0"))) == 1
    many = [link(f"10.{number}.0.1/22", name=f"eth{number}") for number in range(4)]
    assert sum(each.network.num_addresses for each in blocks(many, lambda _, __: True)) == MAX_ADDRESSES


class Counting(asyncio.DatagramProtocol):
    """Is every neighbour's mDNS: counts what is sent to whom, and lets those in `speaking` answer with `records`."""

    def __init__(self, ear: socket.socket, speaking: set[str], records: list[DNSRecord]) -> None:
        self._ear = ear
        self._speaking = speaking
        self._records = records
        self.asked: Counter[str] = Counter()

    def read(self) -> None:
        data, notes, _, source = self._ear.recvmsg(9000, 64)
        ((_, _, info),) = notes
        target = socket.inet_ntoa(info[8:12])
        self.asked[target] += 1
        if target in self._speaking:
            question = DNSIncoming(data)
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as mouth:
                mouth.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                mouth.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
                mouth.bind((target, peer.PORT))
                mouth.sendto(peer.packet(self._records, question.id), source)


@asynccontextmanager
async def counting(speaking: set[str], records: list[DNSRecord]) -> AsyncIterator[Counting]:
    loop = asyncio.get_running_loop()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as ear:
        ear.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        ear.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        ear.setsockopt(socket.IPPROTO_IP, PACKET_INFO, 1)
        ear.setblocking(False)
        ear.bind(("", peer.PORT))
        everybody = Counting(ear, speaking, records)
        loop.add_reader(ear, everybody.read)
        try:
            yield everybody
        finally:
            loop.remove_reader(ear)


class Door:
    """A server at every address: counts the connections to each, and how many there were at the same time."""

    def __init__(self) -> None:
        self.opened: Counter[str] = Counter()
        self.open_now = self.most = 0

    async def welcome(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.opened[writer.get_extra_info("sockname")[0]] += 1
        self.open_now += 1
        self.most = max(self.most, self.open_now)
        await reader.read()
        self.open_now -= 1
        writer.close()


async def no_gateway(_: str, __: int) -> bool:
    return False


BLOCK = Block(LOOPBACK, IPv4Address("127.0.0.1"), NEIGHBOURS, whole=True)


@asynccontextmanager
async def open_to_all(door: Door, address: str = "0.0.0.0") -> AsyncIterator[int]:
    """Open `door` and yield its port."""
    server = await asyncio.start_server(door.welcome, address, 0, backlog=300)
    async with server:
        yield server.sockets[0].getsockname()[1]


async def test_everybody_is_asked_once_and_only_who_answers_is_knocked_at() -> None:
    speaking = {"127.0.1.7", "127.0.1.200"}
    told: list[float] = []
    door = Door()
    async with counting(speaking, [peer.pointer("AiSEG")]) as everybody, open_to_all(door) as port:
        sweep = Sweep([BLOCK], [port, port], no_gateway)
        began = asyncio.get_running_loop().time()
        await sweep.run(lambda asked, total: told.append(asked / total))
        took_s = asyncio.get_running_loop().time() - began
    assert everybody.asked == Counter({str(each): 1 for each in NEIGHBOURS.hosts()})
    assert door.opened == Counter(dict.fromkeys(speaking, 1))
    assert told == sorted(told)
    assert 0.9 < told[-1] <= 1
    assert took_s < 5
    seen = sweep.seen(LOOPBACK, (), ())
    assert seen
    assert (seen.asked, seen.whole) == (254, True)
    assert set(seen.present) == set(seen.speaking) == speaking


async def test_at_most_64_connections_are_under_way_at_the_same_time() -> None:
    everybody = {str(each) for each in NEIGHBOURS.hosts()}
    door = Door()

    async def ask_slowly(address: str, port: int) -> bool:
        _, writer = await asyncio.open_connection(address, port)
        await asyncio.sleep(0.05)
        writer.close()
        return False

    async with counting(everybody, [peer.pointer("AiSEG")]), open_to_all(door) as port:
        await Sweep([BLOCK], [port], ask_slowly).run(lambda _, __: None)
    assert set(door.opened) == everybody
    assert AT_ONCE / 2 < door.most <= AT_ONCE


async def test_a_gateway_is_tried_at_the_port_it_tells_and_found_once() -> None:
    attempts: list[tuple[str, int]] = []

    async def attempt(address: str, port: int) -> bool:
        attempts.append((address, port))
        return True

    async with (
        open_to_all(Door(), "127.0.1.20") as port,
        counting({"127.0.1.20"}, peer.whole(GATEWAY.advertisement, port, "127.0.1.20")),
    ):
        sweep = Sweep([BLOCK], [9], attempt)
        await sweep.run(lambda _, __: None)
    assert attempts == [("127.0.1.20", port)]
    assert sweep.speaks("127.0.1.20")
    assert not sweep.speaks("127.0.1.21")


async def test_a_sweep_that_is_cut_off_says_that_it_is_not_whole() -> None:
    sweep = Sweep([BLOCK], [9], no_gateway)
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.2):
            await sweep.run(lambda _, __: None)
    seen = sweep.seen(LOOPBACK, ["127.0.1.3"], ["127.0.1.4"])
    assert seen
    assert 0 < seen.asked < 254
    assert not seen.whole
    assert seen.present == ("127.0.1.3",), "who answers ARP late counts, too"


async def test_answers_from_elsewhere_do_not_count_and_cost_no_memory() -> None:
    part = _Part(BLOCK)
    ear = _Ear(4711, NEIGHBOURS, part.heard)
    answer = peer.packet([peer.pointer("AiSEG")], 4711)
    for number in range(1000):
        ear.datagram_received(answer, (str(IPv4Address("10.0.0.1") + number), peer.PORT))
    ear.datagram_received(answer, ("127.0.1.7", peer.PORT))
    assert part.present == {IPv4Address("127.0.1.7")}
