"""What switches and access points do to frames between machines of one segment, and families that are missing there."""

import random
from typing import Annotated, Final

from pydantic import Field

from lab.conditions.condition import Anyone, Condition, FrameCondition, Party
from lab.conditions.doing import Doing
from lab.network.crossing import DROPPED, Copy, Crossing, Fate
from lab.network.frames import IPV6, Frame
from lab.network.plan import OWN_ROUTERS

Age = Annotated[float, Field(ge=0.1, le=86_400)]
_EVERYBODY: Final = (bytes((224, 0, 0, 1)), bytes.fromhex("ff020000000000000000000000000001"))
"""Groups that nobody reports, as all are in them (RFC 2236 §6, RFC 3810 §6)."""


class MdnsBlocked(FrameCondition):
    """UDP port 5353 is filtered, from and to, IPv4 and IPv6, to a group or to one machine."""

    on: Party = None

    def touch(self, crossing: Crossing, _: random.Random) -> Fate:
        """Drop mDNS."""
        return DROPPED if crossing.concerns(self.on) and crossing.frame.is_mdns else None


class ApIsolation(FrameCondition):
    """Stations of the access point reach its router and nobody else."""

    def touch(self, crossing: Crossing, _: random.Random) -> Fate:
        """Drop what a station sends to, or gets from, anybody but the router."""
        router = OWN_ROUTERS.get(crossing.segment)
        by_radio = crossing.from_radio or crossing.to_radio
        return DROPPED if by_radio and router not in (crossing.source, crossing.target) else None


class IgmpSnoopingNoQuerier(FrameCondition):
    """A switch that carries a group only to ports that asked for it lately, while nobody reminds them to ask again."""

    age_s: Age = 260.0
    mld: bool = True

    def touch(self, crossing: Crossing, _: random.Random) -> Fate:
        """Drop what the switch has forgotten that somebody wants."""
        frame = crossing.frame
        if not frame.is_multicast or crossing.target == OWN_ROUTERS.get(crossing.segment):
            return None
        packet = frame.ip
        if packet is None or packet.dst in _EVERYBODY or (frame.type == IPV6 and not self.mld):
            return None
        reported_at = crossing.switch.memberships.reported_at(packet.dst, crossing.target)
        forgotten = reported_at is None or crossing.at - reported_at >= self.age_s
        return DROPPED if forgotten else None


class MulticastToUnicast(FrameCondition):
    """An access point that sends multicast to each station by itself, if it still knows the station."""

    forgets_s: Annotated[float | None, Field(ge=0.1, le=86_400)] = None

    def touch(self, crossing: Crossing, _: random.Random) -> Fate:
        """Put the station's own address in the place of the group's."""
        frame = crossing.frame
        if not (crossing.to_radio and frame.is_multicast):
            return None
        stations = crossing.switch.stations(crossing.target)
        awake = [
            mac for mac, at in stations.items() if self.forgets_s is None or crossing.at - at < self.forgets_s
        ]
        return tuple(Copy(Frame(mac + frame.data[len(mac) :])) for mac in awake)


class Ipv6Only(Condition):
    """There is no IPv4."""

    on: Anyone = None

    def begin(self, doing: Doing) -> None:
        """Take it from the machines."""
        for node in _meant(self.on, doing):
            doing.claim("ipv4", node, False)


class Ipv4Only(Condition):
    """There is no IPv6."""

    on: Anyone = None

    def begin(self, doing: Doing) -> None:
        """Take it from the machines."""
        for node in _meant(self.on, doing):
            doing.claim("ipv6", node, False)


def _meant(node: str | None, doing: Doing) -> list[str]:
    if node is not None:
        return [node]
    return [host.name for host in doing.network.plan.hosts.values() if host.segment == "home"]


CONDITIONS: Final[tuple[type[Condition], ...]] = (
    MdnsBlocked,
    ApIsolation,
    IgmpSnoopingNoQuerier,
    MulticastToUnicast,
    Ipv6Only,
    Ipv4Only,
)
