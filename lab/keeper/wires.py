"""Wires: veth pairs, one end in a node, the other in the air, where a raw socket hears and says all that passes.

Both ends compute every checksum and cut every segment themselves: what is left to a device that does not exist would
cross the air unfinished, and TCP would die while ping works.
"""

import itertools
import socket
from contextlib import suppress
from typing import Any, Final

from pyroute2 import IPRoute  # type: ignore[import-untyped]
from pyroute2.ethtool.ioctl import IoctlEthtool, NotSupportedError  # type: ignore[import-untyped]

from lab.keeper.namespaces import Place, set_ipv6

_EVERYTHING: Final = 0x0003  # ETH_P_ALL
_PACKET: Final = 263  # SOL_PACKET
_IGNORE_OUTGOING: Final = 23
_FORCED_RECEIVE_BUFFER: Final = 33  # SO_RCVBUFFORCE
_FIRST_NUMBER: Final = 1001
"""Of the air's interfaces; no end of a wire may have the number of its other end: the kernel would take it for a
plain interface and tell a change of its carrier up to a second late."""
_BUFFER: Final = 8 << 20
_OFFLOADS: Final = (
    "tcp-segmentation-offload",
    "generic-segmentation-offload",
    "generic-receive-offload",
    "scatter-gather",
    "tx-checksumming",
    "rx-checksumming",
)


class Air:
    """Where all wires end: the keeper's own network, with no address of its own."""

    def __init__(self) -> None:
        for each in ("all", "default"):
            set_ipv6(each, "disable_ipv6", 1)
        self._netlink: Any = IPRoute()
        self._numbers = itertools.count(_FIRST_NUMBER)

    def lay(self, place: Place, interface: str, mac: str) -> "Wire":
        """Lay a wire to `interface`, a new one in `place`; its node's end is not up yet."""
        number = next(self._numbers)
        name = f"air{number}"
        peer = {"ifname": interface, "net_ns_fd": place.network, "address": mac}
        self._netlink.link("add", index=number, ifname=name, kind="veth", state="up", peer=peer)
        without_offloads(name)
        place.do(without_offloads, interface)
        return Wire(self._netlink, name, number)


class Wire:
    """One wire, seen from the air."""

    def __init__(self, netlink: Any, name: str, index: int) -> None:
        self._netlink = netlink
        self._index = index
        self.socket = _open(name)

    def carry(self, up: bool) -> None:
        """Let the node's end have a carrier, or none."""
        self._netlink.link("set", index=self._index, state="up" if up else "down")

    def remove(self) -> None:
        """Take the wire away, both ends."""
        self.socket.close()
        self._netlink.link("del", index=self._index)


def without_offloads(interface: str) -> None:
    """Switch off, on an interface of this thread's network, what would leave a frame unfinished."""
    features = IoctlEthtool(interface)
    for each in _OFFLOADS:
        with suppress(NotSupportedError):  # a kernel that does not know one has none of it
            features.set_offload_flag(each, 0)
    features.close()


def _open(name: str) -> socket.socket:
    wire = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
    with suppress(OSError):
        wire.setsockopt(socket.SOL_SOCKET, _FORCED_RECEIVE_BUFFER, _BUFFER)
    wire.setsockopt(_PACKET, _IGNORE_OUTGOING, 1)
    wire.setblocking(False)
    wire.bind((name, _EVERYTHING))
    return wire
