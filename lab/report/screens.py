"""Pictures of screens: how large they were, and what is written on them."""

from dataclasses import dataclass
from functools import cached_property
from typing import Final, Literal

from bs4 import BeautifulSoup

from lab.story.run import Picture

_SIZES: Final = {"phone": (390, 760), "panel": (1024, 600)}
_UNSEEN: Final = ("script", "style", "title", "template")


@dataclass(frozen=True)
class Screen:
    """A picture, and how it is put on a page."""

    picture: Picture

    @property
    def kind(self) -> Literal["phone", "panel"]:
        """Whose screen it is."""
        return self.picture.actor

    @property
    def width(self) -> int:
        """How many pixels wide the screen was."""
        return _SIZES[self.kind][0]

    @property
    def height(self) -> int:
        """How many pixels high."""
        return _SIZES[self.kind][1]

    @cached_property
    def lines(self) -> list[str]:
        """All that is written on it, line by line."""
        page = BeautifulSoup(self.picture.html, "html.parser")
        for each in page(_UNSEEN):
            each.decompose()
        return list(page.stripped_strings)

    @cached_property
    def language(self) -> str:
        """The language it is in."""
        root = BeautifulSoup(self.picture.html, "html.parser").html
        return str(root.get("lang", "ja")) if root else "ja"
