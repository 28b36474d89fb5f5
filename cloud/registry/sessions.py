"""Sessions at the registry: an account on one installation of the app, its tokens, and whom they speak for.

A bearer token is good for minutes. A refresh token buys the next pair, once: who brings one twice is a thief or was robbed,
so the session ends (RFC 9700 §4.14). The next pair is derived from it, so that an answer that was lost can be given again.
"""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, Row, delete, insert, literal, select, update

from cloud.instants import in_ms, to_ms
from cloud.pepper import digest, mint_token
from cloud.registry.desk import Desk
from cloud.registry.seats import link_of
from cloud.store.schema import accounts, ended_tokens, sessions, tokens
from protocol.cloud_api import App, Renewal, Session
from protocol.phones import oldest_os, os_name, os_standing
from protocol.problems import KINDS, NOT_LOGGED_IN, OS_UNSUPPORTED, SESSION_ENDED, Kind, Problem
from protocol.rules import ACCESS_TOKEN_LIFE, REFRESH_GRACE, REFRESH_TOKEN_LIFE, SESSION_LIFE

_LIVES_MS: Final = {"access": in_ms(ACCESS_TOKEN_LIFE), "refresh": in_ms(REFRESH_TOKEN_LIFE)}


@dataclass(frozen=True)
class Who:
    """Whom a bearer token speaks for: an account, on one installation of the app."""

    account_id: int
    email: str
    installation_id: str
    session_id: int
    token_digest: str = field(repr=False)


@dataclass(frozen=True)
class Pair:
    """The two tokens of a session."""

    access: str
    refresh: str


class Sessions(Desk):
    """From login to logout."""

    def renew(self, request: Renewal, now: datetime) -> Session:
        """Return the next pair of tokens. Repeated within a minute, before the next pair was used: the same pair.

        Raises:
            Problem: `session_ended` when the token bought a pair before, `not_logged_in`, or why the session ended.
        """
        now_ms = to_ms(now)
        with self.store.writing() as store:
            row = _live(store, request.refresh_token, "refresh", now_ms)
            pair = self._next_pair(request.refresh_token)
            if row.spent_at is None:
                _spend(store, row, now_ms)
                _issue(store, row.session_id, pair, now_ms)
                return _session(store, row, pair, now_ms, now_ms)
            if _may_repeat(store, row.spent_at, pair, now_ms):
                return _session(store, row, pair, row.spent_at, now_ms)
            end_sessions(store, sessions.c.session_id == row.session_id, SESSION_ENDED, now_ms)
        raise Problem(SESSION_ENDED)  # after the commit

    def log_out(self, token: str) -> None:
        """End the session of `token`: its bearer token, in time or not, or any refresh token. A late logout is one (S-OUT-05).

        Raises:
            Problem: `not_logged_in`, or why the session ended before.
        """
        with self.store.writing() as store:
            this = select(tokens.c.session_id).where(tokens.c.token_digest == digest(token))
            if store.execute(delete(sessions).where(sessions.c.session_id.in_(this))).rowcount == 0:
                raise Problem(_why(store, digest(token)))

    def authenticate(self, token: str, now: datetime) -> Who:
        """Return whom `token` speaks for.

        Raises:
            Problem: `not_logged_in`, or why the session ended: `phone_moved`, `phone_removed`, `account_deleted`,
                `session_ended`.
        """
        with self.store.reading() as store:
            row = _live(store, token, "access", to_ms(now))
        return Who(row.account_id, row.email, row.installation_id, row.session_id, row.token_digest)

    def _next_pair(self, refresh_token: str) -> Pair:
        """Derive the pair that `refresh_token` buys."""
        access, refresh = (self.pepper.derive("session", kind, refresh_token) for kind in _LIVES_MS)
        return Pair(access, refresh)


def check_os(app: App) -> None:
    """Let pass an app on an operating system that the manual names, or a newer one (S-GEN-10, S-GEN-11).

    Raises:
        Problem: `os_unsupported`.
    """
    if os_standing(app.platform, app.os_version) == "refused":
        version = os_name(app.platform, app.os_version)
        raise Problem(OS_UNSUPPORTED, oldest=oldest_os(app.platform), version=version)


