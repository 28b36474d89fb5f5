"""CLUB Panasonic IDs at the registry: sign up, confirm the address, look at it, leave.

Whoever asks is answered alike whether or not an address has an account (S-ACC-10, security T-20); what differs is mailed.
"""

import hmac
import json
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, Row, delete, false, insert, select, tuple_, update

from cloud import accounts as rules
from cloud.instants import in_ms, to_ms
from cloud.pepper import digest, mint_token
from cloud.registry.desk import Desk
from cloud.registry.post import post_mail
from cloud.registry.seating import Left, leave
from cloud.registry.seats import gateway_of, phones_of
from cloud.registry.tallies import HOUR, What
from cloud.store.schema import accounts, gateways, known_peers, mails, social_logins
from cloud.two_step import masked
from protocol.cloud_api import SignedUp, SignUp, Verified
from protocol.problems import (
    AUTHORIZATION_REFUSED,
    LOGIN_REFUSED,
    MAIL_URL_EXPIRED,
    MAIL_URL_INVALID,
    NOT_LOGGED_IN,
    TERMS_NOT_ACCEPTED,
    TOO_MANY_MESSAGES,
    Problem,
)
from protocol.rules import EMAIL_URL_LIFE, MAILS_PER_ADDRESS_AND_HOUR, UNVERIFIED_ACCOUNT_LIFE

_OF_AN_ID: Final[tuple[What, ...]] = ("code_asked", "code_wrong", "leaving_wrong", "change_code_wrong")
"""What is counted at an account id, which may be given to somebody else when its owner has left."""

_URL_LIFE_S: Final = int(EMAIL_URL_LIFE.total_seconds())


@dataclass(frozen=True)
class Profile:
    """What the account page shows. `gateway` is the model it is linked to, `phones` their nicknames."""

    email: str
    newsletters: tuple[str, ...]
    two_step_on: bool
    number_masked: str | None
    phones: tuple[str, ...]
    gateway: str | None


@dataclass(frozen=True)
class SocialSignUp:
    """What a person who came from a social account asks for; `subject` is who they are there."""

    provider: str
    subject: str
    email: str
    terms_accepted: bool
    newsletters: tuple[str, ...] = ()


@dataclass(frozen=True)
class Attempt:
    """A sign-up: what is told to whoever asked, and what its browser keeps to know its own account by (`came_of`)."""

    told: SignedUp
    name: str = field(repr=False)


_Social = tuple[str, str]


@dataclass(frozen=True)
class _Newcomer:
    email: str
    password: str
    newsletters: tuple[str, ...]
    social: _Social | None


class Mailing(Desk):
    """Mails that anybody may ask for with any address."""

    def check_mails(self, store: Connection, email: str, now_ms: int) -> None:
        """Let pass the fifth mail to an address within an hour, and no further one (S-ACC-13).

        Raises:
            Problem: `too_many_messages`.
        """
        limit = MAILS_PER_ADDRESS_AND_HOUR
        self.tally("mail", email).check(store, limit, HOUR, TOO_MANY_MESSAGES, now_ms)

    def count_mail(self, store: Connection, email: str, now_ms: int) -> None:
        """Count a mail, whether or not one goes out: the answer must not tell.

        Raises:
            Problem: `too_many_messages`.
        """
        self.check_mails(store, email, now_ms)
        self.tally("mail", email).note(store, now_ms)


