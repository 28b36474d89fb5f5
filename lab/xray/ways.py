"""What a search sent not to everybody but to one: the gateway's address, the router's, or every address in turn."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal, TypeAlias

import dpkt  # type: ignore[import-untyped]

from lab.network.frames import ICMP6, MDNS_PORT
from lab.network.plan import ROUTERS
from lab.xray.captured import Seen

WayName: TypeAlias = Literal["resolve", "connect", "ask_directly", "router", "sweep"]
"""`resolve`: ARP or neighbour discovery for the gateway; `connect`: TCP to it; `ask_directly`: mDNS to its address alone."""

_SYN: Final = dpkt.tcp.TH_SYN
_ANSWERS_SYN: Final = (dpkt.tcp.TH_SYN | dpkt.tcp.TH_ACK, dpkt.tcp.TH_RST, dpkt.tcp.TH_RST | dpkt.tcp.TH_ACK)
_SOLICITATION: Final = 135
_ADVERTISEMENT: Final = 136
_TARGET: Final = slice(8, 24)
"""Where a neighbour solicitation or advertisement says whom it is about."""
_ROUTER_NAMES: Final = frozenset(each.name for each in ROUTERS)
_ROUTER_ADDRESSES: Final = frozenset(leg.address.packed for each in ROUTERS for leg in each.legs)
_A_SWEEP: Final = 8
"""So many addresses are asked for by nobody who knows whom he looks for."""


@dataclass(frozen=True)
class Way:
    """What went one way and came back: numbers of frames, and the conditions that lost some of them.

    `arrived` at the gateway or router; `refused` says that what came back was a no. Of a sweep, `sent` and `back` count
    addresses.
    """

    name: WayName
    sent: tuple[int, ...]
    arrived: tuple[int, ...] = ()
    back: tuple[int, ...] = ()
    rules: tuple[str, ...] = ()
    refused: bool = False


def ways(frames: Sequence[Seen], gateway: Collection[bytes]) -> tuple[Way, ...]:
    """Return the ways that were tried; `gateway` are all addresses it has had."""
    single = [each for each in frames if each.receiver != each.sender]
    tried = (
        _way("resolve", single, lambda it: _asked_for(it) in gateway, lambda it: _told_of(it) in gateway),
        _connect(single, gateway),
        _way(
            "ask_directly",
            single,
            lambda it: _is_mdns(it, "dst", gateway),
            lambda it: _is_mdns(it, "src", gateway),
        ),
        _way("router", single, _to_router, _from_router, at=_ROUTER_NAMES),
        _sweep(single, gateway),
    )
    return tuple(each for each in tried if each.sent)


Test: TypeAlias = Callable[[Seen], bool]


def _way(
    name: WayName, frames: Sequence[Seen], there: Test, back: Test, *, at: Collection[str] = ("gateway",)
) -> Way:
    """Return what fits: `there` on its way from the phone (or a router that passed it on), `back` on its way to it."""
    going = [each for each in frames if _may_carry(each.sender, "phone") and there(each)]
    sent = [each for each in going if each.sender == "phone"]
    reached = [each for each in going if each.receiver in at]
    coming = [each for each in frames if each.receiver == "phone" and each.sender != "phone" and back(each)]
    firsts = {(each.frame.data, each.at): each.number for each in reversed(sent)}
    meant = [each for each in sent if not each.frame.is_group or each.receiver in at]
    lost = [each for each in (*meant, *reached, *coming) if not each.arrived]
    return Way(
        name,
        tuple(sorted(firsts.values())),
        tuple(each.number for each in reached if each.arrived),
        tuple(each.number for each in coming if each.arrived),
        tuple(dict.fromkeys(each.rule for each in lost if each.rule)),
    )


def _may_carry(sender: str, node: str) -> bool:
    return sender == node or sender in _ROUTER_NAMES


def _connect(frames: Sequence[Seen], gateway: Collection[bytes]) -> Way:
    found = _way(
        "connect",
        frames,
        lambda it: _flags(it) == _SYN and _end(it, "dst") in gateway,
        lambda it: _flags(it) in _ANSWERS_SYN and _end(it, "src") in gateway,
    )
    came = [_flags(each) for each in frames if each.number in found.back]
    refused = bool(came) and all(each & dpkt.tcp.TH_RST for each in came if each is not None)
    return Way(found.name, found.sent, found.arrived, found.back, found.rules, refused)


def _flags(seen: Seen) -> int | None:
    """Return the flags of a TCP segment that opens a connection or answers that, of others none."""
    tcp = seen.frame.tcp if seen.frame.kind in ("tcp4", "tcp6") else None
    return tcp.flags & (_SYN | dpkt.tcp.TH_ACK | dpkt.tcp.TH_RST) if tcp is not None else None


def _asked_for(seen: Seen) -> bytes | None:
    """Return the address whose hardware address is asked for."""
    arp = seen.frame.arp
    if arp is not None:
        return bytes(arp.tpa) if arp.op == dpkt.arp.ARP_OP_REQUEST else None
    return _neighbour(seen, _SOLICITATION)


def _told_of(seen: Seen) -> bytes | None:
    arp = seen.frame.arp
    if arp is not None:
        return bytes(arp.spa) if arp.op == dpkt.arp.ARP_OP_REPLY else None
    return _neighbour(seen, _ADVERTISEMENT)


def _neighbour(seen: Seen, kind: int) -> bytes | None:
    packet: Any = seen.frame.ip6 if seen.frame.kind == "icmp6" else None
    if packet is None or packet.p != ICMP6:
        return None
    message = bytes(packet.data)
    return message[_TARGET] if message[:1] == bytes((kind,)) else None


def _is_mdns(seen: Seen, end: str, gateway: Collection[bytes]) -> bool:
    if seen.frame.is_group or not seen.is_multicast_dns:
        return False
    port: int = getattr(seen.frame.udp, {"dst": "dport", "src": "sport"}[end])
    return port == MDNS_PORT and _end(seen, end) in gateway


def _end(seen: Seen, end: str) -> bytes | None:
    """Return the address that a packet comes from (`src`) or goes to (`dst`)."""
    address: bytes | None = getattr(seen.frame.ip, end, None)
    return address


def _to_router(seen: Seen) -> bool:
    packet = seen.frame.ip4
    there = packet.dst if packet is not None else _asked_for(seen)
    return seen.sender == "phone" and there in _ROUTER_ADDRESSES


def _from_router(seen: Seen) -> bool:
    packet = seen.frame.ip4
    return (packet.src if packet is not None else _told_of(seen)) in _ROUTER_ADDRESSES


def _sweep(frames: Sequence[Seen], gateway: Collection[bytes]) -> Way:
    """Return which addresses were asked for one after the other, as one way; none when they were few."""
    known = (*gateway, *_ROUTER_ADDRESSES)
    arps = [each for each in frames if each.frame.arp is not None]
    asked = {_asked_for(each): each.number for each in arps if each.sender == "phone"}
    strangers = {address: number for address, number in asked.items() if address and address not in known}
    if len(strangers) < _A_SWEEP:
        return Way("sweep", ())
    told = {
        _told_of(each): each.number
        for each in arps
        if each.receiver == "phone" and each.arrived and _told_of(each) in asked
    }
    return Way("sweep", tuple(asked.values()), back=tuple(told.values()))
