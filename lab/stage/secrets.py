"""Looks for what must never be announced: codes, names, addresses of mail."""

from collections.abc import Iterable
from pathlib import Path

from lab.xray.captured import read


def announced(capture: Path, secrets: Iterable[str]) -> int:
    """Return how many mDNS frames of the capture hold one of `secrets`. Blocks."""
    wanted = [each.encode() for each in secrets if each]
    frames = (each.frame.data for each in read(capture.read_bytes()) if each.is_multicast_dns)
    return sum(1 for data in frames if any(each in data for each in wanted))
