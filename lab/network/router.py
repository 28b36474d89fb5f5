"""A router of the home: IPv4 forwarding, NAT to its outer side, DNS, ping, and (when asked to) an mDNS reflector."""

from collections.abc import Iterable, Mapping
from typing import Any, Final

import dpkt  # type: ignore[import-untyped]

from lab.network import local, names
from lab.network.frames import ARP, IPV4, IPV6, Frame, changed, udp4
from lab.network.leg import Leg
from lab.network.nat import Nat
from lab.network.outgoing import Outgoing
from lab.network.plan import RouterPlan
from lab.network.reflector import Reflector

_ECHO_6: Final = 128
_ECHO_REPLY_6: Final = 129
_SHORTEST_ECHO: Final = 8


class Router:
    """Forwards between its legs: from inside to its `wan` and back; between two inner segments only where they are joined.

    What conditions change, each under its number: which inner segments are `joined`, which `reflectors` there are
    (the newest one acts).
    """

    def __init__(self, plan: RouterPlan, known_names: Mapping[str, bytes]) -> None:
        self._legs = {plan.port(leg.segment): Leg(leg, plan.port(leg.segment)) for leg in plan.legs}
        self._wan = self._legs[plan.port(plan.wan)]
        self._gateway = plan.gateway.packed if plan.gateway else None
        self._names = known_names
        self.nat = Nat(self._wan.address)
        self.joined: dict[int, frozenset[str]] = {}
        self.reflectors: dict[int, Reflector] = {}

    @property
    def ports(self) -> Iterable[tuple[str, str]]:
        """Its ports, each with its segment."""
        return [(leg.port, leg.segment) for leg in self._legs.values()]

    @property
    def due(self) -> float:
        """When `wake` has something to do."""
        return min(leg.due for leg in self._legs.values())

    def leg(self, segment: str) -> Leg:
        """Return its interface on `segment`."""
        return next(leg for leg in self._legs.values() if leg.segment == segment)

    def forget(self) -> None:
        """Forget all flows and neighbours, as after a restart."""
        self.nat.forget()
        for leg in self._legs.values():
            leg.forget()

    def wake(self, now: float) -> list[Outgoing]:
        """Ask again for those who have not answered, or give them up."""
        return [each for leg in self._legs.values() for each in leg.wake(now)]

    def receive(self, port: str, frame: Frame, now: float) -> list[Outgoing]:
        """Take in a frame; return what it leads to."""
        leg = self._legs[port]
        if frame.target != leg.mac and not frame.is_group:
            return []
        own = Frame(frame.data)  # of our own, as it is going to be changed
        if own.type == ARP and own.arp is not None:
            return leg.hear(own.arp, now)
        if own.type == IPV4 and own.ip4 is not None:
            return self._receive4(leg, own, now)
        if own.type == IPV6 and own.ip6 is not None:
            return self._receive6(leg, own, now)
        return []

    def _receive4(self, leg: Leg, frame: Frame, now: float) -> list[Outgoing]:
        packet = frame.ip4
        reflected = self._reflected(leg, frame, now)
        if reflected is not None:
            return reflected
        if frame.is_group or packet is None:
            return []
        if leg is self._wan and packet.dst == leg.address and self.nat.inwards(packet, now):
            return self._forward(leg, frame, packet, now, answers=True)
        if any(packet.dst == each.address for each in self._legs.values()):
            return self._answered(leg, frame, now)
        return self._forward(leg, frame, packet, now)

    def _reflected(self, leg: Leg, frame: Frame, now: float) -> list[Outgoing] | None:
        if not self.reflectors or frame.udp is None:
            return None
        newest = self.reflectors[max(self.reflectors)]
        return newest.reflect(leg, frame, now)

    def _answered(self, leg: Leg, frame: Frame, now: float) -> list[Outgoing]:
        """Answer what is for the router itself."""
        udp, packet = frame.udp, frame.ip4
        if packet is None:
            return []
        if udp is not None and udp.dport == names.PORT and leg is not self._wan:
            response = names.answer(bytes(udp.data), self._names)
            answer = response and udp4(packet.dst, packet.src, names.PORT, udp.sport, response)
        else:
            answer = local.answer(frame)
        return self._reply(leg, answer, now)

    def _reply(self, leg: Leg, packet: Any | None, now: float) -> list[Outgoing]:
        if not packet:
            return []
        hop = self._hop(leg, packet.dst)
        return leg.send(packet, hop, now) if hop else []

    def _forward(
        self, leg: Leg, frame: Frame, packet: Any, now: float, *, answers: bool = False
    ) -> list[Outgoing]:
        """Send a packet on its way; `answers`: it was let in because it answers one from inside."""
        if packet.ttl <= 1:
            return self._refuse(leg, frame, local.TIME_EXCEEDED, now)
        out = next((each for each in self._legs.values() if each.is_near(packet.dst)), self._wan)
        hop = self._hop(out, packet.dst)
        if hop is None:
            return self._refuse(leg, frame, local.NO_NETWORK, now)
        if not answers and not self._may_pass(leg, out):
            return []
        refused = Frame(frame.data)
        translated = out is self._wan and leg is not self._wan
        if translated and not self.nat.outwards(packet, now):
            return []
        packet.ttl -= 1
        if translated or answers:
            sent = changed(frame, packet)[14:]
        else:
            packet.sum = 0
            sent = bytes(packet)
        return out.send(sent, hop, now, lambda: self._refuse(leg, refused, local.NO_HOST, now))

    def _may_pass(self, leg: Leg, out: Leg) -> bool:
        return leg is out or out is self._wan or frozenset((leg.segment, out.segment)) in self.joined.values()

    def _hop(self, leg: Leg, target: bytes) -> bytes | None:
        if leg.is_near(target):
            return target
        return self._gateway if leg is self._wan else None

    def _refuse(self, leg: Leg, frame: Frame, reason: local.Reason, now: float) -> list[Outgoing]:
        return self._reply(leg, local.error(frame, leg.address, reason), now)

    def _receive6(self, leg: Leg, frame: Frame, now: float) -> list[Outgoing]:
        packet = frame.ip6
        reflected = self._reflected(leg, frame, now)
        if reflected is not None:
            return reflected
        if packet is None or not isinstance(packet.data, dpkt.icmp6.ICMP6):
            return []
        message = bytes(packet.data)
        if message[0] == _ECHO_6 and packet.dst in leg.addresses6 and len(message) >= _SHORTEST_ECHO:
            reply = dpkt.icmp6.ICMP6(type=_ECHO_REPLY_6, data=message[4:])
            return [leg.frame6(frame.source, packet.dst, packet.src, reply)]
        return leg.solicited(packet)
