"""One life of the responder: what it has said on the link since it was started."""

from collections.abc import Sequence

from lab.conformance.tap import Heard


class Life:
    """Those packets of a growing list that come from `mac`, from now on."""

    def __init__(self, heard: Sequence[Heard], mac: str) -> None:
        self._heard = heard
        self._mac = mac
        self._begins_at = len(heard)
        self.is_settled = False
        self.is_silent = False
        """It was waited for, and has announced nothing."""

    @property
    def said(self) -> list[Heard]:
        """All of it."""
        return [each for each in self._heard[self._begins_at :] if each.mac == self._mac]

    @property
    def last_multicast_at(self) -> float:
        """When it last said something to the group."""
        return max((each.at for each in self.said if each.is_multicast), default=0.0)

    def since(self, moment: float) -> list[Heard]:
        """Return what it said after a moment."""
        return [each for each in self.said if each.at >= moment]

    def probes(self, name: str) -> list[Heard]:
        """Return the probes for a name before anything was announced."""
        first = self.announcements[0].at if self.announcements else float("inf")
        return [each for each in self.said if each.is_probe and each.message.asks(name) and each.at < first]

    @property
    def announcements(self) -> list[Heard]:
        """The packets that announced the service."""
        return [each for each in self.said if each.announced]
