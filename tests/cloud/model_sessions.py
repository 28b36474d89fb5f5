"""The half of `tests.cloud.model` about sessions: whom a token speaks for, and why one does not any more."""

from collections.abc import Iterable
from dataclasses import dataclass, field

SECOND, MINUTE, HOUR, DAY = 1000, 60_000, 3_600_000, 86_400_000
LIVES = {"access": 15 * MINUTE, "refresh": 30 * DAY}
REPEATABLE = 60 * SECOND
SESSION_LIFE = 180 * DAY

Pair = tuple[str, str]
"""A bearer token and a refresh token."""


class No(Exception):
    """A refusal."""


@dataclass
class Token:
    kind: str
    issued_at: int
    spent_at: int | None = None
    bought: Pair | None = None


@dataclass
class Session:
    email: str
    installation: str
    started_at: int
    tokens: dict[str, Token] = field(default_factory=dict)


@dataclass
class Sessions:
    now: int = 0
    sessions: list[Session] = field(default_factory=list)
    ended: dict[str, tuple[str, int]] = field(default_factory=dict)
    failures: dict[str, list[int]] = field(default_factory=dict)
    known: dict[str, dict[str, list[int]]] = field(default_factory=dict)
    refused: dict[str, list[int]] = field(default_factory=dict)

    def is_verified(self, email: str) -> bool:
        raise NotImplementedError

    def log_in(self, email: str, installation: str, pair: Pair, peer: str = "") -> None:
        self._check_login(email, peer)
        kept = self.now - LIVES["refresh"]
        self.ended = {token: end for token, end in self.ended.items() if end[1] > kept}
        self.sessions = [
            each
            for each in self.sessions
            if (each.email, each.installation) != (email, installation)
            and each.started_at > self.now - SESSION_LIFE
        ]
        self.sessions.append(Session(email, installation, self.now))
        self._issue(self.sessions[-1], pair)

    def _check_login(self, email: str, peer: str) -> None:
        """Count what was refused: at the peer, and at the account, apart for each peer that it was logged in to from."""
        by_peer = self.refused.setdefault(peer, [])
        failures = self.known.get(email, {}).get(peer, self.failures.setdefault(email, []))
        if self.since(HOUR, by_peer) >= 20 or not self._may_try(failures):
            raise No("too_many_tries")
        if not self.is_verified(email):
            failures.append(self.now)
            by_peer.append(self.now)
            raise No("login_refused")
        failures.clear()
        self.known.setdefault(email, {}).setdefault(peer, [])

    def _may_try(self, failures: list[int]) -> bool:
        """Five are free; then one waits 30 s, 60 s, … an hour."""
        beyond = len(failures) - 5
        return beyond <= 0 or self.now >= failures[-1] + min(30 * SECOND << (beyond - 1), HOUR)

    def log_out(self, token: str) -> None:
        for session in self.sessions:
            if token in session.tokens:
                self.sessions.remove(session)
                return
        raise No(self._why(token))

    def renew(self, refresh: str, pair: Pair) -> None:
        session, token = self._find(refresh, "refresh")
        if token.spent_at is None or token.bought is None:
            token.spent_at, token.bought = self.now, pair
            self._issue(session, pair)
            return
        onward = session.tokens.get(token.bought[1])
        if self.now >= token.spent_at + REPEATABLE or (onward and onward.spent_at is not None):
            self.end(session.email, session.installation, "session_ended")
            raise No("session_ended")
        assert pair in (token.bought, ("", "")), "a repeated renewal gives the same pair"

    def forgive(self, email: str) -> None:
        self.failures.pop(email, None)
        self.known.pop(email, None)

    def who(self, token: str) -> tuple[str, str]:
        session, _ = self._find(token, "access")
        return session.email, session.installation

    def end(self, email: str, installation: str | None, because: str) -> None:
        for session in list(self.sessions):
            if session.email == email and installation in (None, session.installation):
                self.sessions.remove(session)
                self.ended |= dict.fromkeys(session.tokens, (because, self.now))

    def since(self, window: int, moments: Iterable[int]) -> int:
        """Return how many of `moments` are less than `window` old."""
        return sum(at > self.now - window for at in moments)

    def _find(self, token: str, kind: str) -> tuple[Session, Token]:
        for session in self.sessions:
            found = session.tokens.get(token)
            in_time = session.started_at > self.now - SESSION_LIFE
            if found and found.kind == kind and in_time and self.now < found.issued_at + LIVES[kind]:
                return session, found
        raise No(self._why(token))

    def _why(self, token: str) -> str:
        return self.ended.get(token, ("not_logged_in", 0))[0]

    def _issue(self, session: Session, pair: Pair) -> None:
        """Give out a pair; those of the session that are out of time are forgotten."""
        for token, kept in list(session.tokens.items()):
            if self.now >= kept.issued_at + LIVES[kept.kind]:
                del session.tokens[token]
        for token, kind in zip(pair, LIVES, strict=True):
            session.tokens[token] = Token(kind, self.now)
