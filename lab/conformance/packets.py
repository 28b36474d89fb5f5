"""DNS messages of our own making, and those that come back: the only module here that knows python-zeroconf's codec."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from ipaddress import ip_address
from typing import Final, TypeAlias, cast

from zeroconf import (  # type: ignore[attr-defined]  # exported, but not listed in its __all__
    DNSAddress,
    DNSIncoming,
    DNSNsec,
    DNSOutgoing,
    DNSPointer,
    DNSQuestion,
    DNSRecord,
    DNSService,
    DNSText,
)

A: Final = 1
PTR: Final = 12
TXT: Final = 16
AAAA: Final = 28
SRV: Final = 33
NSEC: Final = 47
ANY: Final = 255

_IN: Final = 1
_TOP_BIT: Final = 0x8000
_QUERY: Final = 0
_TRUNCATED: Final = 0x0200
AUTHORITATIVE_RESPONSE: Final = 0x8400
_NAMES: Final = {A: "A", PTR: "PTR", TXT: "TXT", AAAA: "AAAA", SRV: "SRV", NSEC: "NSEC", ANY: "ANY"}


@dataclass(frozen=True)
class Server:
    """The data of an SRV record, in the order in which two of them are compared."""

    priority: int
    weight: int
    port: int
    host: str


Data: TypeAlias = str | Server | bytes | frozenset[int]
"""PTR, A, AAAA: text; SRV: a Server; TXT: its bytes; NSEC: the types that exist."""


@dataclass(frozen=True)
class Question:
    """What is asked. `unicast`: the QU bit (RFC 6762 §5.4)."""

    name: str
    type: int
    unicast: bool = False

    def __str__(self) -> str:
        return f"{self.name} {_NAMES.get(self.type, self.type)}"


@dataclass(frozen=True)
class Record:
    """A resource record. `flush`: the cache-flush bit (RFC 6762 §10.2)."""

    name: str
    type: int
    data: Data
    ttl: int = 120
    flush: bool = False

    def __str__(self) -> str:
        return f"{self.name} {_NAMES.get(self.type, self.type)}"

    def is_about(self, name: str, type_: int = ANY) -> bool:
        """Say whether it has that name, whatever the case of its letters, and that type."""
        return self.name.lower() == name.lower() and type_ in (self.type, ANY)

    def says(self, other: "Record") -> bool:
        """Say whether the other has the same name, type and data: TTL and cache-flush bit do not count."""
        return self.is_about(other.name, other.type) and self.data == other.data

    def living(self, ttl: int) -> "Record":
        """Return it with another life (s)."""
        return replace(self, ttl=ttl)


@dataclass(frozen=True)
class Message:
    """A DNS message that was heard."""

    id: int
    flags: int
    questions: Sequence[Question]
    answers: Sequence[Record]
    authorities: Sequence[Record]
    additionals: Sequence[Record]

    @property
    def is_response(self) -> bool:
        """Whether it answers or announces."""
        return bool(self.flags & 0x8000)

    @property
    def records(self) -> Sequence[Record]:
        """The records that a response gives, whichever section they are in."""
        return [*self.answers, *self.additionals]

    def asks(self, name: str) -> bool:
        """Say whether one of the questions is about that name."""
        return any(each.name.lower() == name.lower() for each in self.questions)


def read(data: bytes) -> Message | None:
    """Return the message in `data`, or None if it is none."""
    heard = DNSIncoming(data)
    records = [_read_record(each) for each in heard.answers()]
    first, second = heard.num_answers, heard.num_answers + heard.num_authorities
    if not heard.valid:
        return None
    return Message(
        heard.id,
        heard.flags,
        [Question(each.name, each.type, bool(each.unique)) for each in heard.questions],
        records[:first],
        records[first:second],
        records[second:],
    )


def query(
    *questions: Question, known: Sequence[Record] = (), truncated: bool = False, id_: int | None = None
) -> bytes:
    """Ask by multicast DNS, with answers that are `known`; with an `id_`, as a plain resolver would."""
    flags = _TRUNCATED if truncated else _QUERY
    return _write(DNSOutgoing(flags, multicast=id_ is None, id_=id_ or 0), questions, known)


def response(*answers: Record) -> bytes:
    """Say `answers` as another responder would."""
    return _write(DNSOutgoing(AUTHORITATIVE_RESPONSE), (), answers)


def probe(name: str, *proposed: Record) -> bytes:
    """Probe for `name` as another responder would, with the records it wants to have there."""
    message = DNSOutgoing(_QUERY)
    cast(list[DNSRecord], message.authorities).extend(map(_write_record, proposed))
    return _write(message, [Question(name, ANY, unicast=True)], ())


def _write(message: DNSOutgoing, questions: Sequence[Question], answers: Sequence[Record]) -> bytes:
    for each in questions:
        message.add_question(DNSQuestion(each.name, each.type, _IN | _TOP_BIT if each.unicast else _IN))
    for answer in answers:
        message.add_answer_at_time(_write_record(answer), 0)
    (data,) = message.packets()
    return data


def _read_record(record: DNSRecord) -> Record:
    data: Data
    match record:
        case DNSPointer():
            data = record.alias
        case DNSService():
            data = Server(record.priority, record.weight, record.port, record.server)
        case DNSAddress():
            data = str(ip_address(record.address))
        case DNSText():
            data = record.text
        case DNSNsec():
            data = frozenset(record.rdtypes)
        case _:
            data = repr(record)
    return Record(record.name, record.type, data, int(record.ttl), record.unique)


def _write_record(record: Record) -> DNSRecord:
    class_ = _IN | _TOP_BIT if record.flush else _IN
    head = (record.name, record.type, class_, record.ttl)
    match record.data:
        case Server(priority, weight, port, host):
            return DNSService(*head, priority, weight, port, host)
        case bytes():
            return DNSText(*head, record.data)
        case str() if record.type == PTR:
            return DNSPointer(*head, record.data)
        case str():
            return DNSAddress(*head, ip_address(record.data).packed)
    raise ValueError(f"no way to write {record}")
