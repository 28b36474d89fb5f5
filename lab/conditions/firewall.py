"""A machine's own firewall, as the rest of the network sees it: a rule at its port that remembers what it has begun."""

import random
from collections import OrderedDict
from collections.abc import Callable
from typing import Any, Final, TypeAlias

import dpkt  # type: ignore[import-untyped]

from lab.network.crossing import DROPPED, Crossing, Fate
from lab.network.frames import ARP, MDNS_4, MDNS_6, MDNS_PORT, Frame

MOST_FLOWS: Final = 1024
UDP_LIVES_S: Final = 120.0
"""As Linux' connection tracking remembers a UDP stream."""

_Flow: TypeAlias = tuple[int, bytes, int, int]
"""Protocol, the other machine, its port and ours: of an echo, its identifier."""
_NEIGHBOUR_DISCOVERY: Final = range(130, 138)
"""ICMPv6: MLD and neighbour discovery, without which there is no IPv6."""
_ERRORS_4: Final = (3, 11, 12)
_ERRORS_6: Final = (1, 2, 3, 4)
_ECHO_4: Final = 8
_ECHO_6: Final = 128


class Firewall:
    """Lets in to `node` what answers it, what the network cannot do without, and what `lets_in` says."""

    def __init__(self, node: str, lets_in: Callable[[Frame], bool]) -> None:
        self._node = node
        self._lets_in = lets_in
        self._begun: OrderedDict[_Flow, float] = OrderedDict()

    def touch(self, crossing: Crossing, _: random.Random) -> Fate:
        """Remember what goes out; drop what may not come in."""
        source, target = crossing.nodes
        if source == self._node:
            self._remember(crossing.frame, crossing.at)
        elif target == self._node and not self._may_enter(crossing.frame, crossing.at):
            return DROPPED
        return None

    def _remember(self, frame: Frame, at: float) -> None:
        packet = frame.ip
        ports = _ports(packet)
        if packet is None or ports is None:
            return
        flow = (_protocol(packet), packet.dst, ports[1], ports[0])
        self._begun[flow] = at
        self._begun.move_to_end(flow)
        if len(self._begun) > MOST_FLOWS:
            self._begun.popitem(last=False)

    def _may_enter(self, frame: Frame, at: float) -> bool:
        packet = frame.ip
        if packet is None:
            return frame.type == ARP
        return _is_needed(packet) or self._is_known(packet, at) or self._lets_in(frame)

    def _is_known(self, packet: Any, at: float) -> bool:
        ports = _ports(packet)
        if ports is None:
            return False
        flow = (_protocol(packet), packet.src, ports[0], ports[1])
        begun = self._begun.get(flow)
        if begun is None or (frame_is_udp(packet) and at - begun >= UDP_LIVES_S):
            return False
        self._begun[flow] = at
        return True


def frame_is_udp(packet: Any) -> bool:
    """Say whether a packet holds a UDP datagram."""
    return isinstance(packet.data, dpkt.udp.UDP)


def lets_in_as_ufw(frame: Frame) -> bool:
    """Say what ufw lets in as it is installed: ping, and mDNS to the group."""
    packet, udp = frame.ip, frame.udp
    if udp is not None and packet is not None:
        return udp.dport == MDNS_PORT and packet.dst in (MDNS_4, MDNS_6)
    return packet is not None and _icmp_type(packet) in (_ECHO_4, _ECHO_6)


def lets_in_nothing(_: Frame) -> bool:
    """Let nothing in."""
    return False


def _protocol(packet: Any) -> int:
    return int(packet.p)


def _icmp_type(packet: Any) -> int | None:
    known = isinstance(packet.data, dpkt.icmp.ICMP | dpkt.icmp6.ICMP6)
    return int(packet.data.type) if known else None


def _ports(packet: Any) -> tuple[int, int] | None:
    """Return source and target port; of an echo or its answer, twice its identifier."""
    if packet is None:
        return None
    inside = packet.data
    if isinstance(inside, dpkt.udp.UDP | dpkt.tcp.TCP):
        return inside.sport, inside.dport
    message = bytes(inside)
    if _icmp_type(packet) in (0, _ECHO_4, _ECHO_6, _ECHO_6 + 1):
        identifier = int.from_bytes(message[4:6])
        return identifier, identifier
    return None


def _is_needed(packet: Any) -> bool:
    kind = _icmp_type(packet)
    if isinstance(packet, dpkt.ip6.IP6):
        return kind in _NEIGHBOUR_DISCOVERY or kind in _ERRORS_6
    return kind in _ERRORS_4
