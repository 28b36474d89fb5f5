"""What the API needs of MQTT; the program fits it together from broker and ingest."""

from typing import Protocol

from cloud.logins import Login
from protocol.topics import Topic


class Mqtt(Protocol):
    """What the API needs of the broker and of our connection to it."""

    def address(self) -> tuple[str, int]:
        """Return host and port as gateways reach them."""

    def is_connected(self) -> bool:
        """Say whether telemetry can come in."""

    async def admit(self, login: Login) -> None:
        """Let a gateway in from now on, and its older registration no more."""

    async def tell(self, topic: Topic, payload: bytes, *, retain: bool = False) -> None:
        """Publish if that is possible now; never fail."""
