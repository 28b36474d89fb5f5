"""What a person does at the AiSEG's panel, page by page, as the manual says (p3-p15)."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Final

from lab.people.labels import ANSWERS, FAMILY, PANEL
from lab.people.page import attribute, seen_text
from lab.people.person import Person
from lab.story.script import PanelAct

_TO_SERVICE: Final = ("menu", "settings", "service")


class Householder:
    """Somebody at the panel, who has the device code before their eyes and notes codes down: `link_code` is the newest."""

    def __init__(self, person: Person, device_code: str) -> None:
        self.person = person
        self.link_code = ""
        self.noted: set[str] = set()
        self._device_code = device_code
        self.acts: Mapping[PanelAct, Callable[[], Awaitable[None]]] = {
            "open": person.open,
            "show_link_code": self.show_link_code,
            "register": self.register,
            "update_firmware": self._update_firmware,
            "look_at_status": self._look_at_status,
        }

    async def show_link_code(self) -> None:
        """Have a link code shown, and note it."""
        await self._walk(*_TO_SERVICE, "app_settings")
        await self._type_device_code()
        await self._on("agree")
        if self._offers(next(iter(FAMILY))):
            await self.person.choose(FAMILY)
            await self._on("next")
        page = self.person.page
        groups = page.main.select_one(".groups") if page else None
        if groups:
            self.link_code = seen_text(groups)
            self.noted.add(self.link_code)

    async def register(self) -> None:
        """Register for the server service, to the page that says that it is done."""
        await self._walk(*_TO_SERVICE, "register", "ok", "next", "agree")
        await self._type_device_code()
        page = self.person.page
        code = page.main.select_one("[data-confirmation-code]") if page else None
        if code is None:
            return
        confirmation_code = seen_text(code)
        self.noted.add(confirmation_code)
        await self._on("next")
        await self.person.type(PANEL["confirmation_code"], confirmation_code)
        await self._on("next")
        await self._answer()
        await self._decide()

    async def _answer(self) -> None:
        """Choose place and family; what follows from a choice is offered after a tap of its own."""
        for label, said in ANSWERS.items():
            await self.person.choose({label: said})
            if label != list(ANSWERS)[-1]:
                await self._on("lists")
        await self.person.choose(FAMILY)
        await self._on("next")

    async def _decide(self) -> None:
        page = self.person.page
        tick = page.main.select_one('input[name="replacing"]') if page else None
        if tick:
            self.person.fill("replacing", attribute(tick, "value"))
        await self._on("decide")

    async def _update_firmware(self) -> None:
        await self._walk("menu", "notices", "messages", "detail", "content", "update", "ok")

    async def _look_at_status(self) -> None:
        await self._walk(*_TO_SERVICE, "status")
        await self.person.type(PANEL["device_code"], self._device_code)
        await self._on("ok")

    async def _walk(self, *names: str) -> None:
        await self.person.open()
        for name in names:
            await self._on(name)

    async def _type_device_code(self) -> None:
        await self.person.type(PANEL["device_code"], self._device_code)
        await self._on("next")

    async def _on(self, name: str) -> None:
        await self.person.tap(PANEL[name])

    def _offers(self, label: str) -> bool:
        return bool(self.person.page and self.person.page.field(label))
