"""The cloud's doorway: every verb, one transaction each. Calls block: async callers use a thread.

`now` is always the caller's; nothing here reads a clock or talks to a network.
"""

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

from sqlalchemy import func, select

from cloud.instants import from_ms
from cloud.pepper import Pepper, keep_secret
from cloud.registry.accounts import Accounts
from cloud.registry.gateways import Gateways
from cloud.registry.links import Links
from cloud.registry.telemetry import Telemetry
from cloud.store.engine import FILE_NAME, Store, open_store
from cloud.store.schema import gateways, link_codes, mails
from protocol.problems import STATE_DAMAGED, STATE_UNWRITABLE, Problem


class Registry(Gateways, Accounts, Links, Telemetry):
    """Who owns what: gateways, accounts, links and telemetry, each told in a module of its own."""

    def latest_instant(self) -> datetime | None:
        """Return the latest instant the store knows to have passed; the clock must not show an earlier one."""
        columns = (gateways.c.last_seen_at, gateways.c.registered_at, link_codes.c.issued_at, mails.c.sent_at)
        with self.store.reading() as store:
            latest = [store.scalar(select(func.max(column))) for column in columns]
        known = [at_ms for at_ms in latest if at_ms is not None]
        return from_ms(max(known)) if known else None

    def close(self) -> None:
        """Close the store."""
        self.store.close()


def open_registry(folder: Path, latest_firmware: Mapping[str, str]) -> Registry:
    """Open the registry kept in `folder`: database, pepper, the watcher's password.

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
    store: Store = open_store(folder)
    return Registry(store, pepper, latest_firmware, watcher_password)
