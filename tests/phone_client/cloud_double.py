"""A cloud for the phone to talk to: aiohttp answers by a table, and every request is kept whole."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone

from aiohttp import web
from pydantic import BaseModel
from yarl import URL

from protocol.cloud_api import (
    Club,
    Event,
    Events,
    IssuedChangeCode,
    Link,
    LinkPreview,
    OwnPhone,
    Session,
    SignedUp,
    Timeline,
    User,
    Users,
    Verified,
)
from protocol.codes import with_check_digit
from protocol.problems import MEDIA_TYPE, Problem

TOKEN, REFRESH = "t0ken-of-this-phone", "refresh-of-this-phone"
EMAIL = "father@example.com"
NOW = datetime(2026, 11, 22, 5, 0, tzinfo=timezone.utc)  # noqa: UP017 - as the rest of the project writes it
MIDNIGHT = NOW - timedelta(hours=14)  # of the day in Japan
CLUB = "http://127.0.0.1:8083/authorize"
CHANGE_CODE = with_check_digit("55566677788")
PERMIT = "permit-of-a-preview"

FATHER = OwnPhone(phone_id="phone-id-of-father", nickname="お父さん")
LINK = Link(
    gateway_id="0123456789ab",
    model="MKN702",
    firmware="2.10",
    latest_firmware="2.10",
    linked_at=NOW,
    nickname="お父さん",
    phones=(FATHER,),
)
UNREGISTERED = LINK.model_copy(update={"nickname": None})
OUTDATED = LINK.model_copy(update={"firmware": "2.9"})
SESSION = Session(token=TOKEN, refresh_token=REFRESH, expires_in_s=3600, email=EMAIL, link=None)
GRANDMOTHER = User(phone_id="phone-id-of-grandmother", nickname="おばあさん", own=False)
PREVIEW = LinkPreview(
    gateway_id=LINK.gateway_id, model="MKN702", place="大阪府-大阪府-門真市", users=(), permit=PERMIT
)
TIMELINE = Timeline(
    gateway_id=LINK.gateway_id,
    model="MKN702",
    online=True,
    last_seen_at=NOW,
    newest=None,
    by="hour",
    start_at=MIDNIGHT,
    end_at=MIDNIGHT + timedelta(days=1),
    buckets=(),
)

EVENTS = Events(events=(Event(kind="link_code_issued", gateway_id=LINK.gateway_id, at=NOW),))

Answer = BaseModel | Problem | URL | str | None
"""A model, a refusal, a redirection, any other text, or nothing: the connection is cut after the request was read."""


@dataclass
class CloudDouble:
    """Gives each route's answer; of a list, the first that is left, and the last for ever."""

    answers: dict[str, Answer | list[Answer]] = field(
        default_factory=lambda: {
            "POST /api/v1/accounts": SignedUp(mail_sent_to=EMAIL, expires_in_s=3600),
            "POST /api/v1/accounts/verification": Verified(email=EMAIL, already=False),
            "GET /api/v1/club": Club(authorize_url=CLUB, account_url="http://127.0.0.1:8083/account"),
            "POST /api/v1/sessions": SESSION,
            "POST /api/v1/sessions/codes": SESSION,
            "POST /api/v1/sessions/authorized": SESSION,
            "POST /api/v1/sessions/renewals": SESSION,
            "DELETE /api/v1/sessions/current": "",
            "POST /api/v1/link-previews": PREVIEW,
            "POST /api/v1/links": LINK,
            "GET /api/v1/links/current": LINK,
            "DELETE /api/v1/links/current": "",
            "POST /api/v1/phones": LINK,
            "POST /api/v1/phones/moves": LINK,
            "POST /api/v1/phones/replacements": LINK,
            "POST /api/v1/change-codes": IssuedChangeCode(change_code=CHANGE_CODE, expires_in_s=604_800),
            "GET /api/v1/users": Users(users=(GRANDMOTHER,)),
            "POST /api/v1/users/removals": Users(users=()),
            "GET /api/v1/timeline": TIMELINE,
            "GET /api/v1/events": EVENTS,
        }
    )
    requests: list[tuple[str, dict[str, str], str]] = field(default_factory=list)
    held: dict[str, asyncio.Event] = field(default_factory=dict)
    """Routes that are answered only when the event is set."""
    url: str = ""

    def bodies(self, route: str) -> list[dict[str, object]]:
        """Return the JSON bodies sent to `route`."""
        return [json.loads(body) for asked, _, body in self.requests if asked == route]

    def routes(self) -> list[str]:
        """Return what was asked, in order."""
        return [asked for asked, _, _ in self.requests]

    def tokens(self, route: str) -> list[str]:
        """Return the bearer tokens sent to `route`."""
        return [
            headers.get("Authorization", "").removeprefix("Bearer ")
            for asked, headers, _ in self.requests
            if asked == route
        ]

    async def answer(self, request: web.Request) -> web.StreamResponse:
        route = f"{request.method} {request.path}"
        self.requests.append((route, dict(request.headers) | dict(request.query), await request.text()))
        if route in self.held:
            await self.held[route].wait()
        answer = self.answers[route]
        if isinstance(answer, list):
            answer = answer.pop(0) if len(answer) > 1 else answer[0]
        if answer is None:
            assert request.transport
            request.transport.abort()
            return web.Response()
        if isinstance(answer, Problem):
            document = json.dumps(answer.document())
            return web.Response(text=document, status=answer.kind.status, content_type=MEDIA_TYPE)
        if isinstance(answer, URL):
            return web.Response(status=307, headers={"Location": str(answer)})
        if isinstance(answer, str):
            return web.Response(text=answer)
        return web.json_response(text=answer.model_dump_json())


@asynccontextmanager
async def running() -> AsyncIterator[CloudDouble]:
    cloud = CloudDouble()
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", cloud.answer)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        cloud.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
        yield cloud
    finally:
        await runner.cleanup()
