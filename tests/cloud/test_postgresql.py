"""The whole cloud with its tables in PostgreSQL: it works, it lasts, and it gets over a server that went away."""

import asyncio
import json
import logging
from collections.abc import AsyncIterator
from pathlib import Path

import aiomqtt
import pytest
from sqlalchemy import func, select

from cloud.registry import open_registry
from cloud.settings import Settings
from cloud.store.schema import samples
from protocol.problems import STATE_DAMAGED
from protocol.telemetry import write_samples
from tests.cloud.actors import LATEST, PASSWORD, Gateway, refusal, request_id, sample
from tests.cloud.serving import Answer, Served, served, settings_in
from tests.support.postgres import Postgres
from tests.support.programs import run
from tests.support.waiting import until

pytestmark = pytest.mark.adapters


@pytest.fixture
def settings(tmp_path: Path, database: str) -> Settings:
    return settings_in(tmp_path, store={"folder": tmp_path, "postgresql": database})


@pytest.fixture
async def cloud(settings: Settings) -> AsyncIterator[Served]:
    async with served(settings) as cloud:
        yield cloud


async def connection(cloud: Served, gateway: Gateway) -> aiomqtt.Client:
    """Return what connects a newly registered gateway."""
    return aiomqtt.Client(
        cloud.cloud.mqtt_host,
        cloud.cloud.mqtt_port,
        username=gateway.gateway_id,
        password=(await cloud.register(gateway)).document["mqtt_password"],
        identifier=gateway.gateway_id,
        protocol=aiomqtt.ProtocolVersion.V5,
        timeout=5,
    )


async def send(client: aiomqtt.Client, gateway: Gateway, number: int) -> None:
    topic = f"aiseg/{gateway.gateway_id}/1/telemetry"
    await client.publish(topic, write_samples([sample(number)]), qos=1)


async def receipt(client: aiomqtt.Client) -> int:
    async with asyncio.timeout(30):
        message = await anext(client.messages)
    return int(json.loads(bytes(message.payload))["stored_up_to"])


async def stored(cloud: Served) -> int:
    def count() -> int:
        with cloud.cloud.registry.store.reading() as store:
            return store.scalar(select(func.count()).select_from(samples)) or 0

    return await asyncio.to_thread(count)


async def log_in(cloud: Served) -> Answer:
    asked = {"email": "father@example.jp", "password": PASSWORD, "installation_id": "installation-0001"}
    return await cloud.post("/api/v1/sessions", asked)


async def test_everything_is_there_after_a_restart(
    settings: Settings, gateway: Gateway, tmp_path: Path
) -> None:
    async with served(settings) as cloud, await connection(cloud, gateway) as client:
        await client.subscribe(f"aiseg/{gateway.gateway_id}/1/receipt", qos=1)
        token = await cloud.person("father")
        link = (await cloud.link(token, gateway, await cloud.issue(gateway))).document
        assert link["nickname"] == "お父さん"
        await send(client, gateway, 1)
        assert await receipt(client) == 1
    async with served(settings) as cloud:
        assert (await cloud.get("/api/v1/links/current", token)).document == link
        assert await stored(cloud) == 1
    assert not (await asyncio.to_thread(lambda: list(tmp_path.glob("*.sqlite3*"))))


async def test_postgresql_goes_away_and_comes_back(
    cloud: Served, gateway: Gateway, postgres: Postgres, caplog: pytest.LogCaptureFixture
) -> None:
    """People are told in a sentence, nothing is acknowledged that is not stored, and nobody restarts anything."""
    await cloud.person("father")
    async with await connection(cloud, gateway) as client:
        await client.subscribe(f"aiseg/{gateway.gateway_id}/1/receipt", qos=1)
        with postgres.away():
            answer = await log_in(cloud)
            assert answer.status == 503
            assert "応答していません" in answer.text
            assert "does not answer" in answer.text
            assert (await cloud.get("/healthz")).document == {"ready": False}
            await send(client, gateway, 1)
            await until(lambda: "ingest has no store" in caplog.text, "ingest to fail")
        assert await receipt(client) == 1, "the broker has kept it, for it was never acknowledged"
        assert (await log_in(cloud)).status == 201
        assert (await cloud.get("/healthz")).document == {"ready": True}
        assert await stored(cloud) == 1
    said = [record for record in caplog.records if record.name in ("cloud.store.engine", "cloud.ingest")]
    assert {record.levelno for record in said} <= {logging.INFO, logging.WARNING}
    assert [record.name for record in said if record.levelno == logging.WARNING].count("cloud.ingest") == 1


async def test_a_server_that_is_not_there_at_the_start_is_a_sentence(tmp_path: Path) -> None:
    environment = {
        "AISEG_CLOUD__STORE__FOLDER": str(tmp_path),
        "AISEG_CLOUD__STORE__POSTGRESQL": "postgresql://aiseg:geheim@127.0.0.1:1/aiseg",
        "LC_ALL": "C.UTF-8",
    }
    code, out, errors = await run("cloud", environment=environment)
    assert (code, out) == (4, "")
    assert errors.startswith("PostgreSQL aiseg cannot be reached")
    assert errors.count("\n") == 1
    assert "geheim" not in errors


@pytest.mark.parametrize("lost", ["pepper", "release-key"])
def test_a_folder_that_lost_a_key_is_refused_and_gets_no_other(
    tmp_path: Path, database: str, lost: str
) -> None:
    open_registry(tmp_path, LATEST, database).close()
    (tmp_path / lost).unlink()
    assert refusal(open_registry, tmp_path, LATEST, database) is STATE_DAMAGED
    assert not (tmp_path / lost).exists()


def test_the_folder_of_another_cloud_is_refused(tmp_path: Path, database: str) -> None:
    """Its keys would check no password, and sign what no gateway trusts."""
    open_registry(tmp_path / "one", LATEST, database).close()
    open_registry(tmp_path / "other", LATEST).close()
    assert refusal(open_registry, tmp_path / "other", LATEST, database) is STATE_DAMAGED


async def test_a_nul_is_refused_wherever_a_text_comes_in(cloud: Served, gateway: Gateway) -> None:
    """PostgreSQL cannot keep one: where it came through, the answer would be an error of ours."""
    await cloud.register(gateway)
    sign_up = {"email": "fa\0ther@example.jp", "password": PASSWORD, "terms_accepted": True}
    login = {"email": "father@example.jp", "password": "\0" * 8, "installation_id": "installation-0001"}
    answers = [
        await cloud.post("/api/v1/accounts", sign_up),
        await cloud.post("/api/v1/accounts", sign_up | {"newsletters": ["a\0"]}),
        await cloud.post("/api/v1/accounts/verification", {"token": "a\0"}),
        await cloud.post("/api/v1/sessions", login),
        await cloud.post("/api/v1/gateways/registration-runs", beginning(gateway, nonce="a\0")),
        await cloud.post(
            "/api/v1/gateways/registration-runs", beginning(gateway, await cloud.nonce(), model="MKN\0")
        ),
        await cloud.get("/api/v1/firmware/MKN700%00"),
        await cloud.get("/inbox?lang=%00"),
        await cloud.ask("POST", "/console/releases", data={"model": "MKN700", "version": "2.11\0"}),
    ]
    assert [(answer.status, answer.document["code"]) for answer in answers] == [
        (400, "request_malformed")
    ] * len(answers)


def beginning(gateway: Gateway, nonce: str, model: str = "MKN702") -> dict[str, object]:
    document = json.loads(gateway.beginning("nonce", request_id()).payload)
    return gateway.sign_text(json.dumps(document | {"nonce": nonce, "model": model})).model_dump()
