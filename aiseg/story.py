"""Onboarding without a person: first as the manual draws it, then with the search made to fail."""

import asyncio
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final, NamedTuple, TypeVar

from aiseg.world import World
from phone_client.finding import Found
from phone_client.phone import Phone
from phone_client.search import Hit
from protocol.codes import shown_link_code
from protocol.problems import AisegError
from protocol.telemetry import Sample

PASSWORD: Final = "first light at home"
SEARCH_IN_VAIN_S: Final = 3.0
WITHIN_S: Final = 30.0
LOOK_EVERY_S: Final = 0.05

STEPS: Final = {
    "announced": ("the gateway announces itself by mDNS as {name}", "mDNSで {name} を公開しました"),
    "registered": (
        "it is registered for the server service (epoch {epoch})",
        "サーバーサービスに登録しました（epoch {epoch}）",
    ),
    "account": (
        "{email} signed up, confirmed the mail and logged in",
        "{email} のアカウントを作成し、ログインしました",
    ),
    "shown": (
        "the panel shows a link code for {seconds} s",
        "連携コードを表示しました（{seconds} 秒間有効）",
    ),
    "found": (
        "the phone found {name} at {address} in {elapsed_ms:.0f} ms",
        "{name} が {address} で見つかりました（{elapsed_ms:.0f} ms）",
    ),
    "linked": (
        "{nickname} is linked, with the code read from the panel",
        "{nickname}：画面の連携コードで連携しました",
    ),
    "seen": (
        "the timeline shows sample {seq}: {used} W used, {made} W generated",
        "タイムラインに計測 {seq} が届きました：消費 {used} W、発電 {made} W",
    ),
    "blocked": ("now mDNS is blocked", "ここでmDNSを遮断します"),
    "not_found": ("a second phone finds nothing: {code}", "2台目のスマートフォンでは見つかりません：{code}"),
    "linked_by_hand": (
        "{nickname} is linked all the same, with the code typed by hand",
        "{nickname}：連携コードを手入力して連携しました",
    ),
}

MISSING: Final = {
    "announced": ("The gateway did not announce itself: {why}", "AiSEGがmDNSで公開されませんでした：{why}"),
    "found": ("The phone did not find the gateway: {why}", "AiSEGが見つかりませんでした：{why}"),
    "read": (
        "The phone did not read the link code from the panel.",
        "連携コードを画面から読み取れませんでした。",
    ),
    "seen": ("No sample reached the timeline.", "タイムラインに計測データが届きませんでした。"),
    "not_found": (
        "mDNS was blocked, and the search found the gateway all the same.",
        "mDNSを遮断しましたが、AiSEGが見つかりました。",
    ),
}

Seen = TypeVar("Seen")


class Step(NamedTuple):
    """Something that happened, `at_s` seconds after the start, in English and Japanese."""

    name: str
    at_s: float
    en: str
    ja: str


class DidNotHappenError(AisegError):
    """The story went another way than it should."""

    def __init__(self, what: str, why: str = "") -> None:
        super().__init__(what)
        self._why = why
        self._texts = MISSING[what]

    def sentence(self, language: str = "en") -> str:
        """Return what did not happen."""
        return self._texts[language == "ja"].format(why=self._why)


@dataclass
class Story:
    """Plays both stories in `world`; `tell` hears of each step when it has happened.

    `started_at` is the event loop's time from which the steps are timed.
    """

    world: World
    tell: Callable[[Step], None]
    started_at: float

    async def play(self) -> None:
        """Play to the end.

        Raises:
            AisegError: something did not happen; the steps told so far did.
        """
        await self._bring_up_gateway()
        await self._link_on_the_same_router()
        self.world.emulator.announcer.mute()
        self._step("blocked")
        await self._link_although_the_search_fails()
        self.world.emulator.announcer.unmute()

    async def _bring_up_gateway(self) -> None:
        gateway, announcer = self.world.emulator.gateway, self.world.emulator.announcer
        if not await _until(lambda: _now(announcer.state == "announced")):
            raise DidNotHappenError("announced", announcer.sentence())
        self._step("announced", name=announcer.name)
        registration = await gateway.register(gateway.identity.device_code)
        self._step("registered", epoch=registration.epoch)

    async def _link_on_the_same_router(self) -> None:
        settings = self.world.place.phone("phone-1", self.world.cloud.public_url)
        async with Phone(settings) as phone:
            await self._open_account(phone, "father@example.com")
            await self._show_link_code()
            found = await phone.search()
            hit = self._own_hit(found)
            if not hit:
                raise DidNotHappenError("found", _why(found))
            self._step("found", name=hit.name, address=f"{hit.address}:{hit.port}", elapsed_ms=hit.elapsed_ms)
            linked = await phone.link("お父さん", self._device_code)
            if linked.code_from is None:
                raise DidNotHappenError("read")
            self._step("linked", nickname=linked.link.nickname)
            await self._see_sample(phone)

    async def _link_although_the_search_fails(self) -> None:
        settings = self.world.place.phone("phone-2", self.world.cloud.public_url, SEARCH_IN_VAIN_S)
        async with Phone(settings) as phone:
            await self._open_account(phone, "mother@example.com")
            found = await phone.search()
            if self._own_hit(found):
                raise DidNotHappenError("not_found")
            self._step("not_found", code=_why(found))
            typed = shown_link_code(await self._show_link_code())
            linked = await phone.link("お母さん", self._device_code, typed)
            self._step("linked_by_hand", nickname=linked.link.nickname)
            await self._see_sample(phone)

    async def _open_account(self, phone: Phone, email: str) -> None:
        await phone.sign_up(email, PASSWORD, terms_accepted=True)
        mails = await asyncio.to_thread(self.world.cloud.registry.inbox)
        urls = [re.search(r"https?://\S+/verify\S+", mail.body) for mail in mails if mail.recipient == email]
        await phone.verify(next(url[0] for url in urls if url))
        await phone.log_in(email, PASSWORD)
        self._step("account", email=email)

    async def _show_link_code(self) -> str:
        shown = await self.world.emulator.gateway.show_link_code(self._device_code)
        self._step("shown", seconds=shown.expires_in_s)
        return shown.link_code

    async def _see_sample(self, phone: Phone) -> None:
        async def newest() -> Sample | None:
            return (await phone.timeline(hours=1, bucket_s=60)).newest

        sample = await _until(newest)
        if not sample:
            raise DidNotHappenError("seen")
        self._step("seen", seq=sample.seq, used=sample.consumption_w, made=sample.generation_w)

    def _own_hit(self, found: Found) -> Hit | None:
        """Return this household's gateway; others may live on the same machine."""
        gateway_id = self.world.emulator.gateway.identity.gateway_id
        return next((hit for hit in found.hits if hit.gateway_id == gateway_id), None)

    @property
    def _device_code(self) -> str:
        return self.world.emulator.gateway.identity.device_code

    def _step(self, name: str, /, **facts: object) -> None:
        en, ja = (text.format_map(facts) for text in STEPS[name])
        self.tell(Step(name, asyncio.get_running_loop().time() - self.started_at, en, ja))


async def _until(look: Callable[[], Awaitable[Seen]]) -> Seen:
    """Return the first true answer of `look`, or the last one when time is up."""
    loop = asyncio.get_running_loop()
    deadline = loop.time() + WITHIN_S
    while not (seen := await look()) and loop.time() < deadline:  # noqa: ASYNC110 - another program's state
        await asyncio.sleep(LOOK_EVERY_S)
    return seen


async def _now(value: Seen) -> Seen:
    return value


def _why(found: Found) -> str:
    return found.diagnosis.code if found.diagnosis else "only others answer"
