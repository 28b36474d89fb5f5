"""Two places for firmware images, so that a power cut at any moment leaves a whole one to boot (S-FW-17).

```
firmware/
  a.image a.manifest    an image, and what the maker signed about it
  b.image b.manifest
  active                which slot boots: "a", "b", or "factory" for the version the box was made with
  release_key           whose releases are accepted; the first one seen, for ever
```

Only the slot that does not run is written, and all of it is on disk before `active` is switched by one rename.
Every method reads or writes files: not for the event loop.
"""

import hashlib
import logging
import os
from pathlib import Path
from typing import Final, Literal

from pydantic import ValidationError

from chassis.folder import write_whole
from emulator.firmware.releases import check_image, is_newer, read_release, refusal
from protocol.firmware import Manifest
from protocol.identity import Model, Signed, firmware_key
from protocol.problems import STATE_UNWRITABLE, Problem

FOLDER: Final = "firmware"
POINTER: Final = "active"
KEY_FILE: Final = "release_key"

Name = Literal["a", "b"]
Bootable = Literal["a", "b", "factory"]

_SLOTS: Final[tuple[Name, ...]] = ("a", "b")
_ORDER: Final[dict[Bootable, tuple[Name, ...]]] = {"a": ("a", "b"), "b": ("b", "a"), "factory": ()}

log = logging.getLogger(__name__)


class Slots:
    """The slots in a state folder; making it boots: `version` is what runs until the next `Slots` is made.

    `release_key` is the key whose releases are accepted, None before the first one was seen.
    """

    def __init__(self, folder: Path, model: Model, factory: str, release_key: str | None = None) -> None:
        """Choose what boots: the slot that `active` names, else the other one, else the `factory` version.

        Raises:
            Problem: `state_unwritable`.
        """
        self._folder = folder / FOLDER
        self._model: Model = model
        try:
            self._folder.mkdir(mode=0o700, exist_ok=True)
        except OSError as error:
            raise self._unwritable(error) from None
        self.release_key = release_key or self._pinned_key()
        self.running: Bootable = "factory"
        self.version = factory
        self._boot()

    def pin(self, release_key: str) -> None:
        """Trust `release_key` from now on, if no key is trusted yet.

        Raises:
            Problem: `state_unwritable`.
        """
        if self.release_key is not None:
            return
        try:
            write_whole(self._folder / KEY_FILE, f"{release_key}\n")
        except OSError as error:
            raise self._unwritable(error) from None
        self.release_key = release_key

    def install(self, release: Signed, image: bytes) -> None:
        """Put `release` into the slot that does not run and let it boot next.

        Raises:
            Problem: `release_refused` or `state_unwritable`; the same version boots as before.
        """
        target: Name = "b" if self.running == "a" else "a"
        try:
            if self._pointed() != self.running:  # after a fallback `active` names the very slot to be written
                self._point_at(self.running)
            _write(self._folder / f"{target}.image", image)
            write_whole(self._folder / f"{target}.manifest", release.model_dump_json())
            written = self._check(target)
            if not is_newer(written.version, self.version):
                raise refusal(f"{written.version} is not newer", f"{written.version}は新しくありません")
            self._point_at(target)
        except OSError as error:
            raise self._unwritable(error) from None

    def _boot(self) -> None:
        pointed, faults = self._pointed(), []
        found: list[tuple[Name, str]] = []
        for slot in _ORDER[pointed] if pointed else _SLOTS:
            try:
                found.append((slot, self._check(slot).version))
            except Problem as problem:
                faults.append(f"slot {slot}: {problem.facts['reason']}")
        if found:
            newest = max(found, key=lambda each: firmware_key(each[1]))
            self.running, self.version = found[0] if pointed else newest
        if self.running != (pointed or "factory"):
            why = "; ".join(faults) or f"{POINTER} cannot be read"
            log.warning("%s boots from %s instead of %s (%s)", self.version, self.running, pointed, why)

    def _pointed(self) -> Bootable | None:
        """Return what `active` names, None when it is missing or names nothing."""
        try:
            text = (self._folder / POINTER).read_text("ascii").strip()
        except (OSError, ValueError):
            return None
        return next((each for each in _ORDER if each == text), None)

    def _point_at(self, bootable: Bootable) -> None:
        write_whole(self._folder / POINTER, f"{bootable}\n")

    def _check(self, slot: Name) -> Manifest:
        """Return the manifest of a slot whose signature and image are right.

        Raises:
            Problem: `release_refused`.
        """
        try:
            text = (self._folder / f"{slot}.manifest").read_text("utf-8")
            manifest = read_release(Signed.model_validate_json(text), self.release_key or "", self._model)
            with (self._folder / f"{slot}.image").open("rb") as image:
                size_bytes = os.fstat(image.fileno()).st_size
                check_image(manifest, size_bytes, hashlib.file_digest(image, "sha256").hexdigest())
        except FileNotFoundError:
            raise refusal("there is none", "ありません") from None
        except (OSError, UnicodeDecodeError, ValidationError):
            raise refusal("its files cannot be read", "ファイルを読み取れません") from None
        return manifest

    def _pinned_key(self) -> str | None:
        """Return the key pinned before; a file that cannot be read is a key that fits nothing, never a chance to pin anew."""
        try:
            return (self._folder / KEY_FILE).read_text("ascii").strip()
        except FileNotFoundError:
            return None
        except (OSError, UnicodeDecodeError):
            return ""

    def _unwritable(self, error: OSError) -> Problem:
        return Problem(STATE_UNWRITABLE, file=str(self._folder), reason=str(error.strerror))


def _write(file: Path, content: bytes) -> None:
    """Write `content` to disk; a power cut may leave any part of it."""
    with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as out:
        out.write(content)
        out.flush()
        os.fsync(out.fileno())
