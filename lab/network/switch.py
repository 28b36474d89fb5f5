"""One segment: who is plugged in, which address was seen where, and who has told that it listens to which group."""

from collections import OrderedDict
from typing import Final

from lab.network.frames import Frame
from lab.network.memberships import Memberships

FORGETS_AFTER_S: Final = 300.0
"""A hardware address that was silent for so long (IEEE 802.1D's recommended ageing time)."""
MOST_ADDRESSES: Final = 1024


class Switch:
    """Learns from every frame; sends what it knows to one port, and everything else to all others."""

    def __init__(self, segment: str) -> None:
        self.segment = segment
        self.ports: dict[str, None] = {}
        self.memberships = Memberships()
        self._seen: OrderedDict[bytes, tuple[str, float]] = OrderedDict()

    def plug(self, port: str) -> None:
        """Let `port` in."""
        self.ports[port] = None

    def unplug(self, port: str) -> None:
        """Let `port` go, with all that was known of it."""
        self.ports.pop(port, None)
        self.memberships.forget(port)
        self._seen = OrderedDict((mac, seen) for mac, seen in self._seen.items() if seen[0] != port)

    def forget(self) -> None:
        """Forget everything that was learnt, as after a power cut."""
        self._seen.clear()
        self.memberships = Memberships()

    def learn(self, port: str, frame: Frame, now: float) -> None:
        """Take in that `frame` came in by `port`."""
        if not frame.source[0] & 1:
            self._seen[frame.source] = port, now
            self._seen.move_to_end(frame.source)
            if len(self._seen) > MOST_ADDRESSES:
                self._seen.popitem(last=False)
        if frame.is_multicast:
            self.memberships.learn(port, frame, now)

    def targets(self, port: str, frame: Frame, now: float) -> list[str]:
        """Return the ports that a frame from `port` goes out by."""
        if not frame.is_group:
            known = self._seen.get(frame.target)
            if known and now - known[1] < FORGETS_AFTER_S:
                return [known[0]] if known[0] != port else []
        return [each for each in self.ports if each != port]

    def stations(self, port: str) -> dict[bytes, float]:
        """Return the hardware addresses seen at `port`, and when they were last."""
        return {mac: at for mac, (where, at) in self._seen.items() if where == port}
