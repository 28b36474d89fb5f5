"""What a gateway announces by mDNS and how a phone reads it (RFC 6763 §6): nothing secret, nothing personal."""

from collections.abc import Mapping
from typing import Final

from pydantic import ValidationError

from protocol.faults import reason
from protocol.identity import FirmwareVersion, Frozen, GatewayId
from protocol.problems import ADVERTISEMENT_MALFORMED, Problem

SERVICE_TYPE: Final = "_aiseg._tcp.local."
SUBTYPE: Final = "_gateway"
"""What sets the box in the house apart from other AiSEG devices: `_gateway._sub._aiseg._tcp.local.` (RFC 6763 §7.1)."""
API_PATH: Final = "/api/v1"
DEFAULT_PORT: Final = 8081
"""Where the device API is unless it is set otherwise: what a phone tries that has heard no other port."""
TXT_VERSION: Final = "1"


class Advertisement(Frozen):
    """The facts in the TXT record. `model` is any string here: an unsupported one must be seen to be named."""

    gateway_id: GatewayId
    model: str
    firmware: FirmwareVersion
    api: str = API_PATH
    registered: bool
    busy: bool

    @property
    def instance_name(self) -> str:
        """The service instance name before any renaming, without the type."""
        return f"AiSEG {self.model} ({self.gateway_id[-6:]})"

    @property
    def host_name(self) -> str:
        """The host name, with the final dot."""
        return f"aiseg-{self.gateway_id}.local."

    def to_txt(self) -> dict[str, str]:
        """Return the TXT keys and values in the order of protocol/README.md."""
        return {
            "txtvers": TXT_VERSION,
            "id": self.gateway_id,
            "model": self.model,
            "fw": self.firmware,
            "api": self.api,
            "reg": str(int(self.registered)),
            "busy": str(int(self.busy)),
        }

    @classmethod
    def from_txt(cls, txt: Mapping[str, str | None]) -> "Advertisement":
        """Read TXT keys and values as they came from the network; unknown keys are ignored (RFC 6763 §6.4).

        Raises:
            Problem: `advertisement_malformed` with the reason.
        """
        if txt.get("txtvers") != TXT_VERSION:
            raise Problem(ADVERTISEMENT_MALFORMED, reason=f"txtvers={txt.get('txtvers')!r}")
        try:
            return cls.model_validate(
                {
                    "gateway_id": txt.get("id"),
                    "model": txt.get("model"),
                    "firmware": txt.get("fw"),
                    "api": txt.get("api"),
                    "registered": _flag(txt, "reg"),
                    "busy": _flag(txt, "busy"),
                }
            )
        except ValidationError as error:
            raise Problem(ADVERTISEMENT_MALFORMED, reason=reason(error)) from None


def _flag(txt: Mapping[str, str | None], key: str) -> bool:
    value = txt.get(key)
    if value not in ("0", "1"):
        raise Problem(ADVERTISEMENT_MALFORMED, reason=f"{key}={value!r}")
    return value == "1"
