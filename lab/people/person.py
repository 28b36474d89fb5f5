"""Somebody in front of a screen: opens, reads, taps, types, and is patient for as long as a person is."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from typing import Final, Literal

from lab.people.browser import PAGE_S, Browser, TooSlowError, UnreachablePageError
from lab.people.page import Page
from lab.story.chronicle import Chronicle
from lab.story.run import Picture

LOOK_EVERY_S: Final = 0.25
PATIENCE_S: Final = 15.0
"""So long a person waits for something to tap on a screen that moves by itself."""
GLANCE_S: Final = 1.0
"""So long somebody waits who only wants to see what is there."""
_LOAD_AGAIN_S: Final = 1.0
UNREACHABLE: Final = "unreachable"
_SAID_ONCE: Final = frozenset({"registered"})

Screens = Callable[[Page], frozenset[str]]
"""Says which screens of the glossary a page is."""


class CannotTapError(Exception):
    """There is nothing on the screen that is called so."""

    def __init__(self, label: str, title: str) -> None:
        super().__init__(label)
        self.label = label
        self.title = title


class Person:
    """`page` is what is on the screen, `screens` which of the glossary that is; `taps` is how often it was tapped."""

    def __init__(
        self,
        at: Literal["phone", "panel"],
        browser: Browser,
        address: Callable[[], str],
        screens: Screens,
        chronicle: Chronicle,
    ) -> None:
        self.at = at
        self.browser = browser
        self.page: Page | None = None
        self.taps = 0
        self.dead_ends: list[str] = []
        self.screens: frozenset[str] = frozenset({UNREACHABLE})
        self._address = address
        self._screens = screens
        self._chronicle = chronicle
        self._seen: tuple[object, ...] = ()
        self._screens_at = ""
        self._loaded_s = 0.0
        self._typed: dict[str, str] = {}
        self._one_at_a_time = asyncio.Lock()
        self._asked, self._loaded = asyncio.Event(), asyncio.Event()
        self._patience: asyncio.Timeout | None = None
        self._gone = 0

    @property
    def title(self) -> str:
        """Its heading."""
        return self.page.title if self.page else UNREACHABLE

    def begin_anew(self) -> None:
        """Forget what was counted, for the story only begins."""
        self.taps, self._seen, self._loaded_s = 0, (), 0.0
        self.dead_ends.clear()

    async def open(self, path: str = "/") -> None:
        """Open the app, or the panel."""
        async with self._one_at_a_time:
            await self._go(self.browser.open(f"{self._address()}{path}"))

    async def look(self, within_s: float = GLANCE_S) -> None:
        """Look at the screen as it is by now; while another one loads, that is the one before.

        A screen that does not move by itself is loaded again once a second.
        """
        page = self.page
        if page and not (page.can_reload and self._is_due(page)):
            return
        self._loaded.clear()
        self._asked.set()
        with suppress(TimeoutError):
            async with asyncio.timeout(within_s):
                await self._loaded.wait()

    async def run(self) -> None:
        """Load screens again whenever they are looked at, until cancelled."""
        while True:
            await self._asked.wait()
            await self._load()
            self._asked.clear()
            self._loaded.set()

    async def _load(self) -> None:
        page, gone = self.page, self._gone
        try:
            async with asyncio.timeout(PAGE_S) as self._patience:
                came = await self.browser.open(page.address if page else f"{self._address()}/")
        except (TooSlowError, TimeoutError):
            return
        except UnreachablePageError:
            came = None
        finally:
            self._patience = None
        if gone == self._gone:
            self.page = came
            await self._take_in()

    def _is_due(self, page: Page) -> bool:
        return page.moves or self._chronicle.at_s - self._loaded_s >= _LOAD_AGAIN_S

    async def tap(self, label: str, **sent: str) -> None:
        """Tap what is called so.

        Raises:
            CannotTapError: there is no such thing on the screen.
        """
        async with self._one_at_a_time:
            way = self.page.way(label) if self.page else None
            if way is None or self.page is None:
                raise CannotTapError(label, self.title)
            self.taps += 1
            self._chronicle.note(
                "person",
                "tap",
                f"taps “{label}”",
                f"「{label}」をタップ",
                to=self.at,
                label=label,
                path=self.page.path,
            )
            typed, self._typed = self._typed, {}
            await self._go(self.browser.send(way, self.page, {**typed, **sent}))

    async def type(self, label: str, text: str) -> None:
        """Type into the field of this label, to be sent with the next tap.

        Raises:
            CannotTapError: there is no such field.
        """
        name = self.page.field(label) if self.page else None
        if name is None:
            raise CannotTapError(label, self.title)
        self._typed[name] = text
        self._chronicle.note(
            "person",
            "type",
            f"types {text} into “{label}”",
            f"「{label}」に {text} を入力",
            to=self.at,
            label=label,
        )

    def fill(self, name: str, text: str) -> None:
        """Fill in the field `name`: for what people see by its place, not by a label."""
        self._typed[name] = text

    async def follow(self, address: str) -> None:
        """Tap an address in a mail."""
        self.taps += 1
        async with self._one_at_a_time:
            await self._go(self.browser.open(address))

    async def choose(self, answers: Mapping[str, str]) -> None:
        """Choose from lists, by what is said there.

        Raises:
            CannotTapError: there is no such list, or it does not offer that.
        """
        for label, said in answers.items():
            name = self.page.field(label) if self.page else None
            offered = self.page.choices(name) if self.page and name else {}
            if name is None or said not in offered:
                raise CannotTapError(f"{label} {said}", self.title)
            self._typed[name] = offered[said]

    async def wait_for(self, *labels: str, within_s: float = PATIENCE_S) -> str:
        """Look until one of `labels` can be tapped; return which.

        Raises:
            CannotTapError: none came.
        """
        deadline = self._chronicle.at_s + within_s
        while True:
            for each in labels:
                if self.page and self.page.way(each):
                    return each
            if self._chronicle.at_s > deadline:
                raise CannotTapError(labels[0], self.title)
            await asyncio.sleep(LOOK_EVERY_S)
            await self.look()

    async def _go(self, coming: Awaitable[Page]) -> None:
        """Leave the screen for another one; what was still loading is of no interest any more."""
        self._typed = {}
        self._gone += 1
        if self._patience:
            self._patience.reschedule(asyncio.get_running_loop().time())
        try:
            self.page = await coming
        except UnreachablePageError:
            self.page = None
        await self._take_in()

    def _named(self, page: Page | None) -> frozenset[str]:
        """Return which screens a page is; what was said once stays true for as long as the page is not left."""
        if page is None:
            return frozenset({UNREACHABLE})
        stays = self._screens_at == page.path
        self._screens_at = page.path
        return self._screens(page) | (self.screens & _SAID_ONCE if stays else frozenset())

    async def _take_in(self) -> None:
        """Take note of a screen that is another one than before, and keep a picture of it."""
        page = self.page
        self._loaded_s = self._chronicle.at_s
        self.screens = self._named(page)
        if not self._chronicle.has_begun:
            return
        seen = (self.screens, self.title, page and page.path, page and page.complaint)
        if seen == self._seen:
            return
        self._seen = seen
        if page is None:
            self._chronicle.note(
                self.at, "screen", "nothing answers", "応答がありません", screens=[UNREACHABLE]
            )
            return
        names = sorted(self.screens)
        self._chronicle.note(
            self.at, "screen", f"shows “{page.title}”", f"「{page.title}」を表示", to="person",
            screens=names, title=page.title, path=page.path, complaint=page.complaint,
        )  # fmt: skip
        if not page.ways_on:
            self.dead_ends.append(page.title)
        at_s = self._chronicle.at_s
        whole = await self.browser.picture(page)
        self._chronicle.pictures.append(Picture(round(at_s, 3), self.at, page.title, whole))
