"""Which links this machine has: interfaces that are up, and their addresses."""

import fcntl
import ipaddress
import socket
import struct
from collections.abc import Sequence
from typing import Final

import ifaddr

from emulator.mdns.link import IPV4, Address, Link, LinkKey

_SIOCGIFFLAGS: Final = 0x8913
UP_AND_RUNNING: Final = 0x1 | 0x40


def find_links(wanted: Sequence[str]) -> dict[LinkKey, Link]:
    """Return the links of the `wanted` interfaces, each named (`eth0`) or given by one of its addresses (`127.0.0.1`).

    An address stands for itself only: nothing else of its interface is announced.
    """
    links: dict[LinkKey, Link] = {}
    for adapter in ifaddr.get_adapters():
        if adapter.index is None:
            continue
        attached = tuple(
            address
            for address in map(_interface_address, adapter.ips)
            if (adapter.name in wanted or str(address.ip) in wanted) and is_ready(address.ip, adapter.index)
        )
        if not attached or not _is_up(adapter.name):
            continue
        for version in sorted({each.version for each in attached if _carries_multicast(each)}):
            link = Link(adapter.name, adapter.index, version, attached)
            links[link.key] = link
    return links


def is_ready(address: Address, index: int) -> bool:
    """Say whether `address` can be used: one of IPv6 not before the kernel knows that nobody else has it (RFC 4862 §5.4)."""
    if address.version == IPV4:
        return True
    try:
        with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as trial:
            trial.bind((str(address), 0, 0, index if address.is_link_local else 0))
    except OSError:
        return False
    return True


def _interface_address(found: ifaddr.IP) -> ipaddress.IPv4Interface | ipaddress.IPv6Interface:
    host = found.ip if isinstance(found.ip, str) else found.ip[0]
    return ipaddress.ip_interface(f"{host}/{found.network_prefix}")


def _carries_multicast(address: ipaddress.IPv4Interface | ipaddress.IPv6Interface) -> bool:
    """Say no for ::1: Linux has no multicast route on the IPv6 loopback."""
    return address.version == IPV4 or not address.is_loopback


def _is_up(interface: str) -> bool:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        request = struct.pack("16sh", interface.encode()[:15], 0)
        try:
            answer = fcntl.ioctl(any_socket, _SIOCGIFFLAGS, request.ljust(40, b"\0"))
        except OSError:
            return False
    flags: int = struct.unpack_from("16xh", answer)[0]
    return flags & UP_AND_RUNNING == UP_AND_RUNNING
