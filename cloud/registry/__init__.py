"""The cloud's doorway: every verb, one transaction each. Calls block: async callers use a thread.

`now` is always the caller's; nothing here reads a clock or talks to a network.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Final

from sqlalchemy import literal, select

from cloud.pepper import Pepper, keep_secret
from cloud.registry.changes import Changes
from cloud.registry.console import Console
from cloud.registry.events import Events
from cloud.registry.link_codes import LinkCodes
from cloud.registry.links import Links
from cloud.registry.logging_in import LoggingIn
from cloud.registry.mails import Mails
from cloud.registry.passwords import Passwords
from cloud.registry.phones import Phones
from cloud.registry.registrations import Registrations
from cloud.registry.releases import Releases
from cloud.registry.survey import Survey
from cloud.registry.telemetry import Telemetry
from cloud.releases import ReleaseKey
from cloud.store.engine import Store, open_store
from cloud.store.images import FOLDER_NAME, Images
from cloud.store.schema import accounts, gateways, releases
from protocol.identity import Signed
from protocol.problems import STATE_DAMAGED, STATE_UNWRITABLE, Problem, UnreachableError

_FIRST_FILLED: Final = (releases, gateways, accounts)
"""One of these has a row in every database that was ever used."""


class Registry(
    Registrations,
    LinkCodes,
    Passwords,
    LoggingIn,
    Links,
    Phones,
    Changes,
    Events,
    Mails,
    Telemetry,
    Releases,
    Survey,
    Console,
):
    """Every verb of the cloud, told in one module for each noun."""

    def is_reachable(self) -> bool:
        """Say whether the store is there."""
        try:
            with self.store.reading():
                return True
        except UnreachableError:
            return False

    def close(self) -> None:
        """Close the store."""
        self.store.close()


def open_registry(
    folder: Path, latest_firmware: Mapping[str, str], postgresql: str | None = None
) -> Registry:
    """Open the registry kept in `folder`: database, images, pepper, release key, the watcher's password.

    The database is in PostgreSQL if its URL is given. The catalogue has at least `latest_firmware` afterwards, by model.

    Raises:
        Problem: `settings_wrong`, `state_damaged` or `state_unwritable`.
        UnreachableError: PostgreSQL is away, or does not let us in.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as error:
        raise Problem(STATE_UNWRITABLE, file=str(folder), reason=str(error.strerror)) from None
    store = open_store(folder, postgresql)
    try:
        registry = Registry(
            store,
            Images(folder / FOLDER_NAME),
            _pepper(folder / "pepper", store),
            _release_key(folder / "release-key", store),
            _secret(folder / "watcher-password"),
        )
        registry.stock(latest_firmware)
    except BaseException:
        store.close()
        raise
    return registry


def _pepper(file: Path, store: Store) -> Pepper:
    """Return the key of the secrets. One that is lost is not replaced: all hashes in the database are made with it."""
    with store.reading() as reading:
        in_use = any(reading.scalar(select(literal(1)).select_from(each).limit(1)) for each in _FIRST_FILLED)
    if in_use and not file.exists():
        raise Problem(STATE_DAMAGED, file=str(file), reason="missing, so no password can be checked")
    return Pepper(_secret(file).encode())


def _release_key(file: Path, store: Store) -> ReleaseKey:
    """Return the key that signs releases. One that is lost is not replaced: gateways trust it and no other."""
    with store.reading() as reading:
        signed = reading.execute(select(releases.c.manifest, releases.c.signature).limit(1)).one_or_none()
    if signed and not file.exists():
        raise Problem(STATE_DAMAGED, file=str(file), reason="missing, so no release can be signed")
    key = ReleaseKey(_secret(file))
    if signed and not key.has_signed(Signed(payload=signed.manifest, signature=signed.signature)):
        raise Problem(STATE_DAMAGED, file=str(file), reason="not the key of this database")
    return key


def _secret(file: Path) -> str:
    try:
        return keep_secret(file)
    except OSError as error:
        raise Problem(STATE_UNWRITABLE, file=str(file), reason=str(error.strerror)) from None
