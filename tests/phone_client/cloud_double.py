"""A cloud for the phone to talk to: aiohttp answers by a table, and every request is kept whole."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timezone

from aiohttp import web
from pydantic import BaseModel
from yarl import URL

from protocol.cloud_api import Event, Events, Link, Session, SignedUp, Timeline, Verified
from protocol.problems import MEDIA_TYPE, Problem

TOKEN = "t0ken-of-this-phone"
EMAIL = "father@example.com"
NOW = datetime(2026, 11, 22, 5, 0, tzinfo=timezone.utc)  # noqa: UP017 - as the rest of the project writes it

LINK = Link(
    gateway_id="0123456789ab",
    model="MKN702",
    firmware="2.10",
    linked_at=NOW,
    nickname="お父さん",
    phones=("お父さん",),
)
TIMELINE = Timeline(
    gateway_id=LINK.gateway_id,
    model="MKN702",
    online=True,
    last_seen_at=NOW,
    newest=None,
    bucket_s=900,
    buckets=(),
)

EVENTS = Events(events=(Event(kind="link_code_issued", gateway_id=LINK.gateway_id, at=NOW),))

Answer = BaseModel | Problem | URL | str | None
"""A model, a refusal, a redirection, any other text, or nothing: the connection is cut after the request was read."""


@dataclass
class CloudDouble:
    answers: dict[str, Answer] = field(
        default_factory=lambda: {
            "POST /api/v1/accounts": SignedUp(mail_sent_to=EMAIL, expires_in_s=3600),
            "POST /api/v1/accounts/verification": Verified(email=EMAIL, already=False),
            "POST /api/v1/sessions": Session(token=TOKEN, expires_in_s=3600, email=EMAIL, link=None),
            "DELETE /api/v1/sessions/current": "",
            "POST /api/v1/links": LINK,
            "GET /api/v1/links/current": LINK,
            "GET /api/v1/timeline": TIMELINE,
            "GET /api/v1/events": EVENTS,
        }
    )
    requests: list[tuple[str, dict[str, str], str]] = field(default_factory=list)
    url: str = ""

    def bodies(self, route: str) -> list[dict[str, object]]:
        """Return the JSON bodies sent to `route`."""
        return [json.loads(body) for asked, _, body in self.requests if asked == route]

    async def answer(self, request: web.Request) -> web.StreamResponse:
        route = f"{request.method} {request.path}"
        self.requests.append((route, dict(request.headers) | dict(request.query), await request.text()))
        answer = self.answers[route]
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
