"""What one machine of a home can find out about another, by sockets of the kernel."""

import errno
import socket
import struct
import time
from collections.abc import Callable, Sequence
from typing import Literal

import dpkt  # type: ignore[import-untyped]

from lab.home import Home
from lab.network import names
from lab.network.plan import CLOUD_NAME

ROUTER = "192.168.0.1"
GATEWAY = "192.168.0.20"
GATEWAY_6 = "fd00:5::14"
CLOUD = "203.0.113.10"
GROUP = "224.0.0.251"
GROUP_6 = "ff02::fb"
PORT = 5353
NOT_YET_S = 0.4
"""How long an answer is waited for that may not come; round trips here take less than a thousandth of it."""
PATIENCE_S = 5.0
"""How long something is waited for that has to come, on a busy machine."""
Heard = tuple[bytes, str]
Knocked = Literal["open", "refused", "silent", "no way"]


def listen(home: Home, node: str, port: int) -> socket.socket:
    """Let a machine take connections: its kernel says yes by itself."""
    server = home.nodes[node].open_socket(socket.AF_INET6, socket.SOCK_STREAM)  # takes IPv4 as well
    server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    server.bind(("::", port))
    server.listen(1000)  # nobody takes them from the queue
    return server


def knock(home: Home, node: str, address: str, port: int = 8080) -> Knocked:
    """Try to connect from a machine."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with home.nodes[node].open_socket(family, socket.SOCK_STREAM) as client:
        client.settimeout(NOT_YET_S)
        try:
            client.connect((address, port))
        except TimeoutError:
            return "silent"
        except OSError as error:
            return "refused" if error.errno == errno.ECONNREFUSED else "no way"
        return "open"


def ping(home: Home, node: str, address: str) -> bool:
    """Say whether a machine gets an answer to a ping."""
    with home.nodes[node].open_socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP) as raw:
        request = dpkt.icmp.ICMP(data=dpkt.icmp.ICMP.Echo(id=77, seq=1, data=b"here?"))
        try:
            raw.sendto(bytes(request), (address, 0))
        except OSError:
            return False
        deadline = time.monotonic() + NOT_YET_S
        while (left := deadline - time.monotonic()) > 0:
            raw.settimeout(left)
            try:
                data, peer = raw.recvfrom(2048)
            except TimeoutError:
                return False
            if peer[0] == address and data[20] == 0:
                return True
        return False


def looked_up(home: Home, node: str, router: str) -> str | int | None:
    """Return what a machine learns of the cloud's name: an address, an error code, or nothing."""
    with home.nodes[node].open_socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
        asking.settimeout(NOT_YET_S)
        try:
            asking.sendto(names.question(CLOUD_NAME, dpkt.dns.DNS_A), (router, names.PORT))
            answer = dpkt.dns.DNS(asking.recv(2048))
        except OSError:
            return None
        return socket.inet_ntoa(answer.an[0].ip) if answer.an else int(answer.rcode)


class Listener:
    """A machine's ear for mDNS: on port 5353 and in the group, of IPv4 or IPv6."""

    def __init__(self, home: Home, node: str, *, ipv6: bool = False) -> None:
        self._home = home
        self.node = node
        self._ipv6 = ipv6
        self.socket = home.nodes[node].open_socket(
            socket.AF_INET6 if ipv6 else socket.AF_INET, socket.SOCK_DGRAM
        )
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        if ipv6:
            self.socket.bind(("::", PORT))
        else:
            self.socket.bind(("0.0.0.0", PORT))
        self.change_membership(join=True)

    def __enter__(self) -> "Listener":
        return self

    def __exit__(self, *_: object) -> None:
        self.socket.close()

    def change_membership(self, *, join: bool) -> None:
        """Join the group or leave it: the kernel tells the switch."""
        if self._ipv6:
            what = socket.IPV6_JOIN_GROUP if join else socket.IPV6_LEAVE_GROUP
            member = socket.inet_pton(socket.AF_INET6, GROUP_6) + struct.pack("@I", 2)
            self.socket.setsockopt(socket.IPPROTO_IPV6, what, member)
        else:
            what = socket.IP_ADD_MEMBERSHIP if join else socket.IP_DROP_MEMBERSHIP
            member = struct.pack("@4s4xi", socket.inet_aton(GROUP), 2)
            self.socket.setsockopt(socket.IPPROTO_IP, what, member)

    def say(self, data: bytes, to: str | None = None, sport: int = PORT) -> None:
        """Send to the group, or to one machine."""
        family = socket.AF_INET6 if self._ipv6 else socket.AF_INET
        with self._home.nodes[self.node].open_socket(family, socket.SOCK_DGRAM) as out:
            out.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            out.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
            if self._ipv6:
                out.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_MULTICAST_IF, 2)
                out.sendto(data, (to or GROUP_6, PORT, 0, 2))
                return
            out.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, struct.pack("@8xi", 2))
            out.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_TTL, 255)
            out.bind(("0.0.0.0", sport))
            out.sendto(data, (to or GROUP, PORT))

    def hears(self, data: bytes, within_s: float = PATIENCE_S) -> bool:
        """Say whether just that comes in."""
        return any(heard == data for heard, _ in self.heard(lambda got: got[-1][0] == data, within_s))

    def misses(self, data: bytes) -> bool:
        """Say whether just that does not come in for a while."""
        return not self.hears(data, NOT_YET_S)

    def takes(self, count: int) -> list[bytes]:
        """Return what comes in, up to so many."""
        return [data for data, _ in self.heard(lambda got: len(got) >= count)]

    def gathers(self, *words: bytes) -> bool:
        """Say whether all these words come, in whatever."""

        def all_said(got: Sequence[Heard]) -> bool:
            said = b"".join(data for data, _ in got)
            return all(word in said for word in words)

        return all_said(self.heard(all_said))

    def heard(self, enough: Callable[[Sequence[Heard]], bool], within_s: float = PATIENCE_S) -> list[Heard]:
        """Return what comes in, and from where, until time is up or it is enough."""
        deadline = time.monotonic() + within_s
        got: list[Heard] = []
        while (left := deadline - time.monotonic()) > 0:
            self.socket.settimeout(left)
            try:
                data, peer = self.socket.recvfrom(9000)
            except TimeoutError:
                break
            got.append((data, peer[0]))
            if enough(got):
                break
        return got


def wait_for(so: Callable[[], bool], within_s: float) -> None:
    """Wait until something is so; fail when it takes too long."""
    deadline = time.monotonic() + within_s
    while not so():
        assert time.monotonic() < deadline
