"""The UDP sockets of a link: one hears the group, the others have our addresses on it, and the first of them sends.

Bound that way, nothing is open on other interfaces, and which socket a packet came to says how it was addressed:
what was sent straight to one of our addresses is answered from there.
Port 5353 is shared with other programs (avahi, browsers).
"""

import socket
import struct
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, suppress
from socket import IPPROTO_IP, IPPROTO_IPV6
from typing import Final

from emulator.mdns.link import IPV4, PORT, Address, Datagram, Link, Outgoing, Peer
from emulator.mdns.membership import GROUP_4, GROUP_6, report

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
        OSError: the link cannot be used: no multicast on it, or its first address is not ready.
    """

    def __init__(self, link: Link) -> None:
        self.link = link
        with _open(link) as trial:
            trial.connect(_group(link))  # sends nothing, fails where there is no multicast route
        with ExitStack() as undo:
            self._group = undo.enter_context(_open(link))
            self._group.bind(_group(link))
            self._join()
            self._usual = undo.enter_context(_open_at(link, link.own[0]))
            self._own = {link.own[0]: self._usual}
            self._all = undo.pop_all()

    def open_others(self) -> list[socket.socket]:
        """Hear at our other addresses as well, those that are ready; return the sockets that are new."""
        opened = []
        for address in self.link.own[1:]:
            if address not in self._own:
                with suppress(OSError):
                    self._own[address] = self._all.enter_context(_open_at(self.link, address))
                    opened.append(self._own[address])
        return opened

    @property
    def waited_for(self) -> Sequence[socket.socket]:
        """The sockets that packets come to."""
        return (self._group, *self._own.values())

    def serves(self, link: Link) -> bool:
        """Say whether it can stay for `link`, which is the same but for addresses of the other family perhaps."""
        return self.link.own == link.own

    def receive(self) -> Iterator[Datagram]:
        """Yield the packets that have come in, up to a limit."""
        for to, sock in ((None, self._group), *self._own.items()):
            for _ in range(AT_ONCE):
                try:
                    data, peer = sock.recvfrom(LARGEST_PACKET)
                except OSError:  # nothing more, or news of an earlier packet that found nobody
                    break
                yield Datagram(data, peer, to)

    def send(self, packet: Outgoing) -> None:
        """Send a packet.

        Raises:
            OSError: the network does not take it.
        """
        sock = self._own.get(packet.source, self._usual) if packet.source else self._usual
        sock.sendto(packet.data, packet.peer or _group(self.link))

    def rejoin(self) -> None:
        """Let switches that snoop know that we are still in the group.

        Raises:
            OSError: the link has gone.
        """
        try:
            report(self.link)
        except PermissionError:
            # Without the right to raw sockets, the kernel can be made to report, unless others here are in the group too.
            if self.link.version == IPV4:
                self._group.setsockopt(IPPROTO_IP, socket.IP_DROP_MEMBERSHIP, _membership(self.link))
            else:
                self._group.setsockopt(IPPROTO_IPV6, socket.IPV6_LEAVE_GROUP, _membership(self.link))
            self._join()

    def close(self) -> None:
        """Give all sockets back."""
        self._all.close()

    def _join(self) -> None:
        if self.link.version == IPV4:
            self._group.setsockopt(IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, _membership(self.link))
        else:
            self._group.setsockopt(IPPROTO_IPV6, socket.IPV6_JOIN_GROUP, _membership(self.link))


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


def _open_at(link: Link, address: Address) -> socket.socket:
    sock = _open(link)
    try:
        sock.bind((str(address), PORT) if link.version == IPV4 else (str(address), PORT, 0, link.index))
    except OSError:
        sock.close()
        raise
    return sock


def _membership(link: Link) -> bytes:
    if link.version == IPV4:
        return struct.pack("@4s4xi", socket.inet_aton(GROUP_4), link.index)
    return struct.pack("@16sI", socket.inet_pton(socket.AF_INET6, GROUP_6), link.index)
