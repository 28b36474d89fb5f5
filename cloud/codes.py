"""Codes people type, link codes and change codes: how one is made and when it is good (manual p14, p25)."""

import secrets
from datetime import timedelta
from typing import Final

from cloud.instants import in_ms
from protocol.codes import with_check_digit

_RANDOM_DIGITS: Final = 11


def mint() -> str:
    """Return a fresh code: 11 random digits and their check digit."""
    return with_check_digit(f"{secrets.randbelow(10**_RANDOM_DIGITS):0{_RANDOM_DIGITS}}")


def is_live(issued_at_ms: int, life: timedelta, now_ms: int) -> bool:
    """Say whether `issued <= now < issued + life` (S-LC-12, S-LC-13, S-CHG-05, S-CHG-17)."""
    return issued_at_ms <= now_ms < issued_at_ms + in_ms(life)
