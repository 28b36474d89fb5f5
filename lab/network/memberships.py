"""Which port has told that it listens to which multicast group: IGMP (RFC 1112, 2236, 3376) and MLD (RFC 2710, 3810)."""

from collections import OrderedDict
from collections.abc import Iterator
from typing import Any, Final

from lab.network.frames import ICMP6, IPV4, IPV6, Frame

MOST: Final = 1024

_IGMP: Final = b"\x02"
_PERHAPS_MLD: Final = (b"\0", b":")
"""Hop-by-hop options, ICMPv6."""
_REPORTS: Final = (0x12, 0x16)
_LEAVE: Final = 0x17
_REPORT_3: Final = 0x22
_MLD_REPORT: Final = 131
_MLD_DONE: Final = 132
_MLD_REPORT_2: Final = 143
_ONLY_FROM: Final = (1, 3)
"""Record types that list whom a host wants to hear in a group: nobody listed, and it has left."""
_ALSO_FROM: Final = 5
_EVERYBODY_BUT: Final = (2, 4)
_RECORD: Final = 4
"""Bytes of a group record before the group: type, length of auxiliary data, number of sources."""


class Memberships:
    """Reports and leaves, as a switch that snoops sees them. What was never reported has no membership."""

    def __init__(self) -> None:
        self._reported: OrderedDict[tuple[bytes, str], float] = OrderedDict()

    def learn(self, port: str, frame: Frame, now: float) -> None:
        """Take in `frame`, if it is a report or a leave."""
        for group, joined in _told(frame):
            self._reported.pop((group, port), None)
            if joined:
                self._reported[group, port] = now
        while len(self._reported) > MOST:
            self._reported.popitem(last=False)

    def reported_at(self, group: bytes, port: str) -> float | None:
        """Return when `port` last said that it listens to `group` (an IP address)."""
        return self._reported.get((group, port))

    def forget(self, port: str) -> None:
        """Forget what `port` has told."""
        for each in [each for each in self._reported if each[1] == port]:
            del self._reported[each]


def _told(frame: Frame) -> Iterator[tuple[bytes, bool]]:
    first = (
        frame.data[23:24] if frame.type == IPV4 else frame.data[20:21]
    )  # cheaper than to parse every frame
    if frame.type == IPV4 and first == _IGMP and (packet := frame.ip4):
        yield from _told_by_igmp(bytes(packet.data))
    elif frame.type == IPV6 and first in _PERHAPS_MLD and (packet := frame.ip6) and packet.p == ICMP6:
        yield from _told_by_mld(packet.data)


def _told_by_igmp(data: bytes) -> Iterator[tuple[bytes, bool]]:
    if len(data) < 8:  # noqa: PLR2004 - the shortest IGMP message
        return
    if data[0] in (*_REPORTS, _LEAVE):
        yield data[4:8], data[0] != _LEAVE
    elif data[0] == _REPORT_3:
        yield from _records(data[8:], int.from_bytes(data[6:8]), 4)


def _told_by_mld(message: Any) -> Iterator[tuple[bytes, bool]]:
    data = bytes(message)
    if len(data) < 8:  # noqa: PLR2004 - the shortest MLD message
        return
    if data[0] in (_MLD_REPORT, _MLD_DONE):
        yield data[8:24], data[0] == _MLD_REPORT
    elif data[0] == _MLD_REPORT_2:
        yield from _records(data[8:], int.from_bytes(data[6:8]), 16)


def _records(data: bytes, count: int, size: int) -> Iterator[tuple[bytes, bool]]:
    """Yield what `count` group records say; addresses have `size` bytes."""
    for _ in range(count):
        if len(data) < _RECORD + size:
            return
        kind, words, sources = data[0], data[1], int.from_bytes(data[2:4])
        group = data[_RECORD : _RECORD + size]
        if kind in _EVERYBODY_BUT or (kind in (*_ONLY_FROM, _ALSO_FROM) and sources):
            yield group, True
        elif kind in _ONLY_FROM:
            yield group, False
        data = data[_RECORD + size + sources * size + words * 4 :]
