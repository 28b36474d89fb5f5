"""A node as its keeper sees it: a place with interfaces, each with the addresses of the segment it is on."""

import os
import socket
import time
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Interface, IPv6Interface
from pathlib import Path
from typing import Any, Final

from pyroute2 import IPRoute  # type: ignore[import-untyped]

from lab.keeper.clock import Clock
from lab.keeper.namespaces import Place, has_ipv6, set_ipv6, use_resolver
from lab.keeper.tunnel import NAME, open_tunnel
from lab.keeper.wires import Air, Wire
from lab.network.plan import SEGMENTS, Plan

FIRST: Final = "eth0"
SECOND: Final = "eth1"
_UP_WITHIN_S: Final = 2.0
_METRICS: Final = {FIRST: 300, SECOND: 200, NAME: 100}
"""The default route that counts is that of the interface which came last."""


@dataclass
class Interface:
    """One interface of a machine and the addresses it should have."""

    name: str
    port: str
    wire: Wire
    address: IPv4Interface
    address6: IPv6Interface | None
    router: IPv4Address | None


class Machine:
    """What can be done to a node's side of the wires."""

    def __init__(self, name: str, plan: Plan) -> None:
        self.name = name
        self.place = Place(name)
        self.interfaces: dict[str, Interface] = {}
        self.clock = Clock(self.place)
        self._plan = plan
        self._tunnel: int | None = None
        self._ipv4 = True
        self._netlink: Any = None

    @property
    def address(self) -> str:
        """The IPv4 address of the first interface."""
        return str(self.interfaces[FIRST].address.ip)

    @property
    def mac(self) -> str:
        """The hardware address of the first interface."""
        return self._plan.mac(self.name)

    def boot(self) -> None:
        """Let the loopback work."""
        self.place.do(self._boot)

    def add(self, air: Air, segment: str, name: str = FIRST) -> Interface:
        """Give it an interface with the addresses of `segment`, on a wire to the air."""
        port = self.name if name == FIRST else f"{self.name}.{name}"
        wire = air.lay(self.place, name, self._plan.mac(port))
        address, address6, router = self._addresses(segment)
        interface = self.interfaces[name] = Interface(name, port, wire, address, address6, router)
        self.place.do(self._bring_up, interface)
        return interface

    def wait_until_up(self) -> None:
        """Wait until the kernel has noticed the carrier, and has given the first interface its own IPv6 address."""
        over = time.monotonic() + _UP_WITHIN_S
        while not self.place.do(_is_up) and time.monotonic() < over:
            time.sleep(0.001)

    def remove(self, name: str) -> None:
        """Take an interface away, and its wire."""
        self.interfaces.pop(name).wire.remove()
        self.place.do(self._use_resolver)

    def move(self, segment: str) -> None:
        """Give the first interface the addresses of another segment."""
        interface = self.interfaces[FIRST]
        interface.address, interface.address6, interface.router = self._addresses(segment)
        self.place.do(self._readdress, interface)
        self.place.do(self._readdress6, interface)

    def readdress(self, address: IPv4Interface) -> None:
        """Give the first interface another IPv4 address."""
        interface = self.interfaces[FIRST]
        interface.address = address
        self.place.do(self._readdress, interface)

    def use_ipv4(self, on: bool) -> None:
        """Take the IPv4 addresses and their routes away, or give them back."""
        self._ipv4 = on
        for each in self.interfaces.values():
            self.place.do(self._readdress, each)

    def use_ipv6(self, on: bool) -> None:
        """Switch IPv6 off on every interface but the loopback, or on again."""
        self.place.do(self._switch_ipv6, on)

    def tunnel(self, on: bool) -> None:
        """Open a tunnel that takes the default route, or close it.

        Raises:
            Problem: CANNOT_RUN_HERE.
        """
        if on and self._tunnel is None:
            self._tunnel = self.place.do(lambda: open_tunnel(self._netlink, _METRICS[NAME]))
        elif not on and self._tunnel is not None:
            os.close(self._tunnel)
            self._tunnel = None

    def carry(self, up: bool) -> None:
        """Let all interfaces have a carrier, or none."""
        for each in self.interfaces.values():
            each.wire.carry(up)

    def _addresses(self, segment: str) -> tuple[IPv4Interface, IPv6Interface | None, IPv4Address | None]:
        address6 = self._plan.address6(self.name, segment)
        return self._plan.address(self.name, segment), address6, SEGMENTS[segment].router

    # In the place

    def _boot(self) -> None:
        self._netlink = IPRoute()
        self._netlink.link("set", index=1, state="up")

    def _index(self, interface: Interface) -> int:
        index: int = socket.if_nametoindex(interface.name)
        return index

    def _bring_up(self, interface: Interface) -> None:
        self._netlink.link("set", index=self._index(interface), state="up")
        self._readdress(interface)
        self._readdress6(interface)

    def _readdress(self, interface: Interface) -> None:
        index = self._index(interface)
        self._netlink.flush_addr(family=socket.AF_INET, index=index)
        if self._ipv4:
            address = interface.address
            self._netlink.addr(
                "add", index=index, address=str(address.ip), prefixlen=address.network.prefixlen
            )
            if interface.router:
                metric = _METRICS[interface.name]
                self._netlink.route(
                    "add", dst="default", gateway=str(interface.router), oif=index, priority=metric
                )
        self._use_resolver()

    def _readdress6(self, interface: Interface) -> None:
        index = self._index(interface)
        self._netlink.flush_addr(family=socket.AF_INET6, index=index, scope=0)
        if interface.address6 and has_ipv6(interface.name):
            address = interface.address6
            self._netlink.addr(
                "add", index=index, address=str(address.ip), prefixlen=address.network.prefixlen
            )

    def _switch_ipv6(self, on: bool) -> None:
        for each in self.interfaces.values():
            set_ipv6(each.name, "disable_ipv6", int(not on))
            if on:
                self._readdress6(each)

    def _use_resolver(self) -> None:
        newest = min(self.interfaces.values(), key=lambda each: _METRICS[each.name])
        use_resolver(str(newest.router) if newest.router and self._ipv4 else None)


def _is_up() -> bool:
    return not has_ipv6(FIRST) or " 20 " in Path("/proc/thread-self/net/if_inet6").read_text("ascii")
