"""Accounts at the registry: sign up, confirm, log in, log out, and who a token speaks for."""

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, delete, insert, select, update

from cloud import accounts as rules
from cloud.instants import from_ms, in_ms, to_ms
from cloud.pepper import digest, mint_token
from cloud.registry.desk import Desk
from cloud.store.schema import accounts, gateways, links, mails, phones, sessions
from protocol.cloud_api import Link, Login, Session, SignedUp, SignUp, Verified
from protocol.problems import (
    LOGIN_REFUSED,
    MAIL_URL_EXPIRED,
    MAIL_URL_INVALID,
    NOT_LOGGED_IN,
    TERMS_NOT_ACCEPTED,
    Problem,
)
from protocol.rules import EMAIL_URL_LIFE, SESSION_LIFE, UNVERIFIED_ACCOUNT_LIFE


@dataclass(frozen=True)
class Who:
    """Whom a bearer token speaks for: an account, on one installation of the app."""

    account_id: int
    email: str
    installation_id: str


class Accounts(Desk):
    """The people's side of the registry."""

    def sign_up(self, request: SignUp, public_url: str, now: datetime) -> SignedUp:
        """Mail a URL to the address, or a notice if it has an owner; the answer is the same (S-ACC-10).

        Raises:
            Problem: `terms_not_accepted`, `email_unusable`, `password_unusable`.
        """
        if not request.terms_accepted:
            raise Problem(TERMS_NOT_ACCEPTED)
        email = rules.normal_email(request.email)
        token, now_ms = mint_token(), to_ms(now)
        unverified = {
            "password_hash": self.pepper.hash(rules.usable_password(request.password, email)),
            "newsletters": json.dumps(request.newsletters, ensure_ascii=False),
            "url_digest": digest(token),
            "url_sent_at": now_ms,
        }
        with self.store.writing() as store:
            _forget_unverified(store, email, now_ms)
            if store.scalar(select(accounts.c.account_id).where(accounts.c.email == email)) is None:
                store.execute(insert(accounts).values(email=email, **unverified))
                mail = rules.verification_mail(f"{public_url}/verify?token={token}")
            else:
                mail = rules.notice_mail()
            post_mail(store, mail, email, now_ms)
        return SignedUp(mail_sent_to=email, expires_in_s=int(EMAIL_URL_LIFE.total_seconds()))

    def verify(self, token: str, now: datetime) -> Verified:
        """Confirm the address that the mailed `token` was sent to; again: say so.

        Raises:
            Problem: `mail_url_invalid`, `mail_url_expired`.
        """
        with self.store.writing() as store:
            row = _by_url(store, token)
            if row.verified_at is None:
                if not rules.url_is_live(row.url_sent_at, to_ms(now)):
                    raise Problem(MAIL_URL_EXPIRED)
                this = accounts.c.account_id == row.account_id
                store.execute(update(accounts).where(this).values(verified_at=to_ms(now)))
        return Verified(email=row.email, already=row.verified_at is not None)

    def log_in(self, request: Login, now: datetime) -> Session:
        """Begin a session of this installation. Unknown, unconfirmed and wrong are one answer and take as long.

        Raises:
            Problem: `login_refused`.
        """
        password = rules.normal_password(request.password)
        row = self._verified_account(request.email)
        if not self.pepper.verify(password, row and row.password_hash) or row is None:
            raise Problem(LOGIN_REFUSED)
        renewed = self.pepper.hash(password) if self.pepper.is_weak(row.password_hash) else row.password_hash
        token, this = mint_token(), accounts.c.account_id == row.account_id
        session = {"account_id": row.account_id, "installation_id": request.installation_id}
        with self.store.writing() as store:
            store.execute(delete(sessions).where(sessions.c.started_at <= to_ms(now) - in_ms(SESSION_LIFE)))
            store.execute(update(accounts).where(this).values(password_hash=renewed))
            store.execute(
                insert(sessions).values(token_digest=digest(token), started_at=to_ms(now), **session)
            )
            link = link_of(store, row.account_id, request.installation_id)
        life_s = int(SESSION_LIFE.total_seconds())
        return Session(token=token, expires_in_s=life_s, email=row.email, link=link)

    def log_out(self, token: str, now: datetime) -> None:
        """End the session of `token`.

        Raises:
            Problem: `not_logged_in`.
        """
        self.authenticate(token, now)
        with self.store.writing() as store:
            store.execute(delete(sessions).where(sessions.c.token_digest == digest(token)))

    def authenticate(self, token: str, now: datetime) -> Who:
        """Return whom `token` speaks for.

        Raises:
            Problem: `not_logged_in`.
        """
        with self.store.reading() as store:
            row = store.execute(
                select(accounts.c.account_id, accounts.c.email, sessions.c.installation_id)
                .join_from(sessions, accounts)
                .where(
                    sessions.c.token_digest == digest(token),
                    sessions.c.started_at > to_ms(now) - in_ms(SESSION_LIFE),
                    accounts.c.verified_at.is_not(None),
                )
            ).one_or_none()
        if row is None:
            raise Problem(NOT_LOGGED_IN)
        return Who(row.account_id, row.email, row.installation_id)

    def _verified_account(self, typed_email: str) -> Row[Any] | None:
        try:
            email = rules.normal_email(typed_email)
        except Problem:
            return None
        verified = accounts.c.verified_at.is_not(None)
        with self.store.reading() as store:
            return store.execute(select(accounts).where(accounts.c.email == email, verified)).one_or_none()


def link_of(store: Connection, account_id: int, installation_id: str) -> Link | None:
    """Return the account's link as this installation sees it, or None."""
    row = store.execute(
        select(links.c.linked_at, gateways.c.gateway_id, gateways.c.model, gateways.c.firmware)
        .join_from(links, gateways)
        .where(links.c.account_id == account_id)
    ).one_or_none()
    if row is None:
        return None
    registered = store.execute(
        select(phones).where(phones.c.account_id == account_id).order_by(phones.c.slot)
    ).all()
    mine = (phone.nickname for phone in registered if phone.installation_id == installation_id)
    return Link(
        gateway_id=row.gateway_id,
        model=row.model,
        firmware=row.firmware,
        linked_at=from_ms(row.linked_at),
        nickname=next(mine, None),
        phones=tuple(phone.nickname for phone in registered),
    )


def _by_url(store: Connection, token: str) -> Row[Any]:
    row = store.execute(select(accounts).where(accounts.c.url_digest == digest(token))).one_or_none()
    if row is None:
        raise Problem(MAIL_URL_INVALID)
    return row


def _forget_unverified(store: Connection, email: str, now_ms: int) -> None:
    """Free this address from an earlier attempt, whose URL dies, and every address after 24 h (S-ACC-14)."""
    stale = accounts.c.url_sent_at <= now_ms - in_ms(UNVERIFIED_ACCOUNT_LIFE)
    doomed = accounts.c.verified_at.is_(None) & (stale | (accounts.c.email == email))
    store.execute(delete(accounts).where(doomed))


def post_mail(store: Connection, mail: rules.Mail, recipient: str, now_ms: int) -> None:
    """Put a mail into the inbox."""
    values = {"sender": rules.SENDER, "recipient": recipient, "subject": mail.subject, "body": mail.body}
    store.execute(insert(mails).values(sent_at=now_ms, **values))
