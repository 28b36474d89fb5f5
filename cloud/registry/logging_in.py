"""Logging in at the registry: passwords, social accounts and codes, and the sessions that they open.

A person logs in at the club, in a browser; the club sends the browser back to the app with an authorization code, which the
app turns into a session (RFC 6749 with RFC 7636). Without a browser the app sends the password itself.
"""

import hmac
import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, Row, delete, insert, select, update

from cloud import accounts as rules
from cloud.codes import is_live
from cloud.guessing import peer_scope
from cloud.instants import in_ms, to_ms
from cloud.pepper import digest, mint_token, s256
from cloud.registry.sessions import Sessions, begin_session, check_os
from cloud.registry.tallies import HOUR, Tally, take_back
from cloud.registry.two_step import TwoStep
from cloud.store.schema import accounts, authorization_codes, known_peers, social_logins
from protocol.cloud_api import AuthorizedLogin, Login, LoginCode, Session
from protocol.problems import (
    AUTHORIZATION_REFUSED,
    LOGIN_REFUSED,
    SMS_CODE_NEEDED,
    SMS_CODE_SPENT,
    TOO_MANY_TRIES,
    Problem,
)
from protocol.rules import (
    AUTHORIZATION_CODE_LIFE,
    LOGIN_FAILURES_PER_ADDRESS_AND_HOUR,
    SESSION_LIFE,
)

_S256: Final = re.compile(r"[A-Za-z0-9_-]{43}")


@dataclass(frozen=True)
class Visitor:
    """Who has given a password, or came from a social account. With `needs_code` a code has to be answered first.

    `stamp` changes with the password: whoever came in by another one is out (security T-23). It also tells an account from
    a later one whose id is the same, for SQLite gives the ids of those who left to others.
    """

    account_id: int
    email: str
    needs_code: bool
    asked_two_step: bool
    stamp: str


@dataclass(frozen=True)
class _Try:
    """A reserved try: where it counts unless the password is right."""

    peer: str
    at_account: Tally
    by_peer: int


