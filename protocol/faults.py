"""What is wrong with something that was sent or set, in words; never the value itself, which may be a secret."""

from pydantic import ValidationError


def first_fault(error: ValidationError) -> tuple[str, str]:
    """Return where (dotted, may be empty) and what the first fault is."""
    first = error.errors(include_url=False, include_input=False, include_context=False)[0]
    return ".".join(str(part) for part in first["loc"]), first["msg"]


def reason(error: ValidationError) -> str:
    """Return the first fault as one phrase."""
    where, what = first_fault(error)
    return f"{where}: {what}" if where else what
