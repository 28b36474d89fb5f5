"""A responder on one link, with time as plain numbers: what it says is listed with the second it says it."""

from dataclasses import dataclass, field
from ipaddress import ip_interface

from zeroconf import (  # type: ignore[attr-defined]
    DNSAddress,
    DNSIncoming,
    DNSOutgoing,
    DNSPointer,
    DNSQuestion,
    DNSRecord,
    DNSService,
    DNSText,
)

from emulator.mdns.link import Datagram, Link, Outgoing, Peer
from emulator.mdns.records import Service
from emulator.mdns.responder import Responder

TYPE = "_aiseg._tcp.local."
INSTANCE = f"AiSEG MKN702 (6789ab).{TYPE}"
HOST = "aiseg-0123456789ab.local."
ALL_TYPES = "_services._dns-sd._udp.local."
SERVICE = Service(TYPE, "AiSEG MKN702 (6789ab)", HOST, 8081, {"txtvers": "1", "id": "0123456789ab"})
ETH0 = Link("eth0", 2, 4, (ip_interface("192.0.2.7/24"),))
ASKER: Peer = ("192.0.2.9", 5353)
RESOLVER: Peer = ("192.0.2.9", 40000)
ELSEWHERE: Peer = ("198.51.100.1", 5353)
A, PTR, TXT, AAAA, SRV, NSEC, ANY = 1, 12, 16, 28, 33, 47, 255
IN, TOP_BIT = 1, 0x8000


@dataclass(frozen=True)
class Said:
    """A packet the responder sent: when (s), to whom (None: the group), and what."""

    at: float
    peer: Peer | None
    data: bytes
    link: Link = ETH0
    message: DNSIncoming = field(init=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "message", DNSIncoming(self.data))

    @property
    def is_probe(self) -> bool:
        return self.message.is_query()

    @property
    def answers(self) -> list[DNSRecord]:
        """The answer section."""
        return self.message.answers()[: self.message.num_answers]

    @property
    def types(self) -> set[int]:
        """Types in the answer section."""
        return {record.type for record in self.answers}

    def one(self, type_: int) -> DNSRecord:
        """Return the only record of `type_` in any section."""
        (record,) = (record for record in self.message.answers() if record.type == type_)
        return record


class Bench:
    """A responder that draws `fraction` of every random interval, started at 0 s."""

    def __init__(self, fraction: float = 0.5, *links: Link, service: Service = SERVICE) -> None:
        self.fraction = fraction
        self.responder = Responder(service, self._uniform)
        self.now = 0.0
        self.update(*(links or (ETH0,)), service=service)

    def _uniform(self, low: float, high: float) -> float:
        return low + (high - low) * self.fraction

    def update(self, *links: Link, service: Service = SERVICE) -> list[Said]:
        return self._said(self.responder.update(self.now, service, {link.key: link for link in links}))

    def until(self, end: float) -> list[Said]:
        """Let time pass and return what was said meanwhile."""
        said: list[Said] = []
        for _ in range(1000):
            if (wake := self.responder.next_wake) > end:
                break
            self.now = max(self.now, wake)
            said += self._said(self.responder.wake(self.now))
        else:
            raise AssertionError("it never rests")
        self.now = end
        return said

    def hear(self, data: bytes, peer: Peer = ASKER, *, direct: bool = False, link: Link = ETH0) -> list[Said]:
        """Let a packet come in and return what is said at once."""
        datagram = Datagram(data, peer, link.own[0] if direct else None)
        return self._said(self.responder.receive(self.now, link.key, datagram))

    def goodbye(self) -> list[Said]:
        return self._said(self.responder.goodbye())

    def _said(self, packets: list[Outgoing]) -> list[Said]:
        return [Said(self.now, packet.peer, packet.data, packet.link) for packet in packets]


def announced(fraction: float = 0.5, *links: Link) -> Bench:
    """Return a responder long past its announcements."""
    bench = Bench(fraction, *links)
    bench.until(10.0)
    return bench


def query(
    *questions: tuple[str, int],
    known: tuple[DNSRecord, ...] = (),
    unicast: bool = False,
    truncated: bool = False,
    id_: int = 0,
) -> bytes:
    message = DNSOutgoing(0x200 if truncated else 0, multicast=not id_, id_=id_)
    for name, type_ in questions:
        message.add_question(DNSQuestion(name, type_, IN | TOP_BIT if unicast else IN))
    for record in known:
        message.add_answer_at_time(record, 0)
    (data,) = message.packets()
    return data


def probe(name: str, *proposed: DNSRecord, unicast: bool = True) -> bytes:
    message = DNSOutgoing(0)
    message.add_question(DNSQuestion(name, ANY, IN | TOP_BIT if unicast else IN))
    message.authorities.extend(proposed)  # type: ignore[arg-type]
    (data,) = message.packets()
    return data


def response(*records: DNSRecord) -> bytes:
    message = DNSOutgoing(0x8400)
    for record in records:
        message.add_answer_at_time(record, 0)
    (data,) = message.packets()
    return data


def server(
    port: int, *, name: str = INSTANCE, host: str = HOST, ttl: int = 120, class_: int = IN
) -> DNSService:
    return DNSService(name, SRV, class_, ttl, 0, 0, port, host)


def address(last: int, *, ttl: int = 120) -> DNSAddress:
    return DNSAddress(HOST, A, IN | TOP_BIT, ttl, bytes([192, 0, 2, last]))


def pointer(*, ttl: int = 4500, name: str = TYPE, target: str = INSTANCE) -> DNSPointer:
    return DNSPointer(name, PTR, IN, ttl, target)


def text(data: bytes) -> DNSText:
    return DNSText(INSTANCE, TXT, IN | TOP_BIT, 4500, data)


def times(said: list[Said]) -> list[float]:
    return [round(each.at, 3) for each in said]
