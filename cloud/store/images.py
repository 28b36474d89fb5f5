"""The firmware images of the releases, as files beside the database."""

import os
from pathlib import Path
from typing import Final

from protocol.problems import STATE_UNWRITABLE, Problem

FOLDER_NAME: Final = "images"


class Images:
    """The folder of images, one for each release. Calls block: async callers use a thread."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def path(self, model: str, version: str) -> Path:
        """Return where the image of a release is; both names must be those of a release."""
        return self._folder / f"{model}-{version}.image"

    def write(self, model: str, version: str, image: bytes) -> None:
        """Keep an image, on the disk and whole when this returns.

        Raises:
            Problem: `state_unwritable`; there is no half of it under its name.
        """
        file = self.path(model, version)
        try:
            self._folder.mkdir(mode=0o700, exist_ok=True)
            aside = file.with_suffix(".new")
            with aside.open("wb") as out:
                out.write(image)
                out.flush()
                os.fsync(out.fileno())
            aside.replace(file)
            for each in (self._folder, self._folder.parent):
                _sync(each)
        except OSError as error:
            raise Problem(STATE_UNWRITABLE, file=str(file), reason=str(error.strerror)) from None


def _sync(folder: Path) -> None:
    """Put the names in `folder` on the disk."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
