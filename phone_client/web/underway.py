"""What is under way on this phone's screen: in memory only, so that a restart forgets codes that were typed or shown."""

import asyncio
from dataclasses import dataclass, field
from typing import Literal

from phone_client.searching.search import Hit
from protocol.cloud_api import LinkPreview, User
from protocol.problems import AisegError


@dataclass
class Registering:
    """From the terms to the end of the registration (manual p20); `picked` is the AiSEG that the search found."""

    picked: Hit | None = None
    agreed: bool = False
    typed: dict[str, str] = field(default_factory=dict, repr=False)
    """As typed, so that a refusal loses nothing."""
    preview: LinkPreview | None = None

    def finds_another(self) -> bool:
        """Say that the codes are those of another AiSEG than the one found (S-DISC-10)."""
        return bool(self.picked and self.preview and self.picked.gateway_id != self.preview.gateway_id)


@dataclass
class UnderWay:
    """One phone has one screen: whoever holds it goes on where the one before left off."""

    registering: Registering | None = None
    removing: User | None = None
    """The user whose registration is about to be deleted."""
    change_code: str = field(default="", repr=False)
    """The change code on the screen, until it is closed (S-CHG-04)."""
    deleting: bool = False
    """全削除確認 was answered with OK."""
    farewell: Literal["", "deleted", "logged_out"] = ""
    account_url: str = ""
    """Where one leaves CLUB Panasonic itself, as the page after the deletion says (S-DEL-06)."""
    said: str = ""
    """The word that the top screen says once."""
    trouble: AisegError | None = None
    """What the login page tells once: an address with a code in it must not stay on the screen."""
    one_tap: asyncio.Lock = field(default_factory=asyncio.Lock, repr=False)
    """A double tap waits for the first, and then finds that it is done."""

    def forget(self) -> None:
        """Leave nothing on the screen of what this login has typed or been shown."""
        self.registering = self.removing = None
        self.change_code, self.deleting = "", False

    def begun(self) -> Registering:
        """Return the registration under way, begun now where there is none."""
        self.registering = self.registering or Registering()
        return self.registering

    def say_once(self) -> str:
        """Return the word to be said, which is then said."""
        word, self.said = self.said, ""
        return word
