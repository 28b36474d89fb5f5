"""Machines that speak into a network of the lab, made of nothing but addresses: what they send, and what reaches them."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import dpkt  # type: ignore[import-untyped]

from lab.network.frames import ARP, BROADCAST, IPV4, MDNS_4, MDNS_PORT, Frame, frame, group_address, udp4
from lab.network.leg import arp_packet
from lab.network.network import Network, Traced
from lab.network.outgoing import Outgoing
from lab.network.plan import Plan


@dataclass
class Lab:
    """A network with all machines of its plan plugged in, at a time of our own."""

    plan: Plan = field(default_factory=Plan)
    seed: int = 1
    now: float = 1000.0
    traced: list[Traced] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.network = Network(self.plan, self.seed, self.traced.append)
        for host in self.plan.hosts.values():
            self.network.plug(host.name, host.segment)

    def mac(self, port: str) -> bytes:
        return bytes.fromhex(self.plan.mac(port).replace(":", ""))

    def ip(self, node: str) -> bytes:
        return self.plan.address(node, self.network.segment_of(node) or "home").packed

    def send(self, port: str, data: bytes) -> list[Outgoing]:
        return self.network.receive(port, data, self.now)

    def later(self, seconds: float) -> list[Outgoing]:
        """Let time pass, waking the network whenever it is due; return what comes out."""
        end, going = self.now + seconds, []
        while self.network.due <= end:
            self.now = max(self.now, self.network.due)
            going += self.network.wake(self.now)
        self.now = end
        return going

    def frame(self, node: str, to: str | bytes, packet: Any) -> bytes:
        """Return a frame from `node` to a machine's name or a hardware address."""
        return frame(self.mac(to) if isinstance(to, str) else to, self.mac(node), IPV4, packet)

    def multicast(self, node: str, data: bytes = b"?", sport: int = MDNS_PORT) -> bytes:
        packet = udp4(self.ip(node), MDNS_4, sport, MDNS_PORT, data, ttl=255)
        return self.frame(node, group_address(MDNS_4), packet)

    def udp(self, node: str, to: str, sport: int = 40000, dport: int = 80, data: bytes = b"x") -> bytes:
        return self.frame(node, to, udp4(self.ip(node), self.ip(to), sport, dport, data))

    def tcp(self, node: str, to: str, sport: int = 40000, dport: int = 80, flags: int = 2) -> bytes:
        segment = dpkt.tcp.TCP(sport=sport, dport=dport, seq=7, ack=9, flags=flags)
        return self.frame(node, to, dpkt.ip.IP(src=self.ip(node), dst=self.ip(to), p=6, data=segment))

    def who_has(self, node: str, address: bytes, own: bytes | None = None) -> bytes:
        source = (self.mac(node), self.ip(node) if own is None else own)
        return frame(BROADCAST, source[0], ARP, arp_packet(1, source, (bytes(6), address)))

    def ask_router(self, node: str, address: bytes) -> bytes:
        """Let `node` learn the hardware address of its router."""
        (reply,) = at(node, self.send(node, self.who_has(node, address)))
        return bytes(reply.arp.sha)

    def tell(self, node: str, going: Iterable[Outgoing]) -> list[Outgoing]:
        """Let `node` answer the ARP requests for itself among `going`; return what the answers lead to."""
        led_to = []
        for each in at(node, going):
            if each.arp and each.arp.op == 1 and each.arp.tpa == self.ip(node):
                reply = arp_packet(2, (self.mac(node), self.ip(node)), (each.arp.sha, each.arp.spa))
                led_to += self.send(node, frame(each.arp.sha, self.mac(node), ARP, reply))
        return led_to


def at(port: str, going: Iterable[Outgoing]) -> list[Any]:
    """Return the frames that reach `port`."""
    return [Frame(each.data) for each in going if each.port == port]


def ports(going: Iterable[Outgoing]) -> set[str]:
    return {each.port for each in going}


MDNS_GROUP = MDNS_4


def igmp_report(lab: Lab, node: str, version: int = 3, *, leave: bool = False) -> bytes:
    """Return what a kernel sends when a program joins or leaves the group of mDNS."""
    if version == 2:
        message = bytes(dpkt.igmp.IGMP(type=0x17 if leave else 0x16, group=MDNS_4))
        group = bytes((224, 0, 0, 2)) if leave else MDNS_4
    else:
        record = bytes((3 if leave else 4, 0, 0, 0)) + MDNS_4
        message = bytes(dpkt.igmp.IGMP(type=0x22, group=b"\0\0\0\1", data=record))
        group = bytes((224, 0, 0, 22))
    packet = dpkt.ip.IP(src=lab.ip(node), dst=group, p=2, ttl=1, data=message)
    return lab.frame(node, group_address(group), packet)
