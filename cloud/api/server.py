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


async def listen(host: str, port: int) -> socket.socket:
    """Return a listening socket; port 0 chooses a free one.

    Raises:
        Problem: `port_taken`, or `settings_wrong` when this machine has no such address.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return await asyncio.to_thread(socket.create_server, (host, port), family=family)
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise Problem(PORT_TAKEN, address=f"{host}:{port}") from None
        raise Problem(SETTINGS_WRONG, file="http", key="host", reason=str(error.strerror)) from None


def url_of(host: str, listening: socket.socket) -> str:
    """Return the URL at which `listening` is reached by the name `host`."""
    name = f"[{host}]" if ":" in host else host
    return f"http://{name}:{listening.getsockname()[1]}"


@asynccontextmanager
async def serving(application: web.Application, listening: socket.socket) -> AsyncIterator[None]:
    """Serve `application` until the block is left; then close `listening`."""
    runner = web.AppRunner(
        application, access_log=None, shutdown_timeout=_SHUTDOWN_WITHIN_S
    )  # URLs hold tokens
    try:
        await runner.setup()
        await web.SockSite(runner, listening).start()
        yield
    finally:
        await runner.cleanup()
        listening.close()
