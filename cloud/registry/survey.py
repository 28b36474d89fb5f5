"""The registry looked over: caught mails, the operator's table, the latest instant known."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import func, select

from cloud.instants import from_ms, to_ms
from cloud.registry.desk import Desk
from cloud.store.schema import accounts, gateways, link_codes, mails, registration_runs, releases, samples
from cloud.timeline import is_online

_MAILS_SHOWN: Final = 100


@dataclass(frozen=True)
class CaughtMail:
    """A mail as it would have reached `recipient`."""

    sender: str
    recipient: str
    subject: str
    body: str
    sent_at: datetime


@dataclass(frozen=True)
class GatewayLine:
    """One gateway in the operator's table."""

    gateway_id: str
    model: str
    firmware: str
    epoch: int
    registered_at: datetime
    online: bool
    last_seen_at: datetime | None
    samples: int


@dataclass(frozen=True)
class Overview:
    """The operator's table, and how many accounts there are (confirmed ones)."""

    gateways: Sequence[GatewayLine]
    accounts: int


class Survey(Desk):
    """Looking, never changing."""

    def inbox(self) -> Sequence[CaughtMail]:
        """Return the newest mails, newest first."""
        columns = (mails.c.sender, mails.c.recipient, mails.c.subject, mails.c.body, mails.c.sent_at)
        newest = select(*columns).order_by(mails.c.mail_id.desc()).limit(_MAILS_SHOWN)
        with self.store.reading() as store:
            return [CaughtMail(*row[:4], from_ms(row.sent_at)) for row in store.execute(newest)]

    def overview(self, now: datetime) -> Overview:
        """Return every gateway in the order of registration, and the number of accounts."""
        stored = select(func.count()).where(samples.c.gateway_id == gateways.c.gateway_id).scalar_subquery()
        lines = select(gateways, stored.label("stored")).order_by(gateways.c.registered_at)
        confirmed = select(func.count()).select_from(accounts).where(accounts.c.verified_at.is_not(None))
        with self.store.reading() as store:
            rows, number = store.execute(lines).all(), store.scalar(confirmed) or 0
        return Overview(
            [
                GatewayLine(
                    gateway_id=row.gateway_id,
                    model=row.model,
                    firmware=row.firmware,
                    epoch=row.epoch,
                    registered_at=from_ms(row.registered_at),
                    online=is_online(row.says_online, row.last_seen_at, to_ms(now)),
                    last_seen_at=None if row.last_seen_at is None else from_ms(row.last_seen_at),
                    samples=row.stored,
                )
                for row in rows
            ],
            number,
        )

    def latest_instant(self) -> datetime | None:
        """Return the latest instant the store knows to have passed; the clock must not show an earlier one."""
        columns = (
            gateways.c.last_seen_at,
            gateways.c.registered_at,
            registration_runs.c.begun_at,
            link_codes.c.issued_at,
            mails.c.sent_at,
            releases.c.published_at,
        )
        with self.store.reading() as store:
            latest = [store.scalar(select(func.max(column))) for column in columns]
        known = [at_ms for at_ms in latest if at_ms is not None]
        return from_ms(max(known)) if known else None
