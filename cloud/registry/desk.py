"""What every part of the registry has at hand."""

from dataclasses import dataclass, field

from cloud.pepper import Pepper
from cloud.releases import ReleaseKey
from cloud.store.engine import Store
from cloud.store.images import Images


@dataclass(frozen=True)
class Desk:
    """The open store and its images, the keys of its secrets and of its releases, the watcher's password."""

    store: Store
    images: Images
    pepper: Pepper = field(repr=False)
    release_key: ReleaseKey = field(repr=False)
    watcher_password: str = field(repr=False)
