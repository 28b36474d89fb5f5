"""One household on the stage: people, programs, records, faults, and how all of it looks at one moment."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import aiohttp

from chassis.tasks import beside
from lab.people.at_panel import Householder
from lab.people.at_phone import EMAIL, NICKNAME, Owner
from lab.people.browser import Browser
from lab.people.person import Person
from lab.people.seeing import panel_screens, phone_screens, read_result
from lab.stage.faults import Faults
from lab.stage.programs import CLOUD_URL, PHONE_URL, Programs
from lab.stage.records import Records
from lab.stage.secrets import announced
from lab.stage.watching import CloudWatch, SearchWatch
from lab.story.chronicle import Chronicle
from lab.story.script import Expected, Given
from lab.story.sight import Screen, Sight


@dataclass
class Stage:
    """Who and what is there."""

    programs: Programs
    chronicle: Chronicle
    owner: Owner
    householder: Householder
    records: Records
    cloud: CloudWatch
    searches: SearchWatch
    faults: Faults

    async def sight(self, expected: Expected) -> Sight:
        """Look at whatever is expected something of."""
        owner, panel = self.owner.person, self.householder.person
        wanted = expected.model_fields_set
        await owner.look()
        if wanted & {"panel_shows", "panel_says"}:
            await self._look_at_panel(expected)
        if wanted & {"linked", "telemetry"}:
            await self.cloud.look()
        tally = await asyncio.to_thread(self.records.tally) if _counts(wanted) else None
        code, others, found = self._result()
        return Sight(
            phone=_screen(owner),
            panel=_screen(panel),
            code=code,
            could_also_be=others,
            found=found,
            ways_on=len(owner.page.ways_on) if owner.page else 0,
            dead_ends=tuple(owner.dead_ends),
            taps=owner.taps,
            linked=bool(self.cloud.stored and self.cloud.stored.links),
            flows=self.cloud.flows,
            lost=tally.lost if tally else 0,
            doubled=tally.doubled if tally else 0,
            secrets=await asyncio.to_thread(self._announced) if "secrets_in_mdns" in wanted else 0,
        )

    async def _look_at_panel(self, expected: Expected) -> None:
        """Look at the panel; from a screen that is over, or that does not tell of the cloud, go to the home screen."""
        panel, wanted = self.householder.person, expected.panel_shows
        await panel.look()
        leaves = {"home": "updating" not in panel.screens, "cloud_offline": True}.get(wanted or "", False)
        if leaves and wanted not in panel.screens and panel.page:
            await panel.open()

    def _result(self) -> tuple[str | None, tuple[str, ...], int | None]:
        """Return what the newest search says: as the screen has it, else as it did."""
        page = self.owner.person.page
        shown = read_result(page) if page else None
        if shown:
            return shown.code, shown.could_also_be, len(shown.found)
        if not self.chronicle.searches:
            return None, (), None
        document = self.chronicle.searches[-1].document
        diagnosis = document["diagnosis"] or {}
        return diagnosis.get("code"), tuple(diagnosis.get("could_also_be", ())), len(document["found"])

    def _announced(self) -> int:
        noted = self.householder.noted
        codes = (*noted, *(each.replace(" ", "") for each in noted))
        secrets = (self.programs.device_code, EMAIL, NICKNAME, *codes)
        return announced(self.programs.home.capture(), secrets)


def _counts(wanted: set[str]) -> bool:
    return bool(wanted & {"lost_samples", "doubled_samples"})


def _screen(person: Person) -> Screen:
    return Screen(person.screens, person.title, person.page.words if person.page else "")


@asynccontextmanager
async def staged(programs: Programs, given: Given, chronicle: Chronicle) -> AsyncIterator[Stage]:
    """Give everybody a browser: the owner on the phone, somebody at the panel's own monitor, and us to look on."""
    home, names, language = programs.home, programs.names, given.phone.language
    records = Records(programs.folder, programs.gateway_id)
    async with (
        Browser(home.phone, names, cookies={"lang": language}) as app,
        Browser(home.gateway, names) as monitor,
        Browser(home.phone, names, jar=aiohttp.DummyCookieJar()) as ours,
    ):
        owner = Person("phone", app, lambda: PHONE_URL, phone_screens, chronicle)
        panel = Person("panel", monitor, lambda: programs.panel_url, panel_screens, chronicle)
        inbox = f"{CLOUD_URL}/inbox"
        stage = Stage(
            programs=programs,
            chronicle=chronicle,
            owner=Owner(owner, language, inbox, programs.gateway_id, programs.device_code),
            householder=Householder(panel, programs.device_code),
            records=records,
            cloud=CloudWatch(records, chronicle),
            searches=SearchWatch(ours, chronicle, programs.folder / "phone"),
            faults=Faults(home, chronicle, battery_backed=given.gateway.battery_backed),
        )
        async with beside(owner.run(), panel.run()):
            yield stage
