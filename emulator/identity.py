"""Who this gateway is: id, device code and key, made at the first start ("manufacture") and kept for ever."""

import base64
import binascii
import json
import secrets
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal

from pydantic import ValidationError

from chassis.folder import write_whole
from protocol.codes import with_check_digit
from protocol.faults import reason
from protocol.identity import DeviceCode, Frozen, GatewayId
from protocol.problems import STATE_DAMAGED, STATE_UNWRITABLE, Problem

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

IDENTITY_FILE: Final = "identity.json"
KEY_BYTES: Final = 32
"""Any so many are an Ed25519 private key (RFC 8032 §5.1.5)."""


class _Stored(Frozen):
    v: Literal[1]
    gateway_id: GatewayId
    device_code: DeviceCode
    private_key: str


@dataclass(frozen=True)
class Identity:
    """The public id, the code printed on the case, and the key that never leaves the gateway."""

    gateway_id: str
    device_code: str
    private_key: bytes = field(repr=False)

    @property
    def public_key(self) -> str:
        """Return the Ed25519 public key, 32 bytes in base64."""
        return base64.b64encode(self._key.public_key().public_bytes_raw()).decode()

    def sign(self, payload: str) -> str:
        """Return the Ed25519 signature of `payload` (UTF-8) in base64."""
        return base64.b64encode(self._key.sign(payload.encode())).decode()

    @cached_property
    def _key(self) -> "Ed25519PrivateKey":
        # Not needed for a name, and a gateway that starts is named before anything else is loaded.
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey  # noqa: PLC0415

        return Ed25519PrivateKey.from_private_bytes(self.private_key)


def load_identity(folder: Path) -> Identity:
    """Return the identity kept in `folder`, made now if this is the first start.

    Raises:
        Problem: `state_damaged` or `state_unwritable`.
    """
    file = folder / IDENTITY_FILE
    try:
        text = file.read_text("utf-8")
    except FileNotFoundError:
        return _make(file)
    except (OSError, UnicodeDecodeError) as error:
        raise Problem(STATE_DAMAGED, file=str(file), reason=str(error)) from None
    try:
        stored = _Stored.model_validate_json(text)
    except ValidationError as error:
        raise Problem(STATE_DAMAGED, file=str(file), reason=reason(error)) from None
    private_key = _decoded(stored.private_key)
    if len(private_key) != KEY_BYTES:
        raise Problem(STATE_DAMAGED, file=str(file), reason="private_key")
    return Identity(stored.gateway_id, stored.device_code, private_key)


def _decoded(text: str) -> bytes:
    """Return the bytes that `text` holds in base64, none if it is not."""
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return b""


def _make(file: Path) -> Identity:
    identity = Identity(
        gateway_id=secrets.token_hex(6),
        device_code=with_check_digit(f"{secrets.randbelow(10**9):09}"),
        private_key=secrets.token_bytes(KEY_BYTES),
    )
    document = {
        "v": 1,
        "gateway_id": identity.gateway_id,
        "device_code": identity.device_code,
        "private_key": base64.b64encode(identity.private_key).decode(),
    }
    try:
        write_whole(file, json.dumps(document, indent=2) + "\n")
    except OSError as error:
        raise Problem(STATE_UNWRITABLE, file=str(file), reason=str(error.strerror)) from None
    return identity
