"""What the phone remembers, in one file of its state folder: readable for its owner only, replaced as a whole."""

import asyncio
import fcntl
import os
import secrets
from collections.abc import Callable, Sequence
from ipaddress import ip_address
from pathlib import Path
from typing import Annotated, Final, Literal

from pydantic import AfterValidator, AwareDatetime, Field, ValidationError, model_validator

from protocol.cloud_api import Link
from protocol.faults import reason
from protocol.identity import Frozen, GatewayId, OpaqueId
from protocol.problems import STATE_DAMAGED, STATE_UNWRITABLE, Problem

FILE_NAME: Final = "phone.json"
MAX_REMEMBERED: Final = 8
MAX_LOGGED_OUT: Final = 8  # further ones die by themselves


def _read_address(text: str) -> str:
    return str(ip_address(text))


class Remembered(Frozen):
    """Where a gateway was found last."""

    gateway_id: GatewayId
    name: str
    address: Annotated[str, AfterValidator(_read_address)]
    port: Annotated[int, Field(ge=1, le=65535)]


class Login(Frozen):
    """A session at one cloud; its tokens are never sent to another."""

    cloud_url: str
    email: str
    token: str
    expires_at: AwareDatetime
    refresh_token: str


class Authorizing(Frozen):
    """A login that has gone to the browser: what its way back must carry, and prove (RFC 7636)."""

    cloud_url: str
    state: str
    code_verifier: str
    redirect_uri: str


class Pending(Frozen):
    """A request whose answer never came: the same request is sent again under the same id."""

    request_id: OpaqueId
    fingerprint: str


class Memory(Frozen):
    """Everything that is remembered; `gateways` newest first.

    `ended` is the kind that ended the last session from afar, `logged_out` what the cloud has not been told yet.
    """

    v: Literal[2] = 2
    installation_id: OpaqueId
    introduced: bool = False
    tablet_noticed: bool = False
    login: Login | None = None
    authorizing: Authorizing | None = None
    ended: str | None = None
    logged_out: tuple[Login, ...] = ()
    link: Link | None = None
    pending: Pending | None = None
    gateways: tuple[Remembered, ...] = ()

    @model_validator(mode="before")
    @classmethod
    def _take_over(cls, content: object) -> object:
        """Keep installation and gateways of a file of version 1; its sessions are dead, and its link reads otherwise."""
        if not isinstance(content, dict) or content.get("v") != 1:
            return content
        gone = ("login", "link", "pending")
        return {key: value for key, value in content.items() if key not in gone} | {"v": 2}

    def with_gateways(self, found: Sequence[Remembered]) -> "Memory":
        """Return the memory with `found`, one entry for each gateway, as the newest."""
        seen = {each.gateway_id for each in found}
        others = (each for each in self.gateways if each.gateway_id not in seen)
        return self.model_copy(update={"gateways": (*found, *others)[:MAX_REMEMBERED]})

    def without_login(self, ended: str | None = None) -> "Memory":
        """Return the memory as it is after a session, which `ended` from afar or (None) by its owner's wish."""
        nothing = {"login": None, "authorizing": None, "link": None, "pending": None}
        return self.model_copy(update={**nothing, "ended": ended})

    @property
    def expected(self) -> Remembered | None:
        """The gateway a search looks for first: the linked one, else the one found last."""
        linked = (each for each in self.gateways if self.link and each.gateway_id == self.link.gateway_id)
        return next(linked, None if self.link else next(iter(self.gateways), None))


class MemoryFile:
    """The file in `folder`. `read` and `change` block; `recall`, `edit` and `remember` do the same off the loop."""

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

    async def recall(self) -> Memory:
        """Return what is remembered, as `read`."""
        return await asyncio.to_thread(self.read)

    async def edit(self, edit: Callable[[Memory], Memory]) -> Memory:
        """Replace what is remembered by `edit` of it, as `change`; once begun it is finished, even if nobody waits."""
        return await asyncio.to_thread(self.change, edit)

    async def remember(self, **changes: object) -> Memory:
        """Replace single facts."""
        return await self.edit(lambda memory: memory.model_copy(update=changes))

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
