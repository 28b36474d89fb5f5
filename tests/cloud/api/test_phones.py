"""Links, phones and users over HTTP: every flow of an account with several phones, and who may do what."""

import asyncio
import json
import logging
from dataclasses import dataclass
from typing import Any

import aiomqtt
import pytest
from sqlalchemy import select

from cloud.store.schema import metadata
from protocol.problems import MEDIA_TYPE
from protocol.telemetry import Notice
from tests.cloud.actors import Gateway, another_gateway, request_id, wrong_code
from tests.cloud.serving import Answer, Served, link_request
from tests.support.waiting import until

pytestmark = [pytest.mark.adapters, pytest.mark.usefixtures("cheap_hashing")]


def assert_problem(answer: Answer, status: int, code: str) -> None:
    assert (answer.status, answer.document["code"]) == (status, code), answer.text
    assert answer.headers["Content-Type"].startswith(MEDIA_TYPE)
    assert "?" not in answer.document["detail"]


async def contents(cloud: Served) -> dict[str, list[Any]]:
    """Return every row but nonces."""

    def read() -> dict[str, list[Any]]:
        with cloud.cloud.registry.store.reading() as store:
            tables = [table for table in metadata.sorted_tables if table.name != "nonces"]
            return {table.name: [tuple(row) for row in store.execute(select(table))] for table in tables}

    return await asyncio.to_thread(read)


@dataclass
class Home:
    """A gateway with father's two phones and mother's one, and a third of father's that is not registered."""

    cloud: Served
    gateway: Gateway
    first: str
    second: str
    third: str
    mother: str

    async def users(self) -> list[Any]:
        return list((await self.cloud.get("/api/v1/users", self.first)).document["users"])

    async def add(self, token: str, nickname: str) -> Answer:
        return await self.cloud.post(
            "/api/v1/phones", {"request_id": request_id(), "nickname": nickname}, token
        )

    async def change_code(self, token: str) -> str:
        return str((await self.cloud.post("/api/v1/change-codes", None, token)).document["change_code"])

    async def move(self, token: str, code: str, request: str | None = None) -> Answer:
        asked = {"request_id": request or request_id(), "change_code": code}
        return await self.cloud.post("/api/v1/phones/moves", asked, token)

    async def delete(self, token: str) -> Answer:
        bearer = {"Authorization": f"Bearer {token}"}
        return await self.cloud.ask("DELETE", "/api/v1/links/current", headers=bearer)


@pytest.fixture
async def home(cloud: Served, gateway: Gateway) -> Home:
    await cloud.register(gateway)
    first, mother = await cloud.person("father"), await cloud.person("mother")
    assert (await cloud.link(first, gateway, await cloud.issue(gateway))).status == 201
    assert (await cloud.link(mother, gateway, await cloud.issue(gateway))).status == 201
    second, third = await cloud.log_in("father", "second"), await cloud.log_in("father", "third")
    home = Home(cloud, gateway, first, second, third, mother)
    assert (await home.add(second, "二台目")).status == 201
    return home


async def notices(cloud: Served, client: aiomqtt.Client, gateway: Gateway) -> list[str]:
    """Return the kinds of all notices so far: those before a marker."""
    await cloud.cloud.ingest.send(f"aiseg/{gateway.gateway_id}/1/notice", b"marker")
    kinds: list[str] = []
    async for message in client.messages:
        if message.payload == b"marker":
            break
        kinds.append(Notice.model_validate_json(bytes(message.payload)).kind)
    return kinds


def watcher(cloud: Served) -> aiomqtt.Client:
    return aiomqtt.Client(
        cloud.cloud.mqtt_host,
        cloud.cloud.mqtt_port,
        username="watcher",
        password=cloud.cloud.registry.watcher_password,
        protocol=aiomqtt.ProtocolVersion.V5,
        timeout=5,
    )


@pytest.mark.req("S-ADD-05", "S-UI-02")
async def test_the_third_phone_is_told_in_the_manuals_words(home: Home) -> None:
    answer = await home.add(home.third, "三台目")
    assert_problem(answer, 409, "phones_full")
    assert answer.document["detail_ja"] == "上限に達しています"


@pytest.mark.req("S-CHG-11", "S-CHG-13", "S-CHG-14")
async def test_the_old_phone_is_told_that_it_was_moved(home: Home) -> None:
    moved = await home.move(home.third, await home.change_code(home.second))
    assert (moved.status, moved.document["nickname"]) == (201, "二台目")
    assert_problem(await home.cloud.get("/api/v1/timeline", home.second), 401, "phone_moved")
    assert (await home.cloud.get("/api/v1/timeline", home.third)).status == 200


