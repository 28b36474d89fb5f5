"""Every frame in a file that Wireshark opens: once for each that it went to, with what became of it and by whose hand."""

from collections import deque
from pathlib import Path
from typing import Any, Final

from dpkt import pcapng  # type: ignore[import-untyped]

from chassis.clock import SystemClock
from lab.network.network import Traced

_MOST_WAITING: Final = 5_000
_AT_ONCE: Final = 50
"""Frames that are written when too many wait: half a millisecond, in which no other frame gets on."""
_MILLION: Final = 1_000_000


class Capture:
    """Frames are noted at once and written when there is time; none any more when one could not be written."""

    def __init__(self, file: Path, monotonic: float) -> None:
        self.file = file
        self._ahead_s = SystemClock().now().timestamp() - monotonic
        self._waiting: deque[Traced] = deque()
        self._failure: OSError | None = None
        self._output = file.open("wb")
        self._writer: Any = pcapng.Writer(self._output, snaplen=0)
        self._block: Any = pcapng.EnhancedPacketBlockLE

    def note(self, traced: Traced) -> None:
        """Remember a frame."""
        if self._failure:
            return
        self._waiting.append(traced)
        if len(self._waiting) > _MOST_WAITING:
            self._write(_AT_ONCE)

    def flush(self) -> None:
        """Write all that is remembered.

        Raises:
            OSError: it cannot be written, or something could not be earlier.
        """
        self._write(len(self._waiting))
        if self._failure:
            raise OSError(self._failure.errno, self._failure.strerror, str(self.file))

    def _write(self, count: int) -> None:
        """Write so many frames; a full disk is no reason for the home to stand still."""
        try:
            self._write_out(count)
        except OSError as error:
            self._failure = error
            self._waiting.clear()

    def _write_out(self, count: int) -> None:
        for _ in range(count):
            each = self._waiting.popleft()
            at = round((each.at + self._ahead_s) * _MILLION)
            options = [
                pcapng.PcapngOptionLE(code=1, text=comment(each)),
                pcapng.PcapngOptionLE(),
            ]
            block = self._block(ts_high=at >> 32, ts_low=at & 0xFFFFFFFF, pkt_data=each.data, opts=options)
            self._writer.writepkt(block)
        self._output.flush()


def comment(traced: Traced) -> str:
    """Say in one line where a frame went and what became of it."""
    by = f" by {traced.rule}" if traced.rule else ""
    return f"{traced.source} > {traced.target}: {traced.fate}{by}"
