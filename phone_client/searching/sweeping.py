"""The sweep: asks the addresses of the phone's own networks one by one. Only when a person wants it, and within bounds.

Each address gets one packet, a question by unicast mDNS (RFC 6762 §5.5). Who answers it, or the kernel's question by ARP,
is tried at the ports where a gateway may be. Nothing passes a router: the socket says so, and a network whose packets
would leave another way, by a tunnel, is left out.
"""

import asyncio
import secrets
import socket
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from ipaddress import IPv4Address, IPv4Interface, IPv4Network, ip_address
from typing import Any, Final

from phone_client.searching import probing
from phone_client.searching.answers import FOR_ANYBODY, FOR_GATEWAYS, Records, read_answer, write_questions
from phone_client.searching.evidence import Swept, Tcp
from phone_client.searching.kernel import Neighbour, Place, neighbours
from phone_client.searching.multicast import PORT
from phone_client.searching.network import Link, stays_on

WIDEST: Final = 22
"""The prefix of the largest network that is swept whole; of a larger one, the /24 around the own address is."""
AROUND: Final = 24
MAX_ADDRESSES: Final = 1024
AT_ONCE: Final = 64
"""Connections under way at the same time."""
ADDRESS_S: Final = 0.5
"""How long one address is waited for: its answer to the question, and then its port."""
TRY_AGAIN_AFTER_S: Final = (0.0, 0.7, 0.7)
"""Later, those are tried (again) who answer ARP late or did not take the connection: packets get lost."""
TRYING_S: Final = 4.0
"""How long those who are there are tried, all in all."""
_BATCH: Final = 8
_PAUSE_S: Final = 0.025  # 320 packets a second: 0.8 s for a /24

Progress = Callable[[int, int], None]
"""Is told how many addresses have been asked, of how many."""
Attempt = Callable[[str, int], Awaitable[bool]]
"""Asks the gateway at an address and port who it is; says whether one is there."""


@dataclass(frozen=True)
class Block:
    """What is swept of a link's network: all its addresses, or (`whole` is false) those around the own one."""

    link: Link
    own: IPv4Address
    network: IPv4Network
    whole: bool

    @property
    def addresses(self) -> Iterator[IPv4Address]:
        """Every address a machine can have there."""
        return self.network.hosts()


def blocks(links: Iterable[Link], stays: Callable[[Link, IPv4Address], bool] = stays_on) -> tuple[Block, ...]:
    """Return what a sweep of `links` may ask: private networks that the phone is in, each once, 1024 addresses in all.

    Blocks, for less than 1 ms: `stays` asks the kernel whether a packet to an address leaves by that link.
    """
    chosen: dict[IPv4Network, Block] = {}
    room = MAX_ADDRESSES
    for link in links:
        for own in link.ipv4:
            block = None if link.tunnel else _block(link, own, stays)
            if block and block.network not in chosen and block.network.num_addresses <= room:
                chosen[block.network] = block
                room -= block.network.num_addresses
    return tuple(chosen.values())


def _block(link: Link, own: IPv4Interface, stays: Callable[[Link, IPv4Address], bool]) -> Block | None:
    """Return the part of the network around `own`; None where it is not the household's, or its packets leave elsewhere."""
    if own.ip.is_loopback:
        return Block(link, own.ip, IPv4Network(own.ip), whole=True)
    if not own.ip.is_private or own.ip.is_link_local:
        return None
    whole = own.network.prefixlen >= WIDEST
    network = own.network if whole else IPv4Network((own.ip, AROUND), strict=False)
    another = next((each for each in network.hosts() if each != own.ip), None)
    return Block(link, own.ip, network, whole) if another and stays(link, another) else None


@dataclass
class _Ear(asyncio.DatagramProtocol):
    """Hears the answers to the one question that is put to many."""

    packet_id: int
    asked: IPv4Network
    heard: dict[IPv4Address, Records]

    def datagram_received(self, data: bytes, addr: tuple[Any, ...]) -> None:
        answer = read_answer(data)
        source = ip_address(addr[0])
        if not isinstance(source, IPv4Address) or source not in self.asked:
            return
        if answer and answer.packet_id == self.packet_id:
            self.heard.setdefault(source, answer.records)

    def error_received(self, exc: Exception) -> None:
        """Go on: that an address has no machine is what most of them say."""


