import asyncio
import hashlib
from typing import Any

import pytest

from cloud.releases import build_image
from protocol.firmware import LatestFirmware, Manifest
from tests.cloud.actors import Gateway
from tests.cloud.api.test_api import assert_problem, contents
from tests.cloud.registry.test_releases import manifest
from tests.cloud.serving import Served

pytestmark = pytest.mark.adapters

IMAGE = "/api/v1/firmware/MKN702/2.10/image"


async def latest(cloud: Served, model: str = "MKN702") -> Manifest:
    answer = await cloud.get(f"/api/v1/firmware/{model}")
    return manifest(LatestFirmware.model_validate(answer.document))


@pytest.mark.req("S-GEN-14", "S-GEN-16", "S-FW-22")
async def test_the_latest_release_is_signed_and_its_image_has_the_signed_digest(cloud: Served) -> None:
    signed = await latest(cloud)
    answer = await cloud.get(f"/api/v1/firmware/{signed.model}/{signed.version}/image")
    assert (answer.status, answer.headers["Content-Type"]) == (200, "application/octet-stream")
    assert (len(answer.body), hashlib.sha256(answer.body).hexdigest()) == (signed.size_bytes, signed.sha256)


@pytest.mark.req("S-GEN-16")
async def test_a_release_is_offered_from_the_moment_it_is_published(cloud: Served) -> None:
    publish = cloud.cloud.registry.publish_release
    await asyncio.to_thread(publish, "MKN702", "2.11", "新", "new", cloud.clock.now())
    assert (await latest(cloud)).version == "2.11"
    assert (await latest(cloud, "MKN700")).version == "2.10"


@pytest.mark.parametrize(
    ("asked", "start", "end"),
    [("0-99", 0, 100), ("100-131", 100, 132), ("524000-", 524_000, None), ("-10", -10, None)],
)
async def test_a_part_of_an_image_can_be_fetched(
    cloud: Served, asked: str, start: int, end: int | None
) -> None:
    answer = await cloud.get(IMAGE, Range=f"bytes={asked}")
    assert answer.status == 206
    assert answer.body == build_image("MKN702", "2.10")[start:end]


async def test_a_part_beyond_the_end_is_refused(cloud: Served) -> None:
    answer = await cloud.get(IMAGE, Range="bytes=9000000-")
    assert answer.status == 416
    assert build_image("MKN702", "2.10")[:64] not in answer.body


@pytest.mark.req("S-GEN-14")
@pytest.mark.parametrize(
    "path",
    [
        "MKN702/2.11/image",
        "MKN704/2.10/image",
        "MKN702/..%2f..%2frelease-key/image",
        "..%2f/2.10/image",
        "MKN702/2.10/other",
    ],
)
async def test_what_was_not_released_is_not_there(cloud: Served, path: str) -> None:
    assert_problem(await cloud.get(f"/api/v1/firmware/{path}"), 404, "not_found")


@pytest.mark.req("S-GEN-14")
async def test_another_model_has_no_firmware(cloud: Served) -> None:
    assert_problem(await cloud.get("/api/v1/firmware/MKN704"), 400, "unsupported_model")


async def test_an_image_is_described_as_a_file(cloud: Served) -> None:
    described = (await cloud.get("/openapi.json")).document
    answers = described["paths"]["/api/v1/firmware/{model}/{version}/image"]["get"]["responses"]
    assert {status: set(answer["content"]) for status, answer in answers.items()} == {
        "200": {"application/octet-stream"},
        "206": {"application/octet-stream"},
        "404": {"application/problem+json"},
    }


@pytest.mark.req("S-FW-16")
async def test_no_operation_can_start_an_update_or_publish_a_release(cloud: Served, gateway: Gateway) -> None:
    """What can be done to firmware over HTTP is reading it; and nothing that changes something takes or gives a release."""
    await cloud.register(gateway)
    described = (await cloud.get("/openapi.json")).document
    changing = {path for path, methods in described["paths"].items() if set(methods) - {"get"}}
    assert changing == {
        "/api/v1/gateways/nonces",
        "/api/v1/gateways/registration-runs",
        "/api/v1/gateways/registrations",
        "/api/v1/gateways/registration-status",
        "/api/v1/gateways/link-codes",
        "/api/v1/accounts",
        "/api/v1/accounts/verification",
        "/api/v1/sessions",
        "/api/v1/sessions/codes",
        "/api/v1/sessions/authorized",
        "/api/v1/sessions/renewals",
        "/api/v1/sessions/current",
        "/api/v1/link-previews",
        "/api/v1/links",
        "/api/v1/links/current",
        "/api/v1/phones",
        "/api/v1/phones/moves",
        "/api/v1/phones/replacements",
        "/api/v1/change-codes",
        "/api/v1/users/removals",
    }
    before = await contents(cloud)
    for path in described["paths"]:
        if "firmware" in path:
            for method in ("POST", "PUT", "PATCH", "DELETE"):
                answer = await cloud.ask(method, path.format(model="MKN702", version="2.10"), json={})
                assert_problem(answer, 405, "method_not_allowed")
    assert await contents(cloud) == before
    words = {"update", "install", "publish", "release"}
    assert not {name for path in changing for name in _fields(described, path)} & words


def _fields(described: dict[str, Any], path: str) -> set[str]:
    """Return the names of what an operation takes."""
    schemas = described["components"]["schemas"]
    bodies = [operation.get("requestBody") for operation in described["paths"][path].values()]
    names = [
        body["content"]["application/json"]["schema"]["$ref"].rpartition("/")[2] for body in bodies if body
    ]
    return {field for name in names for field in schemas[name]["properties"]}
