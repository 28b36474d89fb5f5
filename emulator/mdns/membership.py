"""Telling switches that we are in the group, also when the kernel does not.

The kernel reports a membership when the first program of a machine joins the group on an interface, and withdraws it
when the last one leaves: while avahi or a browser is in it too, leaving and joining again says nothing.
"""

import socket
import struct
from socket import IPPROTO_ICMPV6, IPPROTO_IGMP, IPPROTO_IP, IPPROTO_IPV6
from typing import Final

from emulator.mdns.link import IPV4, Link

GROUP_4: Final = "224.0.0.251"
GROUP_6: Final = "ff02::fb"
_ROUTER_ALERT_4: Final = bytes([0x94, 4, 0, 0])
_ROUTER_ALERT_6: Final = bytes([0, 0, 5, 2, 0, 0, 1, 0])
"""Hop-by-hop options, eight bytes of them: the alert, and padding. RFC 2710 §3."""
_REPORT_4: Final = 0x16
_REPORT_6: Final = 131


def report(link: Link) -> None:
    """Report our membership on `link` as IGMPv2 or MLDv1 does, which every switch understands.

    Raises:
        PermissionError: only a program with the right to raw sockets may.
        OSError: the network does not take it.
    """
    own = str(link.own[0])
    if link.version == IPV4:
        group = socket.inet_aton(GROUP_4)
        with socket.socket(socket.AF_INET, socket.SOCK_RAW | socket.SOCK_NONBLOCK, IPPROTO_IGMP) as raw:
            raw.setsockopt(IPPROTO_IP, socket.IP_OPTIONS, _ROUTER_ALERT_4)
            raw.setsockopt(IPPROTO_IP, socket.IP_MULTICAST_IF, struct.pack("@8xi", link.index))
            raw.bind((own, 0))
            raw.sendto(_igmp(_REPORT_4, group), (GROUP_4, 0))
    else:
        group = socket.inet_pton(socket.AF_INET6, GROUP_6)
        with socket.socket(socket.AF_INET6, socket.SOCK_RAW | socket.SOCK_NONBLOCK, IPPROTO_ICMPV6) as raw:
            raw.setsockopt(IPPROTO_IPV6, socket.IPV6_HOPOPTS, _ROUTER_ALERT_6)
            raw.setsockopt(IPPROTO_IPV6, socket.IPV6_MULTICAST_HOPS, 1)
            raw.bind((own, 0, 0, link.index))
            raw.sendto(struct.pack("!BBHHH16s", _REPORT_6, 0, 0, 0, 0, group), (GROUP_6, 0, 0, link.index))


def _igmp(kind: int, group: bytes) -> bytes:
    words = struct.unpack("!4H", struct.pack("!BBH4s", kind, 0, 0, group))
    total = sum(words)
    checksum = ~(total + (total >> 16)) & 0xFFFF
    return struct.pack("!BBH4s", kind, 0, checksum, group)
