"""Looks on while a story is told: how each search of the app goes, and what reaches the cloud."""

import asyncio
import json
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import aiohttp

from lab.people.browser import Browser, UnreachablePageError
from lab.people.page import Page
from lab.people.seeing import Result, read_result
from lab.stage.programs import PHONE_URL
from lab.stage.records import Records, Stored
from lab.story.chronicle import Chronicle
from lab.story.run import Search

LOOK_EVERY_S: Final = 0.25
FLOWS_S: Final = 2.5
"""As long without a sample, and telemetry has stopped."""
_RESULT_S: Final = 5.0


class CloudWatch:
    """Follows what is stored at the cloud."""

    def __init__(self, records: Records, chronicle: Chronicle) -> None:
        self._records = records
        self._chronicle = chronicle
        self.stored: Stored | None = None
        self._newest_at_s = float("-inf")
        self._one_look = asyncio.Lock()

    @property
    def flows(self) -> bool:
        """Whether samples come."""
        return self._chronicle.at_s - self._newest_at_s < FLOWS_S

    async def run(self) -> None:
        """Look until cancelled."""
        while True:
            await self.look()
            await asyncio.sleep(LOOK_EVERY_S)

    async def look(self) -> None:
        """Look once, and tell of what is new."""
        async with self._one_look:
            await self._look()

    async def _look(self) -> None:
        before, now = self.stored, await asyncio.to_thread(self._records.stored)
        self.stored = now
        if now is None:
            return
        if before is None:
            before = replace(now, online=not now.online)
            self._newest_at_s = self._chronicle.at_s if now.samples else float("-inf")
        elif before.epoch != now.epoch:
            before = Stored(now.epoch, not now.online, 0, 0, now.links)
        if now.samples > before.samples:
            self._newest_at_s = self._chronicle.at_s
            count = now.samples - before.samples
            self._chronicle.note(
                "gateway", "samples", f"{count} samples stored, up to {now.newest}", f"計測データ{count}件を保存（{now.newest}まで）",
                to="cloud", count=count, up_to=now.newest,
            )  # fmt: skip
        if now.online != before.online:
            self._tell_online(now.online)
        if now.links > before.links:
            self._chronicle.note(
                "cloud", "linked", "the phone's account is linked", "連携しました", to="phone"
            )

    def _tell_online(self, online: bool) -> None:
        if online:
            self._chronicle.note(
                "gateway", "online", "is connected to the cloud", "サーバーに接続", to="cloud"
            )
        else:
            self._chronicle.note(
                "gateway", "offline", "is away, says the cloud", "サーバーから見て切断", to="cloud"
            )


class SearchWatch:
    """Follows the searches of the app by its own pages, whatever the person looks at meanwhile."""

    def __init__(self, browser: Browser, chronicle: Chronicle, memory: Path) -> None:
        self._browser = browser
        self._chronicle = chronicle
        self._memory = memory
        self._asked = asyncio.Event()
        self._idle = asyncio.Event()
        self._idle.set()

    def begin(self) -> None:
        """Follow the search that has just begun, unless one is followed already."""
        self._idle.clear()
        self._asked.set()

    async def until_written(self, within_s: float) -> None:
        """Return when the last search is written down, or after so long."""
        with suppress(TimeoutError):
            async with asyncio.timeout(within_s):
                await self._idle.wait()

    async def run(self) -> None:
        """Follow one after the other, until cancelled."""
        while True:
            await self._asked.wait()
            await self._follow()
            self._asked.clear()
            self._idle.set()

    async def _follow(self) -> None:
        """Follow one to its end."""
        began_s = self._chronicle.at_s
        self._chronicle.note(
            "phone", "search_begins", "searches for the AiSEG", "AiSEGの検索を開始", to="gateway"
        )
        await self._listen()
        ended_s = self._chronicle.at_s
        try:
            pages = [
                await self._browser.open(f"{PHONE_URL}/search/result?lang={language}", _RESULT_S)
                for language in ("en", "ja")
            ]
        except UnreachablePageError:
            return
        en, ja = map(_read, pages)
        if en is None or ja is None:
            return
        document = _document(en, ja, await asyncio.to_thread(_remembered, self._memory))
        self._chronicle.searches.append(Search(round(began_s, 3), round(ended_s, 3), document))
        self._tell(en, ja, ended_s)

    async def _listen(self) -> None:
        """Take down what is being tried, until the search is over."""
        en, ja = await asyncio.gather(self._lines("en"), self._lines("ja"))
        for (at_s, one), (_, other) in zip(en, ja, strict=False):
            self._chronicle.note("phone", "trying", one, other, to="gateway", at_s=at_s)

    async def _lines(self, language: str) -> list[tuple[float, str]]:
        """Return what the app says that it tries, and when."""
        said: list[tuple[float, str]] = []
        with suppress(aiohttp.ClientError, OSError):
            async with await self._browser.events(f"{PHONE_URL}/events?lang={language}") as response:
                async for line in response.content:
                    news = json.loads(line.removeprefix(b"data: ")) if line.startswith(b"data: ") else None
                    if news and not news["over"] and news["tried"] not in [each for _, each in said]:
                        said.append((self._chronicle.at_s, news["tried"]))
                    if news and news["over"]:
                        break
        return said

    def _tell(self, en: Result, ja: Result, at_s: float) -> None:
        count = len(en.found)
        said_en = f"found {count}" if count else f"found nothing: {en.advice}"
        said_ja = f"{count}台見つかりました" if count else f"見つかりません：{ja.advice}"
        self._chronicle.note(
            "phone", "search_ends", said_en, said_ja, to="person", at_s=at_s, found=count, code=en.code
        )


def _read(page: Page) -> Result | None:
    return read_result(page)


def _document(en: Result, ja: Result, remembered: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    found = [{**each, **remembered.get(each["gateway_id"], {})} for each in en.found]
    if en.code is None:
        return {"found": found, "diagnosis": None}
    evidence = [{"en": one, "ja": other} for one, other in zip(en.evidence, ja.evidence, strict=False)]
    diagnosis = {
        "code": en.code,
        "could_also_be": list(en.could_also_be),
        "evidence": evidence,
        "advice": {"en": en.advice, "ja": ja.advice},
    }
    return {"found": found, "diagnosis": diagnosis}


def _remembered(memory: Path) -> Mapping[str, Mapping[str, Any]]:
    """Return where the app remembers each AiSEG, by its id."""
    try:
        document = json.loads((memory / "phone.json").read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    wanted = ("name", "address", "port")
    return {each["gateway_id"]: {key: each[key] for key in wanted} for each in document.get("gateways", ())}
