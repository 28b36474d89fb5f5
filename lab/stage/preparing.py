"""What is given when a story begins: registered or not, with an account or without, as people would have done it."""

import asyncio
import json
import sys
from collections.abc import Mapping
from typing import Any, Final

import aiohttp

from lab.people.at_panel import Householder
from lab.people.at_phone import EMAIL, PASSWORD, Owner, mailed_url
from lab.people.browser import Browser
from lab.people.person import CannotTapError, Person
from lab.stage.programs import CLOUD_PORT, Programs, forbid_searching
from lab.stage.records import Records
from lab.story.script import Given
from protocol.problems import UnreachableError

WITHIN_S: Final = 20.0
_LOOK_EVERY_S: Final = 0.05
_MEETINGS: Final = 5
_NEXT_FIRMWARE: Final = "2.11"


async def prepare(given: Given, programs: Programs, owner: Owner, householder: Householder) -> None:
    """Bring the household to where the story begins.

    Raises:
        UnreachableError: it does not come about.
        Problem: it cannot be done here.
    """
    try:
        await _begin(given, programs, owner, householder)
        if given.phone.account == "linked":
            await _link(owner, householder)
    except CannotTapError as error:
        raise UnreachableError(f"“{error.label}”", f"“{error.title}”") from None
    if given.gateway.firmware == "old":
        await _publish(programs, given.gateway.model)
    if not given.gateway.running:
        await asyncio.to_thread(programs.services["gateway"].end)
    if not given.phone.may_search:
        await asyncio.to_thread(forbid_searching, programs.home.phone)
    await asyncio.to_thread(programs.home.phone.run, "ip", "neigh", "flush", "all")  # or it knows whom it met


async def _begin(given: Given, programs: Programs, owner: Owner, householder: Householder) -> None:
    """Do at the same time what different people do."""
    account = given.phone.account
    try:
        async with asyncio.TaskGroup() as tasks:
            if given.phone.knows_gateway:
                tasks.create_task(asyncio.to_thread(_meet, programs))
            if given.gateway.registered or account == "linked":
                tasks.create_task(_register(programs, householder))
            if account != "none":
                tasks.create_task(_log_in(programs, owner))
    except BaseExceptionGroup as raised:
        raise raised.exceptions[0] from None


async def _register(programs: Programs, householder: Householder) -> None:
    """Register, and wait until the cloud has heard of it and has the first sample."""
    await householder.register()
    records = Records(programs.folder, programs.gateway_id)
    deadline = asyncio.get_running_loop().time() + WITHIN_S
    while not ((stored := await asyncio.to_thread(records.stored)) and stored.online and stored.samples):
        if asyncio.get_running_loop().time() > deadline:
            raise UnreachableError("the first sample at the cloud", _where(householder.person))
        await asyncio.sleep(_LOOK_EVERY_S)


async def _log_in(programs: Programs, owner: Owner) -> None:
    await _open_account(programs)
    await owner.log_in()
    if "start" not in owner.person.screens:
        raise UnreachableError("the app after the login", _where(owner.person))


async def _link(owner: Owner, householder: Householder) -> None:
    await householder.show_link_code()
    owner.link_code = householder.link_code
    await owner.person.open("/terms")
    await owner.acts["type_code"]()
    if "timeline" not in owner.person.screens:
        raise UnreachableError("the timeline", _where(owner.person))
    await householder.person.open()


async def _open_account(programs: Programs) -> None:
    """Sign up and confirm the address by the cloud's own API, from the phone."""
    url = f"http://{programs.home.cloud.address}:{CLOUD_PORT}"
    async with Browser(programs.home.phone, programs.names) as browser:
        wanted = {"email": EMAIL, "password": PASSWORD, "terms_accepted": True, "newsletters": []}
        await _post(browser, f"{url}/api/v1/accounts", wanted)
        token = (await mailed_url(browser, f"{url}/inbox")).partition("token=")[2]
        await _post(browser, f"{url}/api/v1/accounts/verification", {"token": token})


async def _post(browser: Browser, address: str, document: Mapping[str, Any]) -> None:
    async with browser.http.post(address, json=document, timeout=aiohttp.ClientTimeout(WITHIN_S)) as response:
        if not response.ok:
            raise UnreachableError(address, await response.text())


async def _publish(programs: Programs, model: str) -> None:
    """Let the maker release firmware, at the cloud's console."""
    url = f"http://{programs.home.cloud.address}:{CLOUD_PORT}/console/releases"
    form = {
        "model": model,
        "version": _NEXT_FIRMWARE,
        "text_ja": "表示を改善しました。",
        "text_en": "A better display.",
    }
    async with (
        Browser(programs.home.cloud, programs.names) as browser,
        browser.http.post(url, data=form) as response,
    ):
        if not response.ok:
            raise UnreachableError(url, f"HTTP {response.status}")


def _meet(programs: Programs) -> None:
    """Let the phone find the AiSEG, so that it remembers where it was."""
    search = (sys.executable, "-m", "phone_client", "search", "--json", "--timeout", "3", "--config")
    for _ in range(_MEETINGS):
        with programs.home.phone.start(
            *search, str(programs.folder / "phone_client.toml"), separate_errors=True
        ) as searching:
            line = searching.read_line(WITHIN_S)
            if line and json.loads(line)["found"]:
                return
    raise UnreachableError("the AiSEG of the lab", "the phone does not find it in the unbroken home")


def _where(person: Person) -> str:
    return f"“{person.title}” {person.page.complaint if person.page else ''}".strip()
