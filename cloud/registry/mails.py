"""Mails at the registry: which one has to leave, and that it has left. `cloud.registry.post` puts them in."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import select, update

from cloud.instants import from_ms, in_ms, to_ms
from cloud.registry.desk import Desk
from cloud.store.schema import mails

_GIVE_UP_AFTER: Final = timedelta(days=4)  # RFC 5321 §4.5.4.1


@dataclass(frozen=True)
class WaitingMail:
    """A mail that no SMTP server has taken yet."""

    mail_id: int
    sender: str
    recipient: str
    subject: str
    body: str
    sent_at: datetime


class Mails(Desk):
    """The way out."""

    def waiting_mail(self, now: datetime, without: Collection[int] = ()) -> WaitingMail | None:
        """Return the oldest mail that has to leave and is none of `without`. After four days nobody waits for it any more."""
        worth_it = mails.c.delivered_at.is_(None) & (mails.c.sent_at > to_ms(now) - in_ms(_GIVE_UP_AFTER))
        waiting = select(mails).where(worth_it, mails.c.mail_id.not_in(without)).order_by(mails.c.mail_id)
        with self.store.reading() as store:
            row = store.execute(waiting.limit(1)).one_or_none()
        if row is None:
            return None
        return WaitingMail(
            mail_id=row.mail_id,
            sender=row.sender,
            recipient=row.recipient,
            subject=row.subject,
            body=row.body,
            sent_at=from_ms(row.sent_at),
        )

    def note_delivery(self, mail_id: int, now: datetime) -> None:
        """Keep that an SMTP server took the mail."""
        with self.store.writing() as store:
            store.execute(update(mails).where(mails.c.mail_id == mail_id).values(delivered_at=to_ms(now)))
