"""One interface of a router: its addresses, whom it knows on that segment, and who is asked for."""

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

import dpkt  # type: ignore[import-untyped]

from lab.network.frames import ARP, BROADCAST, ICMP6, IPV4, IPV6, TOP_TTL, frame
from lab.network.holding import NEVER
from lab.network.outgoing import Outgoing
from lab.network.plan import RouterLeg

KNOWN_FOR_S: Final = 60.0
"""After so long without a word from it, a machine's hardware address is asked for again."""
TRIES: Final = 3
TRY_EVERY_S: Final = 1.0
MOST_KNOWN: Final = 512
MOST_ASKED_FOR: Final = 64
MOST_WAITING: Final = 4
"""Packets kept for one machine that is asked for, the newest ones."""

_NO_ADDRESS: Final = bytes(6)
_SOLICITATION: Final = 135
_ADVERTISEMENT: Final = 136
_IS_ROUTER_SOLICITED_OVERRIDE: Final = b"\xe0\0\0\0"
_TARGET_ADDRESS: Final = b"\x02\x01"


@dataclass
class _Asked:
    tries: int
    again_at: float
    packets: list[tuple[bytes, Callable[[], list[Outgoing]]]] = field(default_factory=list)


class Leg:
    """The router's interface on one segment: ARP (RFC 826), and neighbour discovery (RFC 4861) for its own addresses."""

    def __init__(self, plan: RouterLeg, port: str) -> None:
        self.port = port
        self.segment = plan.segment
        self.mac = plan.mac
        self.address = plan.address.packed
        self.network = plan.address.network
        self.link_local = link_local(plan.mac)
        self.addresses6 = (self.link_local, *([plan.address6.packed] if plan.address6 else ()))
        self._known: OrderedDict[bytes, tuple[bytes, float]] = OrderedDict()
        self._asked: dict[bytes, _Asked] = {}

    @property
    def due(self) -> float:
        """When somebody has to be asked for again."""
        return min((each.again_at for each in self._asked.values()), default=NEVER)

    def is_near(self, address: bytes) -> bool:
        """Say whether an IPv4 address is on this segment."""
        mask = int(self.network.netmask)
        return int.from_bytes(address) & mask == int(self.network.network_address)

    def forget(self) -> None:
        """Forget whom it knows and whom it asks for."""
        self._known.clear()
        self._asked.clear()

    def frame_for(self, target: bytes, packet: Any) -> Outgoing:
        """Return the frame that takes an IPv4 packet to the hardware address `target`."""
        return Outgoing(self.port, frame(target, self.mac, IPV4, packet))

    def hear(self, arp: Any, now: float) -> list[Outgoing]:
        """Take in an ARP packet; return the answer to it, and what waited for it."""
        for_us = arp.tpa == self.address
        going: list[Outgoing] = []
        if (for_us or arp.spa in self._known) and self.is_near(arp.spa) and arp.spa != self.address:
            going = self._learn(arp.spa, arp.sha, now)
        if for_us and arp.op == dpkt.arp.ARP_OP_REQUEST:
            reply = arp_packet(dpkt.arp.ARP_OP_REPLY, (self.mac, self.address), (arp.sha, arp.spa))
            going.insert(0, Outgoing(self.port, frame(arp.sha, self.mac, ARP, reply)))
        return going

    def send(
        self, packet: Any, hop: bytes, now: float, lost: Callable[[], list[Outgoing]] = list
    ) -> list[Outgoing]:
        """Send an IPv4 packet to `hop` on this segment; `lost` says what to send if nobody there answers."""
        mac, heard_at = self._known.get(hop, (b"", now))
        if mac and now - heard_at < KNOWN_FOR_S:
            return [self.frame_for(mac, packet)]
        asked = self._asked.get(hop)
        if asked is None:
            if len(self._asked) >= MOST_ASKED_FOR:
                return []
            asked = self._asked[hop] = _Asked(1, now + TRY_EVERY_S)
            going = [self._question(hop)]
        else:
            going = []
        asked.packets = [*asked.packets, (bytes(packet), lost)][-MOST_WAITING:]
        return going

    def wake(self, now: float) -> list[Outgoing]:
        """Ask again, or give up."""
        going = []
        for hop, asked in list(self._asked.items()):
            if asked.again_at > now:
                continue
            if asked.tries < TRIES:
                asked.tries, asked.again_at = asked.tries + 1, now + TRY_EVERY_S
                going.append(self._question(hop))
            else:
                del self._asked[hop]
                going += [each for _, lost in asked.packets for each in lost()]
        return going

    def solicited(self, packet: Any) -> list[Outgoing]:
        """Answer a neighbour solicitation for one of our IPv6 addresses."""
        data = bytes(packet.data)
        wanted = data[8:24]
        if data[0] != _SOLICITATION or packet.hlim != TOP_TTL or wanted not in self.addresses6:
            return []
        option = data[24:32]
        mac = option[2:8] if option[:2] == b"\x01\x01" else BROADCAST
        told = _IS_ROUTER_SOLICITED_OVERRIDE + wanted + _TARGET_ADDRESS + self.mac
        return [self.frame6(mac, wanted, packet.src, dpkt.icmp6.ICMP6(type=_ADVERTISEMENT, data=told))]

    def frame6(self, mac: bytes, source: bytes, target: bytes, message: Any) -> Outgoing:
        """Return the frame that takes an ICMPv6 `message` to the hardware address `mac`."""
        packet = dpkt.ip6.IP6(
            src=source, dst=target, nxt=ICMP6, hlim=TOP_TTL, plen=len(message), data=message
        )
        return Outgoing(self.port, frame(mac, self.mac, IPV6, packet))

    def _learn(self, address: bytes, mac: bytes, now: float) -> list[Outgoing]:
        self._known[address] = mac, now
        self._known.move_to_end(address)
        if len(self._known) > MOST_KNOWN:
            self._known.popitem(last=False)
        asked = self._asked.pop(address, None)
        return [self.frame_for(mac, packet) for packet, _ in asked.packets] if asked else []

    def _question(self, hop: bytes) -> Outgoing:
        question = arp_packet(dpkt.arp.ARP_OP_REQUEST, (self.mac, self.address), (_NO_ADDRESS, hop))
        return Outgoing(self.port, frame(BROADCAST, self.mac, ARP, question))


def arp_packet(operation: int, source: tuple[bytes, bytes], target: tuple[bytes, bytes]) -> Any:
    """Return an ARP packet; `source` and `target` are hardware and IPv4 addresses."""
    return dpkt.arp.ARP(op=operation, sha=source[0], spa=source[1], tha=target[0], tpa=target[1])


def link_local(mac: bytes) -> bytes:
    """Return the IPv6 link-local address that follows from a hardware address (RFC 4291 appendix A)."""
    return b"\xfe\x80" + bytes(6) + bytes((mac[0] ^ 2,)) + mac[1:3] + b"\xff\xfe" + mac[3:]
