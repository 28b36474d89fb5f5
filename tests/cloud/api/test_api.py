import asyncio
import logging
from typing import Any

import aiomqtt
import pytest
from sqlalchemy import select

from cloud.store.schema import metadata, wrong_tries
from protocol.problems import MEDIA_TYPE
from protocol.telemetry import Notice, Status, write_samples
from tests.cloud.actors import PASSWORD, Gateway, another_gateway, sample, wrong_code
from tests.cloud.serving import Answer, Served, link_request
from tests.support.waiting import until

pytestmark = pytest.mark.adapters


def mqtt(cloud: Served, gateway: Gateway, password: str) -> aiomqtt.Client:
    return aiomqtt.Client(
        cloud.cloud.mqtt_host,
        cloud.cloud.mqtt_port,
        username=gateway.gateway_id,
        password=password,
        identifier=gateway.gateway_id,
        protocol=aiomqtt.ProtocolVersion.V5,
        timeout=5,
    )


async def contents(cloud: Served) -> dict[str, list[Any]]:
    """Return every row but nonces."""

    def read() -> dict[str, list[Any]]:
        with cloud.cloud.registry.store.reading() as store:
            tables = [table for table in metadata.sorted_tables if table.name != "nonces"]
            return {table.name: [tuple(row) for row in store.execute(select(table))] for table in tables}

    return await asyncio.to_thread(read)


def assert_problem(answer: Answer, status: int, code: str) -> None:
    assert (answer.status, answer.document["code"]) == (status, code), answer.text
    assert answer.headers["Content-Type"].startswith(MEDIA_TYPE)
    assert "?" not in answer.document["detail"]


async def test_the_whole_way_over_http_and_mqtt(cloud: Served, gateway: Gateway) -> None:
    registration = await cloud.register(gateway)
    assert registration.status == 201
    assert registration.document["mqtt_port"] == cloud.cloud.mqtt_port
    token = await cloud.person("father")
    async with mqtt(cloud, gateway, registration.document["mqtt_password"]) as client:
        await client.subscribe(f"aiseg/{gateway.gateway_id}/1/notice", qos=1)
        link = await cloud.link(token, gateway, await cloud.issue(gateway))
        assert (link.status, link.document["nickname"]) == (201, "お父さん")
        message = await anext(client.messages)
        notice = Notice.model_validate_json(bytes(message.payload))
        assert (notice.kind, notice.gateway_id, notice.nickname) == ("linked", gateway.gateway_id, "お父さん")
        status = Status(online=True, firmware="2.10", at=cloud.clock.now())
        await client.publish(
            f"aiseg/{gateway.gateway_id}/1/status", status.model_dump_json(), qos=1, retain=True
        )
        payload = write_samples([sample(1, cloud.clock.now())])
        await client.publish(f"aiseg/{gateway.gateway_id}/1/telemetry", payload, qos=1)

        async def shown() -> Any:
            timeline = await cloud.get("/api/v1/timeline", token)
            return timeline.document if timeline.document["online"] and timeline.document["newest"] else None

        timeline = await until(shown, "a sample in the timeline")
        assert timeline["newest"]["seq"] == 1
        assert timeline["buckets"][-1]["consumption_wh"] == 0
    assert (await cloud.get("/api/v1/links/current", token)).document == link.document
    assert (
        await cloud.ask("DELETE", "/api/v1/sessions/current", headers={"Authorization": f"Bearer {token}"})
    ).status == 204
    assert_problem(await cloud.get("/api/v1/links/current", token), 401, "not_logged_in")


@pytest.mark.req("S-TEL-02", "S-REG-27")
async def test_a_new_registration_shuts_the_old_one_out_and_clears_what_was_retained(
    cloud: Served, gateway: Gateway
) -> None:
    old = (await cloud.register(gateway)).document["mqtt_password"]
    topic = f"aiseg/{gateway.gateway_id}/1/status"
    async with mqtt(cloud, gateway, old) as client:
        status = Status(online=True, firmware="2.10", at=cloud.clock.now())
        await client.publish(topic, status.model_dump_json(), qos=1, retain=True)
    new = (await cloud.register(gateway)).document["mqtt_password"]
    with pytest.raises(aiomqtt.MqttError):
        async with mqtt(cloud, gateway, old):
            pass
    async with mqtt(cloud, gateway, new):
        pass
    password = cloud.cloud.registry.watcher_password
    watcher = aiomqtt.Client(
        cloud.cloud.mqtt_host,
        cloud.cloud.mqtt_port,
        username="watcher",
        password=password,
        protocol=aiomqtt.ProtocolVersion.V5,
    )
    async with watcher as client:
        await client.subscribe("aiseg/#", qos=1)
        await cloud.cloud.ingest.send(f"aiseg/{gateway.gateway_id}/2/notice", b"marker")
        message = await anext(client.messages)
        assert message.payload == b"marker"  # a retained message would have come first


