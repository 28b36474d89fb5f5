"""A program's state folder: one process at a time, and files that are whole or not there."""

import asyncio
import fcntl
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

from protocol.problems import STATE_IN_USE, STATE_UNWRITABLE, Problem

LOCK_FILE: Final = "lock"


@asynccontextmanager
async def held(folder: Path) -> AsyncIterator[None]:
    """Make the state `folder` and keep every other process out of it until the block is left.

    Raises:
        Problem: `state_in_use` or `state_unwritable`.
    """
    lock = await asyncio.to_thread(_lock, folder)
    try:
        yield
    finally:
        await asyncio.to_thread(os.close, lock)


def _lock(folder: Path) -> int:
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        lock = os.open(folder / LOCK_FILE, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise Problem(STATE_UNWRITABLE, file=str(folder), reason=str(error.strerror)) from None
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(lock)
        raise Problem(STATE_IN_USE, folder=str(folder)) from None
    return lock


def write_whole(file: Path, content: str | bytes) -> None:
    """Write `content` (a text in UTF-8) to `file`, readable by its owner only, so that a power cut leaves all of it or none.

    Raises:
        OSError: nothing was changed.
    """
    aside = file.with_name(f"{file.name}.new")
    with os.fdopen(os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as out:
        out.write(content.encode() if isinstance(content, str) else content)
        out.flush()
        os.fsync(out.fileno())
    aside.replace(file)
    sync_names(file.parent)


def sync_names(folder: Path) -> None:
    """Put the names in `folder` on the disk.

    Raises:
        OSError: they may not be there.
    """
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
