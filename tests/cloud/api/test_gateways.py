"""What a gateway, or somebody who pretends to be one, gets to see over HTTP."""

import asyncio

import pytest

from protocol.identity import Signed
from tests.cloud.actors import Gateway, another_gateway
from tests.cloud.api.test_api import assert_problem, contents
from tests.cloud.serving import Answer, Served

pytestmark = pytest.mark.adapters

RUN = "wizard-run-0000001"
RUNS = "/api/v1/gateways/registration-runs"
REGISTRATIONS = "/api/v1/gateways/registrations"


def seen(answer: Answer) -> tuple[object, ...]:
    """Return everything of an answer that could tell one case from another."""
    return answer.status, answer.body, *((k, v) for k, v in answer.headers.items() if k != "Date")


async def send(cloud: Served, path: str, signed: Signed) -> Answer:
    return await cloud.post(path, signed.model_dump())


@pytest.mark.req("S-REG-09", "S-REG-26", "S-REG-28")
async def test_beginning_tells_code_and_stake_and_is_never_cached(cloud: Served, gateway: Gateway) -> None:
    first = await cloud.begin(gateway, RUN)
    assert first.status == 201
    assert first.document["at_stake"] is None
    assert len(first.document["confirmation_code"]) == 6
    assert first.headers["Cache-Control"] == "no-store"
    await cloud.register(gateway)
    again = await cloud.begin(gateway)
    assert (again.document["at_stake"]["epoch"], again.document["at_stake"]["samples"]) == (1, 0)


@pytest.mark.req("S-ST-07", "S-ST-08")
async def test_who_is_not_the_gateway_learns_nothing_of_device_codes(cloud: Served, gateway: Gateway) -> None:
    """A phantom under the gateway's id: the right device code, another's, and nobody's look the same (T-03, T-04)."""
    neighbour = another_gateway()
    await cloud.register(gateway)
    await cloud.register(neighbour)
    before = await contents(cloud)
    begun, registered, statuses = set(), set(), set()
    for device_code in (gateway.device_code, neighbour.device_code, "5555555555"):
        phantom = Gateway(device_code=device_code)
        begun.add(seen(await cloud.begin(phantom, RUN)))
        registered.add(
            seen(await send(cloud, REGISTRATIONS, phantom.registration(await cloud.nonce(), RUN, 1)))
        )
        status = phantom.status(await cloud.nonce())
        statuses.add(seen(await send(cloud, "/api/v1/gateways/registration-status", status)))
    assert len(begun) == len(registered) == len(statuses) == 1
    assert begun == registered == statuses
    assert next(iter(begun))[0] == 403
    assert await contents(cloud) == before


@pytest.mark.req("S-ST-07", "S-ST-08")
async def test_the_status_takes_no_device_code_at_all(cloud: Served, gateway: Gateway) -> None:
    await cloud.register(gateway)
    answers = set()
    for device_code in (gateway.device_code, "5555555555"):
        text = gateway.status(await cloud.nonce()).payload
        signed = gateway.sign_text(f'{text[:-1]},"device_code":"{device_code}"}}')
        answers.add(seen(await send(cloud, "/api/v1/gateways/registration-status", signed)))
    ((status, body, *_),) = answers
    assert (status, b"request_malformed" in bytes(str(body), "utf-8")) == (400, True)


async def test_a_replayed_request_is_refused(cloud: Served, gateway: Gateway) -> None:
    beginning = gateway.beginning(await cloud.nonce(), RUN)
    assert (await send(cloud, RUNS, beginning)).status == 201
    registration = gateway.registration(await cloud.nonce(), RUN)
    assert (await send(cloud, REGISTRATIONS, registration)).status == 201
    before = await contents(cloud)
    assert_problem(await send(cloud, RUNS, beginning), 403, "gateway_refused")
    assert_problem(await send(cloud, REGISTRATIONS, registration), 403, "gateway_refused")
    assert await contents(cloud) == before


@pytest.mark.req("S-REG-32")
async def test_a_repeated_registration_gets_the_same_answer(cloud: Served, gateway: Gateway) -> None:
    await cloud.begin(gateway, RUN)
    answers = [
        await send(cloud, REGISTRATIONS, gateway.registration(await cloud.nonce(), RUN)) for _ in range(2)
    ]
    assert answers[0].status == 201
    assert answers[0].body == answers[1].body


@pytest.mark.req("S-REG-27")
async def test_a_stale_or_foreign_confirmation_of_the_erasure_erases_nothing(
    cloud: Served, gateway: Gateway
) -> None:
    await cloud.register(gateway)
    await cloud.link(await cloud.person("father"), gateway, await cloud.issue(gateway))
    await cloud.begin(gateway, RUN)
    before = await contents(cloud)
    wrong_epoch = gateway.registration(await cloud.nonce(), RUN, 0)
    assert_problem(await send(cloud, REGISTRATIONS, wrong_epoch), 409, "registration_changed")
    other_run = gateway.registration(await cloud.nonce(), "wizard-run-0000002", 1)
    assert_problem(await send(cloud, REGISTRATIONS, other_run), 409, "registration_not_begun")
    from_a_page = gateway.registration(await cloud.nonce(), RUN, 1).model_dump()
    answer = await cloud.post(REGISTRATIONS, from_a_page, Origin="http://evil.example")
    assert_problem(answer, 403, "foreign_origin")
    assert await contents(cloud) == before


async def test_a_flood_of_beginnings_is_turned_away(cloud: Served) -> None:
    """Anybody may begin, and each beginning hashes a code."""
    strangers = [another_gateway(number) for number in range(100)]
    answers = await asyncio.gather(*(cloud.begin(stranger) for stranger in strangers))
    assert {answer.status for answer in answers} == {201, 503}
    assert_problem(next(answer for answer in answers if answer.status == 503), 503, "too_busy")


async def test_events_are_those_of_the_tokens_own_account(cloud: Served, gateway: Gateway) -> None:
    father, neighbour = await cloud.person("father"), await cloud.person("neighbour")
    await cloud.register(gateway)
    await cloud.link(father, gateway, await cloud.issue(gateway))
    await cloud.issue(gateway)
    ours = (await cloud.get("/api/v1/events", father)).document["events"]
    assert [(event["kind"], event["gateway_id"]) for event in ours] == [
        ("link_code_issued", gateway.gateway_id),
        ("linked", gateway.gateway_id),
    ]
    asked_for_another = f"/api/v1/events?account_id=1&gateway_id={gateway.gateway_id}"
    assert (await cloud.get(asked_for_another, neighbour)).document == {"events": []}
    assert_problem(await cloud.get("/api/v1/events"), 401, "not_logged_in")
    assert_problem(await cloud.get("/api/v1/events", "x" * 43), 401, "not_logged_in")


async def test_nothing_takes_a_confirmation_code(cloud: Served) -> None:
    """It is known for years and has 6 digits: whoever could try it from outside would find it (T-09)."""
    described = (await cloud.get("/openapi.json")).document
    schemas = described["components"]["schemas"]
    assert "confirmation_code" in schemas["RegistrationBegun"]["properties"]
    holding = {name for name, schema in schemas.items() if "confirmation_code" in schema["properties"]}
    assert holding == {"RegistrationBegun"}
    for methods in described["paths"].values():
        for operation in methods.values():
            assert "RegistrationBegun" not in str(operation.get("requestBody"))
