"""The two UDP sockets of a link: one hears the group, the other has our own address and sends everything.

Bound that way, nothing is open on other interfaces, and which socket a packet came to says how it was addressed.
Port 5353 is shared with other programs (avahi, browsers).
"""

import socket
import struct
from collections.abc import Iterator
from contextlib import ExitStack
from socket import IPPROTO_IP, IPPROTO_IPV6
from typing import Final

from emulator.mdns.link import IPV4, PORT, Datagram, Link, Outgoing, Peer

GROUP_4: Final = "224.0.0.251"
GROUP_6: Final = "ff02::fb"
TTL: Final = 255
"""Of every packet, so that it is known not to come from elsewhere (RFC 6762 §11)."""
LARGEST_PACKET: Final = 9000
"""Bytes (RFC 6762 §17); the rest of a longer one is cut off."""
AT_ONCE: Final = 100
"""Packets read in one go, so that a flood leaves time for everything else."""
_IP_MULTICAST_ALL: Final = (
    49  # Linux: when on, a socket also hears groups that others joined on other interfaces
)


class LinkSockets:
    """What is heard and said on one link.

    Raises:
        OSError: the link cannot be used: no multicast on it, or its address is not ready.
    """

    def __init__(self, link: Link) -> None:
        self.link = link
        with _open(link) as trial:
            trial.connect(_group(link))  # sends nothing, fails where there is no multicast route
        with ExitStack() as undo:
            self.group = undo.enter_context(_open(link))
            self.group.bind(_group(link))
            self._join()
            self.own = undo.enter_context(_open(link))
            self.own.bind(_own(link))
            undo.pop_all()

    def receive(self) -> Iterator[Datagram]:
        """Yield the packets that have come in, up to a limit."""
        for sock in (self.group, self.own):
            for _ in range(AT_ONCE):
                try:
                    data, peer = sock.recvfrom(LARGEST_PACKET)
                except OSError:  # nothing more, or news of an earlier packet that found nobody
                    break
                yield Datagram(data, peer, direct=sock is self.own)

    def send(self, packet: Outgoing) -> None:
        """Send a packet.

        Raises:
            OSError: the network does not take it.
        """
        self.own.sendto(packet.data, packet.peer or _group(self.link))

    def rejoin(self) -> None:
        """Leave the group and join it again, so that a switch that snoops does not forget us.

        Raises:
            OSError: the link has gone.
        """
        if self.link.version == IPV4:
            self.group.setsockopt(IPPROTO_IP, socket.IP_DROP_MEMBERSHIP, _membership(self.link))
        else:
            self.group.setsockopt(IPPROTO_IPV6, socket.IPV6_LEAVE_GROUP, _membership(self.link))
        self._join()

    def close(self) -> None:
        """Give both sockets back."""
        self.group.close()
        self.own.close()

    def _join(self) -> None:
        if self.link.version == IPV4:
            self.group.setsockopt(IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, _membership(self.link))
        else:
            self.group.setsockopt(IPPROTO_IPV6, socket.IPV6_JOIN_GROUP, _membership(self.link))


def _open(link: Link) -> socket.socket:
    """Return a socket for `link` that shares its port, hears only what it joined, and is heard on this machine too."""
    family = socket.AF_INET if link.version == IPV4 else socket.AF_INET6
    sock = socket.socket(family, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    if link.version == IPV4:
        sock.setsockopt(IPPROTO_IP, _IP_MULTICAST_ALL, 0)
        sock.setsockopt(IPPROTO_IP, socket.IP_MULTICAST_IF, struct.pack("@8xi", link.index))
        sock.setsockopt(IPPROTO_IP, socket.IP_MULTICAST_LOOP, 1)
        sock.setsockopt(IPPROTO_IP, socket.IP_MULTICAST_TTL, TTL)
        sock.setsockopt(IPPROTO_IP, socket.IP_TTL, TTL)
    else:
        sock.setsockopt(IPPROTO_IPV6, socket.IPV6_MULTICAST_IF, link.index)
        sock.setsockopt(IPPROTO_IPV6, socket.IPV6_MULTICAST_LOOP, 1)
        sock.setsockopt(IPPROTO_IPV6, socket.IPV6_MULTICAST_HOPS, TTL)
        sock.setsockopt(IPPROTO_IPV6, socket.IPV6_UNICAST_HOPS, TTL)
    return sock


def _group(link: Link) -> Peer:
    return (GROUP_4, PORT) if link.version == IPV4 else (GROUP_6, PORT, 0, link.index)


def _own(link: Link) -> Peer:
    return (str(link.own), PORT) if link.version == IPV4 else (str(link.own), PORT, 0, link.index)


def _membership(link: Link) -> bytes:
    if link.version == IPV4:
        return struct.pack("@4s4xi", socket.inet_aton(GROUP_4), link.index)
    return struct.pack("@16sI", socket.inet_pton(socket.AF_INET6, GROUP_6), link.index)
