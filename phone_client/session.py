"""What the phone remembers, in one file of its state folder: readable for its owner only, replaced as a whole."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Final, Literal

from pydantic import AwareDatetime, ValidationError, model_validator

from phone_client.memory_file import WholeFile
from phone_client.places import FILE_NAME, Remembered, new_memory
from protocol.cloud_api import Link
from protocol.faults import reason
from protocol.identity import Frozen, OpaqueId

MAX_LOGGED_OUT: Final = 8  # further ones die by themselves


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

    def without_login(self, ended: str | None = None) -> "Memory":
        """Return the memory as it is after a session, which `ended` from afar or (None) by its owner's wish."""
        nothing = {"login": None, "authorizing": None, "link": None, "pending": None}
        return self.model_copy(update={**nothing, "ended": ended})


class MemoryFile:
    """The file in `folder`. `read` and `change` block; `recall`, `edit` and `remember` do the same off the loop."""

    def __init__(self, folder: Path) -> None:
        self._file = WholeFile(folder / FILE_NAME)

    def read(self) -> Memory:
        """Return what is remembered; a new installation when there is nothing yet.

        Raises:
            Problem: `state_damaged`.
        """
        content = self._file.read()
        if content is None:
            return Memory.model_validate(new_memory())
        try:
            return Memory.model_validate_json(content)
        except ValidationError as error:
            raise self._file.damaged(reason(error)) from None

    def change(self, edit: Callable[[Memory], Memory]) -> Memory:
        """Replace what is remembered by `edit` of it, and return that: whole or not at all, one process at a time.

        Raises:
            Problem: `state_damaged`, or `state_unwritable`.
        """
        with self._file.alone():
            memory = edit(self.read())
            self._file.replace(memory.model_dump_json(indent=1).encode())
            return memory

    async def recall(self) -> Memory:
        """Return what is remembered, as `read`."""
        return await asyncio.to_thread(self.read)

    async def edit(self, edit: Callable[[Memory], Memory]) -> Memory:
        """Replace what is remembered by `edit` of it, as `change`; once begun it is finished, even if nobody waits."""
        return await asyncio.to_thread(self.change, edit)

    async def remember(self, **changes: object) -> Memory:
        """Replace single facts."""
        return await self.edit(lambda memory: memory.model_copy(update=changes))
