"""The cloud's HTTP API, as the phone uses it. Codes and passwords go here and nowhere else."""

from datetime import date
from typing import Final, TypeVar

from pydantic import BaseModel

from phone_client.exchange import Exchange, Http, Nothing, Request, Server
from protocol import cloud_api as api

LIMIT_S: Final = 15.0
_API: Final = "/api/v1"

Answer = TypeVar("Answer", bound=BaseModel)


class CloudClient:
    """Asks the cloud at `url`. Every method raises `Problem` (it said no) or `UnreachableError`, within `limit_s`."""

    def __init__(self, http: Http, url: str, limit_s: float = LIMIT_S) -> None:
        self._exchange = Exchange(http)
        self._server = Server(url, url, limit_s)

    async def sign_up(self, request: api.SignUp) -> api.SignedUp:
        """Ask for an account; the cloud mails a URL."""
        return await self._post("accounts", request, api.SignedUp)

    async def verify(self, request: api.Verification) -> api.Verified:
        """Confirm the address with the token of the mailed URL."""
        return await self._post("accounts/verification", request, api.Verified)

    async def club(self) -> api.Club:
        """Return where a person logs in with a browser."""
        return await self._get("club", None, api.Club)

    async def log_in(self, request: api.Login) -> api.Session:
        """Return a session for this installation."""
        return await self._post("sessions", request, api.Session)

    async def log_in_with_code(self, request: api.LoginCode) -> api.Session:
        """Return the session that was waiting for a code."""
        return await self._post("sessions/codes", request, api.Session)

    async def open_authorized(self, request: api.AuthorizedLogin) -> api.Session:
        """Return the session that a login in the browser has earned."""
        return await self._post("sessions/authorized", request, api.Session)

    async def renew(self, request: api.Renewal) -> api.Session:
        """Return the next pair of tokens."""
        return await self._post("sessions/renewals", request, api.Session)

    async def log_out(self, token: str) -> None:
        """End the session of `token`, which may be its refresh token."""
        await self._delete("sessions/current", token)

    async def preview_link(self, token: str, request: api.LinkRequest) -> api.LinkPreview:
        """Return which gateway the codes are for and who uses it; nothing is spent."""
        return await self._post("link-previews", request, api.LinkPreview, token)

    async def link(self, token: str, request: api.LinkRequest) -> api.Link:
        """Link the account and this phone to a gateway."""
        return await self._post("links", request, api.Link, token)

    async def current_link(self, token: str) -> api.Link:
        """Return the account's link as it is now."""
        return await self._get("links/current", token, api.Link)

    async def delete_account(self, token: str) -> None:
        """Delete the app's account: its link, its phones, its sessions."""
        await self._delete("links/current", token)

    async def add_phone(self, token: str, request: api.AddPhone) -> api.Link:
        """Register a further phone of a linked account."""
        return await self._post("phones", request, api.Link, token)

    async def move_phone(self, token: str, request: api.MovePhone) -> api.Link:
        """Take the slot of the phone that was given the change code."""
        return await self._post("phones/moves", request, api.Link, token)

    async def replace_phone(self, token: str, request: api.ReplacePhone) -> api.Link:
        """Take the slot of a phone that was lost."""
        return await self._post("phones/replacements", request, api.Link, token)

    async def issue_change_code(self, token: str) -> api.IssuedChangeCode:
        """Return a change code for the phone that asks."""
        return await self._post("change-codes", None, api.IssuedChangeCode, token)

    async def users(self, token: str) -> api.Users:
        """Return every phone registered with the account's gateway."""
        return await self._get("users", token, api.Users)

    async def remove_user(self, token: str, request: api.RemoveUser) -> api.Users:
        """Remove a phone; return those that are left."""
        return await self._post("users/removals", request, api.Users, token)

    async def events(self, token: str) -> api.Events:
        """Return what has happened to the account's gateway, the newest first."""
        return await self._get("events", token, api.Events)

    async def timeline(self, token: str, by: api.By, on: date | None) -> api.Timeline:
        """Return the day, month or year that holds `on` (today) in Japan."""
        query = {"by": by} | ({"on": on.isoformat()} if on else {})
        return await self._get("timeline", token, api.Timeline, query)

    async def _post(
        self, path: str, body: BaseModel | None, answer: type[Answer], token: str | None = None
    ) -> Answer:
        request = Request("POST", f"{_API}/{path}", body=body, token=token)
        return await self._exchange.ask(self._server, request, answer)

    async def _get(
        self, path: str, token: str | None, answer: type[Answer], query: dict[str, str] | None = None
    ) -> Answer:
        request = Request("GET", f"{_API}/{path}", token=token, query=query)
        return await self._exchange.ask(self._server, request, answer)

    async def _delete(self, path: str, token: str) -> None:
        await self._exchange.ask(self._server, Request("DELETE", f"{_API}/{path}", token=token), Nothing)
