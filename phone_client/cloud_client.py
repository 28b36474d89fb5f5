"""The cloud's HTTP API, as the phone uses it. Codes and passwords go here and nowhere else."""

from typing import Final

from phone_client.exchange import Exchange, Nothing, Request, Server
from protocol.cloud_api import (
    Events,
    Link,
    LinkRequest,
    Login,
    Session,
    SignedUp,
    SignUp,
    Timeline,
    Verification,
    Verified,
)

LIMIT_S: Final = 15.0
_API: Final = "/api/v1"


class CloudClient:
    """Asks the cloud at `url`. Every method raises `Problem` (it said no) or `UnreachableError`."""

    def __init__(self, exchange: Exchange, url: str) -> None:
        self._exchange = exchange
        self._server = Server(url, url, LIMIT_S)

    async def sign_up(self, request: SignUp) -> SignedUp:
        """Ask for an account; the cloud mails a URL."""
        return await self._exchange.ask(
            self._server, Request("POST", f"{_API}/accounts", body=request), SignedUp
        )

    async def verify(self, request: Verification) -> Verified:
        """Confirm the address with the token of the mailed URL."""
        return await self._exchange.ask(
            self._server, Request("POST", f"{_API}/accounts/verification", body=request), Verified
        )

    async def log_in(self, request: Login) -> Session:
        """Return a session for this installation."""
        return await self._exchange.ask(
            self._server, Request("POST", f"{_API}/sessions", body=request), Session
        )

    async def log_out(self, token: str) -> None:
        """End the session."""
        request = Request("DELETE", f"{_API}/sessions/current", token=token)
        await self._exchange.ask(self._server, request, Nothing)

    async def link(self, token: str, request: LinkRequest) -> Link:
        """Link the account and this phone to a gateway."""
        return await self._exchange.ask(
            self._server, Request("POST", f"{_API}/links", body=request, token=token), Link
        )

    async def current_link(self, token: str) -> Link:
        """Return the account's link as it is now."""
        return await self._exchange.ask(
            self._server, Request("GET", f"{_API}/links/current", token=token), Link
        )

    async def events(self, token: str) -> Events:
        """Return what has happened to the account's gateway, the newest first."""
        return await self._exchange.ask(self._server, Request("GET", f"{_API}/events", token=token), Events)

    async def timeline(self, token: str, hours: int, bucket_s: int) -> Timeline:
        """Return the last `hours` in buckets of `bucket_s` seconds."""
        query = {"hours": str(hours), "bucket_s": str(bucket_s)}
        request = Request("GET", f"{_API}/timeline", token=token, query=query)
        return await self._exchange.ask(self._server, request, Timeline)
