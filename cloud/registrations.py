"""Registrations: the confirmation code, and whether 家族の情報 is asked for (manual p10, p13)."""

import secrets
from datetime import datetime
from typing import Final

from cloud.instants import in_ms
from protocol.rules import FAMILY_CUTOFF, REGISTRATION_RUN_LIFE, TOKYO

_DIGITS: Final = 6
_TRIVIAL: Final = frozenset({"123456", "654321", *(digit * _DIGITS for digit in "0123456789")})


def mint_confirmation_code() -> str:
    """Return 6 random digits, none of the codes that people try first."""
    while (code := f"{secrets.randbelow(10**_DIGITS):0{_DIGITS}}") in _TRIVIAL:
        pass
    return code


def run_is_live(begun_at_ms: int, now_ms: int) -> bool:
    """Say whether a begun registration may still be finished: `begun <= now < begun + 24 h`."""
    return begun_at_ms <= now_ms < begun_at_ms + in_ms(REGISTRATION_RUN_LIFE)


def family_needed(registered_at: datetime, answered: bool) -> bool:
    """Say whether a link code needs ご家族の情報 first: registered before that day in Japan, or not `answered` (S-LC-08)."""
    return not answered or registered_at.astimezone(TOKYO).date() < FAMILY_CUTOFF
