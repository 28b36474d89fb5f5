"""Device codes as people type them at this box: compared with its own, and counted when wrong (S-ST-08). No I/O."""

import secrets
from datetime import datetime, timedelta
from typing import Final

from protocol.codes import fold_digits
from protocol.problems import DEVICE_CODE_WRONG, TOO_MANY_DEVICE_CODES, Problem
from protocol.rules import WRONG_DEVICE_CODES_PER_HOUR

_HOUR: Final = timedelta(hours=1)


class DeviceCodes:
    """The guard of one box. Whether another box has the typed code is nobody's business."""

    def __init__(self, own: str) -> None:
        self._own = own.encode()
        self._wrong_at: list[datetime] = []

    def check(self, typed: str, now: datetime) -> None:
        """Compare; after 10 wrong ones within an hour the right one is refused too.

        Raises:
            Problem: `device_code_wrong` with the tries that are left, or `too_many_device_codes`.
        """
        self._wrong_at = [at for at in self._wrong_at if timedelta(0) <= now - at < _HOUR]
        if len(self._wrong_at) >= WRONG_DEVICE_CODES_PER_HOUR:
            wait_s = int((self._wrong_at[0] + _HOUR - now).total_seconds()) + 1
            raise Problem(TOO_MANY_DEVICE_CODES, retry_after_s=wait_s)
        if not secrets.compare_digest(fold_digits(typed).encode(), self._own):
            self._wrong_at.append(now)
            left = WRONG_DEVICE_CODES_PER_HOUR - len(self._wrong_at)
            raise Problem(DEVICE_CODE_WRONG, tries_left=left)
