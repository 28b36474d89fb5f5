"""A capture as data: each frame with where it went, what became of it, and by whose hand."""

import re
from collections.abc import Iterator
from functools import cached_property
from typing import Final

from dpkt import pcapng  # type: ignore[import-untyped]

from lab.network.frames import IPV4, IPV6, Frame
from lab.network.plan import node_of

_COMMENT: Final = re.compile(r"(?P<source>\S+) > (?P<target>\S+): (?P<fate>\w+)(?: by (?P<rules>.+))?")
_HEAD: Final = 8
"""Bytes of a block that say what it is and how long."""
_MILLION: Final = 1_000_000
_SENDER_AT: Final = {IPV4: slice(26, 30), IPV6: slice(22, 38), 0x0806: slice(28, 32)}
"""Where the sender's address is in a packet of IPv4, of IPv6 and of ARP."""


class Seen:
    """One frame on its way to one machine. `number` is Wireshark's; `at` is Unix time."""

    def __init__(self, number: int, at: float, data: bytes, comment: str) -> None:
        said = _COMMENT.fullmatch(comment)
        self.number = number
        self.at = at
        self.frame = Frame(data)
        self.source, self.target, self.fate = (
            (said["source"], said["target"], said["fate"]) if said else ("", "", "")
        )
        self.rules = tuple(_name(each) for each in (said["rules"] or "").split(" + ")) if said else ()

    @property
    def sender(self) -> str:
        """Whose port it came from: a machine, or a router."""
        return node_of(self.source)

    @property
    def receiver(self) -> str:
        """Whose port it went to."""
        return node_of(self.target)

    @property
    def arrived(self) -> bool:
        """Say whether it got there, in whatever state."""
        return self.fate != "dropped"

    @property
    def rule(self) -> str | None:
        """Name the condition whose hand was the last in it."""
        return self.rules[-1] or None if self.rules else None

    @cached_property
    def address(self) -> bytes | None:
        """The address that it says it comes from."""
        place = _SENDER_AT.get(self.frame.type)
        address = self.frame.data[place] if place else b""
        return address if any(address) else None

    @cached_property
    def is_multicast_dns(self) -> bool:
        """Say whether it is mDNS, and takes no more than a look at its bytes where it cannot be."""
        return self.frame.kind in ("udp4", "udp6") and self.frame.is_mdns


def read(capture: bytes) -> Iterator[Seen]:
    """Return the frames of a pcapng file of the lab; what comes after a block that was cut off is left out."""
    offset, number = 0, 0
    while offset + _HEAD <= len(capture):
        size = int.from_bytes(capture[offset + 4 : offset + _HEAD], "little")
        block = capture[offset : offset + size]
        if size < _HEAD or len(block) < size:
            return
        if int.from_bytes(block[:4], "little") == pcapng.PCAPNG_BT_EPB:
            number += 1
            yield _seen(number, pcapng.EnhancedPacketBlockLE(block))
        offset += size


def _seen(number: int, packet: pcapng.EnhancedPacketBlockLE) -> Seen:
    comments = (each.text for each in packet.opts if each.code == pcapng.PCAPNG_OPT_COMMENT)
    at = (packet.ts_high << 32 | packet.ts_low) / _MILLION
    return Seen(number, at, packet.pkt_data, next(comments, ""))


def _name(rule: str) -> str:
    """Return the condition's name without its number: `loss` of `loss #2`."""
    return rule.partition(" #")[0]
