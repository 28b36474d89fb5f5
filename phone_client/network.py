"""Where this machine is in the network: interfaces, router, neighbours. Linux, no root; elsewhere `None` = unknown."""

import fcntl
import ipaddress
import os
import socket
import struct
import sys
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Interface, IPv6Address, IPv6Interface
from pathlib import Path
from typing import Final

import ifaddr

Address = IPv4Address | IPv6Address
ALL: Final = "all"

_SIOCGIFFLAGS: Final = 0x8913
_UP: Final = 0x1
_LOOPBACK: Final = 0x8
_POINT_TO_POINT: Final = 0x10
_RUNNING: Final = 0x40

_ROUTES: Final = Path("/proc/net/route")
_GATEWAY_ROUTE: Final = 0x2

# linux/netlink.h, linux/rtnetlink.h, linux/neighbour.h; all in the machine's own byte order
_GET_NEIGHBOURS: Final = struct.pack("=IHHII12x", 28, 30, 0x301, 1, 0)  # RTM_GETNEIGH, a dump of every family
_HEADER_BYTES: Final = 16
_ENTRY_BYTES: Final = 12
_ENTRY: Final = 28
_ADDRESS: Final = 1
_AGES: Final = 3
_SILENT: Final = 0x01 | 0x20  # NUD_INCOMPLETE, NUD_FAILED
_ANSWERED_ONCE: Final = 0x02 | 0x04 | 0x08 | 0x10  # NUD_REACHABLE, _STALE, _DELAY, _PROBE


@dataclass(frozen=True)
class Link:
    """One interface that can be searched: `ipv4` are its own addresses there, `ipv6` its link-local one."""

    name: str
    index: int
    ipv4: tuple[IPv4Interface, ...]
    ipv6: tuple[IPv6Interface, ...]

    @property
    def addresses(self) -> tuple[IPv4Interface | IPv6Interface, ...]:
        """All of them."""
        return (*self.ipv4, *self.ipv6)

    @property
    def usable(self) -> bool:
        """Say whether it has an address that somebody gave it, not only one it made up (fe80::, 169.254)."""
        return any(not each.ip.is_link_local for each in self.addresses)

    def reaches(self, address: Address) -> bool:
        """Say whether `address` lies on this link, that is, needs no router."""
        return any(address in each.network for each in self.addresses)

    def owns(self, address: Address) -> bool:
        """Say whether `address` is this machine's own."""
        return any(unscoped(address) == each.ip for each in self.addresses)

    def __str__(self) -> str:
        return f"{self.name} {' '.join(str(each) for each in self.addresses)}"


def scoped(address: Address, link: Link) -> Address:
    """Return `address` so that it can be connected to: a link-local IPv6 one names its interface."""
    if isinstance(address, IPv6Address) and address.is_link_local:
        return IPv6Address(f"{unscoped(address)}%{link.name}")
    return address


def unscoped(address: Address) -> Address:
    """Return `address` without the name of an interface."""
    return IPv6Address(int(address)) if isinstance(address, IPv6Address) else address


@dataclass(frozen=True)
class Surroundings:
    """What was found when the search began; `router` is the default router, `vpn` a tunnel's interface that is up."""

    links: tuple[Link, ...]
    router: IPv4Address | None
    vpn: str | None

    @property
    def loopback_only(self) -> bool:
        """Say that the search does not leave this machine."""
        return bool(self.links) and all(each.ip.is_loopback for link in self.links for each in link.addresses)

    @property
    def router_here(self) -> IPv4Address | None:
        """The default router, when it is on one of the links."""
        router = self.router
        return router if router and any(link.reaches(router) for link in self.links) else None


def look_around(interfaces: Collection[str]) -> Surroundings:
    """Return the links among `interfaces` that are up, the default router and a VPN, if any. Blocks, for less than 1 ms.

    `interfaces` are names or addresses; `ALL` stands for every one but loopback and tunnels.
    """
    flags = {name: _flags(name) for _, name in socket.if_nameindex()}
    links = tuple(
        link
        for link in _links(interfaces, flags)
        if flags.get(link.name, 0) & (_UP | _RUNNING) == _UP | _RUNNING
    )
    tunnels = sorted(name for name, each in flags.items() if each & _UP and each & _POINT_TO_POINT)
    return Surroundings(links, default_router(), tunnels[0] if tunnels else None)


