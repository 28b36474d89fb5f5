"""DNS packets: the only module that knows python-zeroconf, whose packet codec this is.

Records compare and hash by name, type, class and data; TTL and cache-flush bit do not count.
"""

from collections.abc import Iterable, Sequence
from typing import Final, cast

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
    NamePartTooLongException,
)

__all__ = [
    "DNSAddress",
    "DNSIncoming",
    "DNSNsec",
    "DNSPointer",
    "DNSQuestion",
    "DNSRecord",
    "DNSService",
    "DNSText",
    "probe",
    "rdata",
    "read",
    "reply",
    "response",
]

A: Final = 1
PTR: Final = 12
TXT: Final = 16
AAAA: Final = 28
SRV: Final = 33
NSEC: Final = 47
ANY: Final = 255

IN: Final = 1
TOP_BIT: Final = 0x8000
"""Of a class: "cache-flush" in a record (RFC 6762 §10.2), "unicast response wanted" in a question (§5.4)."""

_QUERY: Final = 0
_AUTHORITATIVE_RESPONSE: Final = 0x8400
_OPCODE_AND_RCODE: Final = 0x780F


def read(data: bytes) -> DNSIncoming | None:
    """Return the message in `data`, or None when it is malformed or not plain mDNS (RFC 6762 §18.3, §18.11)."""
    message = DNSIncoming(data)
    return message if message.valid and not message.flags & _OPCODE_AND_RCODE else None


def rdata(record: DNSRecord) -> bytes:
    """Return the record's data without name compression, as RFC 6762 §8.2 compares it; none if it cannot be written."""
    writer = DNSOutgoing(_QUERY)
    try:
        record.write(writer)
    except (NamePartTooLongException, ValueError):  # came with a name that is not UTF-8, or an odd NSEC
        return b""
    return b"".join(writer.data)


def probe(names: Iterable[str], proposed: Iterable[DNSRecord], *, unicast: bool) -> list[bytes]:
    """Ask for anything under `names`, `unicast` answers welcome, with the `proposed` records (RFC 6762 §8.1, §8.2)."""
    message = DNSOutgoing(_QUERY)
    for name in names:
        message.add_question(DNSQuestion(name, ANY, IN | TOP_BIT if unicast else IN))
    cast(list[DNSRecord], message.authorities).extend(proposed)  # annotated for PTR only, writes any record
    return message.packets()


def response(answers: Iterable[DNSRecord], additional: Iterable[DNSRecord] = ()) -> list[bytes]:
    """Return a multicast response (RFC 6762 §18: no ID, no questions)."""
    return _packets(DNSOutgoing(_AUTHORITATIVE_RESPONSE), answers, additional)


def reply(
    query: DNSIncoming,
    answers: Iterable[DNSRecord],
    additional: Iterable[DNSRecord],
    questions: Sequence[DNSQuestion] = (),
) -> list[bytes]:
    """Return the unicast response to `query`: its ID, no cache-flush bits, and the `questions` it must repeat (§6.7)."""
    message = DNSOutgoing(_AUTHORITATIVE_RESPONSE, multicast=False, id_=query.id)
    for question in questions:
        message.add_question(question)
    return _packets(message, answers, additional)


def _packets(
    message: DNSOutgoing, answers: Iterable[DNSRecord], additional: Iterable[DNSRecord]
) -> list[bytes]:
    for record in answers:
        message.add_answer_at_time(record, 0)
    for record in additional:
        message.add_additional_answer(record)
    return message.packets()