class Accounts(Mailing):
    """The people's side of the registry."""

    def sign_up(self, request: SignUp, club_url: str, now: datetime) -> Attempt:
        """Mail a URL to the address, or a notice if it has an owner; the answer is the same (S-ACC-10).

        Raises:
            Problem: `terms_not_accepted`, `email_unusable`, `password_unusable`, `too_many_messages`.
        """
        email = _willing(request.email, request.terms_accepted)
        password = rules.usable_password(request.password, email)
        return self._sign_up(_Newcomer(email, password, request.newsletters, None), club_url, to_ms(now))

    def sign_up_with_social(self, request: SocialSignUp, club_url: str, now: datetime) -> Attempt:
        """Do the same for a person who logs in with a social account and has no password (S-APP-11).

        The social account never takes over an account that has the address already (security T-25).

        Raises:
            Problem: `terms_not_accepted`, `email_unusable`, `too_many_messages`; `authorization_refused` when the social
                account speaks for a confirmed one already.
        """
        email, social = _willing(request.email, request.terms_accepted), (request.provider, request.subject)
        newcomer = _Newcomer(email, mint_token(), request.newsletters, social)
        return self._sign_up(newcomer, club_url, to_ms(now))

    def resend(self, email: str, club_url: str, now: datetime) -> SignedUp:
        """Mail another URL; the one before is void (S-ACC-13). An address that waits for none is answered alike.

        Raises:
            Problem: `email_unusable`, `too_many_messages`.
        """
        email, token, now_ms = rules.normal_email(email), mint_token(), to_ms(now)
        with self.store.writing() as store:
            self.count_mail(store, email, now_ms)
            row = store.execute(select(accounts).where(accounts.c.email == email)).one_or_none()
            if row is not None and row.verified_at is None:
                this = accounts.c.account_id == row.account_id
                newer = {"url_digest": digest(token), "url_sent_at": now_ms}
                store.execute(update(accounts).where(this).values(newer))
                post_mail(store, rules.verification_mail(club_url, token), email, now_ms)
            elif row is not None:
                post_mail(store, rules.notice_mail(), email, now_ms)
        return SignedUp(mail_sent_to=email, expires_in_s=_URL_LIFE_S)

    def verify(self, token: str, now: datetime) -> Verified:
        """Confirm the address that the mailed `token` was sent to; again: say so.

        Raises:
            Problem: `mail_url_invalid`, `mail_url_expired`.
        """
        with self.store.writing() as store:
            row = store.execute(select(accounts).where(accounts.c.url_digest == digest(token))).one_or_none()
            if row is None:
                raise Problem(MAIL_URL_INVALID)
            if row.verified_at is None:
                if not rules.url_is_live(row.url_sent_at, to_ms(now)):
                    raise Problem(MAIL_URL_EXPIRED)
                this = accounts.c.account_id == row.account_id
                store.execute(update(accounts).where(this).values(verified_at=to_ms(now)))
        return Verified(email=row.email, already=row.verified_at is not None)

    def profile(self, account_id: int) -> Profile:
        """Return what the account page shows.

        Raises:
            Problem: `not_logged_in` when the account is gone.
        """
        with self.store.reading() as store:
            row = _account(store, account_id)
            model = select(gateways.c.model).where(gateways.c.gateway_id == gateway_of(store, account_id))
            return Profile(
                email=row.email,
                newsletters=tuple(json.loads(row.newsletters)),
                two_step_on=row.two_step_on,
                number_masked=masked(row.two_step_number) if row.two_step_number else None,
                phones=tuple(phone.nickname for phone in phones_of(store, account_id)),
                gateway=store.scalar(model),
            )

    def change_newsletters(self, account_id: int, newsletters: tuple[str, ...]) -> None:
        """Send these from now on (S-ACC-03)."""
        with self.store.writing() as store:
            this = accounts.c.account_id == account_id
            store.execute(update(accounts).where(this).values(newsletters=_kept(newsletters)))

    def withdraw(self, account_id: int, password: str, now: datetime) -> Left | None:
        """退会する: erase everything of the person, with the app's account; their phones are told `account_deleted` (S-DEL-14).

        The gateway, its data and its other accounts stay. Return what it was linked to, or None.

        Raises:
            Problem: `login_refused` (a person without a password sets one first), `too_many_tries`, `new_password_needed`,
                `not_logged_in` when the account is gone.
        """
        wrong, now_ms = self.tally("leaving_wrong", account_id), to_ms(now)
        with self.store.writing() as store:
            row = _account(store, account_id)
            wrong.check_in_a_row(store, now_ms)
            wrong.note(store, now_ms)
        if not self.pepper.verify(rules.normal_password(password), row.password_hash):
            raise Problem(LOGIN_REFUSED)
        with self.store.writing() as store:
            if _account(store, account_id).password_changed_at != row.password_changed_at:
                raise Problem(LOGIN_REFUSED)
            self.forgive(store, row)
            for what in _OF_AN_ID:
                self.tally(what, account_id).forget(store)
            left = leave(store, account_id, now_ms)
            store.execute(delete(mails).where(mails.c.recipient == row.email))
            store.execute(delete(accounts).where(accounts.c.account_id == account_id))
        return left

    def came_of(self, account_id: int, attempt: str) -> bool:
        """Say whether the account came of this sign-up, not of another's, who has typed its address and a password of theirs."""
        with self.store.reading() as store:
            row = _account(store, account_id)
        return hmac.compare_digest(self._name_attempt(row.password_hash), attempt)

    def forgive(self, store: Connection, account: Row[Any]) -> None:
        """Forget the wrong passwords of an account, from wherever they came."""
        self.tally("login_wrong", account.email).forget(store)
        own = known_peers.c.account_id == account.account_id
        for peer in store.scalars(select(known_peers.c.peer).where(own)).all():
            self.tally("login_wrong_from", account.email, peer).forget(store)

    def _sign_up(self, newcomer: _Newcomer, club_url: str, now_ms: int) -> Attempt:
        email, social = newcomer.email, newcomer.social
        with self.store.reading() as store:
            self.check_mails(store, email, now_ms)  # before the slow part (security T-49)
        token, password_hash = mint_token(), self.pepper.hash(newcomer.password)
        with self.store.writing() as store:
            self.count_mail(store, email, now_ms)
            _forget_unverified(store, (accounts.c.email == email) | _speaks_for(social), now_ms)
            if store.scalar(select(accounts.c.account_id).where(_speaks_for(social))) is not None:
                raise Problem(AUTHORIZATION_REFUSED)
            if store.scalar(select(accounts.c.account_id).where(accounts.c.email == email)) is None:
                values = {"email": email, "password_hash": password_hash, "url_digest": digest(token)}
                values |= {"newsletters": _kept(newcomer.newsletters)}
                _begin_account(store, values, social, now_ms)
                post_mail(store, rules.verification_mail(club_url, token), email, now_ms)
            else:
                post_mail(store, rules.notice_mail(), email, now_ms)
        told = SignedUp(mail_sent_to=email, expires_in_s=_URL_LIFE_S)
        return Attempt(told, self._name_attempt(password_hash))

    def _name_attempt(self, password_hash: str) -> str:
        """Return what tells a sign-up from all others, be they of the same address: the salt of its password does."""
        return self.pepper.derive("attempt", password_hash)


