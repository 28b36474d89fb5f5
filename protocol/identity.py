"""Names of a gateway: the public id, the printed device code, the model (glossary in protocol/README.md)."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, StringConstraints

GatewayId = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{12}$", strict=True)]
"""12 lower-case hex digits, public, made at manufacture."""

DeviceCode = Annotated[str, StringConstraints(pattern=r"^[0-9]{10}$", strict=True)]
"""10 digits printed on the case (manual p11). Selects a gateway, never authorises anything."""

Model = Literal["MKN700", "MKN702"]
"""The models the app supports (S-GEN-14, manual p1)."""

FirmwareVersion = Annotated[str, StringConstraints(pattern=r"^[0-9]{1,3}(\.[0-9]{1,3}){1,3}$", strict=True)]
"""Dotted numbers such as `2.10`; compared number by number."""


class Frozen(BaseModel):
    """A value that crosses a wire: immutable, unknown keys refused."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Signed(Frozen):
    """The exact text that was signed, and its Ed25519 signature in base64."""

    payload: Annotated[str, StringConstraints(strict=True, max_length=8192)]
    signature: Annotated[str, StringConstraints(strict=True, max_length=128)]


OpaqueId = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{16,64}$", strict=True)]
"""An id made by the caller: an installation, or a request whose repetition must have one effect."""


def firmware_key(version: str) -> tuple[int, ...]:
    """Return the sort key of a firmware version, so that 2.9 comes before 2.10."""
    return tuple(int(part) for part in version.split("."))
