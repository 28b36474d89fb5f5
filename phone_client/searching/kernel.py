"""What Linux knows: interfaces, default routers, who answered by ARP or NDP. No root; elsewhere it knows nothing."""

import ipaddress
import os
import socket
import struct
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Interface, IPv6Address, IPv6Interface
from typing import Final, NamedTuple

Address = IPv4Address | IPv6Address


class _Table(NamedTuple):
    """One of the kernel's tables: how it is asked for, what its messages are, and how long their fixed part is."""

    question: int
    answer: int
    body_bytes: int


# linux/netlink.h, rtnetlink.h, if_link.h, if_addr.h, neighbour.h, if.h; all in the machine's own byte order
_HEADER_BYTES: Final = 16
_REQUEST: Final = 0x1  # NLM_F_REQUEST
_DUMP: Final = 0x301  # and NLM_F_DUMP
_LINKS: Final = _Table(18, 16, 16)
_ADDRESSES: Final = _Table(22, 20, 8)
_ROUTES: Final = _Table(26, 24, 12)
_NEIGHBOURS: Final = _Table(30, 28, 12)

UP: Final = 0x1
LOOPBACK: Final = 0x8
POINT_TO_POINT: Final = 0x10
RUNNING: Final = 0x40

_LINK_NAME: Final = 3  # IFLA_IFNAME
_ADDRESS: Final = 1  # IFA_ADDRESS, of the other end on a point-to-point link
_OWN_ADDRESS: Final = 2  # IFA_LOCAL
_NOT_YET_OURS: Final = 0x08 | 0x40  # IFA_F_DADFAILED, IFA_F_TENTATIVE

_NEIGHBOUR_ADDRESS: Final = 1  # NDA_DST
_NEIGHBOUR_MAC: Final = 2  # NDA_LLADDR
_NEIGHBOUR_AGES: Final = 3  # NDA_CACHEINFO
_SILENT: Final = 0x01 | 0x20  # NUD_INCOMPLETE, NUD_FAILED
_ANSWERED_ONCE: Final = 0x02 | 0x04 | 0x08 | 0x10  # NUD_REACHABLE, _STALE, _DELAY, _PROBE

_ROUTE_TARGET: Final = 1  # RTA_DST
_ROUTE_LINK: Final = 4  # RTA_OIF
_ROUTE_ROUTER: Final = 5  # RTA_GATEWAY


class Place(NamedTuple):
    """A machine on a link: the index of the link's interface, and the machine's address there, without a scope."""

    link: int
    address: Address


@dataclass(frozen=True)
class Neighbour:
    """What the kernel knows of a machine on the link by ARP or NDP: `silent`, or how long ago it last answered."""

    silent: bool
    answered_ago_s: float
    mac: str | None = None

    def answers(self, within_s: float) -> bool | None:
        """Say whether it answers, by what is not older than `within_s`; an older answer says nothing."""
        if self.silent:
            return False
        return True if self.answered_ago_s <= within_s else None


@dataclass(frozen=True)
class Interface:
    """An interface, with the flags above and its own addresses."""

    name: str
    index: int
    flags: int
    addresses: tuple[IPv4Interface | IPv6Interface, ...]


def interfaces() -> tuple[Interface, ...]:
    """Return this machine's interfaces. Blocks, for less than 1 ms."""
    own: dict[int, list[IPv4Interface | IPv6Interface]] = {}
    for index, address in filter(None, map(_read_address, _dump(_ADDRESSES))):
        own.setdefault(index, []).append(address)
    found = []
    for body in _dump(_LINKS):
        index, flags = struct.unpack_from("=4xiI", body)
        name = _attributes(body, _LINKS).get(_LINK_NAME, b"").rstrip(b"\0").decode("utf-8", "replace")
        found.append(Interface(name, index, flags, tuple(own.get(index, ()))))
    return tuple(found)


def neighbours() -> Mapping[Place, Neighbour]:
    """Return who was asked for on the links lately; nobody where the kernel cannot be asked. Blocks, for less than 1 ms."""
    return dict(each for each in map(_read_neighbour, _dump(_NEIGHBOURS)) if each)


