"""The phone's doorway: every verb of the app. Commands and pages translate; what happens is decided here."""

import asyncio
import secrets
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from types import TracebackType
from typing import Self

from chassis.clock import Clock, SystemClock
from phone_client.advice import Words
from phone_client.cloud_client import CloudClient
from phone_client.exchange import Exchange
from phone_client.finding import Finder, Found, Watch
from phone_client.gateway_client import GatewayClient
from phone_client.requests import build, fingerprint, read_device_code, read_token
from phone_client.search import Hit
from phone_client.session import Login, Memory, MemoryFile, Pending, Remembered
from phone_client.settings import Settings
from protocol import cloud_api
from protocol.codes import read_link_code
from protocol.problems import (
    LINK_CODE_NEEDED,
    NOT_LOGGED_IN,
    STATE_UNWRITABLE,
    AisegError,
    Problem,
)


@dataclass(frozen=True)
class Linked:
    """What linking ends with: the link, the gateway whose panel gave the code (None: typed), the search if there was one."""

    link: cloud_api.Link
    code_from: Hit | None
    found: Found | None

    @property
    def other_found(self) -> bool:
        """Say that the gateway linked is not among those that were found here (S-DISC-10)."""
        hits = self.found.hits if self.found else ()
        return bool(hits) and self.link.gateway_id not in {hit.gateway_id for hit in hits}


def _quiet(_: Words) -> None:
    """Tell nobody what is being tried."""


def _show_nobody(_: Found) -> None:
    """Show the result of a search to nobody."""


