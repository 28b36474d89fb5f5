"""A household for the browser's tests: the real cloud, a live gateway, and the line between them that can be cut."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import cloud.program
import emulator.program
from chassis.clock import Clock
from cloud.registry.survey import Overview
from emulator.settings import Settings
from protocol.identity import Model
from tests.cloud.serving import settings_in
from tests.support.line import Line, line_to
from tests.support.waiting import until

PANEL_SIZE = {"width": 1024, "height": 600}
PHONE_SIZE = {"width": 390, "height": 844}
QUICK = {"update_s": 1.5, "apply_s": 1.0, "restart_s": 0.5}
MODEL: Model = "MKN702"
TEXT_JA, TEXT_EN = "・表示を改善しました。", "- A better display."


@dataclass
class Home:
    """What runs, and what a test wants to know of it."""

    cloud: cloud.program.Running
    program: emulator.program.Running
    line: Line

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

    async def overview(self) -> Overview:
        """Return what the cloud's operator sees."""
        return await asyncio.to_thread(self.cloud.registry.overview, datetime.now(UTC))  # noqa: TID251

    async def registrations(self) -> list[int]:
        """Return the epoch of each gateway that the cloud knows as registered."""
        return [each.epoch for each in (await self.overview()).gateways]

    async def contents(self) -> object:
        """Return everything that the cloud has stored but nonces, confirmation codes and telemetry, to compare it."""
        return await asyncio.to_thread(_contents, self.cloud)


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
        yield Home(centre, program, line)


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
