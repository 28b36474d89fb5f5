"""What was heard by mDNS, put together: instances of our service type with SRV, TXT and address. Pure.

Everything here comes from the network and may be hostile: sizes are capped, and text for people goes through
`printable` first. python-zeroconf is the packet codec and nothing else.
"""

import ipaddress
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, Literal, NamedTuple, get_args

from zeroconf._dns import DNSAddress, DNSPointer, DNSQuestion, DNSRecord, DNSService, DNSText
from zeroconf._protocol.incoming import DNSIncoming
from zeroconf._protocol.outgoing import DNSOutgoing

from phone_client.network import Address, Link, scoped
from protocol.discovery import SERVICE_TYPE, Advertisement
from protocol.identity import Model
from protocol.problems import ADVERTISEMENT_MALFORMED, Problem

MAX_INSTANCES: Final = 64
MAX_HOSTS: Final = 64
MAX_OF_ONE_SOURCE: Final = 8  # of each, so that nobody fills the table alone
MAX_ADDRESSES: Final = 8
MAX_PACKET_BYTES: Final = 9000  # RFC 6762 §17
_MAX_SHOWN: Final = 80
_MAX_NAME_BYTES: Final = 254  # RFC 1035 §2.3.4, without the final zero
_MAX_LABEL_BYTES: Final = 63

A: Final = 1
PTR: Final = 12
TXT: Final = 16
AAAA: Final = 28
SRV: Final = 33
_IN: Final = 1


Records = list[DNSRecord]


class Question(NamedTuple):
    """A name and the record type asked of it."""

    name: str
    record: int


FOR_GATEWAYS: Final = Question(SERVICE_TYPE, PTR)
FOR_ANYBODY: Final = Question("_services._dns-sd._udp.local.", PTR)


@dataclass(frozen=True)
class Candidate:
    """A gateway of a supported model as it announces itself, at one of its addresses; whether it is there is not known yet."""

    name: str
    advertisement: Advertisement
    address: Address
    port: int


Reason = Literal["incomplete", "malformed", "unsupported_model", "off_link", "unreachable", "busy"]


@dataclass(frozen=True)
class Sighting:
    """Something of our type that was heard and is not a hit, and why; both texts are printable."""

    name: str
    reason: Reason
    detail: str


def printable(text: str) -> str:
    """Return `text` without control, format and unassigned characters, at most 80 long: safe for a terminal."""
    visible = (char for char in text if unicodedata.category(char)[0] != "C" and char not in "\u2028\u2029")
    return "".join(visible)[:_MAX_SHOWN]


def write_questions(questions: Sequence[Question], packet_id: int) -> list[bytes]:
    """Return packets with `questions`; an id of 0 is that of multicast (RFC 6762 §18.1)."""
    packet = DNSOutgoing(0, multicast=False, id_=packet_id)
    for each in questions:
        packet.add_question(DNSQuestion(each.name, each.record, _IN))
    return packet.packets()


class Answer(NamedTuple):
    """A response packet: its id, and the records of all sections."""

    packet_id: int
    records: Records


def read_answer(data: bytes) -> Answer | None:
    """Return the response in `data`, or None when it is anything else."""
    if len(data) > MAX_PACKET_BYTES:
        return None
    packet = DNSIncoming(data)
    if not packet.valid or not packet.is_response():
        return None
    return Answer(packet.id, packet.answers())


def read_txt(data: bytes) -> dict[str, str | None]:
    """Return the keys (lower case) and values of a TXT record; the first of a repeated key counts (RFC 6763 §6.4)."""
    values: dict[str, str | None] = {}
    place = 0
    while place < len(data):
        end = place + 1 + data[place]
        if end > len(data):
            raise Problem(ADVERTISEMENT_MALFORMED, reason="a TXT string is longer than its record")
        key, equals, value = data[place + 1 : end].decode("utf-8", "replace").partition("=")
        values.setdefault(key.lower(), value if equals else None)
        place = end
    return values


def _can_be_asked(name: str) -> bool:
    """Say whether `name`, decoded from somebody's packet, fits into one of ours again."""
    labels = name.removesuffix(".").encode().split(b".")
    return len(name.encode()) <= _MAX_NAME_BYTES and all(0 < len(each) <= _MAX_LABEL_BYTES for each in labels)


def _has_room(table: Mapping[str, "_Instance | _Host"], limit: int, source: Address) -> bool:
    return len(table) < limit and sum(each.source == source for each in table.values()) < MAX_OF_ONE_SOURCE


