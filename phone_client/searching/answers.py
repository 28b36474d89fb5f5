"""What was heard by mDNS, put together: instances of our service type with SRV, TXT and address. Pure.

Everything here comes from the network and may be hostile: sizes are capped, and text for people goes through
`printable` first. python-zeroconf is the packet codec and nothing else.
"""

import ipaddress
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Final, Literal, NamedTuple, get_args

from zeroconf._dns import DNSAddress, DNSPointer, DNSQuestion, DNSRecord, DNSService, DNSText
from zeroconf._protocol.incoming import DNSIncoming
from zeroconf._protocol.outgoing import DNSOutgoing
from zeroconf._utils.time import current_time_millis

from phone_client.printable import printable
from phone_client.searching.kernel import Address
from phone_client.searching.network import Link, scoped
from protocol.discovery import SERVICE_TYPE, SUBTYPE, Advertisement
from protocol.identity import Model
from protocol.problems import ADVERTISEMENT_MALFORMED, Problem

MAX_SOURCES: Final = 64
MAX_OF_ONE_SOURCE: Final = 16
"""Instances, and hosts, that are taken in from one; each source has a table of its own, so that nobody fills another's."""
MAX_ADDRESSES: Final = 8
MAX_QUESTIONS: Final = 128
MAX_KNOWN: Final = 64
"""What is asked, and what is said to be known, about everybody together: nobody makes the phone flood its own network."""
MAX_TXT_BYTES: Final = 1300  # RFC 6763 §6.2
MAX_PACKET_BYTES: Final = 9000  # RFC 6762 §17
_MAX_NAME_BYTES: Final = 254  # RFC 1035 §2.3.4, without the final zero
_MAX_LABEL_BYTES: Final = 63

A: Final = 1
PTR: Final = 12
TXT: Final = 16
AAAA: Final = 28
SRV: Final = 33
_IN: Final = 1
_ONE_SHOT_TTL_S: Final = 10
"""What a record's life is cut to in the answer to a one-shot question (RFC 6762 §6.7)."""

Records = list[DNSRecord]
Pointer = DNSPointer
"""The record that says: there is an instance of this name."""


class Question(NamedTuple):
    """A name and the record type asked of it."""

    name: str
    record: int


FOR_GATEWAYS: Final = Question(SERVICE_TYPE, PTR)
FOR_THE_BOX: Final = Question(f"{SUBTYPE}._sub.{SERVICE_TYPE}", PTR)
"""The same in other words (RFC 6763 §7.1), which only AiSEG gateways answer."""
FOR_ANYBODY: Final = Question("_services._dns-sd._udp.local.", PTR)


@dataclass(frozen=True)
class Candidate:
    """A gateway of a supported model as it announces itself, at one of its addresses; whether it is there is not known yet."""

    name: str
    advertisement: Advertisement
    address: Address
    port: int
    source: Address = field(compare=False)
    """Who said so; two that say the same are one."""

    @property
    def whose(self) -> tuple[str, Address]:
        """What its other addresses have in common with it."""
        return self.name, self.source


_ASKED_FOR: Final = {FOR_GATEWAYS.name.lower(), FOR_THE_BOX.name.lower()}

Reason = Literal["incomplete", "malformed", "unsupported_model", "off_link", "unreachable", "busy"]


@dataclass(frozen=True)
class Sighting:
    """Something of our type that was heard and is not a hit, and why; all texts are printable.

    `source`: whose word it was. `address`: where it was looked for and did not answer as itself.
    """

    name: str
    reason: Reason
    detail: str
    source: str | None = None
    address: str | None = None


def write_questions(
    questions: Sequence[Question], packet_id: int, known: Iterable[DNSPointer] = ()
) -> list[bytes]:
    """Return packets with `questions` and the answers `known` already; an id of 0 is that of multicast (RFC 6762 §18.1)."""
    packet = DNSOutgoing(0, multicast=False, id_=packet_id)
    for each in questions:
        packet.add_question(DNSQuestion(each.name, each.record, _IN))
    now = current_time_millis()
    for pointer in known:
        packet.add_answer_at_time(pointer, now)  # with the time that is left of it
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


def can_be_asked(name: str) -> bool:
    """Say whether `name`, decoded from somebody's packet, fits into one of ours again."""
    labels = name.removesuffix(".").encode().split(b".")
    return len(name.encode()) <= _MAX_NAME_BYTES and all(0 < len(each) <= _MAX_LABEL_BYTES for each in labels)


def _how_long_it_holds(address: Address) -> tuple[bool, bool]:
    """Sort by what people can read and type, and what still leads there from another network: IPv4 before the rest."""
    return isinstance(address, ipaddress.IPv6Address), address.is_link_local


@dataclass
class _Instance:
    name: str
    server: str | None = None
    port: int = 0
    txt: bytes | None = None
    pointer: DNSPointer | None = None


