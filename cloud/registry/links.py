"""Links at the registry: nickname, device code and link code are judged here and nowhere else.

Every limit is checked and every code is spent in one transaction. A try is reserved before the slow comparison and given
back when the pair was right, so that parallel guesses cannot exceed the budget.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, Row, delete, func, insert, select, update

from cloud.guessing import peer_scope, retry_after_s
from cloud.instants import in_ms, to_ms
from cloud.link_codes import is_live
from cloud.nicknames import nickname_key, read_nickname
from cloud.registry.accounts import Who, link_of
from cloud.registry.desk import Desk
from cloud.slots import lowest_free
from cloud.store.schema import gateways, link_codes, links, phones, wrong_tries
from protocol.cloud_api import Link, LinkRequest
from protocol.problems import (
    ACCOUNTS_FULL,
    LINK_CODE_EXPIRED,
    LINK_REFUSED,
    NICKNAME_TAKEN,
    NOT_LINKED,
    OTHER_GATEWAY,
    PHONES_FULL,
    TOO_MANY_TRIES,
    Problem,
)
from protocol.rules import (
    LINK_CODE_WRONG_TRIES,
    MAX_ACCOUNTS_PER_GATEWAY,
    MAX_PHONES_PER_ACCOUNT,
    WRONG_TRIES_PER_ACCOUNT_AND_DAY,
    WRONG_TRIES_PER_ACCOUNT_AND_HOUR,
    WRONG_TRIES_PER_ADDRESS_AND_HOUR,
    WRONG_TRIES_PER_GATEWAY_AND_DAY,
)

_HOUR: Final = timedelta(hours=1)
_DAY: Final = timedelta(days=1)


@dataclass(frozen=True)
class _Try:
    """A reserved try, and the newest unspent code of the gateway it is aimed at, if there is one."""

    try_id: int
    code: Row[Any] | None


class Links(Desk):
    """Who is linked to which gateway."""

    def link(self, who: Who, request: LinkRequest, peer: str, now: datetime) -> Link:
        """Link the account to a gateway and register this phone under `request.nickname`.

        Repeating a `request_id` returns the same link. A refusal changes nothing, except that a wrong pair counts as a try.

        Raises:
            Problem: `nickname_unusable`, `too_many_tries`, `link_refused`, `link_code_expired`, `accounts_full`,
                `phones_full`, `other_gateway`, `nickname_taken`.
        """
        with self.store.reading() as store:
            made = _made_link(store, who, request)
        if made:
            return made
        nickname, now_ms = read_nickname(request.nickname), to_ms(now)
        tried = self._reserve_try(who, request, peer_scope(peer), now_ms)
        code_hash = tried.code.code_hash if tried.code else None
        if not self.pepper.verify(request.link_code, code_hash) or tried.code is None:
            raise Problem(LINK_REFUSED)
        with self.store.writing() as store:
            store.execute(delete(wrong_tries).where(wrong_tries.c.try_id == tried.try_id))
        if not is_live(tried.code.issued_at, now_ms):
            raise Problem(LINK_CODE_EXPIRED)
        with self.store.writing() as store:
            made = _made_link(store, who, request)
            if made:
                return made
            _spend(store, tried.code, now_ms)
            _bind(store, who, tried.code.gateway_id, now_ms)
            _seat_phone(store, who, nickname, request.request_id)
            return _linked(store, who)

    def current_link(self, who: Who) -> Link:
        """Return the account's link.

        Raises:
            Problem: `not_linked`.
        """
        with self.store.reading() as store:
            return _linked(store, who)

    def _reserve_try(self, who: Who, request: LinkRequest, peer: str, now_ms: int) -> _Try:
        with self.store.writing() as store:
            store.execute(delete(wrong_tries).where(wrong_tries.c.tried_at <= now_ms - in_ms(_DAY)))
            _check_budgets(store, who.account_id, request.device_code, peer, now_ms)
            code = _newest_code(store, request.device_code)
            values = {"account_id": who.account_id, "device_code": request.device_code, "peer": peer}
            values |= {"link_code_id": code and code.link_code_id, "tried_at": now_ms}
            reserved = store.execute(insert(wrong_tries).values(values).returning(wrong_tries.c.try_id))
            return _Try(reserved.scalar_one(), code)


def _linked(store: Connection, who: Who) -> Link:
    link = link_of(store, who.account_id, who.installation_id)
    if link is None:
        raise Problem(NOT_LINKED)
    return link


def _made_link(store: Connection, who: Who, request: LinkRequest) -> Link | None:
    """Return the link if this very request has made it: its answer was lost on the way (S-BIND-20)."""
    same = select(phones.c.slot).where(_phone(who), phones.c.request_id == request.request_id)
    return _linked(store, who) if store.scalar(same) is not None else None


def _phone(who: Who) -> ColumnElement[bool]:
    return (phones.c.account_id == who.account_id) & (phones.c.installation_id == who.installation_id)


def _check_budgets(store: Connection, account_id: int, device_code: str, peer: str, now_ms: int) -> None:
    by_account = wrong_tries.c.account_id == account_id
    budgets = (
        (by_account, WRONG_TRIES_PER_ACCOUNT_AND_HOUR, _HOUR),
        (by_account, WRONG_TRIES_PER_ACCOUNT_AND_DAY, _DAY),
        (wrong_tries.c.peer == peer, WRONG_TRIES_PER_ADDRESS_AND_HOUR, _HOUR),
        (wrong_tries.c.device_code == device_code, WRONG_TRIES_PER_GATEWAY_AND_DAY, _DAY),
    )
    for scope, limit, window in budgets:
        wait_s = retry_after_s(
            store.scalars(select(wrong_tries.c.tried_at).where(scope)), limit, window, now_ms
        )
        if wait_s is not None:
            raise Problem(TOO_MANY_TRIES, retry_after_s=wait_s)


def _newest_code(store: Connection, device_code: str) -> Row[Any] | None:
    """Return the newest code of the gateway with `device_code`, unless it is spent or has survived its wrong tries."""
    code = store.execute(
        select(link_codes)
        .join_from(link_codes, gateways)
        .where(gateways.c.device_code == device_code)
        .order_by(link_codes.c.link_code_id.desc())
        .limit(1)
    ).one_or_none()
    if code is None or code.spent_at is not None:
        return None
    on_it = wrong_tries.c.link_code_id == code.link_code_id
    tries = store.scalar(select(func.count()).select_from(wrong_tries).where(on_it)) or 0
    return code if tries < LINK_CODE_WRONG_TRIES else None


def _spend(store: Connection, code: Row[Any], now_ms: int) -> None:
    """Spend the code, if it is still there, unspent and the newest: somebody may have been faster."""
    newest = select(func.max(link_codes.c.link_code_id)).where(link_codes.c.gateway_id == code.gateway_id)
    if store.scalar(newest) != code.link_code_id:
        raise Problem(LINK_REFUSED)
    same = (link_codes.c.link_code_id == code.link_code_id) & (link_codes.c.code_hash == code.code_hash)
    this = same & link_codes.c.spent_at.is_(None)
    if store.execute(update(link_codes).where(this).values(spent_at=now_ms)).rowcount != 1:
        raise Problem(LINK_REFUSED)


def _bind(store: Connection, who: Who, gateway_id: str, now_ms: int) -> None:
    """Take a place among the gateway's accounts, unless this account has one (S-GEN-13, S-GEN-17, S-BIND-11)."""
    bound = select(links.c.gateway_id).where(links.c.account_id == who.account_id)
    here = (
        select(links.c.gateway_id)
        .join_from(links, phones)
        .where(phones.c.installation_id == who.installation_id)
    )
    linked_to = {*store.scalars(bound), *store.scalars(here)}
    if linked_to - {gateway_id}:
        raise Problem(OTHER_GATEWAY)
    if store.scalar(bound) is not None:
        return
    taken = store.scalars(select(links.c.member_slot).where(links.c.gateway_id == gateway_id)).all()
    slot = lowest_free(taken, MAX_ACCOUNTS_PER_GATEWAY)
    if slot is None:
        raise Problem(ACCOUNTS_FULL)
    values = {
        "account_id": who.account_id,
        "gateway_id": gateway_id,
        "member_slot": slot,
        "linked_at": now_ms,
    }
    store.execute(insert(links).values(values))


def _seat_phone(store: Connection, who: Who, nickname: str, request_id: str) -> None:
    """Take a slot of the account, or keep the one that this installation has (S-GEN-12, S-GEN-18, S-BIND-14)."""
    rows = store.execute(select(phones).where(phones.c.account_id == who.account_id)).all()
    others = [row for row in rows if row.installation_id != who.installation_id]
    if any(row.nickname_key == nickname_key(nickname) for row in others):
        raise Problem(NICKNAME_TAKEN)
    values = {"nickname": nickname, "nickname_key": nickname_key(nickname), "request_id": request_id}
    if len(others) < len(rows):
        store.execute(update(phones).where(_phone(who)).values(values))
        return
    slot = lowest_free([row.slot for row in rows], MAX_PHONES_PER_ACCOUNT)
    if slot is None:
        raise Problem(PHONES_FULL)
    owner = {"account_id": who.account_id, "installation_id": who.installation_id, "slot": slot}
    store.execute(insert(phones).values(owner | values))
