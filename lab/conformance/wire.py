"""Our end of the link: what passes, and packets of our own making from three kinds of socket."""

import fcntl
import socket
import struct
from contextlib import ExitStack
from threading import Event
from typing import Final

from lab.conformance.check import IPV4, Version
from lab.conformance.tap import GROUPS, PORT, Tap
from lab.node import Node

_FAMILIES: Final = {4: socket.AF_INET, 6: socket.AF_INET6}
_GET_INDEX: Final = 0x8933  # SIOCGIFINDEX
_TTL: Final = 255


class Wire:
    """The interface eth0 of `node`. `far`: an address of the host that is not on the link."""

    def __init__(self, node: Node, version: Version, far: str, stopped: Event) -> None:
        self._version = version
        with ExitStack() as undo:
            self.tap = undo.enter_context(Tap(node, stopped))
            self._responder = undo.enter_context(self._open(node, PORT))
            self._index = _index(self._responder)
            self._join()
            self._resolver = undo.enter_context(self._open(node, 0))
            self._stranger = undo.enter_context(self._open(node, 0, far))
            self._closing = undo.pop_all()

    def __enter__(self) -> "Wire":
        return self

    def __exit__(self, *_: object) -> None:
        self._closing.close()

    def send(self, data: bytes, to: str | None = None) -> None:
        """Send a packet as responders do, to the group or one address."""
        self._send(self._responder, data, to)

    def send_one_shot(self, data: bytes, to: str | None = None) -> None:
        """Send a packet from a port of its own, as plain resolvers do."""
        self._send(self._resolver, data, to)

    def send_from_afar(self, data: bytes, to: str) -> None:
        """Send a packet straight to an address, from a source that is not on the link."""
        self._send(self._stranger, data, to)

    def _send(self, sock: socket.socket, data: bytes, to: str | None) -> None:
        address = to or GROUPS[self._version]
        sock.sendto(data, (address, PORT) if self._version == IPV4 else (address, PORT, 0, self._index))

    def _open(self, node: Node, port: int, source: str = "") -> socket.socket:
        sock = node.open_socket(_FAMILIES[self._version], socket.SOCK_DGRAM)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        index = _index(sock)
        if self._version == IPV4:
            sock.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, struct.pack("@8xi", index))
            sock.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_LOOP, 0)
            sock.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_TTL, _TTL)
        else:
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_MULTICAST_IF, index)
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_MULTICAST_LOOP, 0)
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_MULTICAST_HOPS, _TTL)
        sock.bind((source, port))
        return sock

    def _join(self) -> None:
        group = socket.inet_pton(_FAMILIES[self._version], GROUPS[self._version])
        if self._version == IPV4:
            membership = struct.pack("@4s4xi", group, self._index)
            self._responder.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, membership)
        else:
            membership = struct.pack("@16sI", group, self._index)
            self._responder.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_JOIN_GROUP, membership)


def _index(sock: socket.socket) -> int:
    """Return the number of eth0 where `sock` lives."""
    answer = fcntl.ioctl(sock, _GET_INDEX, struct.pack("16si20x", b"eth0", 0))
    index: int = struct.unpack_from("16xi", answer)[0]
    return index
