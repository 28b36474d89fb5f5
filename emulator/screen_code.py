"""The link code on the panel's screen: in memory only, for exactly as long as the cloud said. No I/O."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from protocol.device_api import ShownLinkCode
from protocol.registering import IssuedLinkCode


@dataclass(frozen=True)
class ScreenCode:
    """A code as issued; its time counts from before it was asked for, so the screen never outlives it."""

    issued: IssuedLinkCode = field(repr=False)
    asked_at: datetime

    def shown(self, now: datetime) -> ShownLinkCode | None:
        """Return the code and its remaining seconds; None when its time is over.

        A clock set back ends it too: nobody knows then how long it has been shown.
        """
        life, age = timedelta(seconds=self.issued.expires_in_s), now - self.asked_at
        if not timedelta(0) <= age < life:
            return None
        left_s = int((life - age).total_seconds())
        return ShownLinkCode(link_code=self.issued.link_code, expires_in_s=left_s)
