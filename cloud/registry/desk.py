"""What every part of the registry has at hand."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from cloud.pepper import Pepper
from cloud.store.engine import Store


@dataclass(frozen=True)
class Desk:
    """The open store, the key of its secrets, the release table and the watcher's password."""

    store: Store
    pepper: Pepper = field(repr=False)
    latest_firmware: Mapping[str, str]
    watcher_password: str = field(repr=False)
