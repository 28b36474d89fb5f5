"""The HTTP socket and what serves on it."""

import asyncio
import errno
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from aiohttp import web

from protocol.problems import PORT_TAKEN, SETTINGS_WRONG, Problem

_SHUTDOWN_WITHIN_S: Final = 1


@asynccontextmanager
async def listening(host: str, port: int) -> AsyncIterator[socket.socket]:
    """Listen until the block is left; port 0 chooses a free one.

    Raises:
        Problem: `port_taken`, or `settings_wrong` when this machine has no such address.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        listener = await asyncio.to_thread(socket.create_server, (host, port), family=family)
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise Problem(PORT_TAKEN, address=f"{host}:{port}") from None
        raise Problem(SETTINGS_WRONG, file="http", key="host", reason=str(error.strerror)) from None
    with listener:
        yield listener


def url_of(host: str, listener: socket.socket) -> str:
    """Return the URL at which `listener` is reached by the name `host`."""
    name = f"[{host}]" if ":" in host else host
    return f"http://{name}:{listener.getsockname()[1]}"


@asynccontextmanager
async def serving(application: web.Application, listener: socket.socket) -> AsyncIterator[None]:
    """Serve `application` on `listener` until the block is left."""
    runner = web.AppRunner(
        application, access_log=None, shutdown_timeout=_SHUTDOWN_WITHIN_S
    )  # URLs hold tokens
    try:
        await runner.setup()
        await web.SockSite(runner, listener).start()
        yield
    finally:
        await runner.cleanup()
