"""HTTP to the cloud, by aiohttp: TLS, connections that are kept."""

import asyncio
import importlib
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING

from phone_client.exchange import MAX_ANSWER_BYTES, Request, Server, failed, too_late

if TYPE_CHECKING:
    from aiohttp import ClientSession


class CloudHttp:
    """One session for everything the phone asks, made at the first request."""

    def __init__(self) -> None:
        self._session: ClientSession | None = None
        self._making = asyncio.Lock()

    async def close(self) -> None:
        """Close the connections."""
        if self._session:
            await self._session.close()

    async def send(self, server: Server, request: Request) -> tuple[int, bytes]:
        """Return the status and what came with it.

        Raises:
            UnreachableError: no answer in time, or none that is HTTP, or one that is too large.
        """
        session = await self._open()
        from aiohttp import ClientError  # noqa: PLC0415 - loaded by _open, off the loop

        headers = {"Authorization": f"Bearer {request.token}"} if request.token else {}
        try:
            async with (
                asyncio.timeout(server.limit_s),
                session.request(
                    request.method,
                    server.url + request.path,
                    params=request.query,
                    json=request.body.model_dump(mode="json") if request.body else None,
                    headers=headers,
                    allow_redirects=False,
                ) as response,
            ):
                return response.status, await _read(response.content.iter_chunked(1 << 16))
        except TimeoutError:
            raise too_late(server) from None
        except (ClientError, OSError, ValueError) as error:
            raise failed(server, error) from None

    async def _open(self) -> "ClientSession":
        """Return the session; aiohttp takes 0.3 s to load, so it is loaded when it is needed, in a thread."""
        async with self._making:
            if self._session is None:
                await asyncio.to_thread(importlib.import_module, "aiohttp")
                from aiohttp import ClientSession, DummyCookieJar  # noqa: PLC0415

                self._session = ClientSession(cookie_jar=DummyCookieJar())
            return self._session


async def _read(chunks: AsyncIterator[bytes]) -> bytes:
    content = bytearray()
    async for chunk in chunks:
        content += chunk
        if len(content) > MAX_ANSWER_BYTES:
            raise ValueError("the answer is too large")
    return bytes(content)
