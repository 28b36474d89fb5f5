"""The firmware images of the releases, as files beside the database."""

from pathlib import Path
from typing import Final

from chassis.folder import sync_names, write_whole
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
            write_whole(file, image)
            sync_names(self._folder.parent)
        except OSError as error:
            raise Problem(STATE_UNWRITABLE, file=str(file), reason=str(error.strerror)) from None