@pytest.mark.req("S-DEL-02", "S-DEL-03", "S-DEL-12", "S-DEL-15")
async def test_deletion_ends_every_phone_and_a_second_one_says_so(home: Home) -> None:
    async with watcher(home.cloud) as client:
        await client.subscribe("aiseg/#", qos=1)
        deleted = await home.delete(home.second)
        assert (deleted.status, deleted.text) == (204, "")
        for token in (home.first, home.second, home.third):
            assert_problem(await home.delete(token), 401, "account_deleted")
        assert await notices(home.cloud, client, home.gateway) == ["unlinked"]
    assert (await home.cloud.get("/api/v1/users", home.mother)).status == 200


@pytest.mark.req("S-BIND-16")
async def test_the_gateway_is_told_when_an_account_goes_with_its_last_phone(home: Home) -> None:
    mothers = next(user for user in await home.users() if not user["own"])
    fathers = next(user for user in await home.users() if user["nickname"] == "二台目")
    async with watcher(home.cloud) as client:
        await client.subscribe("aiseg/#", qos=1)
        for user in (fathers, mothers):
            asked = {"phone_id": user["phone_id"]}
            assert (await home.cloud.post("/api/v1/users/removals", asked, home.first)).status == 200
        assert await notices(home.cloud, client, home.gateway) == ["unlinked"]
    assert_problem(await home.cloud.get("/api/v1/users", home.mother), 401, "phone_removed")


@pytest.mark.req("S-BIND-15", "S-BIND-02")
async def test_a_preview_spends_nothing_over_http(home: Home) -> None:
    code, token = await home.cloud.issue(home.gateway), await home.cloud.person("newcomer")
    asked = link_request(home.gateway, code)
    stale = asked | {"consent": {"terms_version": "2013-03", "agreed_at": "2026-11-22T00:00:00Z"}}
    assert_problem(
        await home.cloud.post("/api/v1/link-previews", stale, token), 400, "app_terms_not_accepted"
    )
    preview = await home.cloud.post("/api/v1/link-previews", asked, token)
    assert (preview.status, preview.document["place"]) == (200, "大阪府-大阪府-門真市")
    assert [user["nickname"] for user in preview.document["users"]] == ["お父さん", "二台目", "お父さん"]
    assert "example.jp" not in preview.text
    assert (await home.cloud.post("/api/v1/links", asked, token)).status == 201


@pytest.mark.req("S-CHG-15")
async def test_every_wrong_change_code_has_the_same_bytes(home: Home) -> None:
    mothers_code, spent = await home.change_code(home.mother), await home.change_code(home.first)
    assert (await home.move(home.third, spent)).status == 201
    new = await home.cloud.log_in("father", "newer")
    voided = await home.change_code(home.second)
    await home.change_code(home.second)
    answers = [await home.move(new, code) for code in (mothers_code, spent, voided, wrong_code())]
    seen = {
        (each.status, each.text, tuple((k, v) for k, v in each.headers.items() if k != "Date"))
        for each in answers
    }
    assert len(seen) == 1
    assert_problem(answers[0], 403, "change_refused")


async def test_a_mistyped_change_code_costs_no_try(home: Home) -> None:
    code = await home.change_code(home.first)
    before = await contents(home.cloud)
    mistyped = code[:-1] + str((int(code[-1]) + 1) % 10)
    assert_problem(await home.move(home.third, mistyped), 400, "change_code_malformed")
    for typed in (int(code), [code], None, "1" * 65, "\x00"):
        answer = await home.cloud.post(
            "/api/v1/phones/moves", {"request_id": request_id(), "change_code": typed}, home.third
        )
        assert answer.status == 400, answer.text
    assert await contents(home.cloud) == before
    typed = f"{code[:4]}　{code[4:8]}-{code[8:]}".translate(
        str.maketrans("0123456789", "０１２３４５６７８９")
    )
    assert (await home.move(home.third, typed)).status == 201


def lost_answers(home: Home, code: str, change_code: str) -> list[tuple[str, dict[str, Any], str]]:
    """Return one request of each kind that is repeated when its answer was lost, with who asks."""
    named = {"request_id": request_id()}
    return [
        ("/api/v1/phones/moves", named | {"change_code": change_code}, home.third),
        ("/api/v1/links", link_request(home.gateway, code), home.mother),
    ]


