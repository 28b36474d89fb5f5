"""A machine that is not where people think it is: on another segment, on two, or in a tunnel."""

import random
from ipaddress import ip_address
from typing import Any, Final, Literal

from lab.conditions.condition import Condition, Node
from lab.conditions.doing import Doing
from lab.network.crossing import DROPPED, Crossing, Fate
from lab.network.frames import ARP, IPV4
from lab.network.plan import OWN_ROUTERS, SECOND_ROUTER, SEGMENTS


class GuestWifi(Condition):
    """A machine is on the guest Wi-Fi."""

    on: Node = "phone"

    def begin(self, doing: Doing) -> None:
        """Let it join."""
        doing.claim("segment", self.on, "guest")


class OtherRouter(Condition):
    """A second router behind the first, and a machine behind the second."""

    on: Node = "phone"

    def begin(self, doing: Doing) -> None:
        """Bring the router, and let the machine join it."""
        doing.claim("router", SECOND_ROUTER.name, True)
        doing.claim("segment", self.on, "inner")


class OtherNetwork(Condition):
    """A machine is on the mobile network."""

    on: Node = "phone"

    def begin(self, doing: Doing) -> None:
        """Let it join."""
        doing.claim("segment", self.on, "mobile")


class TwoNicsWrongOne(Condition):
    """A machine has a second interface, and sends by that whatever is not for its first segment."""

    segment: Literal["mobile", "guest"] = "mobile"
    on: Node = "phone"

    def begin(self, doing: Doing) -> None:
        """Plug it in."""
        doing.claim("second_nic", self.on, self.segment)


class VpnOnPhone(Condition):
    """A machine sends everything into a tunnel; `swallows`: what is for its own network too."""

    swallows: bool = True
    on: Node = "phone"

    def begin(self, doing: Doing) -> None:
        """Dig the tunnel, and let the rest be swallowed."""
        doing.claim("tunnel", self.on, True)
        if self.swallows:
            doing.rule(_Swallowing(self.on))


class _Swallowing:
    """Lets nothing pass between a machine and its own network but what carries the tunnel: packets by way of the router."""

    def __init__(self, node: str) -> None:
        self._node = node

    def touch(self, crossing: Crossing, _: random.Random) -> Fate:
        if self._node not in crossing.nodes:
            return None
        by_router = OWN_ROUTERS.get(crossing.segment) in (crossing.source, crossing.target)
        return None if by_router and _carries_tunnel(crossing) else DROPPED


def _carries_tunnel(crossing: Crossing) -> bool:
    frame = crossing.frame
    if frame.type == ARP:
        return True
    packet = frame.ip4 if frame.type == IPV4 else None
    return packet is not None and not all(
        _is_local(each, crossing.segment) for each in (packet.src, packet.dst)
    )


def _is_local(address: bytes, segment: str) -> bool:
    parsed: Any = ip_address(address)
    return parsed.is_multicast or parsed in SEGMENTS[segment].network or address == b"\xff\xff\xff\xff"


CONDITIONS: Final[tuple[type[Condition], ...]] = (
    GuestWifi,
    OtherRouter,
    OtherNetwork,
    TwoNicsWrongOne,
    VpnOnPhone,
)