class Phone:
    """One app installation: `async with Phone(settings) as phone`.

    Every verb raises `Problem` (the expected no; nothing was changed) or `UnreachableError`.
    """

    def __init__(self, settings: Settings, clock: Clock | None = None) -> None:
        self._settings = settings
        self._clock = clock or SystemClock()
        self._exchange = Exchange()
        self._cloud = CloudClient(self._exchange, settings.cloud.url)
        self._gateways = GatewayClient(self._exchange)
        self._file = MemoryFile(settings.store.folder)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._exchange.close()

    async def search(self, limit_s: float | None = None, watch: Watch = _quiet) -> Found:
        """Look for gateways on the chosen links for at most `limit_s` seconds, and remember those found."""
        memory = await self._recall()
        found = await Finder(
            gateways=self._gateways,
            interfaces=self._settings.network.interfaces,
            limit_s=limit_s or self._settings.search.limit_s,
            quiet_s=self._settings.search.quiet_s,
            expected=memory.expected,
            watch=watch,
        ).find()
        if found.hits:
            await self._remember_gateways(found.hits)
        return found

    async def sign_up(
        self, email: str, password: str, *, terms_accepted: bool, newsletters: tuple[str, ...] = ()
    ) -> cloud_api.SignedUp:
        """Ask the cloud for an account; it mails a URL to `email`."""
        request = build(
            cloud_api.SignUp,
            email=email,
            password=password,
            terms_accepted=terms_accepted,
            newsletters=newsletters,
        )
        return await self._cloud.sign_up(request)

    async def verify(self, token_or_url: str) -> cloud_api.Verified:
        """Confirm the e-mail address with the mailed URL, or the token in it."""
        token = read_token(token_or_url)
        return await self._cloud.verify(build(cloud_api.Verification, token=token))

    async def log_in(self, email: str, password: str) -> cloud_api.Session:
        """Open a session for this installation and keep its token."""
        memory = await self._remember()
        request = build(
            cloud_api.Login, email=email, password=password, installation_id=memory.installation_id
        )
        session = await self._cloud.log_in(request)
        login = Login(
            cloud_url=self._settings.cloud.url,
            email=session.email,
            token=session.token,
            expires_at=self._clock.now() + timedelta(seconds=session.expires_in_s),
        )
        await self._remember(login=login, link=session.link, pending=None)
        return session

    async def log_out(self) -> None:
        """End the session at the cloud, then forget it here."""
        memory = await self._recall()
        try:
            await self._cloud.log_out(self._token(memory))
        except Problem as problem:
            if problem.kind is not NOT_LOGGED_IN:
                raise
        await self._remember(login=None, link=None, pending=None)

    async def link(
        self,
        nickname: str,
        device_code: str,
        link_code: str | None = None,
        watch: Watch = _quiet,
        show: Callable[[Found], None] = _show_nobody,
    ) -> Linked:
        """Link this phone to the gateway with `device_code`.

        Without `link_code` it searches, gives the result to `show`, and takes the code from the panel that shows one, if
        exactly one does. A code that cannot be one is refused before anything is sent.

        Raises:
            Problem: `link_code_needed`, or what the cloud said.
        """
        selected = read_device_code(device_code)
        code = read_link_code(link_code) if link_code else None
        self._token(await self._recall())
        found, source = None, None
        if code is None:
            found = await self.search(watch=watch)
            show(found)
            source, code = await self._shown_code(found.hits)
        if code is None:
            raise Problem(LINK_CODE_NEEDED)
        return Linked(await self._claim(nickname, selected, code), source, found)

    async def current_link(self) -> cloud_api.Link:
        """Return the account's link with the nicknames of its phones, as the cloud knows it now."""
        link = await self._cloud.current_link(self._token(await self._recall()))
        await self._remember(link=link)
        return link

    async def events(self) -> cloud_api.Events:
        """Return what has happened to the gateway this account is, or was, linked to (security T-32)."""
        return await self._cloud.events(self._token(await self._recall()))

    async def timeline(self, hours: int, bucket_s: int) -> cloud_api.Timeline:
        """Return the last `hours` in buckets of `bucket_s` seconds."""
        return await self._cloud.timeline(self._token(await self._recall()), hours, bucket_s)

    async def _shown_code(self, hits: tuple[Hit, ...]) -> tuple[Hit | None, str | None]:
        """Return the one gateway whose panel shows a link code, and the code; never a guess among several."""
        shown = []
        for hit in hits:
            with suppress(AisegError):
                code = await self._gateways.shown_link_code(hit.address, hit.port)
                if code:
                    shown.append((hit, code))
        return shown[0] if len(shown) == 1 else (None, None)

    async def _claim(self, nickname: str, device_code: str, link_code: str) -> cloud_api.Link:
        """Send the three values; the same again after a lost answer is the same request (S-BIND-20)."""
        memory = await self._recall()
        mark = await asyncio.to_thread(fingerprint, memory.installation_id, nickname, device_code, link_code)
        if memory.pending is None or memory.pending.fingerprint != mark:
            pending = Pending(request_id=secrets.token_urlsafe(24), fingerprint=mark)
            memory = await self._remember(pending=pending)
        else:
            pending = memory.pending
        request = build(
            cloud_api.LinkRequest,
            request_id=pending.request_id,
            nickname=nickname,
            device_code=device_code,
            link_code=link_code,
        )
        try:
            link = await self._cloud.link(self._token(memory), request)
        except Problem:
            await self._remember(pending=None)
            raise
        await self._remember(link=link, pending=None)
        return link

    def _token(self, memory: Memory) -> str:
        login = memory.login
        if (
            login is None
            or login.cloud_url != self._settings.cloud.url
            or login.expires_at <= self._clock.now()
        ):
            raise Problem(NOT_LOGGED_IN)
        return login.token

    async def _recall(self) -> Memory:
        return await asyncio.to_thread(self._file.read)

    async def _remember(self, **changes: object) -> Memory:
        return await asyncio.to_thread(self._file.change, lambda memory: memory.model_copy(update=changes))

    async def _remember_gateways(self, hits: tuple[Hit, ...]) -> None:
        """Keep where they are; a folder that cannot be written does not spoil the search."""

        def edit(memory: Memory) -> Memory:
            for hit in hits:
                memory = memory.with_gateway(
                    Remembered(gateway_id=hit.gateway_id, name=hit.name, address=hit.address, port=hit.port)
                )
            return memory

        try:
            await asyncio.to_thread(self._file.change, edit)
        except Problem as problem:
            if problem.kind is not STATE_UNWRITABLE:
                raise
