"""What may happen only so often, counted in the database: one row each time.

A try is noted before the slow comparison and taken back when it was right, so that tries made at once cannot exceed a budget.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final, Literal

from sqlalchemy import Connection, delete, insert, select

from cloud.guessing import growing_wait_s, retry_after_s
from cloud.instants import in_ms
from cloud.store.schema import tallies
from protocol.problems import NEW_PASSWORD_NEEDED, TOO_MANY_TRIES, Kind, Problem
from protocol.rules import (
    CHANGE_CODE_LIFE,
    LOGIN_FAILURES_IN_A_ROW,
    LOGIN_FAILURES_KEPT,
    SMS_FAILURES_KEPT,
)

HOUR: Final = timedelta(hours=1)

What = Literal[
    "mail",  # to an address, asked for by somebody who need not be its owner
    "code_sent",  # 認証コード to a number or an address
    "code_asked",  # 認証コード of an account, wherever it was sent
    "code_wrong",  # at an account
    "code_wrong_on",  # at one code that was sent
    "login_wrong",  # at an account, by peers that never logged in to it
    "login_wrong_from",  # at an account, by a peer that has
    "login_wrong_by",  # by a peer, at whatever account
    "leaving_wrong",  # the password under 退会する, at an account
    "change_code_wrong",  # at an account
]

_KEPT: Final[dict[What, timedelta]] = {
    "code_wrong": SMS_FAILURES_KEPT,
    "login_wrong": LOGIN_FAILURES_KEPT,
    "login_wrong_from": LOGIN_FAILURES_KEPT,
    "leaving_wrong": LOGIN_FAILURES_KEPT,
    "change_code_wrong": CHANGE_CODE_LIFE,
}
"""How long one counts, where it is not an hour."""


@dataclass(frozen=True)
class Tally:
    """Of something, and of somebody who is named only by what the pepper makes of them (T-51). `Desk.tally` makes one."""

    what: What
    whose: str

    def count(self, store: Connection) -> Sequence[int]:
        """Return the instants (ms) that are noted, the oldest first."""
        own = (tallies.c.what == self.what) & (tallies.c.whose == self.whose)
        return store.scalars(select(tallies.c.at).where(own).order_by(tallies.c.at)).all()

    def check(self, store: Connection, limit: int, window: timedelta, otherwise: Kind, now_ms: int) -> None:
        """Let pass while fewer than `limit` were noted within `window`.

        Raises:
            Problem: `otherwise`, with `retry_after_s`.
        """
        wait_s = retry_after_s(self.count(store), limit, window, now_ms)
        if wait_s is not None:
            raise Problem(otherwise, retry_after_s=wait_s)

    def check_in_a_row(self, store: Connection, now_ms: int) -> None:
        """Let pass one more password, with a growing wait after each that was wrong (security T-19).

        Raises:
            Problem: `too_many_tries`; `new_password_needed` after 100 in a row.
        """
        failures = self.count(store)
        if len(failures) >= LOGIN_FAILURES_IN_A_ROW:
            raise Problem(NEW_PASSWORD_NEEDED)
        wait_s = growing_wait_s(failures, now_ms)
        if wait_s is not None:
            raise Problem(TOO_MANY_TRIES, retry_after_s=wait_s)

    def note(self, store: Connection, now_ms: int) -> int:
        """Note one, and return its id; everybody's that count no more are forgotten."""
        old = tallies.c.at <= now_ms - in_ms(_KEPT.get(self.what, HOUR))
        store.execute(delete(tallies).where(tallies.c.what == self.what, old))
        values = {"what": self.what, "whose": self.whose, "at": now_ms}
        noted = store.execute(insert(tallies).values(values).returning(tallies.c.tally_id))
        return int(noted.scalar_one())

    def forget(self, store: Connection) -> None:
        """Forget all."""
        store.execute(delete(tallies).where(tallies.c.what == self.what, tallies.c.whose == self.whose))


def take_back(store: Connection, tally_id: int) -> None:
    """Forget the one that `Tally.note` has returned."""
    store.execute(delete(tallies).where(tallies.c.tally_id == tally_id))