async def test_the_registration_status(cloud: Served, gateway: Gateway) -> None:
    async def status() -> Any:
        signed = gateway.status(await cloud.nonce())
        return (await cloud.post("/api/v1/gateways/registration-status", signed.model_dump())).document

    unknown = {"registered": False, "epoch": None, "registered_at": None, "family_needed": False}
    assert await status() == unknown
    await cloud.register(gateway)
    registered = await status()
    assert (registered["registered"], registered["epoch"], registered["family_needed"]) == (True, 1, False)


@pytest.mark.parametrize(
    ("how", "status", "code"),
    [
        ({"data": b"{", "headers": {"Content-Type": "application/json"}}, 400, "request_malformed"),
        ({"data": b"{}", "headers": {"Content-Type": "text/plain"}}, 400, "request_malformed"),
        ({"data": b"\xff\xfe", "headers": {"Content-Type": "application/json"}}, 400, "request_malformed"),
        ({"data": {"email": "a@b.jp"}}, 400, "request_malformed"),
        ({"json": []}, 400, "request_malformed"),
        (
            {"json": {"email": "a@b.jp", "password": PASSWORD, "terms_accepted": "yes"}},
            400,
            "request_malformed",
        ),
        (
            {"json": {"email": "a@b.jp", "password": PASSWORD, "terms_accepted": True, "admin": 1}},
            400,
            "request_malformed",
        ),
        ({"json": {"email": 1, "password": PASSWORD, "terms_accepted": True}}, 400, "request_malformed"),
        ({"data": b"x" * 70_000, "headers": {"Content-Type": "application/json"}}, 413, "too_large"),
        (
            {"json": {"email": "nonsense", "password": PASSWORD, "terms_accepted": True}},
            400,
            "email_unusable",
        ),
        (
            {"json": {"email": "a@b.jp", "password": "short", "terms_accepted": True}},
            400,
            "password_unusable",
        ),
        (
            {"json": {"email": "a@b.jp", "password": PASSWORD, "terms_accepted": False}},
            400,
            "terms_not_accepted",
        ),
    ],
)
async def test_what_cannot_be_read_is_refused_with_a_reason(
    cloud: Served, how: dict[str, Any], status: int, code: str
) -> None:
    before = await contents(cloud)
    answer = await cloud.ask("POST", "/api/v1/accounts", **how)
    assert_problem(answer, status, code)
    assert "short" not in answer.text
    assert await contents(cloud) == before


async def test_unknown_addresses_and_methods_are_problems(cloud: Served) -> None:
    assert_problem(await cloud.get("/api/v1/nothing"), 404, "not_found")
    assert_problem(await cloud.ask("DELETE", "/api/v1/accounts"), 405, "method_not_allowed")


@pytest.mark.req("S-DISC-11")
@pytest.mark.parametrize("missing", ["nickname", "device_code", "link_code", "request_id"])
async def test_no_field_can_be_left_out_and_none_says_found(
    cloud: Served, gateway: Gateway, missing: str
) -> None:
    await cloud.register(gateway)
    token, code = await cloud.person("father"), await cloud.issue(gateway)
    before = await contents(cloud)
    asked = link_request(gateway, code)
    for document in ({name: asked[name] for name in asked if name != missing}, asked | {"found": True}):
        assert_problem(await cloud.post("/api/v1/links", document, token), 400, "request_malformed")
    assert await contents(cloud) == before


