"""What the manual draws, without a person: onboarding, onboarding although the search fails, a firmware update."""

import asyncio
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final, TypeVar
from urllib.parse import urlsplit

from aiseg.telling import STEPS, DidNotHappenError, Step
from aiseg.world import World
from chassis.clock import SystemClock
from emulator.gateway import Gateway
from emulator.registration import Answers
from phone_client.phone import Phone
from phone_client.searching.finding import Found
from phone_client.searching.search import Hit
from protocol.areas import Place
from protocol.codes import in_fours
from protocol.firmware import Manifest
from protocol.registering import Consent, Family
from protocol.rules import SERVICE_TERMS_VERSION
from protocol.telemetry import Sample

PASSWORD: Final = "first light at home"
SEARCH_IN_VAIN_S: Final = 3.0
WITHIN_S: Final = 30.0
LOOK_EVERY_S: Final = 0.05

HOUSE: Final = Place(prefecture="大阪府", area="大阪府", municipality="門真市")
FAMILY: Final = Family(household_size=4, building_type="detached", energy_used="electricity_and_gas")
RELEASE_TEXTS: Final = ("画面の表示を改善しました。", "The screens are easier to read.")

Seen = TypeVar("Seen")


@dataclass
class Story:
    """Plays the stories in `world`; `tell` hears of each step when it has happened.

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
        await self._update_the_firmware()

    async def _bring_up_gateway(self) -> None:
        gateway, announcer = self.world.emulator.gateway, self.world.emulator.announcer
        if not await _until(lambda: _now(announcer.state == "announced")):
            raise DidNotHappenError("announced", announcer.sentence())
        self._step("announced", name=announcer.name)
        run = await gateway.begin_registration(gateway.identity.device_code)
        run.confirm(run.confirmation_code)
        replacing = run.at_stake.epoch if run.at_stake else 0
        registration = await gateway.register(run, Answers(_consent(), HOUSE, FAMILY, replacing))
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
            typed = in_fours(await self._show_link_code())
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
        gateway = self.world.emulator.gateway
        status = await gateway.prepare_link_code(self._device_code)
        shown = await gateway.show_link_code(_consent(), FAMILY if status.family_needed else None)
        self._step("shown", seconds=shown.expires_in_s)
        return shown.link_code

    async def _see_sample(self, phone: Phone) -> None:
        async def newest() -> Sample | None:
            return (await phone.timeline()).newest

        sample = await _until(newest)
        if not sample:
            raise DidNotHappenError("seen")
        self._step("seen", seq=sample.seq, used=sample.consumption_w, made=sample.generation_w)

    async def _update_the_firmware(self) -> None:
        gateway = self.world.emulator.gateway
        old = gateway.updates.installed
        offer = await self._release()
        await gateway.start_update(offer.version)
        if not await _until(lambda: _now(_has_come_to(gateway, "applying", "restarting", "failed"))):
            raise DidNotHappenError("installed")
        if trouble := gateway.updates.trouble:
            raise DidNotHappenError("installed", trouble.sentence())
        self._step("installed", old=old)
        if not await _until(lambda: _is_closed(self.world.panel_url)):
            raise DidNotHappenError("gone")
        self._step("gone")
        settings = self.world.place.phone("phone-1", self.world.cloud.public_url)
        async with Phone(settings) as phone:

            async def hit() -> Hit | None:
                return self._own_hit(await phone.search())

            back = await _until(hit)
        if not back or back.firmware != offer.version:
            raise DidNotHappenError("returned", back.firmware if back else "-")
        self._step("returned", name=back.name, version=back.firmware)

    async def _release(self) -> Manifest:
        """Publish the version after the latest and see it offered."""
        updates = self.world.emulator.gateway.updates
        *major, minor = ((await updates.firmware()).latest or updates.installed).split(".")
        version = ".".join([*major, str(int(minor) + 1)])
        model, registry = self.world.emulator.gateway.device().model, self.world.cloud.registry
        now = SystemClock().now()
        await asyncio.to_thread(registry.publish_release, model, version, *RELEASE_TEXTS, now)
        self._step("released", version=version)
        updates.look_again()
        offer = await updates.offer()
        if not offer or offer.version != version:
            raise DidNotHappenError("offered")
        self._step("offered", text_ja=offer.text_ja, text_en=offer.text_en)
        return offer

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


def _consent() -> Consent:
    return Consent(terms_version=SERVICE_TERMS_VERSION, agreed_at=SystemClock().now())


def _has_come_to(gateway: Gateway, *states: str) -> bool:
    update = gateway.updates.progress()
    return update is not None and update.state in states


async def _is_closed(url: str) -> bool:
    """Say whether nobody listens there."""
    place = urlsplit(url)
    try:
        _, writer = await asyncio.open_connection(place.hostname, place.port)
    except OSError:
        return True
    writer.close()
    return False


def _why(found: Found) -> str:
    return found.diagnosis.code if found.diagnosis else "only others answer"
