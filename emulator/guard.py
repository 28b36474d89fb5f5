"""What people type at this box to show that they stand before it: compared, and counted when wrong. No I/O."""

import math
import secrets
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from protocol.codes import fold_digits
from protocol.problems import Kind, Problem


@dataclass
class Guard:
    """Compares with `own` digits; after `tries` wrong ones within `window` the right one is refused too."""

    own: str = field(repr=False)
    tries: int
    window: timedelta
    wrong: Kind
    too_many: Kind
    _wrong_at: list[datetime] = field(default_factory=list)

    def check(self, typed: str, now: datetime) -> None:
        """Compare what a person typed.

        Raises:
            Problem: `wrong`, with `tries_left`, or `too_many`, with `retry_after_s`.
        """
        self._wrong_at = [at for at in self._wrong_at if timedelta(0) <= now - at < self.window]
        if len(self._wrong_at) >= self.tries:
            wait_s = math.ceil((self._wrong_at[0] + self.window - now).total_seconds())
            raise Problem(self.too_many, retry_after_s=wait_s)
        if not secrets.compare_digest(fold_digits(typed).encode(), self.own.encode()):
            self._wrong_at.append(now)
            raise Problem(self.wrong, tries_left=self.tries - len(self._wrong_at))
