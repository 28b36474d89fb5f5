"""Instants as the store keeps them: whole milliseconds since 1970-01-01T00:00:00Z."""

from datetime import datetime, timedelta, timezone
from typing import Final

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=timezone.utc)  # noqa: UP017
_MILLISECOND: Final = timedelta(milliseconds=1)


def in_ms(span: timedelta) -> int:
    """Return `span` in whole milliseconds, rounded down."""
    return span // _MILLISECOND


def to_ms(at: datetime) -> int:
    """Return the milliseconds from 1970 to the aware instant `at`, rounded down."""
    return in_ms(at - _EPOCH)


def from_ms(at_ms: int) -> datetime:
    """Return the aware UTC instant of `at_ms`."""
    return _EPOCH + at_ms * _MILLISECOND
