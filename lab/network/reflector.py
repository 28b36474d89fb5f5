"""An mDNS reflector in a router: what is said on one segment it says on another, as avahi-daemon does.

The words stay as they are, so the addresses in them are those of the other segment. A one-shot question from another
port than 5353 goes out under a port of the reflector's own, and the answers to that go back to the asker.
"""

from collections import OrderedDict
from typing import Any, Final

from lab.network.frames import (
    IPV6,
    MDNS_4,
    MDNS_6,
    MDNS_PORT,
    TOP_TTL,
    Frame,
    frame,
    group_address,
    udp4,
    udp6,
)
from lab.network.leg import Leg
from lab.network.outgoing import Outgoing

MOST_ASKERS: Final = 100
ASKER_LIVES_S: Final = 2.0
"""As avahi-daemon's slots for one-shot questions."""
_FIRST_PORT: Final = 54000


class Reflector:
    """Repeats between two legs of a router. `keep_source`: under the address of who spoke, not the router's own."""

    def __init__(self, one: Leg, other: Leg, *, keep_source: bool = False) -> None:
        self._over = {one.port: other, other.port: one}
        self._keep_source = keep_source
        self._askers: OrderedDict[tuple[str, int], tuple[bytes, int, float]] = OrderedDict()
        self._asked = 0

    def reflect(self, leg: Leg, heard: Frame, now: float) -> list[Outgoing] | None:
        """Return what to say of a frame that came in by `leg`, or None when it is not the reflector's affair."""
        packet, udp = heard.ip, heard.udp
        other = self._over.get(leg.port)
        if other is None or packet is None or udp is None:
            return None
        if heard.type == IPV6:
            return self._repeat6(other, packet) if packet.dst == MDNS_6 and heard.is_mdns else None
        if udp.dport == MDNS_PORT and packet.dst == MDNS_4:
            return [self._repeat4(other, packet, self._port_for(other, packet, now))]
        if packet.dst != leg.address:
            return None
        if udp.dport == udp.sport == MDNS_PORT:  # somebody's unicast answer to what we repeated
            return [self._repeat4(other, packet, MDNS_PORT)]
        return self._answer(leg, other, packet, now)

    def _port_for(self, other: Leg, packet: Any, now: float) -> int:
        if packet.data.sport == MDNS_PORT or self._keep_source:
            return int(packet.data.sport)
        port = _FIRST_PORT + self._asked % MOST_ASKERS
        self._asked += 1
        self._askers[other.port, port] = packet.src, packet.data.sport, now
        self._askers.move_to_end((other.port, port))
        if len(self._askers) > MOST_ASKERS:
            self._askers.popitem(last=False)
        return port

    def _repeat4(self, other: Leg, packet: Any, port: int) -> Outgoing:
        source = packet.src if self._keep_source else other.address
        repeated = udp4(source, MDNS_4, port, MDNS_PORT, packet.data.data, ttl=TOP_TTL)
        return other.frame_for(group_address(MDNS_4), repeated)

    def _repeat6(self, other: Leg, packet: Any) -> list[Outgoing]:
        if packet.data.sport != MDNS_PORT:
            return []  # a one-shot question over IPv6 is not repeated: the one over IPv4 is
        source = packet.src if self._keep_source else other.link_local
        repeated = udp6(source, MDNS_6, MDNS_PORT, MDNS_PORT, packet.data.data, hops=TOP_TTL)
        return [Outgoing(other.port, frame(group_address(MDNS_6), other.mac, IPV6, repeated))]

    def _answer(self, leg: Leg, other: Leg, packet: Any, now: float) -> list[Outgoing] | None:
        asker = self._askers.get((leg.port, packet.data.dport))
        if asker is None or now - asker[2] >= ASKER_LIVES_S:
            return None
        address, port, _ = asker
        answer = udp4(other.address, address, MDNS_PORT, port, packet.data.data, ttl=TOP_TTL)
        return other.send(answer, address, now)
