"""The hand that holds a phone, in a browser without JavaScript: keeps cookies, sends each page's token with its form."""

import html
import re
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

import aiohttp

from phone_client.program import running
from phone_client.settings import Search, Ui
from phone_client.standing import Place
from phone_client.wording import read_wording
from protocol.cloud_api import Link
from protocol.problems import NOT_LINKED, Problem
from tests.phone_client.cloud_double import EMAIL, LINK, NOW, OUTDATED, SESSION, TIMELINE, UNREGISTERED
from tests.phone_client.person import PASSWORD, World

WORDS = read_wording("ja")
DESK = (
    "住宅エネルギーマネジメントシステム ご相談窓口",
    "0120-081-701",
    "365日／9:00～18:00",
    "携帯電話からもご利用になれます",
    "06-6780-2099",
)
LINK_AT: dict[Place, Link | None] = {
    "search": None,
    "phone": UNREGISTERED,
    "firmware": OUTDATED,
    "timeline": LINK,
}


@dataclass
class Hand:
    """`page`, `status`, `headers` and `path` are those of the last answer; `went` the addresses on the way to it."""

    world: World
    url: str
    client: aiohttp.ClientSession
    status: int = 0
    page: str = ""
    path: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    went: list[str] = field(default_factory=list)

    async def look(self, path: str, **headers: str) -> None:
        """Open an address, and follow where it leads."""
        await self._go("GET", path, headers=headers)

    async def tap(self, path: str, go: str = "on", **fields: str) -> None:
        """Send the form of the open page that belongs to `path`, by its button `go`."""
        assert path in self.forms(), f"{self.path} has no form for {path}"
        await self.send(path, {"token": self.token(), "go": go} | fields)

    async def send(self, path: str, form: Mapping[str, str], **headers: str) -> None:
        """Send a form that need not be on the page."""
        await self._go("POST", path, data=form, headers=headers)

    def token(self) -> str:
        found = re.search(r'name="token" value="([\w-]+)"', self.page)
        assert found, f"{self.path} has no form"
        return found[1]

    def forms(self) -> list[str]:
        return [html.unescape(each) for each in re.findall(r'<form [^>]*action="([^"]+)"', self.page)]

    def ways_on(self) -> list[str]:
        """Return what can be tapped in the page's own part, in order."""
        main = self.page.partition("<main>")[2]
        found = re.findall(r"<(?:a|button|summary)\b[^>]*>(.*?)</(?:a|button|summary)>", main, re.DOTALL)
        return [" ".join(_texts(each)) for each in found]

    def says(self, *words: str) -> bool:
        """Say whether the page has these texts, in this order."""
        text = " ".join(_texts(self.page))
        place = 0
        for each in words:
            place = text.find(each, place)
            if place < 0:
                return False
        return True

    @property
    def at(self) -> str:
        """The path of the page, without its query."""
        return urlsplit(self.path).path

    @property
    def alert(self) -> str:
        """What the page must be heard to say."""
        found = re.search(r'role="alert"[^>]*>(.*?)</p>', self.page, re.DOTALL)
        return " ".join(_texts(found[1])) if found else ""

    def value_of(self, name: str) -> str:
        """Return what stands in a field."""
        found = re.search(rf'<input name="{name}" value="([^"]*)"', self.page)
        assert found, f"{self.path} has no field {name}"
        return html.unescape(found[1])

    async def stand_at(self, place: Place) -> None:
        """Have come to a place of the app; from `search` on, the cloud's double tells how the link stands."""
        async with self.world.phone() as phone:
            if place != "introduction":
                await phone.use()
            if place in LINK_AT:
                self.link(LINK_AT[place])
                await phone.log_in(EMAIL, PASSWORD)
        self.world.cloud.requests.clear()

    def link(self, link: Link | None) -> None:
        """Let the cloud tell this of the account's link."""
        answers = self.world.cloud.answers
        answers["POST /api/v1/sessions"] = SESSION.model_copy(update={"link": link})
        answers["GET /api/v1/links/current"] = link or Problem(NOT_LINKED)

    async def _go(self, method: str, path: str, **how: Any) -> None:
        self.went = []
        for _ in range(8):
            async with self.client.request(
                method, f"{self.url}{path}", allow_redirects=False, **how
            ) as answer:
                self.status, self.headers, self.path = answer.status, answer.headers, path
                self.page = await answer.text()
            if answer.status != 303:
                return
            path = answer.headers["Location"]
            self.went.append(path)
            if not path.startswith("/"):
                return
            method, how = "GET", {}
        raise AssertionError(f"sent around in circles: {self.went}")


def _texts(markup: str) -> Iterator[str]:
    text = re.sub(
        r"<svg.*?</svg>|<style.*?</style>|<[^>]*aria-hidden=\"true\">.*?</span>", "", markup, flags=re.DOTALL
    )
    for each in re.split(r"<[^>]*>", text):
        if each.strip():
            yield html.unescape(each.strip())


@asynccontextmanager
async def hand_at(world: World, **sections: object) -> AsyncIterator[Hand]:
    """Serve a phone's pages, with `sections` of settings, and take it into a hand."""
    day = {"start_at": NOW - timedelta(hours=14), "end_at": NOW + timedelta(hours=10)}
    world.cloud.answers["GET /api/v1/timeline"] = TIMELINE.model_copy(update=day)
    update = {"ui": Ui(port=0), "search": Search(limit_s=0.5)} | sections
    jar = aiohttp.CookieJar(unsafe=True)  # cookies of an address instead of a name
    async with (
        running(world.settings.model_copy(update=update), world.clock) as program,
        aiohttp.ClientSession(cookie_jar=jar) as client,
    ):
        yield Hand(world, program.url.rstrip("/"), client)
