"""Link codes: how one is made and when it is good (S-LC-12, S-LC-13, manual p14)."""

import secrets
from typing import Final

from cloud.instants import in_ms
from protocol.codes import with_check_digit
from protocol.rules import LINK_CODE_LIFE

_RANDOM_DIGITS: Final = 11


def mint() -> str:
    """Return a fresh link code: 11 random digits and their check digit."""
    return with_check_digit(f"{secrets.randbelow(10**_RANDOM_DIGITS):0{_RANDOM_DIGITS}}")


def is_live(issued_at_ms: int, now_ms: int) -> bool:
    """Say whether `issued <= now < issued + 3600 s`."""
    return issued_at_ms <= now_ms < issued_at_ms + in_ms(LINK_CODE_LIFE)
