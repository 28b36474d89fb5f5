"""One Ethernet frame, taken apart as far as it is asked for, and frames of our own. dpkt knows the formats."""

from collections.abc import Callable
from functools import cached_property
from typing import Any, Final

import dpkt  # type: ignore[import-untyped]

BROADCAST: Final = b"\xff" * 6
ARP: Final = 0x0806
IPV4: Final = 0x0800
IPV6: Final = 0x86DD
ICMP: Final = 1
TCP: Final = 6
UDP: Final = 17
ICMP6: Final = 58
MDNS_PORT: Final = 5353
MDNS_4: Final = bytes((224, 0, 0, 251))
MDNS_6: Final = bytes.fromhex("ff0200000000000000000000000000fb")
TOP_TTL: Final = 255
"""What says of a packet that it was not forwarded (RFC 6762 §11, RFC 4861 §7.1)."""
SHORTEST: Final = 14
"""Bytes: two addresses and a type."""

_GROUP_BIT: Final = 1
_PROTOCOL_AT: Final = {IPV4: 23, IPV6: 20}
_KINDS: Final = {
    (IPV4, b"\x01"): "icmp4",
    (IPV4, b"\x02"): "igmp",
    (IPV4, b"\x06"): "tcp4",
    (IPV4, b"\x11"): "udp4",
    (IPV6, b"\x00"): "mld",  # hop-by-hop options, which hardly anything else has
    (IPV6, b"\x06"): "tcp6",
    (IPV6, b"\x11"): "udp6",
    (IPV6, b"\x3a"): "icmp6",
}
_VERSION_4: Final = 4
_VERSION_6: Final = 6
_IP6_HEADER: Final = 40


class Frame:
    """A frame of at least `SHORTEST` bytes. What cannot be parsed is None: nothing here raises."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.target = data[:6]
        self.source = data[6:12]
        self.type = int.from_bytes(data[12:14])

    @property
    def kind(self) -> str:
        """Name its protocols roughly: `udp4`, `icmp6`, `arp`; `other` for all that is rare."""
        place = _PROTOCOL_AT.get(self.type)
        if place is None:
            return "arp" if self.type == ARP else "other"
        return _KINDS.get((self.type, self.data[place : place + 1]), "other")

    @property
    def is_group(self) -> bool:
        """Say whether it is for many: multicast or broadcast."""
        return bool(self.data[0] & _GROUP_BIT)

    @property
    def is_broadcast(self) -> bool:
        """Say whether it is for everybody."""
        return self.target == BROADCAST

    @property
    def is_multicast(self) -> bool:
        """Say whether it is for a group: for many, but not for everybody."""
        return self.is_group and not self.is_broadcast

    @cached_property
    def arp(self) -> Any | None:
        """The ARP packet for IPv4, as dpkt has it."""
        arp = parsed(dpkt.arp.ARP, self.data[SHORTEST:]) if self.type == ARP else None
        return arp if arp and (arp.hrd, arp.pro, arp.hln, arp.pln) == (1, IPV4, 6, 4) else None

    @cached_property
    def ip4(self) -> Any | None:
        """The IPv4 packet, as dpkt has it; none whose header is wrong or whose end is missing."""
        if self.type != IPV4:
            return None
        packet = parsed(dpkt.ip.IP, self.data[SHORTEST:])
        if not packet or packet.v != _VERSION_4 or packet.len > len(self.data) - SHORTEST:
            return None
        header = self.data[SHORTEST : SHORTEST + 4 * packet.hl]
        return packet if packet.len >= len(header) and dpkt.dpkt.in_cksum(header) == 0 else None

    @cached_property
    def ip6(self) -> Any | None:
        """The IPv6 packet, as dpkt has it; `p` is the protocol after the extension headers."""
        packet = parsed(dpkt.ip6.IP6, self.data[SHORTEST:]) if self.type == IPV6 else None
        return packet if packet and packet.v == _VERSION_6 and hasattr(packet, "p") else None

    @property
    def ip(self) -> Any | None:
        """The IP packet of either version; `src`, `dst` are its addresses as bytes."""
        return self.ip4 or self.ip6

    @property
    def udp(self) -> Any | None:
        """The UDP datagram: `sport`, `dport`, `data`."""
        return self._inside(dpkt.udp.UDP)

    @property
    def tcp(self) -> Any | None:
        """The TCP segment: `sport`, `dport`, `seq`, `ack`, `flags`, `data`."""
        return self._inside(dpkt.tcp.TCP)

    @property
    def is_mdns(self) -> bool:
        """Say whether it is UDP from or to port 5353."""
        udp = self.udp
        return udp is not None and MDNS_PORT in (udp.sport, udp.dport)

    def _inside(self, kind: type) -> Any | None:
        packet = self.ip
        return packet.data if packet is not None and isinstance(packet.data, kind) else None


def frame(target: bytes, source: bytes, kind: int, payload: Any) -> bytes:
    """Return a frame with `payload`, which is bytes or a dpkt packet."""
    return target + source + kind.to_bytes(2) + bytes(payload)


def changed(original: Frame, packet: Any) -> bytes:
    """Return `original` with its IP `packet`, which was changed in place: lengths and checksums set anew."""
    inside = packet.data
    if isinstance(inside, dpkt.udp.UDP):
        inside.ulen = len(inside)
    if isinstance(inside, dpkt.Packet):
        inside.sum = 0
    if original.type == IPV4:
        packet.sum = 0
    else:
        packet.plen = len(packet) - _IP6_HEADER
    return original.data[:SHORTEST] + bytes(packet)


def udp4(source: bytes, target: bytes, sport: int, dport: int, data: bytes, *, ttl: int = 64) -> Any:
    """Return an IPv4 packet with a UDP datagram."""
    udp = dpkt.udp.UDP(sport=sport, dport=dport, data=data)
    udp.ulen = len(udp)
    return dpkt.ip.IP(src=source, dst=target, p=UDP, ttl=ttl, data=udp)


def udp6(source: bytes, target: bytes, sport: int, dport: int, data: bytes, *, hops: int = 64) -> Any:
    """Return an IPv6 packet with a UDP datagram."""
    udp = dpkt.udp.UDP(sport=sport, dport=dport, data=data)
    udp.ulen = len(udp)
    return dpkt.ip6.IP6(src=source, dst=target, nxt=UDP, hlim=hops, plen=len(udp), data=udp)


def group_address(address: bytes) -> bytes:
    """Return the hardware address of a multicast group (RFC 1112 §6.4, RFC 2464 §7)."""
    if len(address) == len(MDNS_6):
        return b"\x33\x33" + address[-4:]
    return b"\x01\x00\x5e" + bytes((address[1] & 0x7F,)) + address[2:]


def parsed(parse: Callable[[Any], Any], data: Any) -> Any | None:
    """Return what `parse` makes of `data`, or None when it cannot."""
    try:
        return parse(data)
    except Exception:  # noqa: BLE001 - whatever a parser makes of what no sound machine would send
        return None
