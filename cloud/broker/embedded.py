"""The MQTT 5 broker inside the cloud: nothing to install, credentials and rights straight from the registry.

QoS 0 and 1, shared subscriptions, retained messages, wills, session takeover and expiry; no QoS 2, no topic aliases, no
subscription identifiers (CONNACK says so), and no store: see cloud/broker/exchange.py for why that loses nothing.
"""

import asyncio
import errno
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from typing import Final

from mqtt5 import DisconnectReasonCode

from cloud.broker.connection import Connection
from cloud.broker.exchange import Exchange
from cloud.logins import Login
from protocol.problems import PORT_TAKEN, Problem

CONNECTIONS_MAX: Final = 10_000
_TURNS_TO_COME_IN: Final = 5
_TICK_S: Final = 0.5
_BACKLOG: Final = 1024


class EmbeddedBroker:
    """A `cloud.broker.Broker` in this process, on one address."""

    def __init__(self, host: str, port: int) -> None:
        self.host = host
        self.port = port
        self._exchange = Exchange(())
        self._connections: set[Connection] = set()

    @asynccontextmanager
    async def serving(self, logins: Iterable[Login]) -> AsyncIterator[None]:
        """Serve until the block is left; then say goodbye to every client.

        Raises:
            Problem: `port_taken`.
        """
        self._exchange = Exchange(logins)
        server = await self._listen()
        self.port = server.sockets[0].getsockname()[1]
        self._tick()
        try:
            yield
        finally:
            self._timer.cancel()
            server.close()
            await self._close_all()

    async def admit(self, login: Login) -> None:
        """Add or replace a login at once; a live session under an old password or old rights ends."""
        self._exchange.admit(login, asyncio.get_running_loop().time())

    async def _listen(self) -> asyncio.Server:
        loop = asyncio.get_running_loop()
        try:
            return await loop.create_server(self._welcome, self.host, self.port, backlog=_BACKLOG)
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                raise
            raise Problem(PORT_TAKEN, address=f"{self.host}:{self.port}") from None

    def _welcome(self) -> asyncio.Protocol:
        if len(self._connections) >= CONNECTIONS_MAX:
            return _Turned()
        return Connection(self._exchange, self._connections, asyncio.get_running_loop().time)

    def _tick(self) -> None:
        loop = asyncio.get_running_loop()
        for connection in list(self._connections):
            connection.check_silence(loop.time())
        self._exchange.tick(loop.time())
        self._timer = loop.call_later(_TICK_S, self._tick)

    async def _close_all(self) -> None:
        for _ in range(_TURNS_TO_COME_IN):  # whoever was accepted just now
            await asyncio.sleep(0)
        for connection in list(self._connections):
            connection.end(DisconnectReasonCode.SERVER_SHUTTING_DOWN)
            connection.abort()
        await asyncio.sleep(0)  # the turn of the loop in which closed transports let go of their sockets


class _Turned(asyncio.Protocol):
    """One connection too many: closed before it can cost anything."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        transport.close()
