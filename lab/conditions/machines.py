"""What goes wrong in a machine itself, or with its power."""

import random
from collections.abc import Callable
from functools import partial
from typing import Annotated, Final

import dpkt  # type: ignore[import-untyped]
from pydantic import Field, field_validator

from lab.conditions.condition import Condition, FrameCondition, Node, Seconds
from lab.conditions.doing import Doing
from lab.conditions.firewall import Firewall, lets_in_as_ufw, lets_in_nothing
from lab.conditions.router import switch_router_off
from lab.network.crossing import DROPPED, Crossing, Fate
from lab.network.frames import ICMP6, IPV4, Frame, frame
from lab.network.local import NO_PORT, error, refusal
from lab.network.plan import HOME_ROUTER
from protocol.problems import NODE_UNKNOWN, Problem

_TEN_YEARS_S: Final = 10 * 366 * 86_400


class AddressChanges(Condition):
    """A machine has another IPv4 address from now on; its old one is nobody's."""

    on: Node = "gateway"

    def begin(self, doing: Doing) -> None:
        """Give it the address."""
        doing.claim("address", self.on, True)


class ClockWrong(Condition):
    """A machine's clock is wrong: ahead, or (below 0) behind."""

    ahead_s: Annotated[float, Field(ge=-_TEN_YEARS_S, le=_TEN_YEARS_S)] = 86_400.0
    on: Node = "gateway"

    def begin(self, doing: Doing) -> None:
        """Set it."""
        doing.claim("clock", self.on, self.ahead_s)


class GatewayOff(Condition):
    """A machine has no power."""

    on: Node = "gateway"

    def begin(self, doing: Doing) -> None:
        """Cut it."""
        doing.claim("power", self.on, False)


class PowerCut(Condition):
    """The power of the home is gone; what had it comes back in a chosen order."""

    order: str = "router,gateway,phone"
    off_s: Seconds = 3.0
    gap_s: Annotated[float, Field(ge=0, le=3600)] = 2.0

    @field_validator("order")
    @classmethod
    def _each_once(cls, order: str) -> str:
        names = [name.strip() for name in order.split(",")]
        if len(set(names)) != len(names):
            raise ValueError("each machine comes back once")
        return ",".join(names)

    @property
    def lasts_s(self) -> float:
        """Until the last machine is back."""
        return self.off_s + self.gap_s * self.order.count(",")

    def begin(self, doing: Doing) -> None:
        """Switch everything off, and each on again in its turn."""
        order = self.order.split(",")
        for name in order:
            if name != HOME_ROUTER.name and name not in doing.network.plan.hosts:
                raise Problem(
                    NODE_UNKNOWN, node=name, near=", ".join([*doing.network.plan.hosts, HOME_ROUTER.name])
                )
        for place, name in enumerate(order):
            doing.later(self.off_s + place * self.gap_s, self._cut(name, doing))

    def _cut(self, name: str, doing: Doing) -> Callable[[], None]:
        if name == HOME_ROUTER.name:
            return switch_router_off(doing)
        doing.claim("power", name, False)
        return partial(doing.release, "power", name)


class GatewayNotRunning(FrameCondition):
    """A machine is on, but as if no program ran on it: it answers pings, and refuses everything else."""

    on: Node = "gateway"

    def touch(self, crossing: Crossing, _: random.Random) -> Fate:
        """Answer in its place, and let it say nothing of its own."""
        source, target = crossing.nodes
        met = crossing.frame
        if self.on not in (source, target) or (met.tcp is None and met.udp is None):
            return None
        if source == self.on or met.is_group:
            return DROPPED
        answer = _refusal(met)
        return crossing.answered(frame(met.source, met.target, met.type, answer)) if answer else DROPPED


def _refusal(met: Frame) -> object | None:
    """Return how a machine without programs answers a segment or datagram."""
    packet = met.ip
    if packet is None:
        return None
    if met.tcp is not None:
        answer: object | None = refusal(packet)
    elif met.type == IPV4:
        answer = error(met, packet.dst, NO_PORT)
    else:
        told = dpkt.icmp6.ICMP6(type=1, code=4, data=bytes(4) + bytes(packet)[:1000])
        answer = dpkt.ip6.IP6(src=packet.dst, dst=packet.src, nxt=ICMP6, hlim=64, plen=len(told), data=told)
    return answer


class PhoneFirewalled(Condition):
    """A machine lets in what answers it, pings, and mDNS to the group: a Linux machine with ufw on."""

    on: Node = "phone"

    def begin(self, doing: Doing) -> None:
        """Put the wall up."""
        doing.rule(Firewall(self.on, lets_in_as_ufw))


class GatewayFirewalled(Condition):
    """A machine lets in what answers it, and nothing else."""

    on: Node = "gateway"

    def begin(self, doing: Doing) -> None:
        """Put the wall up."""
        doing.rule(Firewall(self.on, lets_in_nothing))


CONDITIONS: Final[tuple[type[Condition], ...]] = (
    AddressChanges,
    ClockWrong,
    PowerCut,
    GatewayOff,
    GatewayNotRunning,
    GatewayFirewalled,
    PhoneFirewalled,
)