@dataclass
class _Part:
    """One block while it is swept: how many were asked, what was heard, and what became of each connection."""

    block: Block
    asked: int = 0
    heard: dict[IPv4Address, Records] = field(default_factory=dict)
    answered_arp: set[IPv4Address] = field(default_factory=set)
    tried: dict[IPv4Address, list[Tcp]] = field(default_factory=dict)
    over: bool = False

    async def ask(self, progress: Callable[[int], None]) -> None:
        """Put the question to every address, some at a time, and wait for the last answers."""
        packet_id = 1 + secrets.randbelow(0xFFFF)
        packet = write_questions([FOR_GATEWAYS, FOR_ANYBODY], packet_id)[0]
        loop = asyncio.get_running_loop()
        transport, _ = await loop.create_datagram_endpoint(
            lambda: _Ear(packet_id, self.block.network, self.heard), sock=_open(self.block.own)
        )
        try:
            for address in self.block.addresses:
                transport.sendto(packet, (str(address), PORT))
                self.asked += 1
                if self.asked % _BATCH == 0:
                    progress(self.asked)
                    await asyncio.sleep(_PAUSE_S)
            progress(self.asked)
            await asyncio.sleep(ADDRESS_S)
        finally:
            transport.close()

    def look(self, known: Mapping[Place, Neighbour], within_s: float) -> set[IPv4Address]:
        """Return who may be there by what was heard and what the kernel knows; keep who has just answered ARP."""
        index, network = self.block.link.index, self.block.network
        maybe = set(self.heard)
        for place, neighbour in known.items():
            address = place.address
            near = place.link == index and isinstance(address, IPv4Address) and address in network
            if near and not neighbour.silent:
                maybe.add(IPv4Address(int(address)))
                if neighbour.answers(within_s):
                    self.answered_arp.add(IPv4Address(int(address)))
        own = self.block.own
        return maybe | ({own} if own.is_loopback and own in network else set())

    @property
    def spoken_with(self) -> set[IPv4Address]:
        """The machines that took a connection, or refused it."""
        return {each for each, tried in self.tried.items() if {"open", "refused"} & set(tried)}

    @property
    def present(self) -> set[IPv4Address]:
        """The machines that answered anything: the question, ARP, or a connection, be it by a no."""
        return (set(self.heard) | self.answered_arp | self.spoken_with) - {self.block.own}


def _open(own: IPv4Address) -> socket.socket:
    ear = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    try:
        ear.setblocking(False)
        ear.setsockopt(socket.SOL_SOCKET, socket.SO_DONTROUTE, 1)
        ear.bind((str(own), 0))
    except OSError:
        ear.close()
        raise
    return ear


def _tell(progress: Progress, before: int, total: int, asked: int) -> None:
    progress(before + asked, total)


class Sweep:
    """One sweep of `blocks`, at `ports` and those that a gateway tells; `attempt` decides whether it is one."""

    def __init__(self, blocks: Sequence[Block], ports: Sequence[int], attempt: Attempt) -> None:
        self._parts = [_Part(block) for block in blocks]
        self._ports = tuple(dict.fromkeys(ports))
        self._attempt = attempt
        self._places = asyncio.Semaphore(AT_ONCE)

    async def run(self, progress: Progress) -> None:
        """Ask everybody, one network after the other, then try those who are there."""
        total, done = sum(part.block.network.num_addresses for part in self._parts), 0
        loop = asyncio.get_running_loop()
        for part in self._parts:
            began = loop.time()
            with suppress(OSError):  # an address that went away meanwhile
                await part.ask(partial(_tell, progress, done, total))
                with suppress(TimeoutError):
                    async with asyncio.timeout(TRYING_S):
                        await self._try_everybody(part, began)
            done += part.block.network.num_addresses

    async def _try_everybody(self, part: _Part, began: float) -> None:
        """Try who is there, and after a while those again who kept silent."""
        for after_s in TRY_AGAIN_AFTER_S:
            await asyncio.sleep(after_s)
            known = await asyncio.to_thread(neighbours)
            maybe = part.look(known, asyncio.get_running_loop().time() - began)
            async with asyncio.TaskGroup() as tasks:
                for address in sorted(maybe - part.spoken_with):
                    tasks.create_task(self._try(part, address))
        part.over = True

    async def _try(self, part: _Part, address: IPv4Address) -> None:
        told = probing.gateway_ports(part.heard.get(address, []))
        for port in dict.fromkeys((*told, *self._ports)):
            async with self._places:
                became = await probing.connect(str(address), port, ADDRESS_S)
                part.tried.setdefault(address, []).append(became)
                if became == "open" and await self._attempt(str(address), port):
                    return

    def seen(self, link: Link, answering: Iterable[str], known: Iterable[str]) -> Swept | None:
        """Return what was learnt of `link`, at its end or before; None: it was not swept.

        `answering` have answered ARP in the end, which can take the kernel longer than a sweep; `known` are no news.
        """
        parts = [part for part in self._parts if part.block.link == link]
        if not parts:
            return None
        late, no_news = {IPv4Address(each) for each in answering}, set(known)
        present = {
            each: part
            for part in parts
            for each in part.present | {address for address in late if address in part.block.network}
            if str(each) not in no_news
        }
        became = [set(part.tried.get(each, ())) for each, part in present.items()]
        return Swept(
            networks=tuple(str(part.block.network) for part in parts),
            asked=sum(part.asked for part in parts),
            whole=len(parts) == len(link.ipv4) and all(part.over and part.block.whole for part in parts),
            present=tuple(str(each) for each in sorted(present)),
            speaking=tuple(str(each) for each, part in sorted(present.items()) if each in part.heard),
            refused=any("refused" in each for each in became),
            mute=any(not {"refused", "open"} & each for each in became),
        )

    async def ask_again(self, address: str) -> None:
        """Ask a gateway that was found and has not answered: one packet may be lost, and says too little by its silence."""
        part = next(each for each in self._parts if IPv4Address(address) in each.block.network)
        if not self.speaks(address) and (records := await probing.ask(address)):
            part.heard[IPv4Address(address)] = records

    def speaks(self, address: str) -> bool:
        """Say whether a gateway at `address` answered mDNS sent straight to it."""
        heard = (part.heard.get(IPv4Address(address), []) for part in self._parts)
        return any(probing.speaks_of_gateways(records) for records in heard)
