"""Where a program listens. Apart from `web`, so that a port can be taken before there is time to load what serves there."""

import asyncio
import errno
import ipaddress
import logging
import socket
from collections.abc import AsyncIterator, Sequence
from contextlib import ExitStack, asynccontextmanager

from protocol.problems import PORT_TAKEN, SETTINGS_WRONG, Problem

log = logging.getLogger(__name__)


@asynccontextmanager
async def listening(hosts: Sequence[str], port: int) -> AsyncIterator[list[socket.socket]]:
    """Listen at each of `hosts`, on one port (0: any free one); a host that cannot be used is told and left out.

    Raises:
        Problem: `port_taken`, or `settings_wrong` when no host can be used at all.
    """
    with ExitStack() as open_ones:
        listeners: list[socket.socket] = []
        for host in hosts:
            listener = await asyncio.to_thread(listen, host, port)
            if listener:
                listeners.append(open_ones.enter_context(listener))
                port = listener.getsockname()[1]
        if not listeners:
            reason = f"cannot listen at {', '.join(hosts)}"
            raise Problem(SETTINGS_WRONG, file="settings", key="http.host", reason=reason)
        yield listeners


def listen(host: str, port: int) -> socket.socket | None:
    """Listen at `host`, or tell why not and return None.

    Raises:
        Problem: `port_taken`.
    """
    try:
        family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        return socket.create_server(address, family=family, backlog=128)
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise Problem(PORT_TAKEN, address=_authority(host, port)) from None
        log.warning("cannot listen at %s: %s", _authority(host, port), error.strerror)
        return None


def url_of(listener: socket.socket) -> str:
    """Return the URL at which `listener` is reached, without a final slash."""
    host, port, *_ = listener.getsockname()
    return f"http://{_authority(host, port)}"


def is_address(host: str) -> bool:
    """Say whether `host` is an IP address."""
    try:
        return bool(ipaddress.ip_address(host))
    except ValueError:
        return False


def _authority(host: str, port: int) -> str:
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
