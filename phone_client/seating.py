"""How this phone takes a slot: by link code, as a further phone, by change code, in place of a lost one.

The answer to such a request may get lost after it was done. The same again is then the same request, under the same id
(S-BIND-20); what was typed is not kept for that, only its fingerprint.
"""

import asyncio
import secrets
from collections.abc import Awaitable, Callable

from chassis.clock import Clock
from phone_client.access import Access
from phone_client.cloud_client import CloudClient
from phone_client.requests import build, fingerprint
from phone_client.session import Memory, MemoryFile, Pending
from protocol.cloud_api import AddPhone, Link, LinkPreview, LinkRequest, MovePhone, ReplacePhone
from protocol.problems import TOO_BUSY, Problem
from protocol.registering import Consent
from protocol.rules import APP_TERMS_VERSION


class Seating:
    """Asks the cloud for a slot, and remembers the link it brings."""

    def __init__(self, access: Access, clock: Clock, cloud: CloudClient, file: MemoryFile) -> None:
        self._access = access
        self._clock = clock
        self._cloud = cloud
        self._file = file

    async def preview(self, nickname: str, device_code: str, link_code: str) -> LinkPreview:
        """Return which gateway the codes are for and who uses it; nothing is spent."""
        request = self._link_request(_new_id(), nickname, device_code, link_code)
        return await self._access.authorized(lambda token: self._cloud.preview_link(token, request))

    async def was_sent(self, nickname: str, device_code: str, link_code: str) -> bool:
        """Say whether this very link was asked for before, and no answer came."""
        pending = (await self._file.recall()).pending
        mark = await self._fingerprint("link", nickname, device_code, link_code)
        return pending is not None and pending.fingerprint == mark

    async def link(self, nickname: str, device_code: str, link_code: str) -> Link:
        """Link the account to a gateway, and register this phone."""
        request_id = await self._request_id("link", nickname, device_code, link_code)
        request = self._link_request(request_id, nickname, device_code, link_code)
        return await self._take(lambda token: self._cloud.link(token, request))

    async def add(self, nickname: str) -> Link:
        """Register this phone as a further one of a linked account."""
        request_id = await self._request_id("add", nickname)
        request = build(AddPhone, request_id=request_id, nickname=nickname)
        return await self._take(lambda token: self._cloud.add_phone(token, request))

    async def move(self, change_code: str) -> Link:
        """Take the slot of the phone that was given the code."""
        request_id = await self._request_id("move", change_code)
        request = build(MovePhone, request_id=request_id, change_code=change_code)
        return await self._take(lambda token: self._cloud.move_phone(token, request))

    async def replace(self, phone_id: str) -> Link:
        """Take the slot of a phone of this account that was lost."""
        request_id = await self._request_id("replace", phone_id)
        request = build(ReplacePhone, request_id=request_id, phone_id=phone_id)
        return await self._take(lambda token: self._cloud.replace_phone(token, request))

    def _link_request(self, request_id: str, nickname: str, device_code: str, link_code: str) -> LinkRequest:
        return build(
            LinkRequest,
            request_id=request_id,
            consent=Consent(terms_version=APP_TERMS_VERSION, agreed_at=self._clock.now()),
            nickname=nickname,
            device_code=device_code,
            link_code=link_code,
        )

    async def _request_id(self, *parts: str) -> str:
        """Return the id of this request: that of the one before, if it is the same and was not answered."""
        fresh = Pending(request_id=_new_id(), fingerprint=await self._fingerprint(*parts))

        def pending(memory: Memory) -> Pending:
            before = memory.pending
            return before if before and before.fingerprint == fresh.fingerprint else fresh

        kept = await self._file.edit(lambda memory: memory.model_copy(update={"pending": pending(memory)}))
        return pending(kept).request_id

    async def _fingerprint(self, *parts: str) -> str:
        installation_id = (await self._file.remember()).installation_id
        return await asyncio.to_thread(fingerprint, installation_id, *parts)

    async def _take(self, ask: Callable[[str], Awaitable[Link]]) -> Link:
        try:
            link = await self._access.authorized(ask)
        except Problem as problem:
            if problem.kind is not TOO_BUSY:
                await self._file.remember(pending=None)
            raise
        await self._file.remember(link=link, pending=None)
        return link


def _new_id() -> str:
    return secrets.token_urlsafe(24)
