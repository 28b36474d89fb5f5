"""A router's DNS: it knows the names of the plan and no others (RFC 1035)."""

from collections.abc import Mapping
from typing import Any, Final

import dpkt  # type: ignore[import-untyped]

from lab.network.frames import parsed

PORT: Final = 53
TTL_S: Final = 60
NO_ERROR: Final = 0
SERVER_FAILED: Final = 2
NO_SUCH_NAME: Final = 3

_QUERY: Final = 0
_RESPONSE_AND_RECURSION: Final = 0x8080
_RECURSION_DESIRED: Final = 0x0100


def answer(query: bytes, names: Mapping[str, bytes]) -> bytes | None:
    """Return the response to `query`, or None when it cannot be read or is no question."""
    message = _question(query)
    if message is None:
        return None
    (question,) = message.qd
    address = names.get(question.name.lower())
    records = []
    if address and question.type == dpkt.dns.DNS_A and question.cls == dpkt.dns.DNS_IN:
        records = [
            dpkt.dns.DNS.RR(
                name=question.name, type=question.type, cls=question.cls, ttl=TTL_S, rdata=address
            )
        ]
    return _response(message, NO_ERROR if address else NO_SUCH_NAME, records)


def failure(query: bytes) -> bytes | None:
    """Return the response that says "server failed", or None as `answer` does."""
    message = _question(query)
    return _response(message, SERVER_FAILED, []) if message else None


def _question(query: bytes) -> Any | None:
    message = parsed(dpkt.dns.DNS, query)
    return (
        message if message and not message.qr and message.opcode == _QUERY and len(message.qd) == 1 else None
    )


def _response(message: Any, code: int, records: list[Any]) -> bytes | None:
    flags = _RESPONSE_AND_RECURSION | message.op & _RECURSION_DESIRED | code
    response = dpkt.dns.DNS(id=message.id, op=flags, qd=message.qd, an=records, ns=[], ar=[])
    return parsed(bytes, response)  # None for a name that can be read but not written


def question(name: str, kind: int) -> bytes:
    """Return the message that asks for records of one type, as mDNS asks (RFC 6762 §18: no ID, no flags)."""
    asked = dpkt.dns.DNS.Q(name=name.removesuffix("."), type=kind, cls=dpkt.dns.DNS_IN)
    return bytes(dpkt.dns.DNS(id=0, op=0, qd=[asked], an=[], ns=[], ar=[]))
