"""The cloud's doorway: every verb, one transaction each. Calls block: async callers use a thread.

`now` is always the caller's; nothing here reads a clock or talks to a network.
"""

from collections.abc import Mapping
from pathlib import Path

from cloud.pepper import Pepper, keep_secret
from cloud.registry.accounts import Accounts
from cloud.registry.gateways import Gateways
from cloud.registry.links import Links
from cloud.registry.survey import Survey
from cloud.registry.telemetry import Telemetry
from cloud.store.engine import FILE_NAME, open_store
from protocol.problems import STATE_DAMAGED, STATE_UNWRITABLE, Problem


class Registry(Gateways, Accounts, Links, Telemetry, Survey):
    """Every verb of the cloud, told in one module for each noun."""

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
    return Registry(open_store(folder), pepper, latest_firmware, watcher_password)
