"""The codes people type: shape, check digit, folding of what was typed.

Link codes and change codes are 11 random digits and a Verhoeff digit, shown `1234 5678 9012`; one wrong digit or two swapped
neighbours never pass. Device codes of emulated gateways carry the digit too, but only as a typing hint.
"""

import re
import unicodedata
from typing import Annotated, Final

from pydantic import AfterValidator, StringConstraints

from protocol.problems import CHANGE_CODE_MALFORMED, CODE_MALFORMED, Kind, Problem

_CODE: Final = re.compile(r"[0-9]{12}")
_SEPARATORS: Final = str.maketrans("", "", " -‐‑–—−ー\u3000\t")

# The dihedral group D5 and the permutation of Verhoeff's scheme (1969).
_TIMES: Final = (
    (0, 1, 2, 3, 4, 5, 6, 7, 8, 9),
    (1, 2, 3, 4, 0, 6, 7, 8, 9, 5),
    (2, 3, 4, 0, 1, 7, 8, 9, 5, 6),
    (3, 4, 0, 1, 2, 8, 9, 5, 6, 7),
    (4, 0, 1, 2, 3, 9, 5, 6, 7, 8),
    (5, 9, 8, 7, 6, 0, 4, 3, 2, 1),
    (6, 5, 9, 8, 7, 1, 0, 4, 3, 2),
    (7, 6, 5, 9, 8, 2, 1, 0, 4, 3),
    (8, 7, 6, 5, 9, 3, 2, 1, 0, 4),
    (9, 8, 7, 6, 5, 4, 3, 2, 1, 0),
)
_INVERSE: Final = (0, 4, 3, 2, 1, 5, 6, 7, 8, 9)
_PERMUTE: Final = (
    (0, 1, 2, 3, 4, 5, 6, 7, 8, 9),
    (1, 5, 7, 6, 2, 8, 3, 0, 9, 4),
    (5, 8, 0, 3, 7, 9, 6, 1, 4, 2),
    (8, 9, 1, 6, 0, 4, 3, 5, 2, 7),
    (9, 4, 5, 3, 1, 2, 6, 8, 7, 0),
    (4, 2, 8, 6, 5, 7, 3, 9, 0, 1),
    (2, 7, 9, 3, 8, 0, 6, 4, 1, 5),
    (7, 0, 4, 6, 9, 1, 3, 2, 5, 8),
)


def _checksum(digits: str, first_place: int) -> int:
    check = 0
    for place, digit in enumerate(reversed(digits), start=first_place):
        check = _TIMES[check][_PERMUTE[place % 8][int(digit)]]
    return check


def with_check_digit(digits: str) -> str:
    """Return `digits` (ASCII digits) with its Verhoeff digit appended."""
    return digits + str(_INVERSE[_checksum(digits, 1)])


def has_check_digit(digits: str) -> bool:
    """Say whether the last of `digits` (ASCII digits) is the Verhoeff digit of those before it."""
    return _checksum(digits, 0) == 0


def fold_digits(typed: str) -> str:
    """Drop spaces and hyphens from `typed` and fold full-width digits; nothing else is forgiven (S-LC-24)."""
    return unicodedata.normalize("NFKC", typed.translate(_SEPARATORS)).translate(_SEPARATORS)


def read_link_code(typed: str) -> str:
    """Return the 12 digits of a link code as a person may type it.

    Raises:
        Problem: `code_malformed` when it is not 12 digits or the check digit does not fit. No try is spent.
    """
    return _read(typed, CODE_MALFORMED)


def read_change_code(typed: str) -> str:
    """Return the 12 digits of a change code as a person may type it.

    Raises:
        Problem: `change_code_malformed`, as for a link code.
    """
    return _read(typed, CHANGE_CODE_MALFORMED)


def _read(typed: str, otherwise: Kind) -> str:
    digits = fold_digits(typed)
    if not _CODE.fullmatch(digits) or not has_check_digit(digits):
        raise Problem(otherwise)
    return digits


def in_fours(code: str) -> str:
    """Return a link or change code in groups of four, as panel and phone show it."""
    return " ".join(code[start : start + 4] for start in range(0, len(code), 4))


LinkCode = Annotated[str, StringConstraints(strict=True, max_length=64), AfterValidator(read_link_code)]
"""A link code on a wire: a string, folded and checked as `read_link_code` does."""

ChangeCode = Annotated[str, StringConstraints(strict=True, max_length=64), AfterValidator(read_change_code)]
"""A change code on a wire, likewise."""