def default_routers() -> tuple[Place, ...]:
    """Return the routers of all default routes, the IPv4 ones first. Blocks, for less than 1 ms."""
    routers = {each: None for each in map(_read_default_route, _dump(_ROUTES)) if each}
    return tuple(sorted(routers, key=lambda each: each.address.version))


def leaves_by(address: Address) -> int | None:
    """Return the index of the interface by which a packet to `address` would leave; None where there is no way, or no telling."""
    packed = address.packed
    family = socket.AF_INET if isinstance(address, IPv4Address) else socket.AF_INET6
    target = struct.pack("=HH", 4 + len(packed), _ROUTE_TARGET) + packed
    body = struct.pack("=BB10x", family, 8 * len(packed)) + target
    for answer in _ask(_ROUTES, _REQUEST, body):
        (index,) = struct.unpack("=I", _attributes(answer, _ROUTES).get(_ROUTE_LINK, bytes(4)))
        return index or None
    return None


def _dump(table: _Table) -> list[bytes]:
    """Return the bodies of all messages of `table`."""
    return _ask(table, _DUMP, bytes(table.body_bytes))


def _ask(table: _Table, flags: int, body: bytes) -> list[bytes]:
    if sys.platform != "linux":
        return []
    size = _HEADER_BYTES + len(body)
    request = struct.pack("=IHHII", size, table.question, flags, 1, 0) + body
    try:
        with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, socket.NETLINK_ROUTE) as kernel:
            kernel.settimeout(1)
            kernel.send(request)
            return list(_bodies(kernel, table.answer, one=flags == _REQUEST))
    except OSError:
        return []


def _bodies(kernel: socket.socket, answer: int, *, one: bool) -> Iterator[bytes]:
    """Yield until a message is none of the table: its end, or an error."""
    while True:
        packet = kernel.recv(1 << 16)
        while packet:
            size, kind = struct.unpack_from("=IH", packet)
            if kind != answer:
                return
            yield packet[_HEADER_BYTES:size]
            if one:
                return
            packet = packet[(size + 3) & ~3 :]


def _attributes(body: bytes, table: _Table) -> dict[int, bytes]:
    values, rest = {}, body[table.body_bytes :]
    while rest:
        size, kind = struct.unpack_from("=HH", rest)
        values[kind] = rest[4:size]
        rest = rest[(size + 3) & ~3 :]
    return values


def _read_address(body: bytes) -> tuple[int, IPv4Interface | IPv6Interface] | None:
    _, prefix, flags, _, index = struct.unpack_from("=BBBBi", body)
    values = _attributes(body, _ADDRESSES)
    packed = values.get(_OWN_ADDRESS, values.get(_ADDRESS))
    if packed is None or flags & _NOT_YET_OURS:
        return None
    return index, ipaddress.ip_interface(f"{ipaddress.ip_address(packed)}/{prefix}")


def _read_neighbour(body: bytes) -> tuple[Place, Neighbour] | None:
    index, state = struct.unpack_from("=4xiH", body)
    values = _attributes(body, _NEIGHBOURS)
    if not state & (_SILENT | _ANSWERED_ONCE) or not {_NEIGHBOUR_ADDRESS, _NEIGHBOUR_AGES} <= values.keys():
        return None
    (ticks,) = struct.unpack_from("=I", values[_NEIGHBOUR_AGES])
    silent = bool(state & _SILENT)
    mac = values.get(_NEIGHBOUR_MAC, b"").hex(":") or None
    place = Place(index, ipaddress.ip_address(values[_NEIGHBOUR_ADDRESS]))
    return place, Neighbour(silent, ticks / os.sysconf("SC_CLK_TCK"), None if silent else mac)


def _read_default_route(body: bytes) -> Place | None:
    prefix = body[1]
    values = _attributes(body, _ROUTES)
    if prefix or not {_ROUTE_LINK, _ROUTE_ROUTER} <= values.keys():
        return None
    (index,) = struct.unpack("=I", values[_ROUTE_LINK])
    return Place(index, ipaddress.ip_address(values[_ROUTE_ROUTER]))
