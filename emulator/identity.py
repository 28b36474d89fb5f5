"""Who this gateway is: id, device code and key, made at the first start ("manufacture") and kept for ever."""

import base64
import binascii
import json
import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from pydantic import ValidationError

from chassis.folder import write_whole
from protocol.codes import with_check_digit
from protocol.faults import reason
from protocol.identity import DeviceCode, Frozen, GatewayId
from protocol.problems import STATE_DAMAGED, STATE_UNWRITABLE, Problem

IDENTITY_FILE: Final = "identity.json"


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
    key: Ed25519PrivateKey

    @property
    def public_key(self) -> str:
        """Return the Ed25519 public key, 32 bytes in base64."""
        return base64.b64encode(self.key.public_key().public_bytes_raw()).decode()

    def sign(self, payload: str) -> str:
        """Return the Ed25519 signature of `payload` (UTF-8) in base64."""
        return base64.b64encode(self.key.sign(payload.encode())).decode()


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
        key = Ed25519PrivateKey.from_private_bytes(base64.b64decode(stored.private_key, validate=True))
    except ValidationError as error:
        raise Problem(STATE_DAMAGED, file=str(file), reason=reason(error)) from None
    except (binascii.Error, ValueError):
        raise Problem(STATE_DAMAGED, file=str(file), reason="private_key") from None
    return Identity(stored.gateway_id, stored.device_code, key)


def _make(file: Path) -> Identity:
    identity = Identity(
        gateway_id=secrets.token_hex(6),
        device_code=with_check_digit(f"{secrets.randbelow(10**9):09}"),
        key=Ed25519PrivateKey.generate(),
    )
    document = {
        "v": 1,
        "gateway_id": identity.gateway_id,
        "device_code": identity.device_code,
        "private_key": base64.b64encode(identity.key.private_bytes_raw()).decode(),
    }
    try:
        write_whole(file, json.dumps(document, indent=2) + "\n")
    except OSError as error:
        raise Problem(STATE_UNWRITABLE, file=str(file), reason=str(error.strerror)) from None
    return identity