@pytest.mark.req("S-BIND-20", "S-CHG-16")
async def test_a_request_whose_answer_was_lost_has_one_effect(home: Home) -> None:
    """T-48: the connection is cut after the request went out; the retry gets the same answer."""
    code, change_code = await home.cloud.issue(home.gateway), await home.change_code(home.first)
    replaced = (await home.users())[1]["phone_id"]
    requests = lost_answers(home, code, change_code)
    new = await home.cloud.log_in("father", "newer")
    requests.append(("/api/v1/phones/replacements", {"request_id": request_id(), "phone_id": replaced}, new))
    hers = await home.cloud.log_in("mother", "tablet")
    requests.append(("/api/v1/phones", {"request_id": request_id(), "nickname": "タブレット"}, hers))
    for path, asked, token in requests:
        await send_and_hang_up(home.cloud, path, asked, token)
        first = await home.cloud.post(path, asked, token)
        assert first.status == 201, first.text
        before = await contents(home.cloud)
        again = await home.cloud.post(path, asked, token)
        assert (again.status, again.body) == (201, first.body)
        assert await contents(home.cloud) == before


async def send_and_hang_up(cloud: Served, path: str, asked: dict[str, Any], token: str) -> None:
    """Send a request, wait until it is carried out, and be gone before the answer is read."""
    before, text = await contents(cloud), json.dumps(asked).encode()
    port = int(cloud.cloud.public_url.rpartition(":")[2])
    _, writer = await asyncio.open_connection("127.0.0.1", port)
    head = f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {token}\r\n"
    head += f"Content-Type: application/json\r\nContent-Length: {len(text)}\r\n\r\n"
    writer.write(head.encode() + text)

    async def done() -> bool:
        return (await contents(cloud))["phones"] != before["phones"]

    await until(done, "the effect")
    writer.close()


ENDPOINTS: list[tuple[str, str, dict[str, Any] | None]] = [
    ("POST", "/api/v1/link-previews", {}),
    ("POST", "/api/v1/links", {}),
    ("GET", "/api/v1/links/current", None),
    ("DELETE", "/api/v1/links/current", None),
    ("POST", "/api/v1/phones", {"nickname": "三台目"}),
    ("POST", "/api/v1/phones/moves", {"change_code": wrong_code()}),
    ("POST", "/api/v1/phones/replacements", {"phone_id": "first"}),
    ("POST", "/api/v1/change-codes", None),
    ("GET", "/api/v1/users", None),
    ("POST", "/api/v1/users/removals", {"phone_id": "second"}),
    ("GET", "/api/v1/timeline", None),
    ("GET", "/api/v1/events", None),
    ("DELETE", "/api/v1/sessions/current", None),
]

# What the owner's registered phone, another account of another gateway, and an account without one are told.
VERDICTS: dict[tuple[str, str], tuple[int, int, int]] = {
    ("POST", "/api/v1/link-previews"): (200, 409, 200),
    ("POST", "/api/v1/links"): (201, 409, 201),
    ("GET", "/api/v1/links/current"): (200, 200, 404),
    ("DELETE", "/api/v1/links/current"): (204, 204, 404),
    ("POST", "/api/v1/phones"): (409, 409, 404),
    ("POST", "/api/v1/phones/moves"): (409, 409, 404),
    ("POST", "/api/v1/phones/replacements"): (409, 409, 404),
    ("POST", "/api/v1/change-codes"): (201, 201, 404),
    ("GET", "/api/v1/users"): (200, 200, 404),
    ("POST", "/api/v1/users/removals"): (200, 404, 404),
    ("GET", "/api/v1/timeline"): (200, 200, 404),
    ("GET", "/api/v1/events"): (200, 200, 200),
    ("DELETE", "/api/v1/sessions/current"): (204, 204, 204),
}


async def ask(home: Home, method: str, path: str, asked: dict[str, Any] | None, token: str | None) -> Answer:
    ids = {
        user["nickname"] + str(user["own"]): user["phone_id"]
        for user in (await home.cloud.get("/api/v1/users", home.first)).document.get("users", ())
    }
    body = dict(asked or {})
    named = {"first": ids.get("お父さんTrue", "x" * 22), "second": ids.get("二台目True", "x" * 22)}
    if "phone_id" in body:
        body["phone_id"] = named[body["phone_id"]]
    if path in ("/api/v1/links", "/api/v1/link-previews"):
        body = link_request(home.gateway, await home.cloud.issue(home.gateway))
    elif asked is not None and path != "/api/v1/users/removals":
        body["request_id"] = request_id()
    bearer = {} if token is None else {"Authorization": f"Bearer {token}"}
    return await home.cloud.ask(method, path, json=body or None, headers=bearer)


