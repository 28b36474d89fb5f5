"""What is on the wire until a gateway is announced, and whether it was probed for as RFC 6762 §8 asks."""

import socket
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from zeroconf import DNSIncoming, DNSService  # type: ignore[attr-defined]
from zeroconf.const import _TYPE_ANY, _TYPE_PTR

from lab.node import Node
from protocol.discovery import SERVICE_TYPE

GROUP: Final = "224.0.0.251"
PORT: Final = 5353
PROBES: Final = 3
APART_S: Final = 0.25
_TOLERANCE_S: Final = 0.03  # of a clock that other programs share
_MOST_BYTES: Final = 9000


@dataclass(frozen=True)
class Heard:
    """A packet and when it came (monotonic seconds)."""

    at: float
    packet: DNSIncoming

    @property
    def announces(self) -> bool:
        """Say whether it announces a service of our type."""
        return self.packet.is_response() and any(
            record.type == _TYPE_PTR and record.name.lower() == SERVICE_TYPE and record.ttl > 0
            for record in self.packet.answers()
        )

    @property
    def probed(self) -> set[str]:
        """The names that it probes for: asked with ANY, and proposed in the authority section (§8.1, §8.2)."""
        if not self.packet.is_query() or not self.packet.num_authorities:
            return set()
        return {each.name.lower() for each in self.packet.questions if each.type == _TYPE_ANY}

    @property
    def asks_unicast(self) -> bool:
        """Say whether all its questions want a unicast answer."""
        return all(each.unicast for each in self.packet.questions)

    @property
    def names(self) -> tuple[str, str]:
        """The instance and the host that are announced."""
        for record in self.packet.answers():
            if isinstance(record, DNSService):
                return record.name.lower(), record.server.lower()
        return "", ""


def ear(node: Node) -> socket.socket:
    """Return a socket on `node` that hears what is multicast."""
    listening = node.open_socket(socket.AF_INET, socket.SOCK_DGRAM)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    membership = socket.inet_aton(GROUP) + socket.inet_aton(node.address)
    listening.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, membership)
    listening.bind((GROUP, PORT))
    return listening


def listen(listening: socket.socket, source: str, limit_s: float) -> Iterator[Heard]:
    """Yield what `source` multicasts, until the limit."""
    deadline = time.monotonic() + limit_s
    while (left := deadline - time.monotonic()) > 0:
        listening.settimeout(left)
        try:
            data, (sender, _) = listening.recvfrom(_MOST_BYTES)
        except TimeoutError:
            return
        if sender == source:
            yield Heard(time.monotonic(), DNSIncoming(data))


def drain(listening: socket.socket) -> None:
    """Forget what has come."""
    listening.setblocking(False)
    try:
        while True:
            listening.recv(_MOST_BYTES)
    except BlockingIOError:
        pass


def faults(heard: Sequence[Heard], *, host_too: bool) -> list[str]:
    """Return what is wrong with the probing for the names that the last packet announces; nothing: it is right.

    `host_too`: also for the host name, which a daemon has probed for before.
    """
    names = zip(("instance", "host")[: 1 + host_too], heard[-1].names, strict=False)
    return [f"{what} name: {fault}" for what, name in names for fault in _faults_of(name, heard)]


def _faults_of(name: str, heard: Sequence[Heard]) -> Iterator[str]:
    probes = [each for each in heard if name in each.probed]
    if len(probes) != PROBES:
        yield f"{len(probes)} probes, not {PROBES}"
        return
    if not all(each.asks_unicast for each in probes):
        yield "not QU"
    times = [*(each.at for each in probes), heard[-1].at]
    for place, (before, after) in enumerate(pairwise(times), start=1):
        if after - before < APART_S - _TOLERANCE_S:
            yield f"less than {APART_S * 1000:.0f} ms after probe {place}"
