"""What every part of the registry has at hand."""

from dataclasses import dataclass, field

from cloud.pepper import Pepper
from cloud.registry.tallies import Tally, What
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

    def tally(self, what: What, *whose: str | int) -> Tally:
        """Return the tally of something, of whoever is named by `whose`."""
        return Tally(what, self.pepper.derive("tally", what, *whose))
