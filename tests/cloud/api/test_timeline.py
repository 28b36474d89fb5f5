"""The timeline over HTTP: what can be asked for, what cannot, and that only the linked gateway's is shown."""

import asyncio
from datetime import timedelta

import pytest

from cloud.arrivals import Arrival
from protocol.cloud_api import Timeline
from tests.cloud.actors import NOON, Gateway
from tests.cloud.api.test_api import assert_problem
from tests.cloud.meters import counted
from tests.cloud.serving import Served

pytestmark = pytest.mark.adapters


async def linked(cloud: Served, gateway: Gateway) -> str:
    """Return the token of a person whose gateway has sent a minute of samples, ten minutes ago."""
    await cloud.register(gateway)
    token = await cloud.person("father")
    assert (await cloud.link(token, gateway, await cloud.issue(gateway))).status == 201
    samples = tuple(counted(seq, NOON + seq * timedelta(seconds=10), seq) for seq in range(1, 7))
    arrival = Arrival(gateway.gateway_id, 1, None, samples)
    await asyncio.to_thread(cloud.cloud.registry.accept_samples, [arrival], NOON)
    cloud.clock.pass_time(minutes=10)
    return token


@pytest.mark.req("S-TEL-04", "S-BIND-07")
async def test_a_day_a_month_or_a_year_can_be_asked_for(cloud: Served, gateway: Gateway) -> None:
    token = await linked(cloud, gateway)
    for query, number, used in (
        ("", 74, 50),
        ("?by=ten_minutes", 74, 50),
        ("?by=hour", 13, 50),
        ("?by=day", 22, 50),
        ("?by=month", 11, 50),
        ("?by=hour&on=2026-11-21", 24, 0),
        ("?by=day&on=2024-02-29", 29, 0),
        ("?by=day&on=2026-12-01", 0, 0),
    ):
        answer = await cloud.get(f"/api/v1/timeline{query}", token)
        assert answer.status == 200
        timeline = Timeline.model_validate_json(answer.text)
        assert (timeline.gateway_id, len(timeline.buckets)) == (gateway.gateway_id, number)
        assert timeline.newest == counted(6, NOON + timedelta(minutes=1), 6)
        assert sum(each.consumption_wh or 0 for each in timeline.buckets) == used


async def test_nonsense_is_refused(cloud: Served, gateway: Gateway) -> None:
    token = await linked(cloud, gateway)
    days = (
        "",
        "today",
        "20261122",
        "2026-W47-7",
        "2026-11-31",
        "2026-1-1",
        "２０２６-11-22",
        "2026-11-22T00:00",
    )
    out_of_time = ("1969-12-31", "9999-01-01", "0000-01-01")
    for query in (
        *(f"by={by}" for by in ("", "week", "HOUR", "x" * 5000)),
        *(f"on={on}" for on in (*days, *out_of_time)),
    ):
        assert_problem(await cloud.get(f"/api/v1/timeline?{query}", token), 400, "request_malformed")
