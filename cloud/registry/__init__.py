"""The cloud's doorway: every verb, one transaction each. Calls block: async callers use a thread.

`now` is always the caller's; nothing here reads a clock or talks to a network.
"""

from collections.abc import Mapping
from pathlib import Path

from sqlalchemy import select

from cloud.pepper import Pepper, keep_secret
from cloud.registry.accounts import Accounts
from cloud.registry.events import Events
from cloud.registry.link_codes import LinkCodes
from cloud.registry.links import Links
from cloud.registry.registrations import Registrations
from cloud.registry.releases import Releases
from cloud.registry.survey import Survey
from cloud.registry.telemetry import Telemetry
from cloud.releases import ReleaseKey
from cloud.store.engine import FILE_NAME, Store, open_store
from cloud.store.images import FOLDER_NAME, Images
from cloud.store.schema import releases
from protocol.problems import STATE_DAMAGED, STATE_UNWRITABLE, Problem


class Registry(Registrations, LinkCodes, Accounts, Links, Events, Telemetry, Releases, Survey):
    """Every verb of the cloud, told in one module for each noun."""

    def close(self) -> None:
        """Close the store."""
        self.store.close()


def open_registry(folder: Path, latest_firmware: Mapping[str, str]) -> Registry:
    """Open the registry kept in `folder`: database, images, pepper, release key, the watcher's password.

    The catalogue has at least `latest_firmware` afterwards, by model.

    Raises:
        Problem: `state_damaged` or `state_unwritable`.
    """
    pepper_file = folder / "pepper"
    if (folder / FILE_NAME).exists() and not pepper_file.exists():
        raise Problem(STATE_DAMAGED, file=str(pepper_file), reason="missing, so no password can be checked")
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        pepper = Pepper(keep_secret(pepper_file).encode())
        watcher_password = keep_secret(folder / "watcher-password")
    except OSError as error:
        raise Problem(STATE_UNWRITABLE, file=str(folder), reason=str(error.strerror)) from None
    store = open_store(folder)
    try:
        key = _release_key(folder / "release-key", store)
        registry = Registry(store, Images(folder / FOLDER_NAME), pepper, key, watcher_password)
        registry.stock(latest_firmware)
    except BaseException:
        store.close()
        raise
    return registry


def _release_key(file: Path, store: Store) -> ReleaseKey:
    """Return the key that signs releases. One that is lost is not replaced: gateways trust it and no other."""
    with store.reading() as reading:
        has_signed = reading.scalar(select(releases.c.model).limit(1)) is not None
    if has_signed and not file.exists():
        raise Problem(STATE_DAMAGED, file=str(file), reason="missing, so no release can be signed")
    try:
        return ReleaseKey(keep_secret(file))
    except OSError as error:
        raise Problem(STATE_UNWRITABLE, file=str(file), reason=str(error.strerror)) from None
