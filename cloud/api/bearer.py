"""Who asks, by the bearer token of a request, and every way in which the answer is no."""

import asyncio
from typing import Final

from aiohttp import web

from chassis.clock import Clock
from cloud.api.routes import bearer_token
from cloud.registry import Registry
from cloud.registry.sessions import Who
from protocol import problems as no

NO_SESSION: Final = (
    no.NOT_LOGGED_IN,
    no.SESSION_ENDED,
    no.PHONE_MOVED,
    no.PHONE_REMOVED,
    no.ACCOUNT_DELETED,
)


async def who_asks(request: web.Request, registry: Registry, clock: Clock) -> Who:
    """Return whom the token of `request` speaks for; asked before anything else of a request is judged.

    Raises:
        Problem: one of `NO_SESSION`.
    """
    return await asyncio.to_thread(registry.authenticate, bearer_token(request), clock.now())
