"""A condition that has begun, as everybody speaks of it."""

from collections.abc import Mapping
from datetime import datetime
from typing import NamedTuple, TypeAlias

Argument: TypeAlias = str | float | bool | None


class Active(NamedTuple):
    """All its parameters, and when it ends by itself (None: never)."""

    number: int
    name: str
    args: Mapping[str, Argument]
    ends_at: datetime | None