@dataclass
class _Said:
    """What one source on one link said; a record with TTL 0 takes it back (RFC 6762 §10.1)."""

    link: Link
    source: Address
    instances: dict[str, _Instance] = field(default_factory=dict)
    hosts: dict[str, list[Address]] = field(default_factory=dict)
    _judgements: list[Candidate | Sighting] | None = None

    def hear(self, records: Sequence[DNSRecord]) -> None:
        self._judgements = None
        for record in records:
            if isinstance(record, DNSAddress):
                self._hear_address(record)
            elif isinstance(record, DNSPointer) and record.name.lower() in _ASKED_FOR:
                self._hear_pointer(record)
            elif isinstance(record, DNSService | DNSText):
                self._hear_facts(record)

    def _hear_pointer(self, record: DNSPointer) -> None:
        instance = self._of(record.alias, record)
        if instance and record.name.lower() == SERVICE_TYPE and record.ttl > _ONE_SHOT_TTL_S:
            instance.pointer = record

    def _hear_facts(self, record: DNSService | DNSText) -> None:
        instance = self._of(record.name, record)
        if instance and isinstance(record, DNSService) and can_be_asked(record.server):
            instance.server, instance.port = record.server, record.port
        elif instance and isinstance(record, DNSText):
            instance.txt = record.text[:MAX_TXT_BYTES]

    def _of(self, name: str, record: DNSRecord) -> _Instance | None:
        key = name.lower()
        if not key.endswith("." + SERVICE_TYPE) or not can_be_asked(name):
            return None
        if record.ttl == 0:
            self.instances.pop(key, None)
            return None
        if key not in self.instances and len(self.instances) < MAX_OF_ONE_SOURCE:
            self.instances[key] = _Instance(name)
        return self.instances.get(key)

    def _hear_address(self, record: DNSAddress) -> None:
        key = record.name.lower()
        if key not in self.hosts and len(self.hosts) < MAX_OF_ONE_SOURCE:
            self.hosts[key] = []
        known = self.hosts.get(key, [])
        address = scoped(ipaddress.ip_address(record.address), self.link)
        if record.ttl == 0 and address in known:
            known.remove(address)
        elif record.ttl and address not in known and len(known) < MAX_ADDRESSES:
            known.append(address)

    def is_complete(self, instance: _Instance) -> bool:
        return instance.txt is not None and bool(self.addresses(instance))

    def addresses(self, instance: _Instance) -> list[Address]:
        return self.hosts.get(instance.server.lower(), []) if instance.server else []

    def judgements(self) -> Sequence[Candidate | Sighting]:
        """Return what became of each instance; worked out anew only when something was heard."""
        if self._judgements is None:
            judged = (self._judge(each) for each in self.instances.values())
            self._judgements = [each for several in judged for each in several]
        return self._judgements

    def _judge(self, instance: _Instance) -> Sequence[Candidate | Sighting]:
        name, source = printable(instance.name[: -len(SERVICE_TYPE) - 1]), str(self.source)
        known = self.addresses(instance)
        if not known or instance.txt is None:
            return [Sighting(name, "incomplete", "SRV, TXT or address never came", source)]
        try:
            advertisement = Advertisement.from_txt(read_txt(instance.txt))
        except Problem as problem:
            return [Sighting(name, "malformed", printable(str(problem.facts["reason"])), source)]
        if advertisement.model not in get_args(Model):
            return [Sighting(name, "unsupported_model", printable(advertisement.model), source)]
        near = [each for each in known if self.link.reaches(each)]
        if not near:
            return [Sighting(name, "off_link", ", ".join(str(each) for each in known), source)]
        near.sort(key=_how_long_it_holds)
        return [Candidate(name, advertisement, each, instance.port, self.source) for each in near]

    def missing(self, instance: _Instance) -> Iterator[Question]:
        if instance.server is None:
            yield Question(instance.name, SRV)
        elif not self.addresses(instance):
            yield Question(instance.server, A)
            yield Question(instance.server, AAAA)
        if instance.txt is None:
            yield Question(instance.name, TXT)


class Answers:
    """Puts together what is heard, apart for each source: nobody's word changes another's."""

    def __init__(self) -> None:
        self._said: dict[tuple[int, Address], _Said] = {}

    def hear(self, records: Sequence[DNSRecord], source: Address, link: Link) -> None:
        """Take in the records of one packet that came from `source`."""
        key = (link.index, source)
        if key not in self._said and len(self._said) < MAX_SOURCES:
            self._said[key] = _Said(link, source)
        if key in self._said:
            self._said[key].hear(records)

    def missing(self) -> list[Question]:
        """Return what to ask so that instances become complete of which nobody has told all."""
        complete = {each.name for said, each in self._instances() if said.is_complete(each)}
        lacking = (said.missing(each) for said, each in self._instances() if each.name not in complete)
        each_once = dict.fromkeys(question for questions in lacking for question in questions)
        return list(islice(each_once, MAX_QUESTIONS))

    def known(self, link: Link) -> list[DNSPointer]:
        """Return the answers to `FOR_GATEWAYS` that need not be given again on `link` (RFC 6762 §7.1)."""
        now = current_time_millis()
        known = (
            each.pointer
            for said, each in self._instances()
            if said.link == link
            and each.pointer
            and said.is_complete(each)
            and not each.pointer.is_stale(now)
        )
        return list(islice(known, MAX_KNOWN))

    def candidates(self) -> list[Candidate]:
        """Return the ways to the instances that can be connected to: each address, first the one that answered."""
        return [each for each in self._judgements() if isinstance(each, Candidate)]

    def sightings(self) -> list[Sighting]:
        """Return the instances that cannot, each with its reason."""
        return [each for each in self._judgements() if isinstance(each, Sighting)]

    def _judgements(self) -> Iterator[Candidate | Sighting]:
        return (each for said in self._said.values() for each in said.judgements())

    def _instances(self) -> Iterator[tuple[_Said, _Instance]]:
        return ((said, each) for said in self._said.values() for each in said.instances.values())