@dataclass
class _Instance:
    name: str
    link: Link
    source: Address
    server: str | None = None
    port: int = 0
    txt: bytes | None = None


@dataclass
class _Host:
    source: Address
    addresses: list[Address] = field(default_factory=list)


@dataclass
class Answers:
    """Collects records until an instance is complete; a record with TTL 0 takes it back (RFC 6762 §10.1)."""

    _instances: dict[str, _Instance] = field(default_factory=dict)
    _hosts: dict[str, _Host] = field(default_factory=dict)

    def hear(self, records: Records, source: Address, link: Link) -> None:
        """Take in the records of one packet that came from `source`."""
        for record in records:
            if isinstance(record, DNSAddress):
                self._hear_address(record, source, link)
            elif isinstance(record, DNSPointer) and record.name.lower() == SERVICE_TYPE:
                self._of(record.alias, record, source, link)
            elif isinstance(record, DNSService | DNSText):
                self._hear_facts(record, source, link)

    def _hear_facts(self, record: DNSService | DNSText, source: Address, link: Link) -> None:
        instance = self._of(record.name, record, source, link)
        if instance and isinstance(record, DNSService) and _can_be_asked(record.server):
            instance.server, instance.port = record.server, record.port
        elif instance and isinstance(record, DNSText):
            instance.txt = record.text

    def _of(self, name: str, record: DNSRecord, source: Address, link: Link) -> _Instance | None:
        key = name.lower()
        if not key.endswith("." + SERVICE_TYPE) or not _can_be_asked(name):
            return None
        if record.ttl == 0:
            self._instances.pop(key, None)
            return None
        if key not in self._instances and _has_room(self._instances, MAX_INSTANCES, source):
            self._instances[key] = _Instance(name, link, source)
        return self._instances.get(key)

    def _hear_address(self, record: DNSAddress, source: Address, link: Link) -> None:
        key = record.name.lower()
        if key not in self._hosts and _has_room(self._hosts, MAX_HOSTS, source):
            self._hosts[key] = _Host(source)
        known = self._hosts[key].addresses if key in self._hosts else []
        address = scoped(ipaddress.ip_address(record.address), link)
        if record.ttl == 0 and address in known:
            known.remove(address)
        elif record.ttl and address not in known and len(known) < MAX_ADDRESSES:
            known.append(address)

    def missing(self) -> list[Question]:
        """Return what to ask so that incomplete instances become complete."""
        questions: dict[Question, None] = {}
        for each in self._instances.values():
            if each.server is None:
                questions[Question(each.name, SRV)] = None
            elif not self._addresses(each):
                questions[Question(each.server, A)] = None
                questions[Question(each.server, AAAA)] = None
            if each.txt is None:
                questions[Question(each.name, TXT)] = None
        return list(questions)

    def candidates(self) -> Iterator[Candidate]:
        """Yield the ways to the instances that can be connected to: each address, first the one that answered."""
        for each in self._instances.values():
            judged = self._judge(each)
            if not isinstance(judged, Sighting):
                yield from judged

    def sightings(self) -> Iterator[Sighting]:
        """Yield the instances that cannot, each with its reason."""
        for each in self._instances.values():
            judged = self._judge(each)
            if isinstance(judged, Sighting):
                yield judged

    def _addresses(self, instance: _Instance) -> list[Address]:
        host = self._hosts.get(instance.server.lower()) if instance.server else None
        return host.addresses if host else []

    def _judge(self, instance: _Instance) -> list[Candidate] | Sighting:
        name = printable(instance.name[: -len(SERVICE_TYPE) - 1])
        known = self._addresses(instance)
        if not known or instance.txt is None:
            return Sighting(name, "incomplete", "SRV, TXT or address never came")
        try:
            advertisement = Advertisement.from_txt(read_txt(instance.txt))
        except Problem as problem:
            return Sighting(name, "malformed", printable(str(problem.facts["reason"])))
        if advertisement.model not in get_args(Model):
            return Sighting(name, "unsupported_model", printable(advertisement.model))
        near = [each for each in known if instance.link.reaches(each)]
        if not near:
            return Sighting(name, "off_link", ", ".join(str(each) for each in known))
        near.sort(key=lambda each: each != instance.source)
        return [Candidate(name, advertisement, each, instance.port) for each in near]
