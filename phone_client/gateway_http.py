"""HTTP to a gateway on the LAN: one plain GET a connection, and nothing that a search would have to wait for to be loaded.

HTTP/1.0, so that the answer is neither chunked nor kept open. Whatever answers there may be hostile.
"""

import asyncio
import re
from typing import Final
from urllib.parse import urlsplit

from phone_client.exchange import MAX_ANSWER_BYTES, Request, Server, failed, too_late

MAX_HEAD_BYTES: Final = 1 << 14
_HEAD: Final = re.compile(rb"HTTP/1\.[01] ([1-5][0-9]{2})\b")
_LENGTH: Final = re.compile(rb"\r\ncontent-length:[ \t]*([0-9]{1,9})[ \t]*\r\n", re.IGNORECASE)

_TOO_LARGE: Final = "the answer is too large"
_SCOPE: Final = re.compile(r"%[^]]*")
"""The name of our interface in a link-local address, which is nobody else's business (RFC 6874 §1)."""


class GatewayHttp:
    """Asks by GET with the path alone: no body and no token ever go to a gateway."""

    async def send(self, server: Server, request: Request) -> tuple[int, bytes]:
        """Return the status and what came with it.

        Raises:
            UnreachableError: no answer in time, or none that is HTTP, or one that is too large.
        """
        try:
            async with asyncio.timeout(server.limit_s):
                return await _get(server.url, request.path)
        except TimeoutError:
            raise too_late(server) from None
        except asyncio.IncompleteReadError:
            raise failed(server, ValueError("the answer is cut short")) from None
        except asyncio.LimitOverrunError:
            raise failed(server, ValueError(_TOO_LARGE)) from None
        except (OSError, ValueError) as error:
            raise failed(server, error) from None


async def _get(url: str, path: str) -> tuple[int, bytes]:
    place = urlsplit(url)
    host = _SCOPE.sub("", place.netloc)
    reader, writer = await asyncio.open_connection(place.hostname, place.port, limit=MAX_HEAD_BYTES)
    try:
        writer.write(f"GET {path} HTTP/1.0\r\nHost: {host}\r\nAccept: application/json\r\n\r\n".encode())
        head = await reader.readuntil(b"\r\n\r\n")
        status = _HEAD.match(head)
        if not status:
            raise ValueError("not HTTP")
        return int(status[1]), await _read_body(reader, _LENGTH.search(head))
    finally:
        writer.close()  # nobody waits for the other side's goodbye


async def _read_body(reader: asyncio.StreamReader, length: re.Match[bytes] | None) -> bytes:
    if length and int(length[1]) <= MAX_ANSWER_BYTES:
        return await reader.readexactly(int(length[1]))
    content = bytearray()
    while chunk := await reader.read(1 << 16):
        content += chunk
        if len(content) > MAX_ANSWER_BYTES:
            raise ValueError(_TOO_LARGE)
    return bytes(content)
