"""A tunnel that leads nowhere, as a VPN app makes one: point-to-point, and all traffic would go through it."""

import fcntl
import os
import socket
import struct
from typing import Any, Final

from protocol.problems import CANNOT_RUN_HERE, Problem

NAME: Final = "tun0"
_DEVICE: Final = "/dev/net/tun"
_MAKE: Final = 0x400454CA  # TUNSETIFF
_PLAIN_TUNNEL: Final = 0x0001 | 0x1000  # IFF_TUN, IFF_NO_PI
_OURS: Final = "10.8.0.2"
_THEIRS: Final = "10.8.0.1"


def open_tunnel(netlink: Any, metric: int) -> int:
    """Make the tunnel in this thread's network and its default route; return the file that keeps it.

    Raises:
        Problem: CANNOT_RUN_HERE.
    """
    try:
        tunnel = os.open(_DEVICE, os.O_RDWR | os.O_CLOEXEC)
        fcntl.ioctl(tunnel, _MAKE, struct.pack("16sH22x", NAME.encode(), _PLAIN_TUNNEL))
    except OSError as error:
        raise Problem(CANNOT_RUN_HERE, what=_DEVICE) from error
    (index,) = netlink.link_lookup(ifname=NAME)
    netlink.link("set", index=index, state="up")
    netlink.addr("add", index=index, local=_OURS, address=_THEIRS, prefixlen=32)
    netlink.route("add", family=socket.AF_INET, dst="default", oif=index, priority=metric, scope="link")
    return tunnel
