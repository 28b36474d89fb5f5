"""What passes on the wire at a host of the lab: every mDNS packet with its moment, and questions of our own making."""

import socket
import struct
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from zeroconf import DNSIncoming  # type: ignore[attr-defined]

from tests.support.namespaces import Host

GROUP = "224.0.0.251"
PORT = 5353
_IP_RECVTTL = 12  # Linux
_ANY_HOST = "0.0.0.0"  # inside a namespace of our own


@dataclass(frozen=True)
class Heard:
    """A packet: when (monotonic s), from where, with which IP TTL."""

    at: float
    peer: tuple[str, int]
    ttl: int
    data: bytes
    message: DNSIncoming = field(init=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "message", DNSIncoming(self.data))

    @property
    def types(self) -> set[int]:
        return {record.type for record in self.message.answers()[: self.message.num_answers]}


class Wire:
    """A socket on `host`: on port 5353 and in the group, or (one-shot) on a port of its own."""

    def __init__(self, host: Host, *, one_shot: bool = False) -> None:
        self._socket = host.open_socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._socket.setsockopt(socket.IPPROTO_IP, _IP_RECVTTL, 1)
        self._socket.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_LOOP, 0)
        self._socket.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_TTL, 255)
        self._socket.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, socket.inet_aton(host.address))
        self._socket.bind((_ANY_HOST, 0 if one_shot else PORT))
        if not one_shot:
            membership = socket.inet_aton(GROUP) + socket.inet_aton(host.address)
            self._socket.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, membership)

    def __enter__(self) -> "Wire":
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close()

    def send(self, data: bytes, to: str = GROUP) -> float:
        """Send a packet; return when."""
        self._socket.sendto(data, (to, PORT))
        return time.monotonic()

    def listen(self, seconds: float, enough: Callable[[Heard], bool] = lambda _: False) -> list[Heard]:
        """Return what is heard within `seconds`, or until (and with) a packet that is `enough`."""
        deadline = time.monotonic() + seconds
        heard: list[Heard] = []
        while (left := deadline - time.monotonic()) > 0:
            self._socket.settimeout(left)
            try:
                data, control, _, peer = self._socket.recvmsg(9000, 64)
            except TimeoutError:
                break
            (ttl,) = struct.unpack("@i", control[0][2])
            heard.append(Heard(time.monotonic(), peer, ttl, data))
            if enough(heard[-1]):
                break
        return heard
