"""Who is at the panel: one browser, one session, in memory only. A restart of the gateway ends them all (S-FW-21)."""

import asyncio
import secrets
from collections import OrderedDict
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from emulator.panel.flows import Flow

IDLE: Final = timedelta(minutes=30)
"""A person who was away for longer starts a flow anew."""

SESSIONS_MAX: Final = 64
"""A browser without a cookie is a new one each time; those must not push out a person who is at it."""


@dataclass
class Session:
    """What the panel remembers of one browser; `token` is in each of its forms (CSRF, security T-30)."""

    key: str = field(default_factory=lambda: secrets.token_urlsafe(16), repr=False)
    token: str = field(default_factory=lambda: secrets.token_urlsafe(16), repr=False)
    unlocked: bool = False
    flows: dict[type[Flow], Flow] = field(default_factory=dict)
    code: str = field(default="", repr=False)
    """The link code on its screen; another browser's is none of its business."""
    code_of: type[Flow] | None = None
    """Which flow that code belongs to; the button's label depends on it (S-LC-14)."""
    codes: int = 0
    """How many codes it was shown: a tab that shows an older one blanks it."""
    finished: bool = False
    """The next service menu says that everything is done here (S-LC-15, S-REG-37)."""
    used_at: datetime | None = None
    one_tap: asyncio.Lock = field(default_factory=asyncio.Lock, repr=False)
    """A double tap waits for the first, and then finds that it is done."""

    def holds_something(self) -> bool:
        """Say whether somebody would miss it: a flow past the device code, an unlocked panel, a code on the screen."""
        return self.unlocked or bool(self.code) or any(flow.has_begun() for flow in self.flows.values())

    def show(self, code: str, flow: type[Flow]) -> None:
        """Put a code on the screen, at the end of `flow`."""
        self.flows.pop(flow, None)  # the device code is asked for every time (S-LC-02)
        self.code, self.code_of, self.codes = code, flow, self.codes + 1

    def finish(self) -> None:
        """Take the code off the screen; the next service menu says that everything is done."""
        self.code, self.code_of, self.finished = "", None, True
        self.flows.clear()


class Sessions:
    """The sessions since the gateway's start."""

    def __init__(self) -> None:
        self._sessions: OrderedDict[str, Session] = OrderedDict()

    def find(self, key: str | None, now: datetime) -> Session | None:
        """Return the session of a browser's cookie; after `IDLE` its flows are forgotten."""
        session = self._sessions.get(key or "")
        if session is None:
            return None
        if session.used_at and not timedelta(0) <= now - session.used_at < IDLE:
            session.flows.clear()
            session.unlocked = False
        session.used_at = now
        self._sessions.move_to_end(session.key)
        return session

    def begin(self, now: datetime) -> Session:
        """Return a new session; where there are too many, one that holds nothing goes, or else the one longest unused."""
        if len(self._sessions) >= SESSIONS_MAX:
            idle = (key for key, each in self._sessions.items() if not each.holds_something())
            del self._sessions[next(idle, next(iter(self._sessions)))]
        session = Session(used_at=now)
        self._sessions[session.key] = session
        return session
