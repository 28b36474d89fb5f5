"""Who may do what over MQTT, and the interface of what serves it: our own endpoint, or Mosquitto.

Gateways, ingest and people watching are clients of the same broker and pass the same checks: nothing is allowed that a
login does not list. Secrets here are random and 256 bits long.
"""

import base64
import hashlib
import hmac
import re
import secrets
from collections.abc import Iterable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Final, Protocol

# As many rounds as mosquitto_passwd. A guess at 256 random bits is hopeless without any; more would only slow our logins.
_ITERATIONS: Final = 101
_SALT_BYTES: Final = 12  # Mosquitto 2.0 refuses any other length

# No `+ # /`, which would widen a topic right, and no `:` or line end, which would add a line to Mosquitto's files.
_USER_NAME: Final = re.compile(r"[A-Za-z0-9_-]{1,64}")


@dataclass(frozen=True)
class Login:
    """One user name with its password and the topic filters it may write and read."""

    username: str
    password_hash: str
    may_write: tuple[str, ...]
    may_read: tuple[str, ...]
    gateway: bool = False
    """The client id must equal the user name."""

    def __post_init__(self) -> None:
        if not _USER_NAME.fullmatch(self.username):
            raise ValueError(f"unusable MQTT user name: {self.username!r}")


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


def hash_password(password: str) -> str:
    """Return `$7$<iterations>$<salt>$<PBKDF2-SHA512>` in base64, the form of Mosquitto's password_file."""
    salt = secrets.token_bytes(_SALT_BYTES)
    return "$".join(
        ("", "7", str(_ITERATIONS), _base64(salt), _base64(_derive(password.encode(), salt, _ITERATIONS)))
    )


def verify_password(password: bytes, password_hash: str) -> bool:
    """Say whether `password` is the one that `password_hash` was made of."""
    _, _, iterations, salt, expected = password_hash.split("$")
    derived = _derive(password, base64.b64decode(salt), int(iterations))
    return hmac.compare_digest(derived, base64.b64decode(expected))


def _derive(password: bytes, salt: bytes, iterations: int) -> bytes:
    return hashlib.pbkdf2_hmac("sha512", password, salt, iterations)


def _base64(value: bytes) -> str:
    return base64.b64encode(value).decode()
