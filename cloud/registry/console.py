"""What the operator looks at: gateways with their newest sample, accounts with their phones, who sits where, what happened.

Everything is looked for by a key or a page at a time, so that a thousand gateways are as quick as one.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import Any, Final, Literal

from sqlalchemy import ColumnElement, Connection, FromClause, Row, and_, func, or_, select, true

from cloud.instants import from_ms, to_ms
from cloud.nicknames import nickname_key
from cloud.registry.desk import Desk
from cloud.store.schema import accounts, events, gateways, links, phones, samples, sessions
from cloud.timeline import earliest_online_ms, is_online
from protocol.telemetry import Sample

PAGE_SIZE: Final = 25
_EVENTS_SHOWN: Final = 50
_TOLD_AT_MOST: Final = 4
"""An event is noted for each account of a gateway."""

State = Literal["all", "online", "offline"]


@dataclass(frozen=True)
class Figures:
    """How many there are; of accounts, those with a confirmed address."""

    gateways: int
    online: int
    accounts: int
    phones: int


@dataclass(frozen=True)
class Pages:
    """Which page of how many is shown, and how many lines there are on all of them."""

    number: int
    last: int
    found: int


@dataclass(frozen=True)
class GatewayLine:
    """One gateway. `stored_up_to`: every sample up to this number is stored, or was lost at the gateway."""

    gateway_id: str
    model: str
    firmware: str
    epoch: int
    registered_at: datetime
    online: bool
    last_seen_at: datetime | None
    stored_up_to: int
    accounts: int
    newest: Sample | None


@dataclass(frozen=True)
class PhoneLine:
    """A registered phone; what it is, if it is logged in."""

    slot: int
    nickname: str
    platform: str | None
    os_version: str | None


@dataclass(frozen=True)
class AccountLine:
    """One account, and where it sits."""

    account_id: int
    email: str
    verified_at: datetime | None
    two_step_on: bool
    gateway_id: str | None
    member_slot: int | None
    phones: Sequence[PhoneLine]


@dataclass(frozen=True)
class EventLine:
    """Something that happened to a gateway, and who was told."""

    kind: str
    gateway_id: str
    at: datetime
    told: Sequence[str]


@dataclass(frozen=True)
class Overview:
    """A page of gateways, the newest registered first, among everything there is."""

    figures: Figures
    gateways: Sequence[GatewayLine]
    pages: Pages


@dataclass(frozen=True)
class AccountList:
    """A page of accounts, the newest first."""

    accounts: Sequence[AccountLine]
    pages: Pages


@dataclass(frozen=True)
class GatewayView:
    """One gateway, its accounts by their slots, and what has happened to it."""

    line: GatewayLine
    members: Sequence[AccountLine]
    events: Sequence[EventLine]


class Console(Desk):
    """Looking, never changing."""

    def overview(self, now: datetime, search: str = "", state: State = "all", page: int = 1) -> Overview:
        """Return the gateways whose id, or an account's address or phone's nickname, holds `search`."""
        now_ms = to_ms(now)
        wanted = _gateways_with(search) & _in_state(state, now_ms)
        with self.store.reading() as store:
            pages = _pages(store, gateways, wanted, page)
            newest_first = (gateways.c.registered_at.desc(), gateways.c.gateway_id)
            lines = _gateway_lines(store, wanted, now_ms, *newest_first, page=pages.number)
            return Overview(_figures(store, now_ms), lines, pages)

    def account_list(self, search: str = "", page: int = 1) -> AccountList:
        """Return the accounts whose address, a phone's nickname, or whose gateway's id holds `search`."""
        wanted = _accounts_with(search)
        with self.store.reading() as store:
            pages = _pages(store, accounts, wanted, page)
            shown = select(accounts.c.account_id).where(wanted).order_by(accounts.c.account_id.desc())
            ids = store.scalars(shown.limit(PAGE_SIZE).offset(PAGE_SIZE * (pages.number - 1))).all()
            lines = _account_lines(store, accounts.c.account_id.in_(ids))
        return AccountList(sorted(lines, key=lambda each: -each.account_id), pages)

    def gateway_view(self, gateway_id: str, now: datetime) -> GatewayView | None:
        """Return one gateway, None when it is not registered."""
        with self.store.reading() as store:
            lines = _gateway_lines(store, gateways.c.gateway_id == gateway_id, to_ms(now))
            if not lines:
                return None
            members = _account_lines(store, links.c.gateway_id == gateway_id)
            happened = _event_lines(store, events.c.gateway_id == gateway_id)
        return GatewayView(lines[0], sorted(members, key=lambda each: each.member_slot or 0), happened)

    def newest_events(self) -> Sequence[EventLine]:
        """Return what happened last to any gateway, the newest first."""
        with self.store.reading() as store:
            return _event_lines(store, true())


def _gateways_with(search: str) -> ColumnElement[bool]:
    if not search:
        return true()
    of_people = (
        select(links.c.gateway_id)
        .join_from(links, accounts)
        .outerjoin(phones, phones.c.account_id == links.c.account_id)
    )
    named = of_people.where(or_(_holds(accounts.c.email, search), _is_called(search)))
    return or_(_holds(gateways.c.gateway_id, search), gateways.c.gateway_id.in_(named))


def _accounts_with(search: str) -> ColumnElement[bool]:
    if not search:
        return true()
    linked = select(links.c.account_id).outerjoin(phones, phones.c.account_id == links.c.account_id)
    named = linked.where(or_(_holds(links.c.gateway_id, search), _is_called(search)))
    return or_(_holds(accounts.c.email, search), accounts.c.account_id.in_(named))


def _holds(column: ColumnElement[Any], search: str) -> ColumnElement[bool]:
    return column.contains(search.lower(), autoescape=True)


def _is_called(search: str) -> ColumnElement[bool]:
    return phones.c.nickname_key.contains(nickname_key(search), autoescape=True)


def _in_state(state: State, now_ms: int) -> ColumnElement[bool]:
    online = and_(
        gateways.c.says_online, func.coalesce(gateways.c.last_seen_at, 0) >= earliest_online_ms(now_ms)
    )
    return {"all": true(), "online": online, "offline": ~online}[state]


def _pages(store: Connection, table: FromClause, wanted: ColumnElement[bool], page: int) -> Pages:
    """Return the page that is there instead of `page`."""
    found = store.scalar(select(func.count()).select_from(table).where(wanted)) or 0
    last = max(1, -(-found // PAGE_SIZE))
    return Pages(min(max(page, 1), last), last, found)


def _figures(store: Connection, now_ms: int) -> Figures:
    counts = (
        (gateways, true()),
        (gateways, _in_state("online", now_ms)),
        (accounts, accounts.c.verified_at.is_not(None)),
        (phones, true()),
    )
    return Figures(
        *(store.scalar(select(func.count()).select_from(table).where(what)) or 0 for table, what in counts)
    )


def _gateway_lines(
    store: Connection, wanted: ColumnElement[bool], now_ms: int, *order: ColumnElement[Any], page: int = 1
) -> list[GatewayLine]:
    own = (samples.c.gateway_id == gateways.c.gateway_id) & (samples.c.epoch == gateways.c.epoch)
    newest = select(samples.c.document).where(own).order_by(samples.c.seq.desc()).limit(1).scalar_subquery()
    linked = select(func.count()).where(links.c.gateway_id == gateways.c.gateway_id).scalar_subquery()
    query = select(gateways, newest.label("newest"), linked.label("linked")).where(wanted).order_by(*order)
    shown = query.limit(PAGE_SIZE).offset(PAGE_SIZE * (page - 1))
    return [
        GatewayLine(
            gateway_id=row.gateway_id,
            model=row.model,
            firmware=row.firmware,
            epoch=row.epoch,
            registered_at=from_ms(row.registered_at),
            online=is_online(row.says_online, row.last_seen_at, now_ms),
            last_seen_at=None if row.last_seen_at is None else from_ms(row.last_seen_at),
            stored_up_to=row.stored_up_to,
            accounts=row.linked,
            newest=None if row.newest is None else Sample.model_validate_json(row.newest),
        )
        for row in store.execute(shown)
    ]


def _account_lines(store: Connection, wanted: ColumnElement[bool]) -> list[AccountLine]:
    query = select(accounts, links.c.gateway_id, links.c.member_slot).outerjoin(links).where(wanted)
    rows = store.execute(query).all()
    seated = _phone_lines(store, [row.account_id for row in rows])
    return [
        AccountLine(
            account_id=row.account_id,
            email=row.email,
            verified_at=None if row.verified_at is None else from_ms(row.verified_at),
            two_step_on=row.two_step_on,
            gateway_id=row.gateway_id,
            member_slot=row.member_slot,
            phones=seated.get(row.account_id, ()),
        )
        for row in rows
    ]


def _phone_lines(store: Connection, account_ids: Sequence[int]) -> dict[int, list[PhoneLine]]:
    """Return the phones of accounts by their slots, each with what it said of itself at its last login."""
    same = (sessions.c.account_id == phones.c.account_id) & (
        sessions.c.installation_id == phones.c.installation_id
    )
    last = select(func.max(sessions.c.session_id)).where(same).correlate(phones).scalar_subquery()
    query = (
        select(phones, sessions.c.platform, sessions.c.os_version)
        .outerjoin(sessions, sessions.c.session_id == last)
        .where(phones.c.account_id.in_(account_ids))
        .order_by(phones.c.account_id, phones.c.slot)
    )
    seated: dict[int, list[PhoneLine]] = {}
    for row in store.execute(query):
        line = PhoneLine(row.slot, row.nickname, row.platform, row.os_version)
        seated.setdefault(row.account_id, []).append(line)
    return seated


def _event_lines(store: Connection, wanted: ColumnElement[bool]) -> list[EventLine]:
    query = select(events, accounts.c.email).join_from(events, accounts).where(wanted)
    newest = query.order_by(events.c.event_id.desc()).limit(_EVENTS_SHOWN * _TOLD_AT_MOST)
    told = groupby(store.execute(newest), key=_what_happened)
    lines = [
        EventLine(kind, gateway_id, from_ms(at), [row.email for row in rows])
        for (kind, gateway_id, at), rows in told
    ]
    return lines[:_EVENTS_SHOWN]


def _what_happened(row: Row[Any]) -> tuple[str, str, int]:
    return row.kind, row.gateway_id, row.at
