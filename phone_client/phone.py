"""The phone's doorway: every verb of the app. Commands and pages translate; what happens is decided here."""

from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from types import TracebackType
from typing import Self, TypeVar

from chassis.clock import Clock, SystemClock
from phone_client.access import Access
from phone_client.cloud_client import CloudClient
from phone_client.cloud_http import CloudHttp
from phone_client.gateway_client import GatewayClient
from phone_client.lookout import Lookout, quiet
from phone_client.requests import build, read_device_code, read_token
from phone_client.searching.finding import Found, Watch
from phone_client.searching.search import Hit
from phone_client.seating import Seating
from phone_client.session import MemoryFile
from phone_client.settings import Settings
from phone_client.standing import Standing
from protocol import cloud_api
from protocol.codes import read_change_code, read_link_code
from protocol.phones import os_standing
from protocol.problems import (
    ACCOUNT_DELETED,
    KINDS,
    LINK_CODE_NEEDED,
    NOT_LINKED,
    AisegError,
    Problem,
)

Answer = TypeVar("Answer")


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


def _show_nobody(_: Found) -> None:
    """Show the result of a search to nobody."""


class Phone:
    """One app installation: `async with Phone(settings) as phone`.

    Every verb raises `Problem` (the expected no; nothing was changed) or `UnreachableError`.
    """

    def __init__(self, settings: Settings, clock: Clock | None = None) -> None:
        self._settings = settings
        self._clock = clock or SystemClock()
        self._http = CloudHttp()
        self._cloud = CloudClient(self._http, settings.cloud.url)
        self._gateways = GatewayClient()
        self._lookout = Lookout(settings, self._gateways)
        self._file = MemoryFile(settings.store.folder)
        self._access = Access(settings, self._clock, self._cloud, self._file)
        self._seating = Seating(self._access, self._clock, self._cloud, self._file)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._http.close()

    async def search(
        self, limit_s: float | None = None, watch: Watch = quiet, *, sweep: bool = False
    ) -> Found:
        """Look for gateways on the chosen links for at most `limit_s` seconds, and remember those found.

        `sweep`: every address of the phone's own networks is tried as well, because a person has asked for it.
        """
        return await self._lookout.search(limit_s, watch, sweep=sweep)

    async def standing(self) -> Standing:
        """Return where a person stands, without asking anybody."""
        memory = await self._file.recall()
        login, app = self._access.login(memory), self._access.app(memory)
        return Standing(
            introduced=memory.introduced,
            email=login.email if login else None,
            link=memory.link if login else None,
            ended=KINDS.get(memory.ended or ""),
            app=app,
            os=os_standing(app.platform, app.os_version),
            tablet_noticed=memory.tablet_noticed,
        )

    async def use(self) -> None:
        """Keep the introduction from coming again: 使い始める was tapped (S-APP-06)."""
        await self._file.remember(introduced=True)

    async def dismiss_tablet_notice(self) -> None:
        """Keep the notice for tablets from coming again (S-GEN-05)."""
        await self._file.remember(tablet_noticed=True)

    async def club(self) -> cloud_api.Club:
        """Return the addresses of the CLUB Panasonic pages."""
        return await self._cloud.club()

    async def begin_login(self, redirect_uri: str, language: str = "ja", *, sign_up: bool = False) -> str:
        """Return the address of the CLUB Panasonic page for the browser (S-APP-07, S-2FA-08)."""
        return await self._access.begin(redirect_uri, language, sign_up=sign_up)

    async def finish_login(self, code: str, state: str) -> cloud_api.Session:
        """Open the session that the browser came back for.

        Raises:
            Problem: `authorization_refused`; a foreign `state` changes nothing.
        """
        return await self._access.finish(code, state)

    async def cancel_login(self) -> None:
        """Forget a login that went to the browser."""
        await self._access.cancel()

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
        """Open a session for this installation and keep its tokens.

        Raises:
            Problem: `sms_code_needed` with its `challenge`, or what else the cloud said.
        """
        return await self._access.log_in(email, password)

    async def log_in_with_code(self, challenge: str, code: str) -> cloud_api.Session:
        """Open the session that waits for a code."""
        return await self._access.log_in_with_code(challenge, code)

    async def log_out(self) -> None:
        """Forget the session here at once, and end it at the cloud: now, or at the next chance (S-OUT-05)."""
        await self._access.log_out()

    async def settle(self) -> None:
        """Tell the cloud which sessions were ended here while it could not be reached."""
        await self._access.settle()

    async def preview(self, nickname: str, device_code: str, link_code: str) -> cloud_api.LinkPreview:
        """Return which gateway the pair of codes is for and who uses it already; nothing is spent (S-BIND-15)."""
        return await self._seating.preview(nickname, read_device_code(device_code), read_link_code(link_code))

    async def was_sent(self, nickname: str, device_code: str, link_code: str) -> bool:
        """Say whether `link` was asked for with these before, and no answer came: it is to be asked for again (S-BIND-20)."""
        return await self._seating.was_sent(
            nickname, read_device_code(device_code), read_link_code(link_code)
        )

    async def link(
        self,
        nickname: str,
        device_code: str,
        link_code: str | None = None,
        watch: Watch = quiet,
        show: Callable[[Found], None] = _show_nobody,
    ) -> Linked:
        """Link this phone to the gateway with `device_code`; by this the app's terms are accepted (S-BIND-02).

        Without `link_code` it searches, gives the result to `show`, and takes the code from the panel that shows one, if
        exactly one does. A code that cannot be one is refused before anything is sent.

        Raises:
            Problem: `link_code_needed`, or what the cloud said.
        """
        selected = read_device_code(device_code)
        code = read_link_code(link_code) if link_code else None
        await self._access.check()
        found, source = None, None
        if code is None:
            found = await self.search(watch=watch)
            show(found)
            source, code = await self.one_shown_code(found.hits)
        if code is None:
            raise Problem(LINK_CODE_NEEDED)
        return Linked(await self._seating.link(nickname, selected, code), source, found)

    async def add_phone(self, nickname: str) -> cloud_api.Link:
        """Register this phone as a further one of a linked account: a nickname is all it takes (S-ADD-08)."""
        return await self._seating.add(nickname)

    async def issue_change_code(self) -> cloud_api.IssuedChangeCode:
        """Return a change code for this phone; it is told once and kept nowhere (S-CHG-03, S-CHG-04)."""
        return await self._access.authorized(self._cloud.issue_change_code)

    async def move_here(self, change_code: str) -> cloud_api.Link:
        """Take the slot of the phone that was given `change_code` (S-CHG-10)."""
        return await self._seating.move(read_change_code(change_code))

    async def replace_phone(self, phone_id: str) -> cloud_api.Link:
        """Take the slot of a phone of this account that was lost (A-09, A-11)."""
        return await self._seating.replace(phone_id)

    async def users(self) -> cloud_api.Users:
        """Return every phone registered with the account's gateway."""
        return await self._linked(self._cloud.users)

    async def remove_user(self, phone_id: str, permit: str | None = None) -> cloud_api.Users:
        """Remove a registered phone; `permit` is that of a preview, for who is not linked yet (S-BIND-16)."""
        request = build(cloud_api.RemoveUser, phone_id=phone_id, permit=permit)
        return await self._access.authorized(lambda token: self._cloud.remove_user(token, request))

    async def current_link(self) -> cloud_api.Link:
        """Return the account's link with the nicknames of its phones, as the cloud knows it now."""
        link = await self._linked(self._cloud.current_link)
        await self._file.remember(link=link)
        return link

    async def events(self) -> cloud_api.Events:
        """Return what has happened to the gateway this account is, or was, linked to (security T-32)."""
        return await self._access.authorized(self._cloud.events)

    async def timeline(self, by: cloud_api.By = "hour", on: date | None = None) -> cloud_api.Timeline:
        """Return the day, month or year that holds `on` (today) in Japan, in buckets of `by`."""
        return await self._linked(lambda token: self._cloud.timeline(token, by, on))

    async def delete_account(self) -> None:
        """アカウント削除: this account's link, phones and sessions are gone at the cloud, then here (S-DEL-08).

        Asked for again after a lost answer, `account_deleted` is the answer that was lost (S-DEL-15).
        """
        try:
            await self._access.authorized(self._cloud.delete_account)
        except Problem as problem:
            if problem.kind is not ACCOUNT_DELETED:
                raise
        await self._file.edit(lambda memory: memory.without_login())

    async def shown_code(self, hit: Hit) -> str | None:
        """Return the link code that the panel of `hit` shows right now, to be filled in; None when it shows none."""
        with suppress(AisegError):
            return await self._gateways.shown_link_code(hit.address, hit.port)
        return None

    async def one_shown_code(self, hits: tuple[Hit, ...]) -> tuple[Hit | None, str | None]:
        """Return the one gateway whose panel shows a link code, and the code; never a guess among several."""
        codes = [(hit, code) for hit in hits if (code := await self.shown_code(hit))]
        return codes[0] if len(codes) == 1 else (None, None)

    async def _linked(self, ask: Callable[[str], Awaitable[Answer]]) -> Answer:
        """Ask as a linked account; if it no longer is one, the link here goes too."""
        try:
            return await self._access.authorized(ask)
        except Problem as problem:
            if problem.kind is NOT_LINKED:
                await self._file.remember(link=None)
            raise
