"""A browser without a script, in a machine of the home: what it asks for really comes from there."""

import asyncio
import re
import socket
from base64 import b64encode
from collections.abc import Callable, Mapping, Sequence
from contextlib import AsyncExitStack
from types import TracebackType
from typing import Final, Self
from urllib.parse import urljoin, urlsplit

import aiohttp
from aiohttp.abc import AbstractCookieJar, AbstractResolver, ResolveResult

from lab.node import Node
from lab.people.page import Page, Way

PAGE_S: Final = 20.0
"""So long a person waits for a page: longer than the app waits for the cloud."""
_STYLE: Final = re.compile(r'<link rel="stylesheet" href="([^"]+)">')
_SCRIPT: Final = re.compile(r"<script\b.*?</script>", re.DOTALL)
_NO_SCRIPT: Final = re.compile(r"<noscript>\s*<meta.*?</noscript>", re.DOTALL)
_IMAGE: Final = re.compile(r'(<img src=)"(/static/[^"]+\.svg)"')

Names = Callable[[str], Sequence[str]]
"""The addresses that a name stands for right now."""


class UnreachablePageError(Exception):
    """No page came."""


class TooSlowError(UnreachablePageError):
    """None came in time."""


class Browser:
    """`async with Browser(node, names) as browser`; it keeps cookies, and follows where it is led.

    `http` is its session, for what is no page.
    """

    def __init__(
        self,
        node: Node,
        names: Names,
        *,
        cookies: Mapping[str, str] | None = None,
        jar: AbstractCookieJar | None = None,
    ) -> None:
        self._node = node
        self._names = names
        self._cookies = cookies or {}
        self._jar = jar
        self._static: dict[str, str] = {}
        self._stack = AsyncExitStack()

    async def __aenter__(self) -> Self:
        connector = aiohttp.TCPConnector(
            resolver=_Resolver(self._names),
            socket_factory=self._open_socket,
            force_close=True,
            use_dns_cache=False,
        )
        jar = self._jar or aiohttp.CookieJar(unsafe=True)  # they are of addresses
        self.http = await self._stack.enter_async_context(
            aiohttp.ClientSession(connector=connector, cookie_jar=jar, cookies=self._cookies)
        )
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._stack.aclose()

    def _open_socket(self, wanted: aiohttp.AddrInfoType) -> socket.socket:
        family, kind, proto, *_ = wanted
        return self._node.open_socket(family, kind, proto)

    async def open(self, address: str, within_s: float = PAGE_S) -> Page:
        """Open a page.

        Raises:
            UnreachablePageError: nothing came in time.
        """
        return await self._ask("GET", address, None, within_s)

    async def send(self, way: Way, page: Page, fields: Mapping[str, str]) -> Page:
        """Go a way that `page` offers, with what was filled in.

        Raises:
            UnreachablePageError: nothing came in time.
        """
        address = urljoin(page.address, way.address)
        if way.method == "GET":
            return await self._ask("GET", address, None, PAGE_S)
        return await self._ask("POST", address, {**way.fields, **fields}, PAGE_S)

    async def _ask(self, method: str, address: str, form: Mapping[str, str] | None, within_s: float) -> Page:
        place = urlsplit(address)
        origin = {"Origin": f"{place.scheme}://{place.netloc}"} if form is not None else {}
        try:
            async with (
                asyncio.timeout(within_s),
                self.http.request(method, address, data=form, headers=origin) as response,
            ):
                text = await response.text()
        except TimeoutError:
            raise TooSlowError(f"no page within {within_s:g} s") from None
        except (aiohttp.ClientError, OSError) as error:
            raise UnreachablePageError(str(error)) from None
        led_on = form is None or bool(response.history)
        return Page(text, str(response.url), response.status, can_reload=led_on)

    async def events(self, address: str) -> aiohttp.ClientResponse:
        """Listen to what moves on a page."""
        return await self.http.get(address, timeout=aiohttp.ClientTimeout(total=None))

    async def picture(self, page: Page) -> str:
        """Return the page whole in itself: its styles and drawings in it, no script."""
        text = _NO_SCRIPT.sub("", _SCRIPT.sub("", page.text))
        for address in set(_STYLE.findall(text)):
            style = await self._fetched(urljoin(page.address, address))
            text = text.replace(f'<link rel="stylesheet" href="{address}">', f"<style>{style}</style>")
        for address in {match[1] for match in _IMAGE.findall(text)}:
            drawing = b64encode((await self._fetched(urljoin(page.address, address))).encode()).decode()
            text = text.replace(f'src="{address}"', f'src="data:image/svg+xml;base64,{drawing}"')
        return text

    async def _fetched(self, address: str) -> str:
        if address not in self._static:
            try:
                self._static[address] = (await self.open(address, 3.0)).text
            except UnreachablePageError:
                return ""
        return self._static[address]


class _Resolver(AbstractResolver):
    def __init__(self, names: Names) -> None:
        self._names = names

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        known = await asyncio.to_thread(self._names, host)
        return [
            ResolveResult(hostname=host, host=each, port=port, family=_family(each), proto=0, flags=0)
            for each in known
            if family in (socket.AF_UNSPEC, _family(each))
        ]

    async def close(self) -> None:
        """Keep nothing open."""


def _family(address: str) -> socket.AddressFamily:
    return socket.AF_INET6 if ":" in address else socket.AF_INET
