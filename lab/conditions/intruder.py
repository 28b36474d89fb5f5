"""A device with an address that is another's: it answers ARP for it, and refuses whatever is sent to it."""

from collections.abc import Iterable
from typing import Final

import dpkt  # type: ignore[import-untyped]

from lab.network import local
from lab.network.frames import ARP, BROADCAST, IPV4, Frame, frame
from lab.network.leg import arp_packet
from lab.network.outgoing import Outgoing

_NOBODY: Final = bytes(6)


class Intruder:
    """Plugged into `segment`; every so often it tells everybody that the address is its own (RFC 5227 §3)."""

    def __init__(self, name: str, segment: str, address: bytes, number: int, every_s: float) -> None:
        self._port = f"{name}.{segment}"
        self._segment = segment
        self._address = address
        self._mac = bytes((2, 5, 2, 0, number >> 8 & 0xFF, number & 0xFF))
        self._every_s = every_s
        self.due = 0.0
        """At once."""

    @property
    def ports(self) -> Iterable[tuple[str, str]]:
        """Its one port."""
        return [(self._port, self._segment)]

    def wake(self, now: float) -> list[Outgoing]:
        """Say again whose the address is."""
        self.due = now + self._every_s
        told = arp_packet(dpkt.arp.ARP_OP_REQUEST, (self._mac, self._address), (_NOBODY, self._address))
        return [Outgoing(self._port, frame(BROADCAST, self._mac, ARP, told))]

    def receive(self, _: str, heard: Frame, __: float) -> list[Outgoing]:
        """Answer what is for that address."""
        arp = heard.arp
        if arp is not None and arp.op == dpkt.arp.ARP_OP_REQUEST and arp.tpa == self._address:
            reply = arp_packet(dpkt.arp.ARP_OP_REPLY, (self._mac, self._address), (arp.sha, arp.spa))
            return [Outgoing(self._port, frame(arp.sha, self._mac, ARP, reply))]
        packet = heard.ip4 if heard.target == self._mac else None
        answer = local.answer(heard) if packet is not None and packet.dst == self._address else None
        return [Outgoing(self._port, frame(heard.source, self._mac, IPV4, answer))] if answer else []
