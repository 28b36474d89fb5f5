"""2段階認証 at the registry: a code is sent, and answered (manual p19).

Wrong codes are counted at the account, whatever is sent anew meanwhile (security T-22).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Literal

from sqlalchemy import Connection, Row, delete, insert, select, update

from cloud import two_step as rules
from cloud.codes import is_live
from cloud.instants import in_ms, to_ms
from cloud.pepper import digest, mint_token
from cloud.registry.desk import Desk
from cloud.registry.post import post_mail, post_text
from cloud.registry.tallies import HOUR, Tally
from cloud.store.schema import accounts, challenges
from protocol.problems import (
    NOT_LOGGED_IN,
    SMS_CODE_SPENT,
    SMS_CODE_WRONG,
    TOO_MANY_MESSAGES,
    TOO_MANY_TRIES,
    Problem,
)
from protocol.rules import (
    SMS_CODE_LIFE,
    SMS_CODE_TRIES,
    SMS_FAILURES_IN_A_ROW,
    SMS_FAILURES_KEPT,
    SMS_FAILURES_PER_ACCOUNT_AND_HOUR,
    SMS_PER_NUMBER_AND_HOUR,
)

Purpose = Literal["set_up", "log_in"]
_LIFE_S: Final = int(SMS_CODE_LIFE.total_seconds())


@dataclass(frozen=True)
class Challenge:
    """A code is on its way; whoever holds `challenge` may answer it. Of a number only the last four digits are told."""

    challenge: str
    sent_to: str
    expires_in_s: int


class TwoStep(Desk):
    """Whether a person has their phone at hand."""

    def begin_two_step(self, account_id: int, number: str, now: datetime) -> Challenge:
        """Send a code to a mobile number; answering it turns two-step verification on (S-2FA-03).

        Raises:
            Problem: `number_unusable`, `too_many_messages`, `not_logged_in` when the account is gone.
        """
        return self._send_code(account_id, "set_up", rules.read_number(number), to_ms(now))

    def send_login_code(self, account_id: int, now: datetime) -> Challenge:
        """Send a code to the number of the account, or to its address when it has none (S-2FA-07).

        Raises:
            Problem: `too_many_messages`, `not_logged_in` when the account is gone.
        """
        with self.store.reading() as store:
            number = _account(store, account_id).two_step_number
        return self._send_code(account_id, "log_in", number, to_ms(now))

    def resend_code(self, challenge: str, now: datetime) -> Challenge:
        """Send another code to where the last one went, which is void: go on with the challenge returned (S-2FA-06).

        Raises:
            Problem: `too_many_messages`; `sms_code_spent` when it was answered, or sent more than an hour ago.
        """
        with self.store.reading() as store:
            row = _challenge(store, challenge)
        if not is_live(row.sent_at, rules.RESEND_LIFE, to_ms(now)):
            raise Problem(SMS_CODE_SPENT)
        return self._send_code(row.account_id, row.purpose, row.number, to_ms(now), in_place_of=challenge)

    def answer_code(self, challenge: str, code: str, now: datetime) -> int:
        """Return the account whose code this is; it is used up. One sent to set up two-step verification turns it on.

        Raises:
            Problem: `sms_code_malformed`, `sms_code_wrong`, `sms_code_spent`, `too_many_tries`.
        """
        row = self.right_answer(challenge, code, to_ms(now))
        with self.store.writing() as store:
            self.use_up_challenge(store, row)
            if row.purpose == "set_up":
                two_step = {"two_step_number": row.number, "two_step_on": True}
                _change(store, row.account_id, two_step | {"two_step_asked_at": to_ms(now)})
                # A login that waits for a code to the number before does not go on.
                store.execute(delete(challenges).where(challenges.c.account_id == row.account_id))
        return int(row.account_id)

    def skip_two_step(self, account_id: int, now: datetime) -> None:
        """スキップ: do not ask again (S-2FA-02)."""
        with self.store.writing() as store:
            _change(store, account_id, {"two_step_asked_at": to_ms(now)})

    def turn_off_two_step(self, account_id: int, now: datetime) -> None:
        """Ask for no code any more; the number is kept for logins through a proxy (S-2FA-07)."""
        with self.store.writing() as store:
            _change(store, account_id, {"two_step_on": False, "two_step_asked_at": to_ms(now)})

    def right_answer(self, challenge: str, code: str, now_ms: int) -> Row[Any]:
        """Return the challenge when the code is right, to be used up. A wrong code counts at account and challenge.

        Raises:
            Problem: `sms_code_malformed`, `sms_code_wrong`, `sms_code_spent`, `too_many_tries`.
        """
        code = rules.read_code(code)
        with self.store.writing() as store:
            row = _challenge(store, challenge)
            left = self._reserve_answer(store, row, now_ms)
        if not self.pepper.verify(code, row.code_hash):
            raise Problem(SMS_CODE_WRONG, tries_left=left) if left else Problem(SMS_CODE_SPENT)
        return row

    def use_up_challenge(self, store: Connection, row: Row[Any]) -> None:
        """Delete the challenge, once, and forget the wrong codes of its account.

        Raises:
            Problem: `sms_code_spent` when somebody was faster.
        """
        this = challenges.c.challenge_digest == row.challenge_digest
        if store.execute(delete(challenges).where(this)).rowcount != 1:
            raise Problem(SMS_CODE_SPENT)
        self.tally("code_wrong", row.account_id).forget(store)
        self.tally("code_wrong_on", row.challenge_digest).forget(store)

    def _reserve_answer(self, store: Connection, row: Row[Any], now_ms: int) -> int:
        """Note a try before it is compared; return how many are left of this code."""
        at_account = self.tally("code_wrong", row.account_id)
        at_code = self.tally("code_wrong_on", row.challenge_digest)
        limit, in_a_row = SMS_FAILURES_PER_ACCOUNT_AND_HOUR, SMS_FAILURES_IN_A_ROW
        at_account.check(store, limit, HOUR, TOO_MANY_TRIES, now_ms)
        at_account.check(store, in_a_row, SMS_FAILURES_KEPT, TOO_MANY_TRIES, now_ms)
        left = SMS_CODE_TRIES - len(at_code.count(store))
        if left <= 0 or not is_live(row.sent_at, SMS_CODE_LIFE, now_ms):
            raise Problem(SMS_CODE_SPENT)
        at_account.note(store, now_ms)
        at_code.note(store, now_ms)
        return left - 1

    def _send_code(
        self,
        account_id: int,
        purpose: Purpose,
        number: str | None,
        now_ms: int,
        in_place_of: str | None = None,
    ) -> Challenge:
        """Send a code, in place of the one that was sent to this account for the same purpose."""
        code, challenge = rules.mint(), mint_token()
        with self.store.reading() as store:
            self._check_messages(store, account_id, number, now_ms)  # before the slow part (security T-49)
        code_hash = self.pepper.hash(code)
        with self.store.writing() as store:
            email = _account(store, account_id).email
            if in_place_of is not None:
                _challenge(store, in_place_of)
            for tally in self._check_messages(store, account_id, number, now_ms):
                tally.note(store, now_ms)
            same = (challenges.c.account_id == account_id) & (challenges.c.purpose == purpose)
            old = challenges.c.sent_at <= now_ms - in_ms(rules.RESEND_LIFE)
            store.execute(delete(challenges).where(same | old))
            values = {"account_id": account_id, "purpose": purpose, "number": number, "sent_at": now_ms}
            values |= {"challenge_digest": digest(challenge), "code_hash": code_hash}
            store.execute(insert(challenges).values(values))
            if number is None:
                post_mail(store, rules.code_mail(code), email, now_ms)
            else:
                post_text(store, rules.code_text(code), account_id, number, now_ms)
        return Challenge(challenge, rules.masked(number) if number else email, _LIFE_S)

    def _check_messages(
        self, store: Connection, account_id: int, number: str | None, now_ms: int
    ) -> Sequence[Tally]:
        """Return where one more code counts: at whom it is sent to, and at the account.

        Raises:
            Problem: `too_many_messages`, `not_logged_in` when the account is gone.
        """
        sent_to = number or _account(store, account_id).email
        counted = (self.tally("code_sent", sent_to), self.tally("code_asked", account_id))
        for tally in counted:
            tally.check(store, SMS_PER_NUMBER_AND_HOUR, HOUR, TOO_MANY_MESSAGES, now_ms)
        return counted


def _challenge(store: Connection, challenge: str) -> Row[Any]:
    this = challenges.c.challenge_digest == digest(challenge)
    row = store.execute(select(challenges).where(this)).one_or_none()
    if row is None:
        raise Problem(SMS_CODE_SPENT)
    return row


def _account(store: Connection, account_id: int) -> Row[Any]:
    row = store.execute(select(accounts).where(accounts.c.account_id == account_id)).one_or_none()
    if row is None:
        raise Problem(NOT_LOGGED_IN)
    return row


def _change(store: Connection, account_id: int, values: dict[str, object]) -> None:
    store.execute(update(accounts).where(accounts.c.account_id == account_id).values(values))
