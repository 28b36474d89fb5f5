"""A household for the browser's tests: the real cloud, a live gateway, its phones, and the line to the cloud that can be cut."""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import cloud.program
import emulator.program
import phone_client.program
import phone_client.settings
from chassis.clock import Clock
from cloud.registry.console import Overview
from emulator.registration import Answers
from emulator.settings import Settings
from protocol.areas import Place
from protocol.cloud_api import SignUp
from protocol.identity import Model
from protocol.registering import Consent, Family
from protocol.rules import SERVICE_TERMS_VERSION
from tests.cloud.actors import PASSWORD
from tests.cloud.serving import settings_in
from tests.support.line import Line, line_to
from tests.support.waiting import until

PANEL_SIZE = {"width": 1024, "height": 600}
PHONE_SIZE = {"width": 390, "height": 844}
QUICK = {"update_s": 1.5, "apply_s": 1.0, "restart_s": 0.5}
MODEL: Model = "MKN702"
PLACE = Place(prefecture="大阪府", area="大阪府", municipality="門真市")
FAMILY = Family(household_size=4, building_type="detached", energy_used="electricity_and_gas")
CONSENT = Consent(terms_version=SERVICE_TERMS_VERSION, agreed_at=datetime(2026, 11, 22, tzinfo=UTC))
TEXT_JA, TEXT_EN = "・表示を改善しました。", "- A better display."


@dataclass
class Home:
    """What runs, and what a test wants to know of it."""

    cloud: cloud.program.Running
    program: emulator.program.Running
    line: Line
    folder: Path

    @property
    def url(self) -> str:
        return self.program.urls[0]

    @property
    def device_code(self) -> str:
        return self.program.gateway.identity.device_code

    @property
    def firmware(self) -> str:
        return self.program.gateway.updates.installed

    async def publish(self, version: str, text_ja: str = TEXT_JA, text_en: str = TEXT_EN) -> None:
        """Release a firmware at the cloud, and let the gateway hear that there is something to look for."""
        now = datetime.now(UTC)  # noqa: TID251
        publish = self.cloud.registry.publish_release
        await asyncio.to_thread(publish, MODEL, version, text_ja, text_en, now)
        self.program.gateway.updates.look_again()

    def phone(
        self, name: str = "phone", limit_s: float = 5.0, **app: str
    ) -> AbstractAsyncContextManager[phone_client.program.Running]:
        """Serve the pages of one of the household's phones; `app` is what it says of itself."""
        values = {
            "app": app,
            "search": {"limit_s": limit_s},
            "cloud": {"url": self.line.url},
            "store": {"folder": self.folder / name},
            "ui": {"port": 0},
        }
        return phone_client.program.running(phone_client.settings.Settings.model_validate(values))

    async def open_account(self, email: str) -> None:
        """Sign up and confirm the address, as the club's pages do; 2段階認証設定のお願い is still to come."""
        registry, now = self.cloud.registry, datetime.now(UTC)  # noqa: TID251
        request = SignUp(email=email, password=PASSWORD, terms_accepted=True)
        await asyncio.to_thread(registry.sign_up, request, self.cloud.club_url, now)
        await asyncio.to_thread(registry.verify, (await self.mailed_url(email)).partition("token=")[2], now)

    async def mailed_url(self, email: str) -> str:
        """Return the URL in the newest mail to this address."""
        mails = await asyncio.to_thread(self.cloud.registry.inbox)
        found = re.search(r"https?://\S+", next(mail.body for mail in mails if mail.recipient == email))
        assert found
        return found[0]

    async def show_link_code(self) -> str:
        """Have a link code shown, by a gateway that is registered first where it is not; return it."""
        gateway = self.program.gateway
        if not gateway.registration:
            run = await gateway.begin_registration(self.device_code)
            run.confirm(run.confirmation_code)
            await gateway.register(run, Answers(CONSENT, PLACE, FAMILY, 0))
        await gateway.prepare_link_code(self.device_code)
        return (await gateway.show_link_code(CONSENT, None)).link_code

    async def nicknames(self) -> list[str]:
        """Return the registered phones by name, in the order of accounts and slots."""
        return await asyncio.to_thread(_nicknames, self.cloud)

    async def overview(self) -> Overview:
        """Return what the cloud's operator sees."""
        return await asyncio.to_thread(self.cloud.registry.overview, datetime.now(UTC))  # noqa: TID251

    async def registrations(self) -> list[int]:
        """Return the epoch of each gateway that the cloud knows as registered."""
        return [each.epoch for each in (await self.overview()).gateways]

    async def contents(self) -> object:
        """Return everything that the cloud has stored but nonces, confirmation codes and telemetry, to compare it."""
        return await asyncio.to_thread(_contents, self.cloud)


def _nicknames(running: cloud.program.Running) -> list[str]:
    from sqlalchemy import select  # noqa: PLC0415

    from cloud.store.schema import phones  # noqa: PLC0415

    with running.registry.store.reading() as store:
        return [
            str(row.nickname)
            for row in store.execute(select(phones.c.nickname).order_by(phones.c.account_id, phones.c.slot))
        ]


def _contents(running: cloud.program.Running) -> object:
    from sqlalchemy import select  # noqa: PLC0415

    from cloud.store.schema import metadata  # noqa: PLC0415

    passing = ("nonces", "registration_runs", "samples")
    moving = ("stored_up_to", "says_online", "last_seen_at")
    with running.registry.store.reading() as store:
        return {
            table.name: [
                tuple(row)
                for row in store.execute(select(*[each for each in table.c if each.name not in moving]))
            ]
            for table in metadata.sorted_tables
            if table.name not in passing
        }


@asynccontextmanager
async def home_in(
    folder: Path,
    *,
    clock: Clock | None = None,
    cloud_clock: Clock | None = None,
    **sections: dict[str, Any],
) -> AsyncIterator[Home]:
    """Run a household in `folder`; `sections` are settings of the gateway, by section."""
    async with (
        cloud.program.running(settings_in(folder / "cloud"), cloud_clock) as centre,
        line_to(centre.public_url) as line,
        emulator.program.running(_settings(folder, line.url, sections), clock) as program,
    ):
        await until(program.gateway.newest, "the first sample")
        yield Home(centre, program, line, folder)


def _settings(folder: Path, cloud_url: str, sections: dict[str, dict[str, Any]]) -> Settings:
    values: dict[str, dict[str, Any]] = {
        "gateway": {"folder": folder / "gateway"},
        "cloud": {"url": cloud_url},
        "http": {"host": "127.0.0.1", "port": 0},
        "firmware": dict(QUICK),
        "telemetry": {"interval_s": 0.5},
    }
    for section, keys in sections.items():
        values.setdefault(section, {}).update(keys)
    return Settings.model_validate(values)