def begin_session(store: Connection, account_id: int, app: App, now_ms: int) -> Session:
    """Begin the session of an account on this installation, in place of the one before; forget what is long over."""
    before = (sessions.c.account_id == account_id) & (sessions.c.installation_id == app.installation_id)
    over = sessions.c.started_at <= now_ms - in_ms(SESSION_LIFE)
    store.execute(delete(sessions).where(before | over))
    store.execute(delete(ended_tokens).where(ended_tokens.c.ended_at <= now_ms - _LIVES_MS["refresh"]))
    values = app.model_dump(include={"installation_id", "platform", "os_version", "form_factor"})
    values |= {"account_id": account_id, "started_at": now_ms}
    begun = store.execute(insert(sessions).values(values).returning(sessions.c.session_id))
    pair = Pair(mint_token(), mint_token())
    _issue(store, begun.scalar_one(), pair, now_ms)
    return _session(store, _live(store, pair.access, "access", now_ms), pair, now_ms, now_ms)


def check_session(store: Connection, who: Who) -> None:
    """Let pass whoever is still logged in: the session may have ended since it was looked at (INV-5).

    Raises:
        Problem: why it ended, or `not_logged_in`.
    """
    this = select(sessions.c.session_id).where(sessions.c.session_id == who.session_id)
    if store.scalar(this) is None:
        raise Problem(_why(store, who.token_digest))


def end_sessions(store: Connection, which: ColumnElement[bool], because: Kind, now_ms: int) -> None:
    """End the sessions that meet `which`, a condition on `sessions`; whoever brings their tokens is told `because`."""
    doomed = select(tokens.c.token_digest, literal(because.code), literal(now_ms)).join_from(tokens, sessions)
    columns = ["token_digest", "because", "ended_at"]
    store.execute(insert(ended_tokens).from_select(columns, doomed.where(which)))
    store.execute(delete(sessions).where(which))


def _live(store: Connection, token: str, kind: str, now_ms: int) -> Row[Any]:
    """Return a token of this kind that is in time, with its session and account.

    Raises:
        Problem: `not_logged_in`, or why its session ended.
    """
    row = store.execute(
        select(
            tokens,
            sessions.c.account_id,
            sessions.c.installation_id,
            sessions.c.started_at,
            accounts.c.email,
        )
        .join_from(tokens, sessions)
        .join(accounts)
        .where(
            tokens.c.token_digest == digest(token),
            tokens.c.kind == kind,
            tokens.c.issued_at > now_ms - _LIVES_MS[kind],
            sessions.c.started_at > now_ms - in_ms(SESSION_LIFE),
        )
    ).one_or_none()
    if row is None:
        raise Problem(_why(store, digest(token)))
    return row


def _why(store: Connection, token_digest: str) -> Kind:
    """Return why a token is not good: kept for thirty days when its session was ended, else simply not logged in."""
    this = select(ended_tokens.c.because).where(ended_tokens.c.token_digest == token_digest)
    return KINDS.get(store.scalar(this) or "", NOT_LOGGED_IN)


def _issue(store: Connection, session_id: int, pair: Pair, now_ms: int) -> None:
    """Keep the digests of a pair, and forget those of this session that are out of time."""
    for kind, token in (("access", pair.access), ("refresh", pair.refresh)):
        own = (tokens.c.session_id == session_id) & (tokens.c.kind == kind)
        old = tokens.c.issued_at <= now_ms - _LIVES_MS[kind]
        store.execute(delete(tokens).where(own, old))
        values = {"session_id": session_id, "kind": kind, "issued_at": now_ms}
        store.execute(insert(tokens).values(values | {"token_digest": digest(token)}))


def _spend(store: Connection, row: Row[Any], now_ms: int) -> None:
    this = tokens.c.token_digest == row.token_digest
    store.execute(update(tokens).where(this).values(spent_at=now_ms))


def _may_repeat(store: Connection, spent_at: int, pair: Pair, now_ms: int) -> bool:
    """Say whether the answer may have been lost: it was given just now, and nobody has renewed with it."""
    onward = select(tokens.c.spent_at).where(tokens.c.token_digest == digest(pair.refresh))
    return now_ms < spent_at + in_ms(REFRESH_GRACE) and store.scalar(onward) is None


def _session(store: Connection, row: Row[Any], pair: Pair, issued_at: int, now_ms: int) -> Session:
    """Tell the pair to the app; what is left of it is cut short by the end of the session."""
    ends_at = min(issued_at + _LIVES_MS["access"], row.started_at + in_ms(SESSION_LIFE))
    return Session(
        token=pair.access,
        expires_in_s=(ends_at - now_ms) // 1000,
        refresh_token=pair.refresh,
        email=row.email,
        link=link_of(store, row.account_id, row.installation_id),
    )
