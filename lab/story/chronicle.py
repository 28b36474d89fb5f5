"""What happens while a story is told, written down as it happens."""

import time
from typing import Any

from chassis.clock import SystemClock
from lab.story.run import Actor, Event, Picture, Search
from lab.story.script import Words


class Chronicle:
    """Nothing is written down before `begin`: what people do until then belongs to the preparation."""

    def __init__(self) -> None:
        self.events: list[Event] = []
        self.pictures: list[Picture] = []
        self.searches: list[Search] = []
        self.has_begun = False
        self._mark()

    def begin(self) -> None:
        """Let the story begin now."""
        self.has_begun = True
        self._mark()

    def _mark(self) -> None:
        self._began = time.monotonic()
        self.epoch = SystemClock().now().timestamp()

    @property
    def at_s(self) -> float:
        """How long the story has gone on."""
        return time.monotonic() - self._began

    def note(
        self,
        actor: Actor,
        kind: str,
        en: str,
        ja: str,
        *,
        to: Actor | None = None,
        at_s: float | None = None,
        **data: Any,
    ) -> None:
        """Write down what has happened: now, or `at_s`."""
        if not self.has_begun:
            return
        when = self.at_s if at_s is None else at_s
        self.events.append(Event(round(when, 3), actor, kind, Words(en=en, ja=ja), to, data))
