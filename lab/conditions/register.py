"""The conditions of one home that have begun, and when they end."""

from collections.abc import Callable, Mapping
from contextlib import ExitStack
from datetime import datetime, timedelta
from typing import Final

from lab.conditions.active import Active, Argument
from lab.conditions.catalogue import prepare
from lab.conditions.claims import Claims
from lab.conditions.doing import Doing
from lab.conditions.hands import Hands
from protocol.problems import PARAMETER_WRONG, Problem

LONGEST_TTL_S: Final = 86_400
"""As long as any condition may be told to last."""


class Register:
    """Begins and ends conditions: any number at once, the same one twice too; ended in any order, nothing stays behind."""

    def __init__(self, hands: Hands, now: Callable[[], datetime]) -> None:
        self._hands = hands
        self._now = now
        self._claims = Claims(hands)
        self._begun = 0
        self._active: dict[int, tuple[Active, Doing]] = {}

    def begin(self, name: str, args: Mapping[str, Argument], ttl_s: float | None = None) -> Active:
        """Begin a condition; it ends after `ttl_s`, or after the time of its own that some have.

        Raises:
            Problem: there is no such condition, parameter or machine, or it cannot be done here.
        """
        condition = prepare(name, args, self._hands.network.plan.hosts)
        if ttl_s is not None and not 0 < ttl_s <= LONGEST_TTL_S:
            takes = f"> 0 … {LONGEST_TTL_S}"
            raise Problem(PARAMETER_WRONG, name=name, parameter="ttl_s", value=str(ttl_s), takes=takes)
        self._begun += 1
        number = self._begun
        doing = Doing(number, name, self._hands, self._claims)
        try:
            condition.begin(doing)
        except BaseException:
            doing.undo()
            raise
        lasts_s = condition.lasts_s if ttl_s is None else ttl_s
        ends_at = None if lasts_s is None else self._now() + timedelta(seconds=lasts_s)
        active = Active(number, name, condition.model_dump(), ends_at)
        self._active[number] = active, doing
        if lasts_s is not None:
            self._hands.later(lasts_s, lambda: self.end(number))
        return active

    def end(self, number: int) -> None:
        """End a condition; nothing happens if it has ended already."""
        if begun := self._active.pop(number, None):
            begun[1].undo()

    def active(self) -> list[Active]:
        """Return those that go on, in the order they began."""
        return [active for active, _ in self._active.values()]

    def all_clear(self) -> None:
        """End all, the newest first; all of them, even if something fails."""
        with ExitStack() as ends:
            for number in self._active:
                ends.callback(self.end, number)
