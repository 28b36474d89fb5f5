"""The registry looked over: caught mails and SMS, the latest instant known."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import func, select

from cloud.instants import from_ms
from cloud.registry.desk import Desk
from cloud.store.schema import (
    change_codes,
    gateways,
    link_codes,
    mails,
    registration_runs,
    releases,
    tallies,
    texts,
    tokens,
)

_SHOWN: Final = 100


@dataclass(frozen=True)
class CaughtMail:
    """A mail as it would have reached `recipient`."""

    sender: str
    recipient: str
    subject: str
    body: str
    sent_at: datetime
    mail_id: int


@dataclass(frozen=True)
class CaughtText:
    """An SMS as it would have reached the number `recipient` (E.164)."""

    recipient: str
    body: str
    sent_at: datetime
    text_id: int


class Survey(Desk):
    """Looking, never changing."""

    def inbox(self) -> Sequence[CaughtMail]:
        """Return the newest mails, newest first."""
        newest = select(mails).order_by(mails.c.mail_id.desc()).limit(_SHOWN)
        with self.store.reading() as store:
            return [
                CaughtMail(
                    row.sender, row.recipient, row.subject, row.body, from_ms(row.sent_at), row.mail_id
                )
                for row in store.execute(newest)
            ]

    def texts(self) -> Sequence[CaughtText]:
        """Return the newest SMS, newest first."""
        newest = select(texts).order_by(texts.c.text_id.desc()).limit(_SHOWN)
        with self.store.reading() as store:
            return [
                CaughtText(row.recipient, row.body, from_ms(row.sent_at), row.text_id)
                for row in store.execute(newest)
            ]

    def latest_instant(self) -> datetime | None:
        """Return the latest instant the store knows to have passed; the clock must not show an earlier one."""
        columns = (
            gateways.c.last_seen_at,
            gateways.c.registered_at,
            registration_runs.c.begun_at,
            link_codes.c.issued_at,
            change_codes.c.issued_at,
            mails.c.sent_at,
            texts.c.sent_at,
            tokens.c.issued_at,
            tallies.c.at,
            releases.c.published_at,
        )
        with self.store.reading() as store:
            latest = [store.scalar(select(func.max(column))) for column in columns]
        known = [at_ms for at_ms in latest if at_ms is not None]
        return from_ms(max(known)) if known else None
