"""Who may read and write what at the broker; everything else is denied."""

from typing import Final

from cloud.broker import Login
from protocol.topics import WRITTEN_BY_CLOUD, WRITTEN_BY_GATEWAY, Topic

INGEST: Final = "ingest"
WATCHER: Final = "watcher"
_EVERYTHING: Final = "aiseg/#"


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
    return Login(INGEST, password_hash, may_write=(_EVERYTHING,), may_read=(_EVERYTHING,))


def watcher_login(password_hash: str) -> Login:
    """Return the rights of a person who looks on with `mosquitto_sub` or MQTT Explorer."""
    return Login(WATCHER, password_hash, may_write=(), may_read=(_EVERYTHING,))
