"""Accounts and sessions over HTTP: for apps, and for people without a browser. People with one go to the club."""

import asyncio
from dataclasses import dataclass
from typing import Final

from aiohttp import web

from chassis.clock import Clock
from cloud.api.bearer import NO_SESSION
from cloud.api.routes import Route, bearer_token, body
from cloud.hashing import Hashing
from cloud.registry import Registry
from protocol import problems as no
from protocol.cloud_api import (
    AuthorizedLogin,
    Club,
    Login,
    LoginCode,
    Renewal,
    Session,
    SignedUp,
    SignUp,
    Verification,
    Verified,
)
from protocol.openapi import Operation

SIGN_UP: Final = Operation(
    "POST",
    "/api/v1/accounts",
    "Sign up; a mail goes to the address, whoever owns it.",
    SignedUp,
    SignUp,
    status=202,
    problems=(
        no.TERMS_NOT_ACCEPTED,
        no.EMAIL_UNUSABLE,
        no.PASSWORD_UNUSABLE,
        no.TOO_MANY_MESSAGES,
        no.TOO_BUSY,
        no.REQUEST_MALFORMED,
    ),
)
VERIFY: Final = Operation(
    "POST",
    "/api/v1/accounts/verification",
    "Confirm an address by the token of the mailed URL.",
    Verified,
    Verification,
    problems=(no.MAIL_URL_INVALID, no.MAIL_URL_EXPIRED, no.REQUEST_MALFORMED),
)
CLUB: Final = Operation("GET", "/api/v1/club", "Where a person logs in, in a browser.", Club)
LOG_IN: Final = Operation(
    "POST",
    "/api/v1/sessions",
    "Log in on one installation of the app with a password, for a person without a browser.",
    Session,
    Login,
    status=201,
    problems=(
        no.LOGIN_REFUSED,
        no.SMS_CODE_NEEDED,
        no.NEW_PASSWORD_NEEDED,
        no.OS_UNSUPPORTED,
        no.TOO_MANY_TRIES,
        no.TOO_MANY_MESSAGES,
        no.TOO_BUSY,
        no.REQUEST_MALFORMED,
    ),
)
LOG_IN_WITH_CODE: Final = Operation(
    "POST",
    "/api/v1/sessions/codes",
    "Finish a login that was answered sms_code_needed.",
    Session,
    LoginCode,
    status=201,
    problems=(
        no.SMS_CODE_MALFORMED,
        no.SMS_CODE_WRONG,
        no.SMS_CODE_SPENT,
        no.OS_UNSUPPORTED,
        no.TOO_MANY_TRIES,
        no.TOO_BUSY,
        no.REQUEST_MALFORMED,
    ),
)
OPEN_AUTHORIZED: Final = Operation(
    "POST",
    "/api/v1/sessions/authorized",
    "Turn the code that the club sent the browser back with into a session (RFC 7636).",
    Session,
    AuthorizedLogin,
    status=201,
    problems=(no.AUTHORIZATION_REFUSED, no.OS_UNSUPPORTED, no.REQUEST_MALFORMED),
)
RENEW: Final = Operation(
    "POST",
    "/api/v1/sessions/renewals",
    "Buy the next pair of tokens; a refresh token used twice ends the session.",
    Session,
    Renewal,
    status=201,
    problems=(*NO_SESSION, no.REQUEST_MALFORMED),
)
LOG_OUT: Final = Operation(
    "DELETE",
    "/api/v1/sessions/current",
    "Log out: every token of the session is dead. The bearer may be its refresh token, or be out of time.",
    None,
    status=204,
    problems=NO_SESSION,
    bearer=True,
)


@dataclass(frozen=True)
class SessionApi:
    """Translates between requests and the verbs of accounts and sessions."""

    registry: Registry
    clock: Clock
    hashing: Hashing
    club_url: str

    def routes(self) -> tuple[Route, ...]:
        """Return what is served."""
        return (
            Route(SIGN_UP, self._sign_up),
            Route(VERIFY, self._verify),
            Route(CLUB, self._club),
            Route(LOG_IN, self._log_in),
            Route(LOG_IN_WITH_CODE, self._log_in_with_code),
            Route(OPEN_AUTHORIZED, self._open_authorized),
            Route(RENEW, self._renew),
            Route(LOG_OUT, self._log_out),
        )

    async def _sign_up(self, request: web.Request) -> SignedUp:
        asked = await body(request, SignUp)
        attempt = await self.hashing.run(self.registry.sign_up, asked, self.club_url, self.clock.now())
        return attempt.told

    async def _verify(self, request: web.Request) -> Verified:
        asked = await body(request, Verification)
        return await asyncio.to_thread(self.registry.verify, asked.token, self.clock.now())

    async def _club(self, _request: web.Request) -> Club:
        return Club(authorize_url=f"{self.club_url}/authorize", account_url=f"{self.club_url}/account")

    async def _log_in(self, request: web.Request) -> Session:
        asked = await body(request, Login)
        peer = request.remote or ""
        return await self.hashing.run(self.registry.log_in, asked, peer, self.clock.now())

    async def _log_in_with_code(self, request: web.Request) -> Session:
        asked = await body(request, LoginCode)
        return await self.hashing.run(self.registry.log_in_with_code, asked, self.clock.now())

    async def _open_authorized(self, request: web.Request) -> Session:
        asked = await body(request, AuthorizedLogin)
        return await asyncio.to_thread(self.registry.open_authorized, asked, self.clock.now())

    async def _renew(self, request: web.Request) -> Session:
        asked = await body(request, Renewal)
        return await asyncio.to_thread(self.registry.renew, asked, self.clock.now())

    async def _log_out(self, request: web.Request) -> None:
        await asyncio.to_thread(self.registry.log_out, bearer_token(request))
