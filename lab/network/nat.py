"""Network address translation, as home routers do it (RFC 4787, 5382, 5508): one table, flows from inside to outside only.

A port keeps its number where that is free. What comes from outside passes only as an answer to the very machine and
port that was spoken to. Fragments are not translated.
"""

from collections import OrderedDict
from dataclasses import dataclass
from typing import Any, Final, NamedTuple, TypeAlias

import dpkt  # type: ignore[import-untyped]

from lab.network.frames import ICMP, TCP, UDP

MOST_FLOWS: Final = 2048
"""When there are more, the one unused for longest goes."""
LIVES_S: Final = {TCP: 7440.0, UDP: 120.0, ICMP: 60.0}
CLOSED_LIVES_S: Final = 10.0
"""A TCP flow in which FIN or RST was seen."""

_FIRST_PORT: Final = 1024
_PORTS: Final = 65536 - _FIRST_PORT
_TRIES: Final = 128
_ECHO: Final = 8
_ECHO_REPLY: Final = 0
_ERRORS: Final = (3, 11, 12)
_ERROR_HEADER: Final = 4
_SHORTEST_QUOTE: Final = 28

End: TypeAlias = tuple[bytes, int]
"""An IPv4 address and a port, or the identifier of an echo."""


class Flow(NamedTuple):
    """Who speaks with whom, as seen from inside."""

    protocol: int
    near: End
    far: End


@dataclass
class _Mapping:
    port: int
    used_at: float
    closed: bool = False

    def is_over(self, protocol: int, now: float) -> bool:
        return now - self.used_at >= (CLOSED_LIVES_S if self.closed else LIVES_S[protocol])


class Nat:
    """The table of one router, whose outer address is `address`."""

    def __init__(self, address: bytes) -> None:
        self._address = address
        self._mappings: OrderedDict[Flow, _Mapping] = OrderedDict()
        self._flows: dict[tuple[int, int, End], Flow] = {}

    def __len__(self) -> int:
        return len(self._mappings)

    def forget(self) -> None:
        """Forget all flows, as after a restart."""
        self._mappings.clear()
        self._flows.clear()

    def outwards(self, packet: Any, now: float) -> bool:
        """Let `packet` come from the outer address; say whether that was possible."""
        ends = _ends(packet, _ECHO)
        if ends is None:
            return False
        flow = Flow(packet.p, *ends)
        mapping = self._mappings.get(flow)
        if mapping is None or mapping.is_over(flow.protocol, now):
            self._drop(flow)
            port = self._free_port(flow, now)
            if port is None:
                return False
            mapping = self._mappings[flow] = _Mapping(port, now)
            self._flows[flow.protocol, port, flow.far] = flow
            if len(self._mappings) > MOST_FLOWS:
                self._drop(next(iter(self._mappings)))
        self._used(flow, mapping, packet, now)
        _set_source(packet, (self._address, mapping.port))
        return True

    def inwards(self, packet: Any, now: float) -> bool:
        """Let `packet` go to the machine inside that it answers; say whether it answers one."""
        if packet.p == ICMP and isinstance(packet.data, dpkt.icmp.ICMP) and packet.data.type in _ERRORS:
            return self._error_inwards(packet, now)
        ends = _ends(packet, _ECHO_REPLY)
        if ends is None:
            return False
        far, (_, port) = ends if packet.p != ICMP else ((packet.src, 0), ends[0])
        flow = self._known(packet.p, port, far, now)
        if flow is None:
            return False
        self._used(flow, self._mappings[flow], packet, now)
        _set_target(packet, flow.near)
        return True

    def _error_inwards(self, packet: Any, now: float) -> bool:
        """Bring an ICMP error to the machine whose packet it quotes."""
        data = bytearray(bytes(packet.data)[_ERROR_HEADER:])
        quote = data[_ERROR_HEADER:]
        length = 4 * (quote[0] & 0xF) if quote else 0
        if length < _SHORTEST_QUOTE - 8 or len(quote) < length + 8 or quote[9] not in LIVES_S:
            return False
        first = length + 4 if quote[9] == ICMP else length
        port = int.from_bytes(quote[first : first + 2])
        far_port = 0 if quote[9] == ICMP else int.from_bytes(quote[length + 2 : length + 4])
        flow = self._known(quote[9], port, (bytes(quote[16:20]), far_port), now)
        if flow is None or quote[12:16] != self._address:
            return False
        quote[12:16] = flow.near[0]
        quote[first : first + 2] = flow.near[1].to_bytes(2)
        quote[10:12] = bytes(2)
        quote[10:12] = dpkt.dpkt.in_cksum(bytes(quote[:length])).to_bytes(2)
        packet.data = dpkt.icmp.ICMP(
            type=packet.data.type, code=packet.data.code, data=bytes(data[:4] + quote)
        )
        packet.dst = flow.near[0]
        return True

    def _known(self, protocol: int, port: int, far: End, now: float) -> Flow | None:
        flow = self._flows.get((protocol, port, far))
        return None if flow is None or self._mappings[flow].is_over(protocol, now) else flow

    def _used(self, flow: Flow, mapping: _Mapping, packet: Any, now: float) -> None:
        mapping.used_at = now
        if flow.protocol == TCP:
            ending = packet.data.flags & (dpkt.tcp.TH_FIN | dpkt.tcp.TH_RST)
            mapping.closed = bool(ending) or (mapping.closed and not packet.data.flags & dpkt.tcp.TH_SYN)
        self._mappings.move_to_end(flow)

    def _free_port(self, flow: Flow, now: float) -> int | None:
        for step in range(_TRIES):
            port = flow.near[1] if step == 0 else _FIRST_PORT + (flow.near[1] + step) % _PORTS
            other = self._flows.get((flow.protocol, port, flow.far))
            if other is None:
                return port
            if self._mappings[other].is_over(flow.protocol, now):
                self._drop(other)
                return port
        return None

    def _drop(self, flow: Flow) -> None:
        if mapping := self._mappings.pop(flow, None):
            del self._flows[flow.protocol, mapping.port, flow.far]


def _ends(packet: Any, echo: int) -> tuple[End, End] | None:
    """Return source and target of what can be translated; an echo has its identifier at the source, whoever sends it."""
    inside = packet.data
    if packet.mf or packet.offset:
        return None
    if isinstance(inside, dpkt.tcp.TCP | dpkt.udp.UDP):
        return (packet.src, inside.sport), (packet.dst, inside.dport)
    if (
        isinstance(inside, dpkt.icmp.ICMP)
        and inside.type == echo
        and isinstance(inside.data, dpkt.icmp.ICMP.Echo)
    ):
        return (packet.src, inside.data.id), (packet.dst, 0)
    return None


def _set_source(packet: Any, end: End) -> None:
    packet.src = end[0]
    if packet.p == ICMP:
        packet.data.data.id = end[1]
    else:
        packet.data.sport = end[1]


def _set_target(packet: Any, end: End) -> None:
    packet.dst = end[0]
    if packet.p == ICMP:
        packet.data.data.id = end[1]
    else:
        packet.data.dport = end[1]
