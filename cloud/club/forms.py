"""What several pages ask for alike."""

from typing import Final

from cloud.club.taps import Tap
from protocol.problems import ANSWER_MISSING, MAIL_URL_EXPIRED, MAIL_URL_INVALID, AisegError, Problem

NEWSLETTERS: Final = ("club", "energy", "campaign")
"""What can be chosen under ご希望のメルマガ; at first none is (S-ACC-03)."""


def newsletters(tap: Tap) -> tuple[str, ...]:
    """Return the newsletters that are ticked."""
    return tuple(each for each in NEWSLETTERS if tap.typed(f"newsletter_{each}"))


def is_over(error: AisegError) -> bool:
    """Say whether a mailed URL will never work again."""
    return isinstance(error, Problem) and error.kind in (MAIL_URL_EXPIRED, MAIL_URL_INVALID)


def answer_missing(tap: Tap, name: str) -> Problem:
    """Return the problem that names a field without an answer, by its label."""
    japanese, english = (tap.house.view.words[language][name] for language in ("ja", "en"))
    return Problem(ANSWER_MISSING, what=english, what_ja=japanese)
