"""What is wrong with something that was sent or set, in words; never the value itself, which may be a secret."""

import re
from typing import Final

from pydantic import ValidationError

_NUL: Final = re.compile(r"(?<!\\)(?:\\\\)*\\u0000")
NO_TEXT: Final = "U+0000 is in it"
"""Why a text is refused that not every store can keep."""


def first_fault(error: ValidationError) -> tuple[str, str]:
    """Return where (dotted, may be empty) and what the first fault is."""
    first = error.errors(include_url=False, include_input=False, include_context=False)[0]
    return ".".join(str(part) for part in first["loc"]), first["msg"]


def reason(error: ValidationError) -> str:
    """Return the first fault as one phrase."""
    where, what = first_fault(error)
    return f"{where}: {what}" if where else what


def holds_nul(document: str) -> bool:
    """Say whether a string of this JSON document has the character U+0000.

    JSON has it escaped only; the backslash that escapes it is not escaped itself.
    """
    return bool(_NUL.search(document))
