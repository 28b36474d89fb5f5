"""Where the gateway serves HTTP: the addresses of the interfaces it is announced on."""

from collections.abc import Iterable
from ipaddress import IPv6Address

import ifaddr

from chassis.listening import is_address
from emulator.mdns.interfaces import is_ready


def addresses_of(interfaces: Iterable[str]) -> list[str]:
    """Return the addresses of `interfaces`, given by name or address; one that is missing is left out (mDNS tells of it)."""
    attached = {str(adapter.nice_name): adapter for adapter in ifaddr.get_adapters()}
    found: list[str] = []
    for name in interfaces:
        if is_address(name):
            found.append(name)
        elif adapter := attached.get(name):
            found += [ip.ip for ip in adapter.ips if isinstance(ip.ip, str)]
            ipv6 = (ip.ip for ip in adapter.ips if not isinstance(ip.ip, str))
            found += [_with_zone(ip, name) for ip in ipv6 if is_ready(IPv6Address(ip[0]), adapter.index or 0)]
    return found


def _with_zone(ip: tuple[str, int, int], interface: str) -> str:
    return f"{ip[0]}%{interface}" if ip[2] else ip[0]
