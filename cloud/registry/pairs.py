"""Pairs of device code and link code, judged (manual p20): the one place where they are compared.

A try is reserved before the slow comparison and given back when the pair was right, so that parallel guesses cannot
exceed the budget.
"""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

from sqlalchemy import Connection, Row, delete, func, insert, select, update

from cloud.codes import is_live
from cloud.guessing import peer_scope, retry_after_s
from cloud.instants import in_ms
from cloud.registry.desk import Desk
from cloud.registry.sessions import Who
from cloud.store.schema import gateways, link_codes, wrong_tries
from protocol.cloud_api import LinkRequest
from protocol.problems import LINK_CODE_EXPIRED, LINK_REFUSED, TOO_MANY_TRIES, Problem
from protocol.rules import (
    LINK_CODE_LIFE,
    LINK_CODE_WRONG_TRIES,
    WRONG_TRIES_PER_ACCOUNT_AND_DAY,
    WRONG_TRIES_PER_ACCOUNT_AND_HOUR,
    WRONG_TRIES_PER_ADDRESS_AND_HOUR,
    WRONG_TRIES_PER_GATEWAY_AND_DAY,
)

_HOUR: Final = timedelta(hours=1)
_DAY: Final = timedelta(days=1)


@dataclass(frozen=True)
class TriedPair:
    """A reserved try, and the newest unspent code of the gateway it is aimed at, if there is one."""

    try_id: int
    link_code: str
    code: Row[Any] | None


class Pairs(Desk):
    """Who knows the pair of codes that a gateway's panel has shown."""

    def reserve_pair(
        self, store: Connection, who: Who, request: LinkRequest, peer: str, now_ms: int
    ) -> TriedPair:
        """Note a try of the pair before it is judged.

        Raises:
            Problem: `too_many_tries`.
        """
        scope = peer_scope(peer)
        store.execute(delete(wrong_tries).where(wrong_tries.c.tried_at <= now_ms - in_ms(_DAY)))
        _check_budgets(store, who.account_id, request.device_code, scope, now_ms)
        code = open_code(store, request.device_code)
        values = {"account_id": who.account_id, "device_code": request.device_code, "peer": scope}
        values |= {"link_code_id": code and code.link_code_id, "tried_at": now_ms}
        reserved = store.execute(insert(wrong_tries).values(values).returning(wrong_tries.c.try_id))
        return TriedPair(reserved.scalar_one(), request.link_code, code)

    def judge_pair(self, tried: TriedPair, now_ms: int) -> Row[Any]:
        """Return the row of the link code when the pair is right and in time; only a wrong pair stays a try.

        Raises:
            Problem: `link_refused`, `link_code_expired`.
        """
        code_hash = tried.code.code_hash if tried.code else None
        if not self.pepper.verify(tried.link_code, code_hash) or tried.code is None:
            raise Problem(LINK_REFUSED)
        with self.store.writing() as store:
            store.execute(delete(wrong_tries).where(wrong_tries.c.try_id == tried.try_id))
        if not is_live(tried.code.issued_at, LINK_CODE_LIFE, now_ms):
            raise Problem(LINK_CODE_EXPIRED)
        return tried.code


def open_code(store: Connection, device_code: str) -> Row[Any] | None:
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


def check_unspent(store: Connection, code: Row[Any]) -> None:
    """Let pass a code that is still there, unspent and the newest: somebody may have been faster.

    Raises:
        Problem: `link_refused`.
    """
    newest = select(link_codes).where(link_codes.c.gateway_id == code.gateway_id)
    row = store.execute(newest.order_by(link_codes.c.link_code_id.desc()).limit(1)).one_or_none()
    if row is None or tuple(row) != tuple(code):
        raise Problem(LINK_REFUSED)


def spend(store: Connection, code: Row[Any], now_ms: int) -> None:
    """Spend the code, once (S-LC-17, INV-3).

    Raises:
        Problem: `link_refused`.
    """
    check_unspent(store, code)
    this = (link_codes.c.link_code_id == code.link_code_id) & link_codes.c.spent_at.is_(None)
    if store.execute(update(link_codes).where(this).values(spent_at=now_ms)).rowcount != 1:
        raise Problem(LINK_REFUSED)


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