class LoggingIn(Sessions, TwoStep):
    """Who may come in."""

    def check_password(self, email: str, password: str, peer: str, via_proxy: bool, now: datetime) -> Visitor:
        """Return whose password this is. Unknown, unconfirmed and wrong are one answer, and take as long.

        A peer that has logged in to the account before is judged by its own failures only (security T-19).

        Raises:
            Problem: `login_refused`, `too_many_tries`, `new_password_needed`.
        """
        email, password = rules.email_key(email), rules.normal_password(password)
        tried = self._reserve_password(email, peer_scope(peer), to_ms(now))
        with self.store.reading() as store:
            row = _confirmed(store, accounts.c.email == email)
        if not self.pepper.verify(password, row and row.password_hash) or row is None:
            raise Problem(LOGIN_REFUSED)
        is_weak = self.pepper.is_weak(row.password_hash)
        kept_hash = self.pepper.hash(password) if is_weak else row.password_hash
        with self.store.writing() as store:
            same = accounts.c.password_changed_at.is_not_distinct_from(row.password_changed_at)
            this = accounts.c.url_digest == row.url_digest
            if (
                store.execute(update(accounts).where(this, same).values(password_hash=kept_hash)).rowcount
                != 1
            ):
                raise Problem(LOGIN_REFUSED)  # it is gone, or has another password by now
            tried.at_account.forget(store)
            take_back(store, tried.by_peer)
            _remember_peer(store, row.account_id, tried.peer, to_ms(now))
        return self._visitor(row, via_proxy)

    def social_visitor(self, provider: str, subject: str, via_proxy: bool) -> Visitor | None:
        """Return for whom the social account speaks, or None. Its address says nothing (security T-25)."""
        theirs = select(social_logins.c.account_id).where(
            social_logins.c.provider == provider, social_logins.c.subject == subject
        )
        with self.store.reading() as store:
            row = _confirmed(store, accounts.c.account_id.in_(theirs))
        return row and self._visitor(row, via_proxy)

    def visitor(self, account_id: int) -> Visitor | None:
        """Return the account as it is now, or None when it is gone; its `stamp` says whether the password is the same."""
        with self.store.reading() as store:
            row = _account(store, account_id)
        return row and self._visitor(row)

    def visitor_with(self, email: str) -> Visitor | None:
        """Return the account that has this address; `came_of` says whether its owner is who has just confirmed it."""
        with self.store.reading() as store:
            row = _confirmed(store, accounts.c.email == email)
        return row and self._visitor(row)

    def authorize(self, visitor: Visitor, code_challenge: str, redirect_uri: str, now: datetime) -> str:
        """Return an authorization code, good for a minute and once, for whoever knows the verifier (RFC 7636).

        Raises:
            Problem: `authorization_refused` when the account is gone, has another password by now (security T-23), or the
                challenge is not an S256 one.
        """
        code, now_ms = mint_token(), to_ms(now)
        with self.store.writing() as store:
            old = authorization_codes.c.issued_at <= now_ms - in_ms(AUTHORIZATION_CODE_LIFE)
            store.execute(delete(authorization_codes).where(old))
            row = _account(store, visitor.account_id)
            is_same = row is not None and self._visitor(row).stamp == visitor.stamp
            if not is_same or not _S256.fullmatch(code_challenge):
                raise Problem(AUTHORIZATION_REFUSED)
            values = {"account_id": visitor.account_id, "code_challenge": code_challenge, "issued_at": now_ms}
            values |= {"redirect_uri": redirect_uri, "code_digest": digest(code)}
            store.execute(insert(authorization_codes).values(values))
        return code

    def open_authorized(self, request: AuthorizedLogin, now: datetime) -> Session:
        """Begin a session by an authorization code.

        Raises:
            Problem: `os_unsupported`; `authorization_refused`, and the code stays good for its owner.
        """
        check_os(request)
        this = authorization_codes.c.code_digest == digest(request.code)
        with self.store.writing() as store:
            row = store.execute(select(authorization_codes).where(this)).one_or_none()
            if row is None or not _is_answered(row, request, to_ms(now)):
                raise Problem(AUTHORIZATION_REFUSED)
            store.execute(delete(authorization_codes).where(this))
            return begin_session(store, row.account_id, request, to_ms(now))

    def log_in(self, request: Login, peer: str, now: datetime) -> Session:
        """Begin a session by a password, for a person without a browser.

        Raises:
            Problem: `os_unsupported`, `login_refused`, `too_many_tries`, `new_password_needed`, `too_many_messages`;
                `sms_code_needed` when the password is right and a code was sent.
        """
        check_os(request)
        visitor = self.check_password(request.email, request.password, peer, via_proxy=False, now=now)
        if visitor.needs_code:
            sent = self.send_login_code(visitor.account_id, now)
            raise Problem(SMS_CODE_NEEDED, challenge=sent.challenge, sent_to=sent.sent_to)
        with self.store.writing() as store:
            row = _account(store, visitor.account_id)
            if row is None or self._visitor(row) != visitor:
                raise Problem(LOGIN_REFUSED)  # as above
            return begin_session(store, visitor.account_id, request, to_ms(now))

    def log_in_with_code(self, request: LoginCode, now: datetime) -> Session:
        """Begin a session by the code that `log_in` has sent.

        Raises:
            Problem: `os_unsupported`, `sms_code_malformed`, `sms_code_wrong`, `sms_code_spent`, `too_many_tries`.
        """
        check_os(request)
        row = self.right_answer(request.challenge, request.code, to_ms(now))
        if row.purpose != "log_in":
            raise Problem(SMS_CODE_SPENT)  # it proves a number, and no password
        with self.store.writing() as store:
            self.use_up_challenge(store, row)
            return begin_session(store, row.account_id, request, to_ms(now))

    def _reserve_password(self, email: str, scope: str, now_ms: int) -> _Try:
        """Note a try before it is compared, so that tries made at once cannot exceed the budget."""
        peer, by_peer = self.pepper.derive("peer", scope), self.tally("login_wrong_by", scope)
        at_account = self.tally("login_wrong", email)
        with self.store.writing() as store:
            if _knows_peer(store, email, peer):
                at_account = self.tally("login_wrong_from", email, peer)
            by_peer.check(store, LOGIN_FAILURES_PER_ADDRESS_AND_HOUR, HOUR, TOO_MANY_TRIES, now_ms)
            at_account.check_in_a_row(store, now_ms)
            at_account.note(store, now_ms)
            return _Try(peer, at_account, by_peer.note(store, now_ms))

    def _visitor(self, account: Row[Any], via_proxy: bool = False) -> Visitor:
        return Visitor(
            account_id=account.account_id,
            email=account.email,
            needs_code=account.two_step_on or via_proxy,
            asked_two_step=account.two_step_asked_at is not None,
            stamp=self.pepper.derive("visitor", account.url_digest, str(account.password_changed_at)),
        )


def _confirmed(store: Connection, which: ColumnElement[bool]) -> Row[Any] | None:
    """Return the account that meets `which`, if its address is confirmed (S-ACC-07)."""
    confirmed = accounts.c.verified_at.is_not(None)
    return store.execute(select(accounts).where(which, confirmed)).one_or_none()


def _account(store: Connection, account_id: int) -> Row[Any] | None:
    return _confirmed(store, accounts.c.account_id == account_id)


def _knows_peer(store: Connection, email: str, peer: str) -> bool:
    """Say whether the account was logged in to from `peer` while a session could live."""
    known = select(known_peers.c.peer).join_from(known_peers, accounts)
    return store.scalar(known.where(accounts.c.email == email, known_peers.c.peer == peer)) is not None


def _remember_peer(store: Connection, account_id: int, peer: str, now_ms: int) -> None:
    """Know this peer from now on; forget those that no session can be of any more."""
    this = (known_peers.c.account_id == account_id) & (known_peers.c.peer == peer)
    old = known_peers.c.seen_at <= now_ms - in_ms(SESSION_LIFE)
    store.execute(delete(known_peers).where(this | old))
    store.execute(insert(known_peers).values(account_id=account_id, peer=peer, seen_at=now_ms))


def _is_answered(row: Row[Any], request: AuthorizedLogin, now_ms: int) -> bool:
    """Say whether an authorization code is in time, and brought by the app it was made for (RFC 7636 §4.6)."""
    is_verified = hmac.compare_digest(s256(request.code_verifier), row.code_challenge)
    is_same_way = row.redirect_uri == request.redirect_uri
    return is_verified and is_same_way and is_live(row.issued_at, AUTHORIZATION_CODE_LIFE, now_ms)