@pytest.mark.req("S-LC-24")
async def test_a_link_code_as_people_type_it(cloud: Served, gateway: Gateway) -> None:
    await cloud.register(gateway)
    token, code = await cloud.person("father"), await cloud.issue(gateway)
    typed = f"{code[:4]} {code[4:8]}－{code[8:]}".translate(
        str.maketrans("0123456789", "０１２３４５６７８９")
    )
    assert (await cloud.link(token, gateway, typed)).status == 201


async def test_a_mistyped_code_is_malformed_and_costs_no_try(cloud: Served, gateway: Gateway) -> None:
    await cloud.register(gateway)
    token, code = await cloud.person("father"), await cloud.issue(gateway)
    mistyped = code[:-1] + str((int(code[-1]) + 1) % 10)
    before = await contents(cloud)
    assert_problem(await cloud.link(token, gateway, mistyped), 400, "code_malformed")
    assert_problem(
        await cloud.post("/api/v1/links", link_request(gateway, code) | {"link_code": int(code)}, token),
        400,
        "request_malformed",
    )
    assert await contents(cloud) == before


@pytest.mark.req("S-ACC-07")
async def test_who_is_not_logged_in_is_told_nothing_else(cloud: Served, gateway: Gateway) -> None:
    for answer in (
        await cloud.post("/api/v1/links", {"nonsense": 1}),
        await cloud.link("x" * 43, gateway, wrong_code()),
        await cloud.get("/api/v1/links/current"),
        await cloud.get("/api/v1/timeline?by=nonsense"),
        await cloud.get("/api/v1/timeline", Authorization="Basic eDp5"),
    ):
        assert_problem(answer, 401, "not_logged_in")


@pytest.mark.req("S-BIND-08")
async def test_wrong_pairs_have_byte_equal_answers(cloud: Served, gateway: Gateway) -> None:
    codeless = another_gateway(1)
    await cloud.register(gateway)
    await cloud.register(codeless)
    spent = await cloud.issue(gateway)
    await cloud.link(await cloud.person("first"), gateway, spent)
    token = await cloud.person("father")
    answers = [
        await cloud.link(token, gateway, spent),
        await cloud.link(token, gateway, wrong_code()),
        await cloud.link(token, codeless, spent),
        await cloud.link(token, another_gateway(99), spent),
    ]
    seen = {
        (each.status, each.text, tuple((k, v) for k, v in each.headers.items() if k != "Date"))
        for each in answers
    }
    assert len(seen) == 1
    assert_problem(answers[0], 403, "link_refused")


async def test_too_many_tries_say_when_to_come_back(cloud: Served, gateway: Gateway) -> None:
    token = await cloud.person("father")
    for number in range(5):
        forged = {
            "X-Forwarded-For": f"192.0.2.{number}",
            "Forwarded": f"for=192.0.2.{number}",
            "X-Real-IP": "192.0.2.9",
        }
        assert_problem(await cloud.link(token, gateway, wrong_code(number), **forged), 403, "link_refused")
    answer = await cloud.link(token, gateway, wrong_code())
    assert_problem(answer, 429, "too_many_tries")
    assert answer.headers["Retry-After"] == "3600"
    column = metadata.tables["wrong_tries"].columns.keys().index(wrong_tries.c.peer.name)
    assert {row[column] for row in (await contents(cloud))["wrong_tries"]} == {"127.0.0.1"}


@pytest.mark.req("S-TEL-04")
async def test_an_unlinked_account_has_no_timeline(cloud: Served) -> None:
    token = await cloud.person("father")
    assert_problem(await cloud.get("/api/v1/timeline", token), 404, "not_linked")
    assert_problem(await cloud.get("/api/v1/links/current", token), 404, "not_linked")


@pytest.mark.parametrize(
    ("headers", "passes"),
    [
        ({}, True),
        ({"Host": "localhost"}, True),
        ({"Host": "192.168.1.5:8080"}, True),
        ({"Host": "[fd00::1]:8080"}, True),
        ({"Host": "rebound.example"}, False),
        ({"Host": "127.0.0.1.rebound.example"}, False),
        ({"Origin": "http://evil.example"}, False),
        ({"Origin": "null"}, False),
        ({"Sec-Fetch-Site": "cross-site"}, False),
        ({"Sec-Fetch-Site": "same-site"}, False),
        ({"Sec-Fetch-Site": "same-origin"}, True),
    ],
)
async def test_other_sites_pages_are_kept_out(cloud: Served, headers: dict[str, str], passes: bool) -> None:
    answer = await cloud.ask("POST", "/api/v1/gateways/nonces", headers=headers)
    if passes:
        assert answer.status == 201
    else:
        assert_problem(answer, 403, "foreign_origin")


