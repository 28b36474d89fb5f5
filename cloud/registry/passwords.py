"""パスワードを忘れた方はこちら at the registry: a mailed URL sets a new password (S-APP-12, manual p24, security T-23)."""

from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, delete, insert, select, update

from cloud import accounts as rules
from cloud.codes import is_live
from cloud.instants import to_ms
from cloud.pepper import digest, mint_token
from cloud.registry.accounts import Accounts
from cloud.registry.post import post_mail
from cloud.registry.sessions import end_sessions
from cloud.store.schema import accounts, authorization_codes, challenges, password_urls, sessions
from protocol.problems import MAIL_URL_EXPIRED, MAIL_URL_INVALID, SESSION_ENDED, Problem
from protocol.rules import PASSWORD_URL_LIFE


class Passwords(Accounts):
    """A new password for whoever can read the mails of an account."""

    def ask_new_password(self, email: str, club_url: str, now: datetime) -> None:
        """Mail a URL, if the address has a confirmed account; nothing tells whether it has.

        Raises:
            Problem: `email_unusable`, `too_many_messages`.
        """
        email, token, now_ms = rules.normal_email(email), mint_token(), to_ms(now)
        with self.store.writing() as store:
            self.count_mail(store, email, now_ms)
            confirmed = (accounts.c.email == email) & accounts.c.verified_at.is_not(None)
            account_id = store.scalar(select(accounts.c.account_id).where(confirmed))
            if account_id is None:
                return
            store.execute(delete(password_urls).where(password_urls.c.account_id == account_id))
            values = {"account_id": account_id, "url_digest": digest(token), "sent_at": now_ms}
            store.execute(insert(password_urls).values(values))
            post_mail(store, rules.new_password_mail(club_url, token), email, now_ms)

    def set_new_password(self, token: str, password: str, now: datetime) -> str:
        """Set the password by the token of the mailed URL, and return the address; the URL works once.

        Every session ends and wrong passwords count no more; two-step verification and its wrong codes stay.

        Raises:
            Problem: `mail_url_invalid`, `mail_url_expired`, `password_unusable`.
        """
        now_ms = to_ms(now)
        with self.store.reading() as store:
            row = _asked(store, token, now_ms)
        password_hash = self.pepper.hash(rules.usable_password(password, row.email))
        with self.store.writing() as store:
            row = _asked(store, token, now_ms)
            this = accounts.c.account_id == row.account_id
            changed = {"password_hash": password_hash, "password_changed_at": now_ms}
            store.execute(update(accounts).where(this).values(changed))
            for table in (password_urls, authorization_codes, challenges):
                store.execute(delete(table).where(table.c.account_id == row.account_id))
            end_sessions(store, sessions.c.account_id == row.account_id, SESSION_ENDED, now_ms)
            self.forgive(store, row)
            self.tally("leaving_wrong", row.account_id).forget(store)
            post_mail(store, rules.password_changed_mail(), row.email, now_ms)
        return str(row.email)


def _asked(store: Connection, token: str, now_ms: int) -> Row[Any]:
    """Return whom the newest mailed URL is of.

    Raises:
        Problem: `mail_url_invalid`, `mail_url_expired`.
    """
    this = password_urls.c.url_digest == digest(token)
    asked = select(password_urls, accounts.c.email).join_from(password_urls, accounts).where(this)
    row = store.execute(asked).one_or_none()
    if row is None:
        raise Problem(MAIL_URL_INVALID)
    if not is_live(row.sent_at, PASSWORD_URL_LIFE, now_ms):
        raise Problem(MAIL_URL_EXPIRED)
    return row
