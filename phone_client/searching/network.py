"""Where this machine is in the network: its links, their routers, a VPN."""

import socket
import sys
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from ipaddress import IPv4Interface, IPv6Address, IPv6Interface, ip_address
from typing import Final

from phone_client.searching.kernel import (
    LOOPBACK,
    POINT_TO_POINT,
    RUNNING,
    UP,
    Address,
    Interface,
    Place,
    default_routers,
    interfaces,
    leaves_by,
)

ALL: Final = "all"
_ANY_PORT: Final = 9  # nothing is sent


@dataclass(frozen=True)
class Link:
    """One interface that can be searched, with its own addresses; a `tunnel` is searched when it is named, and never swept."""

    name: str
    index: int
    ipv4: tuple[IPv4Interface, ...]
    ipv6: tuple[IPv6Interface, ...]
    tunnel: bool = False

    @property
    def is_loopback(self) -> bool:
        """Say that it does not leave this machine."""
        return bool(self.addresses) and all(each.ip.is_loopback for each in self.addresses)

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
        scope = address.scope_id if isinstance(address, IPv6Address) else None
        return scope in (None, self.name) and any(address in each.network for each in self.addresses)

    def speaks(self, version: int) -> bool:
        """Say whether it has an address of IPv4 or IPv6."""
        return any(each.version == version for each in self.addresses)

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
    """What was found when the search began: `vpn` is a tunnel's interface that is up, `missing` was chosen and is no link."""

    links: tuple[Link, ...]
    routers: tuple[Place, ...]
    vpn: str | None
    missing: tuple[str, ...] = ()

    @property
    def loopback_only(self) -> bool:
        """Say that the search does not leave this machine."""
        return bool(self.links) and all(link.is_loopback for link in self.links)

    def routers_of(self, link: Link) -> tuple[Address, ...]:
        """Return the default routers on `link`, ready to be connected to."""
        return tuple(scoped(each.address, link) for each in self.routers if each.link == link.index)


def look_around(chosen: Collection[str]) -> Surroundings:
    """Return the links among `chosen` that are up, the default routers and a VPN, if any. Blocks, for some 1 ms.

    `chosen` are names or addresses of interfaces; `ALL` stands for every one but loopback and tunnels.
    """
    known = interfaces() or _interfaces_elsewhere()
    alive = [each for each in known if each.flags & (UP | RUNNING) == UP | RUNNING]
    tunnels = sorted(each.name for each in known if each.flags & UP and each.flags & POINT_TO_POINT)
    links = tuple(link for each in alive if (link := _link(each, chosen)))
    there = {name for each in links for name in (each.name, *(str(own.ip) for own in each.addresses))}
    missing = () if ALL in chosen else tuple(each for each in chosen if each not in there)
    return Surroundings(links, default_routers(), tunnels[0] if tunnels else None, missing)


def _link(interface: Interface, chosen: Collection[str]) -> Link | None:
    """Return what of `interface` was chosen: all of it, or some of its IPv4 addresses, or nothing."""
    ipv4 = tuple(each for each in interface.addresses if isinstance(each, IPv4Interface))
    ipv6 = tuple(each for each in interface.addresses if isinstance(each, IPv6Interface))
    if ALL in chosen:
        wanted = not interface.flags & (LOOPBACK | POINT_TO_POINT)
    elif interface.name in chosen:
        wanted = True
    else:
        ipv4 = tuple(each for each in ipv4 if str(each.ip) in chosen)
        wanted = bool(ipv4) or any(str(each.ip) in chosen for each in ipv6)
    tunnel = bool(interface.flags & POINT_TO_POINT)
    return Link(interface.name, interface.index, ipv4, ipv6, tunnel) if wanted else None


def stays_on(link: Link, address: Address) -> bool:
    """Say whether a packet to `address` would leave by `link`, and not by a tunnel that takes it. Sends nothing."""
    if sys.platform == "linux":
        return leaves_by(address) == link.index
    source = _leaves_as(address)
    return source is not None and link.owns(source)


def _leaves_as(address: Address) -> Address | None:
    """Return the own address with which a packet to `address`, not a link-local one, would leave."""
    family = socket.AF_INET6 if isinstance(address, IPv6Address) else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM) as probe:
        probe.setblocking(False)
        try:
            probe.connect((str(address), _ANY_PORT))
        except OSError:
            return None
        return unscoped(ip_address(probe.getsockname()[0]))


def _interfaces_elsewhere() -> Iterable[Interface]:
    """Return the interfaces where the kernel is not Linux; which of them are up cannot be read, so they all count."""
    import ifaddr  # noqa: PLC0415 - 10 ms that Linux does without

    for adapter in ifaddr.get_adapters(include_unconfigured=True):
        addresses = tuple(
            IPv4Interface(f"{each.ip}/{each.network_prefix}")
            if isinstance(each.ip, str)
            else IPv6Interface(f"{each.ip[0]}/{each.network_prefix}")
            for each in adapter.ips
        )
        own = bool(addresses) and all(each.ip.is_loopback for each in addresses)
        if adapter.index is not None:
            yield Interface(adapter.name, adapter.index, UP | RUNNING | LOOPBACK * own, addresses)
