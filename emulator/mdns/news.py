"""The kernel's word that links or addresses have changed (rtnetlink), so that nobody has to look all the time."""

import socket
import struct
from collections.abc import Iterator
from contextlib import suppress
from typing import Final

from emulator.mdns.interfaces import UP_AND_RUNNING

_GROUPS: Final = 0x1 | 0x10 | 0x100  # RTMGRP_LINK, RTMGRP_IPV4_IFADDR, RTMGRP_IPV6_IFADDR
_NEW_LINK: Final = 16
_DEL_LINK: Final = 17
_HEADER: Final = struct.Struct("@IHHII")
_LINK: Final = struct.Struct("@BxHiII")
_ROOM: Final = 65536


class News:
    """What the kernel tells. Where it tells nothing, nothing is ever heard."""

    def __init__(self) -> None:
        self.socket: socket.socket | None = None
        with suppress(OSError):
            self.socket = socket.socket(
                socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_NONBLOCK, socket.NETLINK_ROUTE
            )
            self.socket.bind((0, _GROUPS))

    def read(self) -> set[int] | None:
        """Return the interfaces (numbers) that were down, if only for a moment, since the last time; None: no news."""
        if self.socket is None:
            return None
        lost: set[int] | None = None
        while True:
            try:
                told = self.socket.recv(_ROOM)
            except BlockingIOError:
                return lost
            except OSError:  # it had more to tell than there was room for
                told = b""
            lost = (lost or set()) | set(_lost(told))

    def close(self) -> None:
        """Listen no more."""
        if self.socket:
            self.socket.close()


def _lost(told: bytes) -> Iterator[int]:
    start = 0
    while start + _HEADER.size <= len(told):
        length, kind, *_ = _HEADER.unpack_from(told, start)
        if kind in (_NEW_LINK, _DEL_LINK) and length >= _HEADER.size + _LINK.size:
            _, _, index, flags, _ = _LINK.unpack_from(told, start + _HEADER.size)
            if kind == _DEL_LINK or flags & UP_AND_RUNNING != UP_AND_RUNNING:
                yield index
        start += max((length + 3) & ~3, _HEADER.size)
