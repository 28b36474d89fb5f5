"""A file of the phone's memory: readable for its owner only, replaced as a whole, by one process at a time."""

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from protocol.problems import STATE_DAMAGED, STATE_UNWRITABLE, Problem

_TRY_AGAIN_S: Final = 0.02


class WholeFile:
    """The file at `path`; its folder is made when it is first written. Everything here blocks."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def read(self) -> bytes | None:
        """Return what is in it, or None when there is none yet.

        Raises:
            Problem: `state_damaged`.
        """
        try:
            return self.path.read_bytes()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise self.damaged(str(error.strerror)) from None

    @contextmanager
    def alone(self, tries: int | None = None) -> Iterator[None]:
        """Keep every other process from changing it until the block is left.

        Who has it may be waiting for the cloud: `tries`, 20 ms apart, are for who cannot wait as well.

        Raises:
            Problem: `state_unwritable`.
        """
        try:
            self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            with self.path.with_suffix(".lock").open("wb") as lock:
                _lock(lock.fileno(), tries)
                yield
        except OSError as error:
            raise Problem(STATE_UNWRITABLE, file=str(self.path), reason=str(error.strerror)) from None

    def replace(self, content: bytes) -> None:
        """Put `content` in its place, whole or not at all; only while `alone`.

        Raises:
            OSError: nothing was changed.
        """
        draft = self.path.with_suffix(".draft")
        draft.unlink(missing_ok=True)
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as out:
            out.write(content)
            out.flush()
            os.fsync(out.fileno())
        draft.replace(self.path)

    def damaged(self, reason: str) -> Problem:
        """Return the problem that what is in it cannot be understood."""
        return Problem(STATE_DAMAGED, file=str(self.path), reason=reason)


def _lock(lock: int, tries: int | None) -> None:
    for _ in range(tries or 0):
        with suppress(BlockingIOError):
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        time.sleep(_TRY_AGAIN_S)
    fcntl.flock(lock, fcntl.LOCK_EX | (fcntl.LOCK_NB if tries else 0))
