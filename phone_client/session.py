"""What the phone remembers, in one file of its state folder: readable for its owner only, replaced as a whole."""

import fcntl
import os
import secrets
from collections.abc import Callable
from ipaddress import ip_address
from pathlib import Path
from typing import Annotated, Final, Literal

from pydantic import AfterValidator, AwareDatetime, Field, ValidationError

from protocol.cloud_api import Link
from protocol.faults import reason
from protocol.identity import Frozen, GatewayId, OpaqueId
from protocol.problems import STATE_DAMAGED, STATE_UNWRITABLE, Problem

FILE_NAME: Final = "phone.json"
MAX_REMEMBERED: Final = 8


def _read_address(text: str) -> str:
    return str(ip_address(text))


class Remembered(Frozen):
    """Where a gateway was found last."""

    gateway_id: GatewayId
    name: str
    address: Annotated[str, AfterValidator(_read_address)]
    port: Annotated[int, Field(ge=1, le=65535)]


class Login(Frozen):
    """A session at one cloud; its token is never sent to another."""

    cloud_url: str
    email: str
    token: str
    expires_at: AwareDatetime


class Pending(Frozen):
    """A link request whose answer never came: the same request is sent again under the same id."""

    request_id: OpaqueId
    fingerprint: str


class Memory(Frozen):
    """Everything that is remembered; `gateways` newest first."""

    v: Literal[1] = 1
    installation_id: OpaqueId
    login: Login | None = None
    link: Link | None = None
    pending: Pending | None = None
    gateways: tuple[Remembered, ...] = ()

    def with_gateway(self, found: Remembered) -> "Memory":
        """Return the memory with `found` as the newest gateway."""
        others = (each for each in self.gateways if each.gateway_id != found.gateway_id)
        return self.model_copy(update={"gateways": (found, *others)[:MAX_REMEMBERED]})

    @property
    def expected(self) -> Remembered | None:
        """The gateway a search looks for first: the linked one, else the one found last."""
        linked = (each for each in self.gateways if self.link and each.gateway_id == self.link.gateway_id)
        return next(linked, None if self.link else next(iter(self.gateways), None))


class MemoryFile:
    """The file in `folder`; both methods block."""

    def __init__(self, folder: Path) -> None:
        self._file = folder / FILE_NAME

    def read(self) -> Memory:
        """Return what is remembered; a new installation when there is nothing yet.

        Raises:
            Problem: `state_damaged`.
        """
        try:
            return Memory.model_validate_json(self._file.read_bytes())
        except FileNotFoundError:
            return Memory(installation_id=secrets.token_urlsafe(24))
        except OSError as error:
            raise self._damaged(str(error.strerror)) from None
        except ValidationError as error:
            raise self._damaged(reason(error)) from None

    def change(self, edit: Callable[[Memory], Memory]) -> Memory:
        """Replace what is remembered by `edit` of it, and return that: whole or not at all, one process at a time.

        Raises:
            Problem: `state_damaged`, or `state_unwritable`.
        """
        try:
            self._file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            with self._file.with_suffix(".lock").open("wb") as lock:
                fcntl.flock(lock, fcntl.LOCK_EX)
                memory = edit(self.read())
                self._replace(memory.model_dump_json(indent=1).encode())
                return memory
        except OSError as error:
            raise Problem(STATE_UNWRITABLE, file=str(self._file), reason=str(error.strerror)) from None

    def _replace(self, content: bytes) -> None:
        draft = self._file.with_suffix(".draft")
        draft.unlink(missing_ok=True)
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as out:
            out.write(content)
            out.flush()
            os.fsync(out.fileno())
        draft.replace(self._file)

    def _damaged(self, reason: str) -> Problem:
        return Problem(STATE_DAMAGED, file=str(self._file), reason=reason)
