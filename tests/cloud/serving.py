"""A whole cloud on loopback, with ports of its own and a clock that the test sets."""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import aiohttp

from cloud.program import Running, running
from cloud.settings import Settings
from tests.cloud.actors import APP_CONSENT, NOON, PASSWORD, Gateway, request_id

MAILED = re.compile(r"/verify\?token=([\w-]+)")


class TestClock:
    """Stands still until it is set; sleeping takes real time."""

    __test__ = False

    def __init__(self) -> None:
        self.instant = NOON

    def now(self) -> datetime:
        return self.instant

    def pass_time(self, **span: float) -> None:
        self.instant += timedelta(**span)

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


@dataclass
class Answer:
    """What came back, read whole."""

    status: int
    headers: dict[str, str]
    text: str
    document: Any
    body: bytes


@dataclass
class Served:
    """A running cloud and a client of its HTTP side."""

    cloud: Running
    clock: TestClock
    client: aiohttp.ClientSession

    async def ask(self, method: str, path: str, **how: Any) -> Answer:
        async with self.client.request(method, f"{self.cloud.public_url}{path}", **how) as response:
            text = await response.text(errors="replace")
            document = await response.json(content_type=None) if "json" in response.content_type else None
            return Answer(response.status, dict(response.headers), text, document, await response.read())

    async def post(self, path: str, document: object, token: str | None = None, **headers: str) -> Answer:
        bearer = {"Authorization": f"Bearer {token}"} if token else {}
        return await self.ask("POST", path, json=document, headers=bearer | headers)

    async def get(self, path: str, token: str | None = None, **headers: str) -> Answer:
        bearer = {"Authorization": f"Bearer {token}"} if token else {}
        return await self.ask("GET", path, headers=bearer | headers)

    async def nonce(self) -> str:
        answer = await self.post("/api/v1/gateways/nonces", None)
        return str(answer.document["nonce"])

    async def begin(self, gateway: Gateway, run: str | None = None) -> Answer:
        signed = gateway.beginning(await self.nonce(), run or request_id())
        return await self.post("/api/v1/gateways/registration-runs", signed.model_dump())

    async def register(self, gateway: Gateway) -> Answer:
        """Go through the whole wizard, agreeing to what it says will be erased."""
        run = request_id()
        at_stake = (await self.begin(gateway, run)).document["at_stake"]
        signed = gateway.registration(await self.nonce(), run, at_stake["epoch"] if at_stake else 0)
        return await self.post("/api/v1/gateways/registrations", signed.model_dump())

    async def issue(self, gateway: Gateway) -> str:
        signed = gateway.link_code(await self.nonce())
        answer = await self.post("/api/v1/gateways/link-codes", signed.model_dump())
        return str(answer.document["link_code"])

    async def sign_up(self, email: str) -> str:
        """Sign up and return the mailed token."""
        asked = {"email": email, "password": PASSWORD, "terms_accepted": True}
        answer = await self.post("/api/v1/accounts", asked)
        assert answer.status == 202, answer.text
        found = MAILED.search((await self.get("/inbox")).text)
        assert found is not None
        return found[1]

    async def person(self, name: str) -> str:
        """Return the bearer token of a new account."""
        token = await self.sign_up(f"{name}@example.jp")
        await self.post("/api/v1/accounts/verification", {"token": token})
        return await self.log_in(name, name)

    async def log_in(self, name: str, installation: str) -> str:
        """Return the bearer token of an account on an installation."""
        asked = {"email": f"{name}@example.jp", "password": PASSWORD}
        answer = await self.post(
            "/api/v1/sessions", asked | {"installation_id": f"installation-{installation:_>4}"}
        )
        assert answer.status == 201, answer.text
        return str(answer.document["token"])

    async def link(self, token: str, gateway: Gateway, link_code: str, **headers: str) -> Answer:
        return await self.post("/api/v1/links", link_request(gateway, link_code), token, **headers)


def link_request(gateway: Gateway, link_code: str) -> dict[str, object]:
    return {
        "request_id": request_id(),
        "consent": APP_CONSENT.model_dump(mode="json"),
        "nickname": "お父さん",
        "device_code": gateway.device_code,
        "link_code": link_code,
    }


def settings_in(folder: Path, **sections: object) -> Settings:
    values: dict[str, object] = {
        "http": {"port": 0},
        "club": {"port": 0},
        "mqtt": {"port": 0},
        "store": {"folder": folder},
    }
    return Settings.model_validate(values | sections)


@asynccontextmanager
async def served(settings: Settings) -> AsyncIterator[Served]:
    clock = TestClock()
    async with running(settings, clock) as cloud, aiohttp.ClientSession() as client:
        yield Served(cloud, clock, client)
