"""Who the responder under test says it is."""

from dataclasses import dataclass
from typing import Final

from lab.conformance.packets import PTR, Question, Record
from protocol.discovery import SERVICE_TYPE, SUBTYPE, Advertisement

ALL_TYPES: Final = "_services._dns-sd._udp.local."
MODEL: Final = "MKN702"
OTHER_MODEL: Final = "MKN713"
"""What a gateway that is renamed becomes."""


@dataclass(frozen=True)
class Service:
    """One gateway's announcement, whichever responder makes it. Two whose ids end alike have one instance name."""

    gateway_id: str = "0123456789ab"
    model: str = MODEL
    port: int = 8081

    @property
    def advertisement(self) -> Advertisement:
        """The facts in its TXT record."""
        return Advertisement(
            gateway_id=self.gateway_id, model=self.model, firmware="2.10", registered=False, busy=False
        )

    @property
    def label(self) -> str:
        """The instance name without the type."""
        return self.advertisement.instance_name

    @property
    def instance(self) -> str:
        """The instance's full name."""
        return f"{self.label}.{SERVICE_TYPE}"

    @property
    def host(self) -> str:
        """The host's full name."""
        return self.advertisement.host_name

    @property
    def pointer(self) -> Record:
        """The record that browsing finds."""
        return Record(SERVICE_TYPE, PTR, self.instance, 4500)


BROWSE: Final = Question(SERVICE_TYPE, PTR)
BROWSE_SUBTYPE: Final = Question(f"{SUBTYPE}._sub.{SERVICE_TYPE}", PTR)
ENUMERATE: Final = Question(ALL_TYPES, PTR)
