"""Who may read and write what over MQTT; everything else is denied. Secrets here are random and 256 bits long."""

import base64
import hashlib
import hmac
import re
import secrets
from dataclasses import dataclass
from typing import Final

from protocol.topics import WRITTEN_BY_CLOUD, WRITTEN_BY_GATEWAY, Topic

INGEST: Final = "ingest"
WATCHER: Final = "watcher"
_OURS: Final = "aiseg/#"

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


def gateway_login(gateway_id: str, epoch: int, password_hash: str) -> Login:
    """Return the rights of a gateway: its own topics of its current epoch."""
    return Login(
        username=gateway_id,
        password_hash=password_hash,
        may_write=tuple(str(Topic(gateway_id, epoch, channel)) for channel in WRITTEN_BY_GATEWAY),
        may_read=tuple(str(Topic(gateway_id, epoch, channel)) for channel in WRITTEN_BY_CLOUD),
        gateway=True,
    )


def ingest_login(password_hash: str) -> Login:
    """Return the rights of the ingest workers."""
    return Login(INGEST, password_hash, may_write=(_OURS,), may_read=(_OURS,))


def watcher_login(password_hash: str) -> Login:
    """Return the rights of a person who looks on with `mosquitto_sub` or MQTT Explorer."""
    return Login(WATCHER, password_hash, may_write=(), may_read=("#", "$SYS/#"))


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
