"""The phone's session at the cloud: opened in a browser or a terminal, renewed by itself, ended here or from afar.

A refresh token is good once. Processes that share a state folder (pages and command line) renew one at a time, with the
memory's lock held; a renewal whose answer was lost is repeated with the same token.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from datetime import timedelta
from http import HTTPStatus
from typing import Final, TypeVar

from chassis.clock import Clock
from phone_client.authorizing import authorize_url, is_answer_to, new_authorizing
from phone_client.cloud_client import CloudClient
from phone_client.cloud_http import CloudHttp
from phone_client.requests import build
from phone_client.session import MAX_LOGGED_OUT, Login, Memory, MemoryFile
from phone_client.settings import Settings
from protocol import cloud_api as api
from protocol.problems import (
    ACCOUNT_DELETED,
    AUTHORIZATION_REFUSED,
    KINDS,
    NOT_LOGGED_IN,
    PHONE_MOVED,
    PHONE_REMOVED,
    SESSION_ENDED,
    AisegError,
    Kind,
    Problem,
)

ENDINGS: Final = (PHONE_MOVED, PHONE_REMOVED, ACCOUNT_DELETED, SESSION_ENDED)
"""What ends a session from afar: login and link are gone, and the next screen says why (S-CHG-14, S-DEL-12)."""
RENEW_BEFORE: Final = timedelta(seconds=30)
RENEW_WITHIN_S: Final = 5.0  # Ctrl-C waits for a renewal that has begun
SETTLE_WITHIN_S: Final = 3.0  # nobody waits for a late logout

Answer = TypeVar("Answer")


class Access:
    """What this phone may do at its cloud, and how it got there."""

    def __init__(self, settings: Settings, clock: Clock, cloud: CloudClient, file: MemoryFile) -> None:
        self._settings = settings
        self._clock = clock
        self._cloud = cloud
        self._url = settings.cloud.url
        self._file = file

    def app(self, memory: Memory) -> api.App:
        """Return what this phone says of itself."""
        return api.App(installation_id=memory.installation_id, **self._settings.app.model_dump())

    def login(self, memory: Memory) -> Login | None:
        """Return the login at this cloud, if there is one."""
        return memory.login if memory.login and memory.login.cloud_url == self._url else None

    async def begin(self, redirect_uri: str, language: str, *, sign_up: bool) -> str:
        """Return the address for the browser, and keep what its way back must carry."""
        club = await self._cloud.club()
        begun = new_authorizing(self._url, redirect_uri)
        await self._file.remember(authorizing=begun)
        await self.settle()
        return authorize_url(club.authorize_url, begun, language, sign_up=sign_up)

    async def finish(self, code: str, state: str) -> api.Session:
        """Open the session that the browser came back for.

        Raises:
            Problem: `authorization_refused`; for a foreign `state` nothing was sent or changed.
        """
        begun = (await self._file.recall()).authorizing
        if begun is None or begun.cloud_url != self._url or not is_answer_to(begun, state):
            raise Problem(AUTHORIZATION_REFUSED)
        proof = {
            "code": code,
            "code_verifier": begun.code_verifier,
            "redirect_uri": begun.redirect_uri,
        }
        return await self._open(api.AuthorizedLogin, proof, self._cloud.open_authorized)

    async def cancel(self) -> None:
        """Forget a login that has gone to the browser."""
        await self._file.remember(authorizing=None)

    async def log_in(self, email: str, password: str) -> api.Session:
        """Open a session with a password: for a person without a browser."""
        return await self._open(api.Login, {"email": email, "password": password}, self._cloud.log_in)

    async def log_in_with_code(self, challenge: str, code: str) -> api.Session:
        """Open the session that waits for a code."""
        return await self._open(
            api.LoginCode, {"challenge": challenge, "code": code}, self._cloud.log_in_with_code
        )

    async def check(self) -> None:
        """Raise what `authorized` would raise for want of a login, without asking the cloud."""
        self._login_or_why(await self._file.recall())

    async def authorized(self, ask: Callable[[str], Awaitable[Answer]]) -> Answer:
        """Return the answer to `ask`, which is given the token.

        Raises:
            Problem: `not_logged_in`, or why the session has ended.
        """
        login = await self._fresh()
        try:
            answer = await self._heed(login, ask)
        except Problem as problem:
            if problem.kind is not NOT_LOGGED_IN:
                raise
            answer = await self._heed(await self._renew(login), ask)
        await self.settle()
        return answer

    async def log_out(self) -> None:
        """Forget the session here at once, and end it at the cloud: now, or at the next chance (S-OUT-05)."""

        def edit(memory: Memory) -> Memory:
            return _kept_to_revoke(memory).without_login()

        await self._file.edit(edit)
        await self.settle()

    async def settle(self) -> None:
        """Tell the cloud which sessions were ended here, as far as it can be reached."""
        ended = (await self._file.recall()).logged_out
        for login in (each for each in ended if each.cloud_url == self._url):
            with suppress(AisegError, TimeoutError):
                async with asyncio.timeout(SETTLE_WITHIN_S):
                    await self._revoke(login)
                await self._file.edit(_forgetting(login))

    async def _open(
        self,
        kind: type[api.Login] | type[api.LoginCode] | type[api.AuthorizedLogin],
        proof: Mapping[str, str],
        send: Callable[..., Awaitable[api.Session]],
    ) -> api.Session:
        """Open a session for this installation and keep its tokens; one that was open before is ended."""
        app = self.app(await self._file.remember())
        session = await send(build(kind, **app.model_dump(), **proof))
        login = self._login_of(session)

        def edit(memory: Memory) -> Memory:
            fresh = _kept_to_revoke(memory).without_login()
            return fresh.model_copy(update={"login": login, "link": session.link})

        await self._file.edit(edit)
        await self.settle()
        return session

    async def _fresh(self) -> Login:
        """Return a login whose token is good for a while."""
        login = self._login_or_why(await self._file.recall())
        if login.expires_at - self._clock.now() <= RENEW_BEFORE:
            return await self._renew(login)
        return login

    async def _heed(self, login: Login, ask: Callable[[str], Awaitable[Answer]]) -> Answer:
        try:
            return await ask(login.token)
        except Problem as problem:
            if problem.kind in ENDINGS:
                await self._end(login, problem.kind)
            raise

    async def _end(self, login: Login, because: Kind) -> None:
        def edit(memory: Memory) -> Memory:
            return memory.without_login(because.code) if memory.login == login else memory

        await self._file.edit(edit)

    async def _renew(self, spent: Login) -> Login:
        """Return the login with the next pair of tokens: our own, or what another process got meanwhile."""

        def edit(memory: Memory) -> Memory:
            if memory.login != spent:
                return memory
            try:
                session = asyncio.run(self._next_pair(spent.refresh_token))
            except Problem as problem:
                if problem.kind in ENDINGS:
                    return memory.without_login(problem.kind.code)
                if problem.kind is NOT_LOGGED_IN:
                    return memory.without_login()
                raise
            return memory.model_copy(update={"login": self._login_of(session)})

        return self._login_or_why(await self._file.edit(edit))

    async def _next_pair(self, refresh_token: str) -> api.Session:
        """Ask for it, in the event loop of the thread that holds the memory's lock."""
        http = CloudHttp()
        try:
            cloud = CloudClient(http, self._url, RENEW_WITHIN_S)
            return await cloud.renew(api.Renewal(refresh_token=refresh_token))
        finally:
            await http.close()

    async def _revoke(self, login: Login) -> None:
        """End the session by the token that lasts; that it has ended already is as good."""
        try:
            await self._cloud.log_out(login.refresh_token)
        except Problem as problem:
            if problem.kind.status != HTTPStatus.UNAUTHORIZED:
                raise

    def _login_of(self, session: api.Session) -> Login:
        return Login(
            cloud_url=self._url,
            email=session.email,
            token=session.token,
            expires_at=self._clock.now() + timedelta(seconds=session.expires_in_s),
            refresh_token=session.refresh_token,
        )

    def _login_or_why(self, memory: Memory) -> Login:
        login = self.login(memory)
        if login is None:
            raise Problem(KINDS.get(memory.ended or "", NOT_LOGGED_IN))
        return login


def _kept_to_revoke(memory: Memory) -> Memory:
    if memory.login is None:
        return memory
    return memory.model_copy(update={"logged_out": (memory.login, *memory.logged_out)[:MAX_LOGGED_OUT]})


def _forgetting(revoked: Login) -> Callable[[Memory], Memory]:
    def edit(memory: Memory) -> Memory:
        left = tuple(each for each in memory.logged_out if each != revoked)
        return memory.model_copy(update={"logged_out": left})

    return edit
