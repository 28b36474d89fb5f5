"""A tap on one interface: every mDNS packet that passes, with the moment the kernel saw it."""

import socket
import struct
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from ipaddress import ip_address
from threading import Event
from typing import Final

import dpkt  # type: ignore[import-untyped]

from lab.conformance.packets import PTR, Message, read
from lab.node import Node
from protocol.discovery import SERVICE_TYPE

PORT: Final = 5353
GROUPS: Final = {4: "224.0.0.251", 6: "ff02::fb"}
_ALL_FRAMES: Final = 0x0003
_TIMESTAMPS: Final = 35  # SO_TIMESTAMPNS
_OUTGOING: Final = 4
_LARGEST_FRAME: Final = 9100
_SLICE_S: Final = 0.5
"""Between two looks at whether to go on."""


class Stopped(Exception):
    """The run has been interrupted."""


@dataclass(frozen=True)
class Heard:
    """A packet: when (s), of which machine, between which sockets, with which IP TTL."""

    at: float
    mac: str
    source: tuple[str, int]
    target: tuple[str, int]
    ttl: int
    message: Message

    @property
    def is_multicast(self) -> bool:
        """Whether it went to the group."""
        return self.target[0] in GROUPS.values()

    @property
    def is_probe(self) -> bool:
        """Whether it asks for names and says with which records they would be used."""
        return not self.message.is_response and bool(self.message.authorities)

    @property
    def announced(self) -> set[str]:
        """The instances of our service that it tells the group of, by their full names."""
        if not (self.is_multicast and self.message.is_response):
            return set()
        pointers = (each for each in self.message.answers if each.is_about(SERVICE_TYPE, PTR))
        return {str(each.data) for each in pointers if each.ttl}


def clock() -> float:
    """Return the time in which packets are stamped (s)."""
    return time.clock_gettime(time.CLOCK_REALTIME)


class Tap:
    """Keeps in `heard` what others send on an interface of `node`. The kernel keeps it until it is listened to."""

    def __init__(self, node: Node, stopped: Event, interface: str = "eth0") -> None:
        self.heard: list[Heard] = []
        self._stopped = stopped
        self._socket = node.open_socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(_ALL_FRAMES))
        self._socket.bind((interface, _ALL_FRAMES))
        self._socket.setsockopt(socket.SOL_SOCKET, _TIMESTAMPS, 1)

    def __enter__(self) -> "Tap":
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close()

    def listen(self, until: float, enough: Callable[[Heard], bool] = lambda _: False) -> Heard | None:
        """Take in what passes until then, or until a packet is `enough`; return that packet.

        Raises:
            Stopped: nobody wants to know any more.
        """
        while True:
            if self._stopped.is_set():
                raise Stopped
            left = max(0.0, until - clock())
            self._socket.settimeout(min(left, _SLICE_S))
            try:
                frame, control, _, address = self._socket.recvmsg(_LARGEST_FRAME, 64)
            except (TimeoutError, BlockingIOError):
                if left <= _SLICE_S:
                    return None
                continue
            if address[2] == _OUTGOING or (heard := _parse(frame, _moment(control))) is None:
                continue
            self.heard.append(heard)
            if enough(heard):
                return heard


def _moment(control: Sequence[tuple[int, int, bytes]]) -> float:
    seconds, nanoseconds = struct.unpack("@ll", control[0][2])
    return float(seconds + nanoseconds / 1e9)


def _parse(frame: bytes, at: float) -> Heard | None:
    """Return the mDNS packet in `frame`, whichever port it is for, or None if there is none."""
    with suppress(dpkt.UnpackError):
        outer = dpkt.ethernet.Ethernet(frame)
        packet = outer.data
        datagram = getattr(packet, "data", None)
        if not isinstance(datagram, dpkt.udp.UDP) or PORT not in (datagram.sport, datagram.dport):
            return None
        message = read(bytes(datagram.data))
        if message:
            return Heard(
                at,
                outer.src.hex(":"),
                (str(ip_address(packet.src)), datagram.sport),
                (str(ip_address(packet.dst)), datagram.dport),
                packet.hlim if isinstance(packet, dpkt.ip6.IP6) else packet.ttl,
                message,
            )
    return None
