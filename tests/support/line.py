"""The internet line of the house: a TCP relay on loopback that can be cut and mended while the programs run."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from typing import Literal
from urllib.parse import urlsplit


class Line:
    """Relays to `host:port`. Cut, it refuses connections and drops those it has, or (`silent`) lets them hang.

    It can also lose one answer: the request gets there, and nothing comes back.
    """

    def __init__(self, host: str, port: int) -> None:
        self._target = (host, port)
        self._state: Literal["up", "refusing", "silent"] = "up"
        self._open: set[asyncio.StreamWriter] = set()
        self._server: asyncio.Server | None = None
        self._losing: bytes | None = None
        self.port = 0

    @property
    def url(self) -> str:
        """Where the other end is reached through this line."""
        return f"http://127.0.0.1:{self.port}"

    async def cut(self, *, silent: bool = False) -> None:
        """Cut it: nothing gets through any more, in either direction."""
        self._state = "silent" if silent else "refusing"
        for writer in list(self._open):
            writer.transport.abort()
        if not silent and self._server:
            self._server.close()
            self._server = None

    async def mend(self) -> None:
        """Let everything through again."""
        self._state = "up"
        if not self._server:
            self._server = await asyncio.start_server(self._relay, "127.0.0.1", self.port)
            self.port = self._server.sockets[0].getsockname()[1]

    def lose_answer_to(self, request: str) -> None:
        """Drop the answer to the next request that has this text in it, and the connection with it."""
        self._losing = request.encode()

    @property
    def has_lost_it(self) -> bool:
        """Whether that request has come by."""
        return self._losing is None

    def _passes(self, data: bytes, lost: asyncio.Event) -> bool:
        """Let a request pass; if it is the one to stay without an answer, note it in `lost`."""
        if self._losing is not None and self._losing in data:
            self._losing = None
            lost.set()
        return True

    async def _relay(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._open.add(writer)
        try:
            if self._state == "silent":
                await reader.read()
                return
            far_reader, far_writer = await asyncio.open_connection(*self._target)
            self._open.add(far_writer)
            try:
                lost = asyncio.Event()
                async with asyncio.TaskGroup() as both:
                    both.create_task(_pump(reader, far_writer, lambda data: self._passes(data, lost)))
                    both.create_task(_pump(far_reader, writer, lambda _: not lost.is_set()))
            finally:
                self._open.discard(far_writer)
                far_writer.close()
        except OSError:
            pass  # the far end is away
        finally:
            self._open.discard(writer)
            writer.close()


async def _pump(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, passes: Callable[[bytes], bool]
) -> None:
    with suppress(OSError):
        while data := await reader.read(65536):
            if not passes(data):
                writer.transport.abort()
                return
            writer.write(data)
            await writer.drain()
        writer.write_eof()


@asynccontextmanager
async def line_to(url: str) -> AsyncIterator[Line]:
    """Open a line to the HTTP server at `url`."""
    where = urlsplit(url)
    line = Line(where.hostname or "", where.port or 80)
    await line.mend()
    try:
        yield line
    finally:
        await line.cut()
