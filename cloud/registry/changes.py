"""Change of phone at the registry (スマートフォンの機種変更, manual p25-p27): with a code from the old phone, or without it.

A try of a change code is reserved before the slow comparison, as in `cloud.registry.pairs`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, delete, insert, select, update

from cloud.codes import is_live, mint
from cloud.instants import to_ms
from cloud.registry.desk import Desk
from cloud.registry.seating import check_newcomer, hand_over, linked, registered_phone
from cloud.registry.seats import made_by, phones_of
from cloud.registry.sessions import Who, check_session
from cloud.registry.tallies import HOUR, take_back
from cloud.store.schema import change_codes
from protocol.cloud_api import IssuedChangeCode, Link, MovePhone, ReplacePhone
from protocol.problems import (
    CHANGE_CODE_EXPIRED,
    CHANGE_REFUSED,
    PHONE_UNKNOWN,
    TOO_MANY_TRIES,
    Problem,
)
from protocol.rules import (
    CHANGE_CODE_LIFE,
    CHANGE_CODE_WRONG_TRIES,
    MAX_PHONES_PER_ACCOUNT,
    WRONG_CHANGE_CODES_PER_ACCOUNT_AND_HOUR,
)


@dataclass(frozen=True)
class _Try:
    """A reserved try, and the codes of the account that it may hit: at most one for each phone."""

    tally_id: int
    codes: Sequence[Row[Any]]


class Changes(Desk):
    """How a phone gives its place to another."""

    def issue_change_code(self, who: Who, now: datetime) -> IssuedChangeCode:
        """Issue a change code for this phone; the one before is void, and nothing else has changed (S-CHG-01, S-CHG-18).

        Raises:
            Problem: `not_linked`, `phone_not_registered`.
        """
        code = mint()
        with self.store.reading() as store:
            check_session(store, who)  # before the slow part (security T-49)
            registered_phone(store, who)
        code_hash = self.pepper.hash(code)
        with self.store.writing() as store:
            check_session(store, who)
            phone = registered_phone(store, who)
            slot = {"account_id": phone.account_id, "slot": phone.slot}
            store.execute(delete(change_codes).filter_by(**slot))
            store.execute(
                insert(change_codes).values(slot | {"code_hash": code_hash, "issued_at": to_ms(now)})
            )
        life_s = int(CHANGE_CODE_LIFE.total_seconds())
        return IssuedChangeCode(change_code=code, expires_in_s=life_s)

    def move_phone(self, who: Who, request: MovePhone, now: datetime) -> Link:
        """Give this installation the slot of the phone that the code was issued for; that phone is out at once (S-CHG-12).

        A repeated `request_id` returns the same link. A refusal changes nothing, except that a wrong code counts as a try.

        Raises:
            Problem: `not_linked`, `phone_registered`, `other_gateway`, `too_many_tries`, `change_refused`,
                `change_code_expired`.
        """
        now_ms = to_ms(now)
        with self.store.writing() as store:
            check_session(store, who)
            made = made_by(store, who.account_id, who.installation_id, request.request_id)
            if made:
                return made
            tried = self._reserve_change(store, who, now_ms)
        code = self._judge_change(tried, request.change_code, now_ms)
        with self.store.writing() as store:
            check_session(store, who)
            made = made_by(store, who.account_id, who.installation_id, request.request_id)
            if made:
                return made
            check_newcomer(store, who)
            phone = _spend(store, code, now_ms)
            hand_over(store, who, phone, request.request_id, now_ms)
            return linked(store, who)

    def replace_phone(self, who: Who, request: ReplacePhone, now: datetime) -> Link:
        """Give this installation the slot of a phone of the account that can issue no code: lost, or made anew (A-09, A-11).

        A repeated `request_id` returns the same link.

        Raises:
            Problem: `not_linked`, `phone_registered`, `other_gateway`, `phone_unknown`.
        """
        with self.store.writing() as store:
            check_session(store, who)
            made = made_by(store, who.account_id, who.installation_id, request.request_id)
            if made:
                return made
            check_newcomer(store, who)
            own = phones_of(store, who.account_id)
            phone = next((each for each in own if each.phone_id == request.phone_id), None)
            if phone is None:
                raise Problem(PHONE_UNKNOWN)
            hand_over(store, who, phone, request.request_id, to_ms(now))
            return linked(store, who)

    def _reserve_change(self, store: Connection, who: Who, now_ms: int) -> _Try:
        check_newcomer(store, who)
        wrong = self.tally("change_code_wrong", who.account_id)
        wrong.check(store, WRONG_CHANGE_CODES_PER_ACCOUNT_AND_HOUR, HOUR, TOO_MANY_TRIES, now_ms)
        codes = _open_codes(store, who.account_id, wrong.count(store))
        return _Try(wrong.note(store, now_ms), codes)

    def _judge_change(self, tried: _Try, change_code: str, now_ms: int) -> Row[Any]:
        absent = [None] * (MAX_PHONES_PER_ACCOUNT - len(tried.codes))  # as slow with one code as with two
        fitting = [
            code
            for code in (*tried.codes, *absent)
            if self.pepper.verify(change_code, code and code.code_hash) and code
        ]
        if not fitting:
            raise Problem(CHANGE_REFUSED)
        with self.store.writing() as store:
            take_back(store, tried.tally_id)
        if not is_live(fitting[0].issued_at, CHANGE_CODE_LIFE, now_ms):
            raise Problem(CHANGE_CODE_EXPIRED)
        return fitting[0]


def _open_codes(store: Connection, account_id: int, tried: Sequence[int]) -> Sequence[Row[Any]]:
    """Return the account's unspent codes that have not survived their wrong tries yet, in time or not."""
    unspent = select(change_codes).where(
        change_codes.c.account_id == account_id, change_codes.c.spent_at.is_(None)
    )
    return [
        code
        for code in store.execute(unspent).all()
        if sum(at >= code.issued_at for at in tried) < CHANGE_CODE_WRONG_TRIES
    ]


def _spend(store: Connection, code: Row[Any], now_ms: int) -> Row[Any]:
    """Spend the code, once, and return the phone it was issued for: somebody may have been faster (S-CHG-16).

    Raises:
        Problem: `change_refused`.
    """
    this = (change_codes.c.change_code_id == code.change_code_id) & change_codes.c.spent_at.is_(None)
    if store.execute(update(change_codes).where(this).values(spent_at=now_ms)).rowcount != 1:
        raise Problem(CHANGE_REFUSED)
    return next(phone for phone in phones_of(store, code.account_id) if phone.slot == code.slot)
