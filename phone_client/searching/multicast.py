"""mDNS on the chosen links: a socket of its own port for one-shot questions, one on 5353 for the rest (RFC 6762 §5)."""

import asyncio
import ipaddress
import secrets
import socket
import struct
import sys
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from ipaddress import IPv4Interface, IPv6Interface
from typing import Any, Final, NamedTuple

from phone_client.searching.answers import Pointer, Question, Records, read_answer, write_questions
from phone_client.searching.kernel import Address
from phone_client.searching.network import Link, scoped

PORT: Final = 5353
MAX_PACKETS: Final = 5000
MAX_PACKETS_OF_ONE_SOURCE: Final = 500
"""Packets read in one search; a flood beyond that is dropped unread."""

_GROUP: Final = "224.0.0.251"
_GROUP6: Final = "ff02::fb"
_IPV4: Final = 4
_TTL: Final = 255  # RFC 6762 §11
_MULTICAST_ALL: Final = {"ipv4": 49, "ipv6": 29}  # linux/in.h, linux/in6.h; Python does not name them

Hear = Callable[[Records, Address, Link], None]
Known = Callable[[Link], Iterable[Pointer]]


def _nothing(_: Link) -> Iterable[Pointer]:
    return ()


class _Way(NamedTuple):
    """One socket, where it sends to, and which kind of question it asks. A `spare` one asks what the others have asked."""

    transport: asyncio.DatagramTransport
    group: tuple[Any, ...]
    link: Link
    one_shot: bool
    spare: bool


@dataclass
class Ears:
    """Open sockets that ask and listen; the records that come back go to `hear`."""

    hear: Hear
    sent: int = 0
    received: int = 0
    own: set[str] = field(default_factory=set)
    """The links on which a question of our own was heard."""

    denied: bool = False
    refusals: set[str] = field(default_factory=set)
    """Why the system opened no socket or sent no packet; `denied` when it was for want of permission."""

    _ids: set[int] = field(default_factory=set)
    _asked: set[bytes] = field(default_factory=set)
    _received_from: Counter[Address] = field(default_factory=Counter)
    _ways: list[_Way] = field(default_factory=list)

    def ask(self, questions: Sequence[Question], known: Known = _nothing, *, spare: bool = False) -> None:
        """Send `questions` on every link: one-shot with a fresh random id, and by multicast with what is `known` there.

        At most three packets go out at once on a usual link; with `spare` the rest, on ways that are not used at first.
        """
        packet_id = 1 + secrets.randbelow(0xFFFF)
        self._ids.add(packet_id)
        for way in self._ways:
            if way.spare != spare:
                continue
            if way.one_shot:
                self._send(way, write_questions(questions, packet_id))
            else:
                self._send(way, write_questions(questions, 0, known(way.link)))

    def _send(self, way: _Way, packets: list[bytes]) -> None:
        for packet in packets:
            self._asked.add(packet)
            way.transport.sendto(packet, way.group)
            self.sent += 1

    def refuse(self, error: Exception) -> None:
        """Note that the system refused something."""
        self.denied |= isinstance(error, PermissionError)
        self.refusals.add(getattr(error, "strerror", None) or str(error))

    def take(self, data: bytes, source: Address, link: Link, one_shot: bool) -> None:
        """Read one packet; the answer to a one-shot question must carry the id of one that was asked."""
        if self.received == MAX_PACKETS or self._received_from[source] == MAX_PACKETS_OF_ONE_SOURCE:
            return
        self.received += 1
        self._received_from[source] += 1
        if data in self._asked and link.owns(source):
            self.own.add(link.name)
            return
        answer = read_answer(data)
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
            for one_shot, own, spare in _sockets_of(link):
                try:
                    ear, group = _open(link, own, one_shot)
                except OSError as error:
                    ears.refuse(error)
                    continue
                protocol = partial(_Ear, ears, link, one_shot)
                transport, _ = await loop.create_datagram_endpoint(protocol, sock=ear)
                stack.callback(transport.close)
                ears._ways.append(_Way(transport, group, link, one_shot, spare))
        yield ears


def _sockets_of(link: Link) -> Iterable[tuple[bool, IPv4Interface | IPv6Interface, bool]]:
    """Yield (one-shot?, own address, spare?).

    A stranger is answered only when ARP (NDP) has told where it is, so each further address is another chance.
    """
    for ipv4 in link.ipv4:
        yield True, ipv4, False
        yield False, ipv4, False
    link_local = [each for each in link.ipv6 if each.ip.is_link_local][:1]
    for ipv6 in link_local:
        yield True, ipv6, bool(link.ipv4)
        yield False, ipv6, False
    routable = [each for each in link.ipv6 if not (each.ip.is_link_local or each.ip.is_loopback)]
    for ipv6 in routable[:1] if link_local else ():
        yield True, ipv6, True


def _open(
    link: Link, own: IPv4Interface | IPv6Interface, one_shot: bool
) -> tuple[socket.socket, tuple[Any, ...]]:
    family = socket.AF_INET if own.version == _IPV4 else socket.AF_INET6
    ear = socket.socket(family, socket.SOCK_DGRAM)
    try:
        ear.setblocking(False)
        if not one_shot:
            for option in (socket.SO_REUSEADDR, socket.SO_REUSEPORT):
                ear.setsockopt(socket.SOL_SOCKET, option, 1)
        if isinstance(own, IPv4Interface):
            return ear, _join4(ear, own, one_shot)
        return ear, _join6(ear, own, link, one_shot)
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


def _join6(ear: socket.socket, own: IPv6Interface, link: Link, one_shot: bool) -> tuple[Any, ...]:
    ear.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
    ear.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_MULTICAST_HOPS, _TTL)
    ear.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_MULTICAST_IF, link.index)
    group = (_GROUP6, PORT, 0, link.index)
    if one_shot:
        ear.bind((str(own.ip), 0, 0, link.index if own.ip.is_link_local else 0))
    else:
        membership = socket.inet_pton(socket.AF_INET6, _GROUP6) + struct.pack("@I", link.index)
        if sys.platform == "linux":
            ear.setsockopt(socket.IPPROTO_IPV6, _MULTICAST_ALL["ipv6"], 0)
        ear.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_JOIN_GROUP, membership)
        ear.bind(group)
    return group
