"""What serves MQTT under the logins of `cloud.logins`: our own endpoint, or Mosquitto.

Gateways, ingest and people watching are clients of the same broker and pass the same checks: nothing is allowed that a
login does not list.
"""

from collections.abc import Iterable
from contextlib import AbstractAsyncContextManager
from typing import Protocol

from cloud.logins import Login


class Broker(Protocol):
    """An MQTT 5 broker under our rights."""

    host: str
    port: int
    """The real one once serving, also when 0 was asked for."""

    def serving(self, logins: Iterable[Login]) -> AbstractAsyncContextManager[None]:
        """Serve until the block is left.

        Raises:
            Problem: `port_taken`; `program_missing` when the broker is a program that is not installed.
        """
        ...

    async def admit(self, login: Login) -> None:
        """Add or replace a login at once; a live session under an old password or old rights ends."""
        ...
