"""Where a person stands with the app, and which screen that leads to. No I/O."""

from dataclasses import dataclass
from typing import Literal

from protocol.cloud_api import App, Link
from protocol.phones import OsStanding
from protocol.problems import Kind

Place = Literal["introduction", "login", "search", "phone", "firmware", "timeline"]
"""A screen that a person can be before; `phone`: linked, but this phone is not registered yet."""


@dataclass(frozen=True)
class Standing:
    """Where a person stands, as far as the phone knows by itself.

    `link` is the one last heard of; `ended` says why the last session ended, when that came from afar.
    """

    introduced: bool
    email: str | None
    link: Link | None
    ended: Kind | None
    app: App
    os: OsStanding
    tablet_noticed: bool

    @property
    def place(self) -> Place:
        """The screen that follows (manual p17 to p24)."""
        if not self.introduced:
            return "introduction"
        if self.email is None:
            return "login"
        if self.link is None:
            return "search"  # S-ADD-14
        if self.link.nickname is None:
            return "phone"
        return "firmware" if self.link.is_outdated else "timeline"  # S-BIND-17
