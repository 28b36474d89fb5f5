"""Where the gateway serves HTTP: the addresses of the interfaces it is announced on."""

from collections.abc import Iterable

import ifaddr

from chassis.listening import is_address


def addresses_of(interfaces: Iterable[str]) -> list[str]:
    """Return the addresses of `interfaces`, given by name or address; one that is missing is left out (mDNS tells of it)."""
    attached = {str(adapter.nice_name): adapter.ips for adapter in ifaddr.get_adapters()}
    found: list[str] = []
    for name in interfaces:
        if is_address(name):
            found.append(name)
        elif ips := attached.get(name):
            found += [ip.ip for ip in ips if isinstance(ip.ip, str)]
            found += [_with_zone(ip.ip, name) for ip in ips if not isinstance(ip.ip, str)]
    return found


def _with_zone(ip: tuple[str, int, int], interface: str) -> str:
    return f"{ip[0]}%{interface}" if ip[2] else ip[0]
