"""What others say of themselves, on its way to a screen."""

import unicodedata
from typing import Final

_MAX_SHOWN: Final = 80


def printable(text: str) -> str:
    """Return `text` without control, format and unassigned characters, at most 80 long: safe for a terminal."""
    visible = (char for char in text if unicodedata.category(char)[0] != "C" and char not in "\u2028\u2029")
    return "".join(visible)[:_MAX_SHOWN]
