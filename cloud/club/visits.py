"""Who is at the club: one browser, one visit, in memory only. A restart of the cloud ends them all."""

import asyncio
import secrets
from collections import OrderedDict
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from cloud.club.authorization import AppRequest
from cloud.registry.logging_in import Visitor
from protocol.cloud_api import Verified
from protocol.rules import EMAIL_URL_LIFE

IDLE: Final = EMAIL_URL_LIFE
"""Who waits for a mail comes back as long as its URL is good; a longer absence ends the visit."""

VISITS_MAX: Final = 1024
"""A browser without a cookie is a new one each time; those must not push out a person who is at it."""

LOGIN: Final = "/login"
SIGN_UP: Final = "signup"
"""The login page's other tab, in its address."""


def _token() -> str:
    return secrets.token_urlsafe(16)


@dataclass(frozen=True)
class SigningUp:
    """What was typed on 新規登録, until 確定: a password, or a social account in its place."""

    email: str
    password: str = field(default="", repr=False)
    provider: str = ""
    subject: str = ""


@dataclass(frozen=True)
class SentCode:
    """認証コード on its way; `number_page` is where another number can be given, none while logging in."""

    challenge: str = field(repr=False)
    sent_to: str
    number_page: str | None


@dataclass
class Visit:
    """What the club remembers of one browser; `token` is in each of its forms (CSRF, security T-30)."""

    used_at: datetime
    key: str = field(default_factory=_token, repr=False)
    token: str = field(default_factory=_token, repr=False)
    login_page: str = LOGIN
    """The one it has seen last, with what an app has asked there, and without its tab."""
    app: AppRequest | None = field(default=None, repr=False)
    """Where this login ends; none: at the account page."""

    signing_up: SigningUp | None = None
    mailed_to: str = ""
    signed_up: str = field(default="", repr=False)
    """Names the sign-up that was finished here: confirmed here too, it is logged in."""
    verify_token: str = field(default="", repr=False)
    password_token: str = field(default="", repr=False)
    """Of mailed URLs that were tapped; their pages show them to nobody (security T-21)."""
    verified: Verified | None = None

    known: Visitor | None = None
    """Whose password was right, but who owes a code."""
    sent_code: SentCode | None = None
    visitor: Visitor | None = None
    """Who is logged in."""

    one_tap: asyncio.Lock = field(default_factory=asyncio.Lock, repr=False)
    """A double tap waits for the first, and then finds that it is done."""

    @property
    def sign_up_page(self) -> str:
        """The other tab of the login page."""
        return f"{self.login_page}{'&' if '?' in self.login_page else '?'}tab={SIGN_UP}"

    def holds_something(self) -> bool:
        """Say whether somebody would miss it: a login or a sign-up that has begun, or is done."""
        return bool(
            self.visitor
            or self.known
            or self.signing_up
            or self.mailed_to
            or self.verify_token
            or self.password_token
        )

    def leave(self) -> None:
        """Forget who is logged in or about to be, and which app waits for it."""
        self.visitor = self.known = self.sent_code = self.app = None


class Visits:
    """The visits since the cloud's start."""

    def __init__(self) -> None:
        self._visits: OrderedDict[str, Visit] = OrderedDict()

    def find(self, key: str | None, now: datetime) -> Visit | None:
        """Return the visit of a browser's cookie; after `IDLE` there is none any more."""
        self._forget_the_absent(now)
        visit = self._visits.get(key or "")
        if visit is None:
            return None
        visit.used_at = now
        self._visits.move_to_end(visit.key)
        return visit

    def begin(self, now: datetime) -> Visit:
        """Return a new visit; where there are too many, one that holds nothing goes, or else the one longest unused."""
        self._forget_the_absent(now)
        if len(self._visits) >= VISITS_MAX:
            idle = (key for key, each in self._visits.items() if not each.holds_something())
            del self._visits[next(idle, next(iter(self._visits)))]
        visit = Visit(used_at=now)
        self._visits[visit.key] = visit
        return visit

    def renew(self, visit: Visit) -> None:
        """Give a visit a new key and token: whoever knew the old ones is not logged in with it (session fixation)."""
        self._visits.pop(visit.key, None)
        visit.key, visit.token = _token(), _token()
        self._visits[visit.key] = visit

    def _forget_the_absent(self, now: datetime) -> None:
        """Drop the visits that are over, and what was typed in them; they stand in the order of their last use."""
        while self._visits:
            longest_unused = next(iter(self._visits.values()))
            if timedelta(0) <= now - longest_unused.used_at < IDLE:
                return
            del self._visits[longest_unused.key]