def _willing(email: str, terms_accepted: bool) -> str:
    """Return the address of a person who accepts the terms of use.

    Raises:
        Problem: `terms_not_accepted`, `email_unusable`.
    """
    if not terms_accepted:
        raise Problem(TERMS_NOT_ACCEPTED)
    return rules.normal_email(email)


def _kept(newsletters: tuple[str, ...]) -> str:
    return json.dumps(newsletters, ensure_ascii=False)


def _account(store: Connection, account_id: int) -> Row[Any]:
    row = store.execute(select(accounts).where(accounts.c.account_id == account_id)).one_or_none()
    if row is None:
        raise Problem(NOT_LOGGED_IN)
    return row


def _speaks_for(social: _Social | None) -> ColumnElement[bool]:
    """Return the condition on accounts that this social account speaks for them; no account speaks for all without one."""
    if social is None:
        return false()
    theirs = tuple_(social_logins.c.provider, social_logins.c.subject) == social
    return accounts.c.account_id.in_(select(social_logins.c.account_id).where(theirs))


def _begin_account(store: Connection, values: dict[str, str], social: _Social | None, now_ms: int) -> None:
    begun = insert(accounts).values(**values, url_sent_at=now_ms).returning(accounts.c.account_id)
    account_id = store.execute(begun).scalar_one()
    if social is not None:
        provider, subject = social
        store.execute(insert(social_logins).values(account_id=account_id, provider=provider, subject=subject))


def _forget_unverified(store: Connection, earlier: ColumnElement[bool], now_ms: int) -> None:
    """Forget earlier attempts, whose URLs die, and everybody's after 24 h: their addresses are free (S-ACC-14)."""
    stale = accounts.c.url_sent_at <= now_ms - in_ms(UNVERIFIED_ACCOUNT_LIFE)
    nobody = accounts.c.verified_at.is_(None)
    theirs = mails.c.recipient.in_(select(accounts.c.email).where(nobody, stale))  # T-51
    store.execute(delete(mails).where(theirs))
    store.execute(delete(accounts).where(nobody, stale | earlier))
