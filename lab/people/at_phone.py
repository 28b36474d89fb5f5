"""What a person does with the phone, page by page, as the manual says (p16-p21)."""

import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import urlsplit

from lab.people import labels
from lab.people.browser import Browser
from lab.people.labels import Label, Language
from lab.people.person import CannotTapError, Person
from lab.story.script import PhoneAct
from protocol.codes import with_check_digit

EMAIL: Final = "father@example.com"
PASSWORD: Final = "first light at home"
NICKNAME: Final = "お父さん"
_WRONG_CODE: Final = with_check_digit("90000000009")
"""Looks like one, but nobody issued it."""
_MAILED: Final = re.compile(r"https?://[^\s\"<]+/verify[^\s\"<]+")


@dataclass
class Owner:
    """The phone's owner, who knows what is printed on the AiSEG and what was noted at its panel."""

    person: Person
    language: Language
    inbox: str
    gateway_id: str = ""
    device_code: str = ""
    link_code: str = ""
    acts: Mapping[PhoneAct, Callable[[], Awaitable[None]]] = field(init=False)

    def __post_init__(self) -> None:
        self.acts = {
            "open": self.person.open,
            "search": self._search,
            "search_again": self._search_again,
            "look_harder": self._look_harder,
            "choose_code": self._choose_code,
            "register_found": self._register_found,
            "choose_other": self._choose_other,
            "type_code": self._type_code,
            "check_code": self._check_code,
            "finish": self._finish,
            "type_wrong_code": self._type_wrong_code,
            "go_back": self._go_back,
        }

    async def log_in(self) -> None:
        """Start the app for the first time, and log in with an account that is there."""
        await self._arrive_at_the_club()
        await self._type_into_the_club()
        await self.tap(labels.LOG_IN)
        await self._skip()

    async def tap(self, label: Label) -> None:
        """Tap what is called so."""
        await self.person.tap(label.say(self.language))

    async def _search(self) -> None:
        if "start" not in self.person.screens:
            await self.person.open()
            await self._come_to_the_start()
        await self.tap(labels.OWN_AISEG)

    async def _come_to_the_start(self) -> None:
        """Sign up where there is no account yet (manual p17-p19)."""
        if self._is_at("/introduction", "/login"):
            await self._sign_up()

    async def _search_again(self) -> None:
        await self._wait_and_tap(labels.SEARCH_AGAIN)

    async def _look_harder(self) -> None:
        await self.person.wait_for(labels.LOOK_HARDER.say(self.language))
        self.person.taps += 1  # 探し方を広げる is unfolded first
        await self.tap(labels.LOOK_HARDER)

    async def _choose_code(self) -> None:
        await self._wait_and_tap(labels.TYPE_CODE)

    async def _go_back(self) -> None:
        await self._wait_and_tap(labels.BACK)

    async def _register_found(self) -> None:
        """Go on with the AiSEG that was found; its panel shows the code, and the app has read it."""
        await self._pick()
        await self._fill_in("")
        await self._finish_if_asked()

    async def _type_code(self) -> None:
        await self._check_code()
        await self._finish_if_asked()

    async def _check_code(self) -> None:
        await self._come_to_the_codes()
        await self._fill_in(self.link_code)

    async def _type_wrong_code(self) -> None:
        await self._come_to_the_codes()
        await self._fill_in(_WRONG_CODE)

    async def _come_to_the_codes(self) -> None:
        if "found" in self.person.screens:
            await self._pick()
        elif "type_code" not in self.person.screens:
            await self._wait_and_tap(labels.TYPE_CODE)

    async def _finish(self) -> None:
        await self._wait_and_tap(labels.FINISH)

    async def _finish_if_asked(self) -> None:
        if self._is_at("/confirm"):
            await self._finish()

    async def _pick(self) -> None:
        """Go on with the AiSEG whose number is on the case."""
        await self._choose_found(own=True)

    async def _choose_other(self) -> None:
        await self._choose_found(own=False)

    async def _choose_found(self, *, own: bool) -> None:
        await self.person.wait_for(labels.NEXT.say(self.language), "AiSEG MKN")
        page = self.person.page
        offered = [each for each in page.ways if "gateway_id" in each.fields] if page else []
        wanted = [each for each in offered if (each.fields["gateway_id"] == self.gateway_id) == own]
        if not wanted:
            raise CannotTapError(self.gateway_id[-6:], self.person.title)
        await self.person.tap(wanted[0].label)

    async def _fill_in(self, link_code: str) -> None:
        if self._is_at("/terms"):
            await self.tap(labels.AGREE)
        if not self._is_at("/register"):
            return
        await self.person.type(labels.NICKNAME.say(self.language), NICKNAME)
        await self.person.type(labels.DEVICE_CODE.say(self.language), self.device_code)
        if link_code:
            await self.person.type(labels.LINK_CODE.say(self.language), link_code)
        await self.tap(labels.REGISTER)

    async def _wait_and_tap(self, label: Label) -> None:
        await self.person.wait_for(label.say(self.language))
        await self.tap(label)

    # At the club

    async def _arrive_at_the_club(self) -> None:
        await self.person.open()
        if self._is_at("/introduction"):
            await self.tap(labels.USE)
        await self.tap(labels.TO_CLUB)

    async def _type_into_the_club(self) -> None:
        for name, text in (("email", EMAIL), ("password", PASSWORD)):
            self.person.fill(name, text)

    async def _sign_up(self) -> None:
        await self._arrive_at_the_club()
        await self.tap(labels.SIGN_UP)
        await self._type_into_the_club()
        await self.tap(labels.SIGN_UP_ON)
        self.person.fill("terms", "on")
        await self.tap(labels.CONFIRM)
        await self.person.follow(await mailed_url(self.person.browser, self.inbox))
        for _ in ("this is mine", "signed up"):
            await self.tap(labels.GO_ON)
        await self._skip()

    async def _skip(self) -> None:
        """Say no to 2段階認証設定のお願い, which comes up once."""
        if self._is_at("/two-step"):
            await self.tap(labels.SKIP)

    def _is_at(self, *paths: str) -> bool:
        return (
            bool(self.person.page) and urlsplit(self.person.page.address).path in paths
            if self.person.page
            else False
        )


async def mailed_url(browser: Browser, inbox: str) -> str:
    """Return the URL by which a sign-up is confirmed, from the newest mail.

    Raises:
        CannotTapError: there is none.
    """
    page = await browser.open(inbox)
    mailed = _MAILED.search(page.text)
    if mailed is None:
        raise CannotTapError("/verify", page.title)
    return mailed[0].replace("&amp;", "&")