async def test_own_origin_passes(cloud: Served) -> None:
    answer = await cloud.ask("POST", "/api/v1/gateways/nonces", headers={"Origin": cloud.cloud.public_url})
    assert answer.status == 201


async def test_nothing_is_stored_by_caches(cloud: Served) -> None:
    for path in ("/api/v1/nothing", "/healthz", "/verify?token=x", "/inbox"):
        answer = await cloud.get(path)
        assert answer.headers["Cache-Control"] == "no-store"
        assert answer.headers["Referrer-Policy"] == "strict-origin"
        assert "unsafe" not in answer.headers["Content-Security-Policy"]


async def test_ready_when_telemetry_can_come_in(cloud: Served) -> None:
    async def ready() -> bool:
        return bool((await cloud.get("/healthz")).document["ready"])

    await until(ready, "readiness")


async def test_everything_described_is_served_as_described(cloud: Served) -> None:
    described = (await cloud.get("/openapi.json")).document
    assert len(described["paths"]) == 27
    for path, methods in described["paths"].items():
        for method, operation in methods.items():
            answer = await cloud.ask(method.upper(), path.format(model="MKN700", version="2.10"), json={})
            assert str(answer.status) in operation["responses"], (path, answer.text)
            assert answer.status not in (404, 405)


async def test_no_secret_is_ever_logged(
    cloud: Served, gateway: Gateway, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    registration = (await cloud.register(gateway)).document
    mailed = await cloud.sign_up("father@example.jp")
    await cloud.ask("POST", "/verify", data={"token": mailed})
    token = await cloud.person("mother")
    code = await cloud.issue(gateway)
    await cloud.link(token, gateway, wrong_code(7))
    await cloud.link(token, gateway, code)
    async with mqtt(cloud, gateway, registration["mqtt_password"]):
        pass
    for secret in (registration["mqtt_password"], mailed, token, code, wrong_code(7), PASSWORD):
        assert secret not in caplog.text


async def test_a_token_of_strange_bytes_is_no_token(cloud: Served) -> None:
    reader, writer = await asyncio.open_connection(
        "127.0.0.1", int(cloud.cloud.public_url.rpartition(":")[2])
    )
    writer.write(b"GET /api/v1/timeline HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer \xff\r\n\r\n")
    assert b" 401 " in await reader.readline()
    writer.close()


async def test_the_broker_learns_of_registrations_in_the_order_of_their_commits(cloud: Served) -> None:
    gateway = another_gateway()

    async def insist() -> Answer:
        """Start again as often as another one comes between."""
        for _ in range(100):
            answer = await cloud.register(gateway)
            if answer.status == 201:
                return answer
        pytest.fail("never alone")

    answers = await asyncio.gather(*(insist() for _ in range(4)))
    assert len({answer.document["epoch"] for answer in answers}) == 4
    newest = max((answer.document for answer in answers), key=lambda document: int(document["epoch"]))
    async with mqtt(cloud, gateway, newest["mqtt_password"]):
        pass
    for password in {answer.document["mqtt_password"] for answer in answers} - {newest["mqtt_password"]}:
        with pytest.raises(aiomqtt.MqttError):
            await mqtt(cloud, gateway, password).__aenter__()


async def test_a_flood_of_logins_is_turned_away_and_the_rest_goes_on(cloud: Served) -> None:
    asked = {"email": "nobody@example.jp", "password": PASSWORD, "installation_id": "installation-flood"}
    flood = [cloud.post("/api/v1/sessions", asked) for _ in range(150)]
    answers = await asyncio.gather(*flood)
    assert {answer.status for answer in answers} == {403, 429, 503}
    assert sum(answer.status == 403 for answer in answers) == 6
    turned_away = next(answer for answer in answers if answer.status == 503)
    assert_problem(turned_away, 503, "too_busy")
    assert turned_away.headers["Retry-After"] == "1"
    assert await cloud.person("father")