@pytest.mark.req("S-DEL-04")
@pytest.mark.parametrize(("method", "path", "asked"), ENDPOINTS)
async def test_who_may_do_what(home: Home, method: str, path: str, asked: dict[str, Any] | None) -> None:
    """T-17: what counts is whose token it is, never which id or code is named in the request."""
    neighbour = another_gateway()
    await home.cloud.register(neighbour)
    stranger, nobody = await home.cloud.person("stranger"), await home.cloud.person("nobody")
    await home.cloud.link(stranger, neighbour, await home.cloud.issue(neighbour))
    deleted = await home.cloud.person("deleted")
    await home.cloud.link(deleted, home.gateway, await home.cloud.issue(home.gateway))
    await home.delete(deleted)
    before = await contents(home.cloud)
    for token in (None, "x" * 43):
        assert_problem(await ask(home, method, path, asked, token), 401, "not_logged_in")
    assert_problem(await ask(home, method, path, asked, deleted), 401, "account_deleted")
    owner, other, unlinked = VERDICTS[method, path]
    answers = [await ask(home, method, path, asked, token) for token in (nobody, stranger, home.first)]
    assert [answer.status for answer in answers] == [unlinked, other, owner], [each.text for each in answers]
    after = await contents(home.cloud)
    if other >= 400:
        theirs = [row for row in after["links"] if row[1] == neighbour.gateway_id]
        assert theirs == [row for row in before["links"] if row[1] == neighbour.gateway_id]


async def test_the_matrix_has_every_endpoint_that_asks_for_a_token(cloud: Served) -> None:
    described = (await cloud.get("/openapi.json")).document["paths"]
    asking = {
        (method.upper(), path)
        for path, methods in described.items()
        for method, operation in methods.items()
        if "security" in operation
    }
    assert asking == set(VERDICTS) == {(method, path) for method, path, _ in ENDPOINTS}


async def test_what_cannot_be_read_changes_nothing(home: Home) -> None:
    """T-18: strings are strings, nothing is left out and nothing is added."""
    before = await contents(home.cloud)
    bad: list[tuple[str, object]] = [
        ("/api/v1/phones", {"request_id": request_id(), "nickname": 1}),
        ("/api/v1/phones", {"request_id": "short", "nickname": "x"}),
        ("/api/v1/phones", {"request_id": request_id(), "nickname": "x", "slot": 1}),
        ("/api/v1/phones", []),
        ("/api/v1/phones/replacements", {"request_id": request_id(), "phone_id": ["x" * 22]}),
        ("/api/v1/phones/replacements", {"request_id": request_id(), "phone_id": "' OR 1=1 --"}),
        ("/api/v1/users/removals", {"phone_id": None}),
        ("/api/v1/users/removals", {"phone_id": "x" * 22, "permit": 1}),
        ("/api/v1/link-previews", link_request(home.gateway, wrong_code()) | {"link_code": 1}),
    ]
    for path, asked in bad:
        assert_problem(await home.cloud.post(path, asked, home.third), 400, "request_malformed")
    assert await contents(home.cloud) == before


async def test_no_code_permit_or_token_is_ever_logged(home: Home, caplog: pytest.LogCaptureFixture) -> None:
    """T-13."""
    caplog.set_level(logging.DEBUG)
    change_code, link_code = await home.change_code(home.first), await home.cloud.issue(home.gateway)
    token = await home.cloud.person("newcomer")
    preview = await home.cloud.post("/api/v1/link-previews", link_request(home.gateway, link_code), token)
    permit = preview.document["permit"]
    asked = {"phone_id": preview.document["users"][0]["phone_id"], "permit": permit}
    assert (await home.cloud.post("/api/v1/users/removals", asked, token)).status == 200
    assert_problem(await home.move(home.third, wrong_code()), 403, "change_refused")
    assert_problem(await home.move(home.third, change_code), 403, "change_refused")
    logging.getLogger("cloud").debug("listened to")
    assert "listened to" in caplog.text
    for secret in (change_code, link_code, permit, token, home.third, wrong_code()):
        assert secret not in caplog.text
