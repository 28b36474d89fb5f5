"""mDNS on the chosen links: a socket of its own port for one-shot questions, one on 5353 for the rest (RFC 6762 §5)."""

import asyncio
import ipaddress
import secrets
import socket
import struct
import sys
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from ipaddress import IPv4Interface
from typing import Any, Final, NamedTuple

from phone_client.answers import Question, Records, read_answer, write_questions
from phone_client.network import Address, Link, scoped

PORT: Final = 5353
MAX_PACKETS: Final = 5000
"""Packets read in one search; a flood beyond that is dropped unread."""

_GROUP: Final = "224.0.0.251"
_GROUP6: Final = "ff02::fb"
_TTL: Final = 255  # RFC 6762 §11
_MULTICAST_ALL: Final = {"ipv4": 49, "ipv6": 29}  # linux/in.h, linux/in6.h; Python does not name them

Hear = Callable[[Records, Address, Link], None]


class _Way(NamedTuple):
    """One socket, where it sends to, and which kind of question it asks."""

    transport: asyncio.DatagramTransport
    group: tuple[Any, ...]
    one_shot: bool


@dataclass
class Ears:
    """Open sockets that ask and listen; the records that come back go to `hear`."""

    hear: Hear
    sent: int = 0
    received: int = 0
    denied: bool = False
    refusals: set[str] = field(default_factory=set)
    """Why the system opened no socket or sent no packet; `denied` when it was for want of permission."""

    _ids: set[int] = field(default_factory=set)
    _ways: list[_Way] = field(default_factory=list)

    def ask(self, questions: Sequence[Question]) -> None:
        """Send `questions` on every link: one-shot with a fresh random id, and by multicast."""
        packet_id = 1 + secrets.randbelow(0xFFFF)
        self._ids.add(packet_id)
        for way in self._ways:
            for packet in write_questions(questions, packet_id if way.one_shot else 0):
                way.transport.sendto(packet, way.group)
                self.sent += 1

    def refuse(self, error: Exception) -> None:
        """Note that the system refused something."""
        self.denied |= isinstance(error, PermissionError)
        self.refusals.add(getattr(error, "strerror", None) or str(error))

    def take(self, data: bytes, source: Address, link: Link, one_shot: bool) -> None:
        """Read one packet; the answer to a one-shot question must carry the id of one that was asked."""
        self.received += 1
        answer = read_answer(data) if self.received <= MAX_PACKETS else None
        if answer and (not one_shot or answer.packet_id in self._ids):
            self.hear(answer.records, source, link)


class _Ear(asyncio.DatagramProtocol):
    def __init__(self, ears: Ears, link: Link, one_shot: bool) -> None:
        self._ears = ears
        self._link = link
        self._one_shot = one_shot

    def datagram_received(self, data: bytes, addr: tuple[Any, ...]) -> None:
        source = scoped(ipaddress.ip_address(addr[0].partition("%")[0]), self._link)
        self._ears.take(data, source, self._link, self._one_shot)

    def error_received(self, exc: Exception) -> None:
        self._ears.sent -= 1  # of an error in `sendto` asyncio tells here, and raises nothing there
        self._ears.refuse(exc)


@asynccontextmanager
async def listening(links: Iterable[Link], hear: Hear) -> AsyncIterator[Ears]:
    """Open the sockets for `links`; one that the system refuses is left out and noted in `Ears.refusals`."""
    ears = Ears(hear)
    loop = asyncio.get_running_loop()
    async with AsyncExitStack() as stack:
        for link in links:
            for one_shot, ipv4 in _sockets_of(link):
                try:
                    ear, group = _open(link, ipv4, one_shot)
                except OSError as error:
                    ears.refuse(error)
                    continue
                protocol = partial(_Ear, ears, link, one_shot)
                transport, _ = await loop.create_datagram_endpoint(protocol, sock=ear)
                stack.callback(transport.close)
                ears._ways.append(_Way(transport, group, one_shot))
        yield ears


def _sockets_of(link: Link) -> Iterable[tuple[bool, IPv4Interface | None]]:
    """Yield (one-shot?, IPv4 address or None for IPv6): at most three packets go out at once on a usual link."""
    for ipv4 in link.ipv4:
        yield True, ipv4
        yield False, ipv4
    if any(each.ip.is_link_local for each in link.ipv6):
        if not link.ipv4:
            yield True, None
        yield False, None


def _open(link: Link, ipv4: IPv4Interface | None, one_shot: bool) -> tuple[socket.socket, tuple[Any, ...]]:
    family = socket.AF_INET if ipv4 else socket.AF_INET6
    ear = socket.socket(family, socket.SOCK_DGRAM)
    try:
        ear.setblocking(False)
        if not one_shot:
            for option in (socket.SO_REUSEADDR, socket.SO_REUSEPORT):
                ear.setsockopt(socket.SOL_SOCKET, option, 1)
        return ear, _join4(ear, ipv4, one_shot) if ipv4 else _join6(ear, link, one_shot)
    except OSError:
        ear.close()
        raise


def _join4(ear: socket.socket, own: IPv4Interface, one_shot: bool) -> tuple[Any, ...]:
    """Bind; 5353 is bound on the group's address, so that no unicast packet is taken from this machine's responder."""
    address = own.ip.packed
    ear.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_TTL, _TTL)
    ear.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, address)
    if one_shot:
        ear.bind((str(own.ip), 0))
    else:
        if sys.platform == "linux":
            ear.setsockopt(socket.IPPROTO_IP, _MULTICAST_ALL["ipv4"], 0)
        ear.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, socket.inet_aton(_GROUP) + address)
        ear.bind((_GROUP, PORT))
    return (_GROUP, PORT)


def _join6(ear: socket.socket, link: Link, one_shot: bool) -> tuple[Any, ...]:
    ear.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
    ear.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_MULTICAST_HOPS, _TTL)
    ear.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_MULTICAST_IF, link.index)
    group = (_GROUP6, PORT, 0, link.index)
    if one_shot:
        own = next(each.ip for each in link.ipv6 if each.ip.is_link_local)
        ear.bind((str(own), 0, 0, link.index))
    else:
        membership = socket.inet_pton(socket.AF_INET6, _GROUP6) + struct.pack("@I", link.index)
        if sys.platform == "linux":
            ear.setsockopt(socket.IPPROTO_IPV6, _MULTICAST_ALL["ipv6"], 0)
        ear.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_JOIN_GROUP, membership)
        ear.bind(group)
    return group
