"""What one service says about itself on one link: its resource records, and which of them answer what."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from emulator.mdns.codec import (
    AAAA,
    ANY,
    IN,
    NSEC,
    PTR,
    SRV,
    TOP_BIT,
    TXT,
    A,
    DNSAddress,
    DNSNsec,
    DNSPointer,
    DNSQuestion,
    DNSRecord,
    DNSService,
    DNSText,
)
from emulator.mdns.link import IPV4, Address

ALL_TYPES: Final = "_services._dns-sd._udp.local."
HOST_TTL_S: Final = 120
"""Records that hold the host name or its addresses (RFC 6762 §10)."""
OTHER_TTL_S: Final = 4500
"""All others."""


@dataclass(frozen=True)
class Service:
    """One service instance. `instance` is a label without the type, `host` a full name; `txt` keeps its order.

    `subtypes` are labels (`_gateway`) by which a part of all instances of the type can be browsed for.
    """

    service_type: str
    instance: str
    host: str
    port: int
    txt: Mapping[str, str]
    subtypes: Sequence[str] = ()


class Records:
    """The records of `service` on a link with `addresses`; TTLs (s) are at most `ttl_limit`."""

    def __init__(self, service: Service, addresses: Sequence[Address], ttl_limit: int = OTHER_TTL_S) -> None:
        self._origin = service, addresses
        self.instance = f"{service.instance}.{service.service_type}"
        self.host = service.host
        host_ttl, other_ttl = min(HOST_TTL_S, ttl_limit), min(OTHER_TTL_S, ttl_limit)
        unique = IN | TOP_BIT
        browsed = (
            service.service_type,
            *(f"{each}._sub.{service.service_type}" for each in service.subtypes),
        )
        self.pointers = tuple(DNSPointer(each, PTR, IN, other_ttl, self.instance) for each in browsed)
        self.all_types = DNSPointer(ALL_TYPES, PTR, IN, other_ttl, service.service_type)
        self.server = DNSService(self.instance, SRV, unique, host_ttl, 0, 0, service.port, self.host)
        self.text = DNSText(self.instance, TXT, unique, other_ttl, txt_data(service.txt))
        self.addresses = tuple(_address(self.host, unique, host_ttl, each) for each in addresses)
        # Not unique: several programs of one machine may each have a host name for its address.
        self.reverse = tuple(
            DNSPointer(f"{each.reverse_pointer}.", PTR, IN, host_ttl, self.host) for each in addresses
        )
        self.no_other_types = (
            DNSNsec(self.instance, NSEC, unique, host_ttl, self.instance, [TXT, SRV]),
            DNSNsec(
                self.host, NSEC, unique, host_ttl, self.host, sorted({each.type for each in self.addresses})
            ),
        )
        self.all = {
            record: record
            for record in (*self.announced, self.all_types, *self.reverse, *self.no_other_types)
        }

    def limited(self, ttl_limit: int) -> "Records":
        """Return the same records with shorter lives: 10 s for plain DNS resolvers, 0 to withdraw them."""
        return Records(*self._origin, ttl_limit)

    @property
    def unique(self) -> tuple[DNSRecord, ...]:
        """The records nobody else may have."""
        return (self.server, self.text, *self.addresses)

    @property
    def announced(self) -> tuple[DNSRecord, ...]:
        """The records that are announced, and withdrawn at the end."""
        return (*self.pointers, *self.unique)

    @property
    def proposed(self) -> tuple[DNSRecord, ...]:
        """The records of a probe: no cache-flush bits (RFC 6762 §10.2)."""
        service, addresses = self._origin
        server = DNSService(self.instance, SRV, IN, HOST_TTL_S, 0, 0, service.port, self.host)
        return (server, *(_address(self.host, IN, HOST_TTL_S, each) for each in addresses))

    @property
    def names(self) -> tuple[str, str]:
        """Instance and host name in lower case: nobody else may have them."""
        return self.server.key, self.server.server_key

    def answers_to(self, question: DNSQuestion) -> list[DNSRecord]:
        """Return what answers `question`; for a type that our name lacks, the record that says so (RFC 6762 §6.1)."""
        if question.class_ not in (IN, ANY):
            return []
        named = [record for record in self.all if record.key == question.key and record.type != NSEC]
        answers = [record for record in named if question.type in (record.type, ANY)]
        return answers or [record for record in self.no_other_types if record.key == question.key]

    def beside(self, answers: Collection[DNSRecord]) -> tuple[DNSRecord, ...]:
        """Return what an asker will want to know next (RFC 6763 §12), without `answers` themselves."""
        wanted: list[DNSRecord] = []
        if not {*self.pointers}.isdisjoint(answers):
            wanted += [self.server, self.text]
        if not {*self.pointers, self.server}.isdisjoint(answers):
            wanted += self.addresses
        if not {*self.addresses}.isdisjoint([*answers, *wanted]):
            wanted += [*self.addresses, self.no_other_types[1]]
        return tuple(record for record in dict.fromkeys(wanted) if record not in answers)


def txt_data(txt: Mapping[str, str]) -> bytes:
    """Return `key=value` strings, each after its length byte; one zero byte when there are none (RFC 6763 §6.1)."""
    strings = [f"{key}={value}".encode() for key, value in txt.items()]
    return b"".join(bytes([len(each)]) + each for each in strings) or b"\0"


def _address(host: str, class_: int, ttl: int, address: Address) -> DNSAddress:
    return DNSAddress(host, A if address.version == IPV4 else AAAA, class_, ttl, address.packed)
