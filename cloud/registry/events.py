"""What people are told of the gateways that they are linked to, at the registry (security T-32)."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import Connection, delete, insert, select

from cloud.instants import from_ms, in_ms, to_ms
from cloud.registry.desk import Desk
from cloud.registry.sessions import Who
from cloud.store.schema import events
from protocol.cloud_api import Event, EventKind
from protocol.cloud_api import Events as EventsOfAccount

_LIFE: Final = timedelta(days=90)
_SHOWN: Final = 50


class Events(Desk):
    """What has happened."""

    def events(self, who: Who, now: datetime) -> EventsOfAccount:
        """Return the newest 50 events of the account, newest first; one is kept 90 days."""
        own = (events.c.account_id == who.account_id) & (events.c.at > to_ms(now) - in_ms(_LIFE))
        newest = select(events).where(own).order_by(events.c.event_id.desc()).limit(_SHOWN)
        with self.store.reading() as store:
            rows = store.execute(newest).all()
        return EventsOfAccount(
            events=tuple(Event(kind=row.kind, gateway_id=row.gateway_id, at=from_ms(row.at)) for row in rows)
        )


def note_event(
    store: Connection,
    account_ids: Iterable[int],
    gateway_id: str,
    kind: EventKind,
    now_ms: int,
) -> None:
    """Note it for each of the accounts, and forget what is too old."""
    store.execute(delete(events).where(events.c.at <= now_ms - in_ms(_LIFE)))
    for account_id in account_ids:
        values = {"account_id": account_id, "gateway_id": gateway_id, "kind": kind, "at": now_ms}
        store.execute(insert(events).values(values))