def _links(interfaces: Collection[str], flags: dict[str, int]) -> Iterable[Link]:
    for adapter in ifaddr.get_adapters(include_unconfigured=True):
        ipv4 = tuple(
            IPv4Interface(f"{each.ip}/{each.network_prefix}")
            for each in adapter.ips
            if isinstance(each.ip, str)
        )
        ipv6 = tuple(
            IPv6Interface(f"{each.ip[0]}/{each.network_prefix}")
            for each in adapter.ips
            if isinstance(each.ip, tuple)
        )
        if ALL in interfaces:
            chosen = not flags.get(adapter.name, 0) & (_LOOPBACK | _POINT_TO_POINT)
        else:
            named = adapter.name in interfaces
            ipv4 = ipv4 if named else tuple(each for each in ipv4 if str(each.ip) in interfaces)
            chosen = named or bool(ipv4) or any(str(each.ip) in interfaces for each in ipv6)
        if chosen and adapter.index is not None:
            yield Link(adapter.name, adapter.index, ipv4, ipv6)


def _flags(name: str) -> int:
    """Return the interface's flags; where they cannot be read, it counts as up."""
    if sys.platform != "linux":
        return _UP | _RUNNING
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            answer = fcntl.ioctl(probe, _SIOCGIFFLAGS, struct.pack("16sh14x", name.encode(), 0))
        except OSError:
            return 0
    flags: int = struct.unpack("16sH14x", answer)[1]
    return flags


def default_router() -> IPv4Address | None:
    """Return the default router, or None when there is none or it cannot be read."""
    for line in _table(_ROUTES):
        _, destination, router, flags, *_ = line
        if destination == "00000000" and int(flags, 16) & _GATEWAY_ROUTE:
            return IPv4Address(struct.pack("=I", int(router, 16)))
    return None


@dataclass(frozen=True)
class Neighbour:
    """What the kernel knows of a machine on the link by ARP or NDP: `silent`, or how long ago it last answered."""

    silent: bool
    answered_ago_s: float

    def answers(self, within_s: float) -> bool | None:
        """Say whether it answers, by what is not older than `within_s`; an older answer says nothing."""
        if self.silent:
            return False
        return True if self.answered_ago_s <= within_s else None


def neighbours() -> Mapping[Address, Neighbour]:
    """Return who was asked for on the links lately; nobody where the kernel cannot be asked. Blocks, for less than 1 ms."""
    if sys.platform != "linux":
        return {}
    known: dict[Address, Neighbour] = {}
    try:
        with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, socket.NETLINK_ROUTE) as kernel:
            kernel.settimeout(1)
            kernel.send(_GET_NEIGHBOURS)
            known.update(each for each in map(_read_neighbour, _entries(kernel)) if each)
    except OSError:
        return {}
    return known


def _entries(kernel: socket.socket) -> Iterator[bytes]:
    """Yield the bodies of a dump's messages until one is no neighbour: its end, or an error."""
    while True:
        packet = kernel.recv(1 << 16)
        while packet:
            size, kind = struct.unpack_from("=IH", packet)
            if kind != _ENTRY:
                return
            yield packet[_HEADER_BYTES:size]
            packet = packet[(size + 3) & ~3 :]


def _read_neighbour(entry: bytes) -> tuple[Address, Neighbour] | None:
    (state,) = struct.unpack_from("=8xH", entry)
    values, rest = {}, entry[_ENTRY_BYTES:]
    while rest:
        size, kind = struct.unpack_from("=HH", rest)
        values[kind] = rest[4:size]
        rest = rest[(size + 3) & ~3 :]
    if not state & (_SILENT | _ANSWERED_ONCE) or not {_ADDRESS, _AGES} <= values.keys():
        return None
    (ticks,) = struct.unpack_from("=I", values[_AGES])
    neighbour = Neighbour(bool(state & _SILENT), ticks / os.sysconf("SC_CLK_TCK"))
    return ipaddress.ip_address(values[_ADDRESS]), neighbour


def _table(file: Path) -> list[list[str]]:
    try:
        return [line.split() for line in file.read_text("ascii").splitlines()[1:]]
    except OSError:
        return []
