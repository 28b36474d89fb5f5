"""What a machine that lives in the network says over IPv4 when it is spoken to itself, and its ICMP errors."""

from typing import Any, Final, NamedTuple

import dpkt  # type: ignore[import-untyped]

from lab.network.frames import ICMP, TCP, Frame


class Reason(NamedTuple):
    """Type and code of an ICMP error (RFC 792)."""

    kind: int
    code: int


NO_NETWORK: Final = Reason(3, 0)
NO_HOST: Final = Reason(3, 1)
NO_PORT: Final = Reason(3, 3)
TIME_EXCEEDED: Final = Reason(11, 0)

_ECHO: Final = 8
_ECHO_REPLY: Final = 0
_ERRORS: Final = (3, 4, 5, 11, 12)
_QUOTED: Final = 548
"""Bytes of the packet an error is about (RFC 1812 §4.3.2.3: the whole stays below 576)."""
_SYN: Final = dpkt.tcp.TH_SYN
_FIN: Final = dpkt.tcp.TH_FIN
_RST: Final = dpkt.tcp.TH_RST
_ACK: Final = dpkt.tcp.TH_ACK


def answer(frame: Frame) -> Any | None:
    """Return what a machine with no open port answers to an IPv4 packet for itself: a packet, or None."""
    packet = frame.ip4
    if packet is None:
        return None
    if isinstance(packet.data, dpkt.icmp.ICMP):
        return _echoed(packet)
    if frame.tcp is not None:
        return refusal(packet)
    return error(frame, packet.dst, NO_PORT) if frame.udp is not None else None


def refusal(packet: Any) -> Any | None:
    """Return the reset that answers a TCP segment (RFC 9293 §3.10.7.1); `packet` is IPv4 or IPv6. None for a reset."""
    segment = packet.data
    if segment.flags & _RST:
        return None
    length = len(segment.data) + bool(segment.flags & _SYN) + bool(segment.flags & _FIN)
    known = bool(segment.flags & _ACK)
    reset = dpkt.tcp.TCP(
        sport=segment.dport,
        dport=segment.sport,
        seq=segment.ack if known else 0,
        ack=0 if known else (segment.seq + length) % 2**32,
        flags=_RST if known else _RST | _ACK,
        win=0,
    )
    if isinstance(packet, dpkt.ip6.IP6):
        return dpkt.ip6.IP6(src=packet.dst, dst=packet.src, nxt=TCP, hlim=64, plen=len(reset), data=reset)
    return dpkt.ip.IP(src=packet.dst, dst=packet.src, p=TCP, ttl=64, data=reset)


def error(frame: Frame, source: bytes, reason: Reason) -> Any | None:
    """Return the ICMP error about an IPv4 packet, where one may be sent (RFC 1122 §3.2.2): from `source` to its sender."""
    packet = frame.ip4
    if packet is None or frame.is_group or packet.offset or not _may_be_told(packet):
        return None
    quoted = frame.data[14 : 14 + min(packet.len, _QUOTED)]
    message = dpkt.icmp.ICMP(type=reason.kind, code=reason.code, data=bytes(4) + quoted)
    return dpkt.ip.IP(src=source, dst=packet.src, p=ICMP, ttl=64, data=message)


def _may_be_told(packet: Any) -> bool:
    told_of_error = isinstance(packet.data, dpkt.icmp.ICMP) and packet.data.type in _ERRORS
    return not told_of_error and _is_one_machine(packet.src) and _is_one_machine(packet.dst)


def _is_one_machine(address: bytes) -> bool:
    return 0 < address[0] < 224 and address[0] != 127  # noqa: PLR2004 - "this network", groups, loopback


def _echoed(packet: Any) -> Any | None:
    if packet.data.type != _ECHO or packet.mf or packet.offset:
        return None
    reply = dpkt.icmp.ICMP(type=_ECHO_REPLY, data=bytes(packet.data)[4:])
    return dpkt.ip.IP(src=packet.dst, dst=packet.src, p=ICMP, ttl=64, data=reply)
