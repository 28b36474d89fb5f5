"""Updates over real HTTP, from the first question to the restart, with a clock that the test moves."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from emulator.firmware.slots import Slots
from emulator.firmware.updates import PARTS
from emulator.gateway import Gateway
from protocol.problems import (
    ALREADY_LATEST,
    BUSY_UPDATING,
    RELEASE_CHANGED,
    RELEASE_REFUSED,
    Kind,
    Problem,
    UnreachableError,
)
from protocol.telemetry import Notice
from tests.emulator.answers import CONSENT, answers, register
from tests.emulator.clocks import ManualClock
from tests.emulator.cloud_double import CloudDouble
from tests.emulator.conftest import gateway_in
from tests.emulator.maker import IMAGE_BYTES, Maker, image_of, manifest_of
from tests.support.waiting import until

pytestmark = pytest.mark.adapters


@pytest.fixture
def restarts() -> list[str]:
    """Return what the gateway has asked for at the end of an update."""
    return []


@pytest.fixture
async def gateway(
    tmp_path: Path, cloud: CloudDouble, clock: ManualClock, restarts: list[str]
) -> AsyncIterator[Gateway]:
    """Yield a gateway with 2.10 that knows its maker, while 2.11 is out."""
    async with gateway_in(tmp_path, cloud.url, clock, restart=lambda: restarts.append("restart")) as gateway:
        assert (await gateway.updates.firmware()).verdict == "up_to_date"
        cloud.latest = "2.11"
        gateway.updates.look_again()
        yield gateway


async def refused(gateway: Gateway, version: str = "2.11") -> Kind:
    """Return why `version` cannot be started."""
    with pytest.raises(Problem) as caught:
        await gateway.start_update(version)
    assert not gateway.updates.busy
    return caught.value.kind


def state(gateway: Gateway) -> str:
    update = gateway.updates.progress()
    return update.state if update else ""


async def reaches(clock: ManualClock, gateway: Gateway, *states: str) -> list[int]:
    """Let time pass until the update is in one of `states`; return the progress on the way."""
    seen = [0]

    def over() -> bool:
        update = gateway.updates.progress()
        assert update
        if update.progress_pct != seen[-1]:
            seen.append(update.progress_pct)
        return update.state in states

    await clock.run_until(over)
    return seen


async def half_way(clock: ManualClock, gateway: Gateway) -> None:
    """Let time pass until half of the image is there."""
    await clock.run_until(lambda: (update := gateway.updates.progress()) and update.progress_pct >= 50)


def booted(folder: Path) -> str:
    """Return what runs after a restart."""
    return Slots(folder, "MKN702", "2.10").version


@pytest.mark.req("S-FW-01")
async def test_the_verdict_has_three_values_and_an_answer_is_kept_for_ten_minutes(
    tmp_path: Path, cloud: CloudDouble, clock: ManualClock
) -> None:
    async with gateway_in(tmp_path, cloud.url, clock) as gateway:
        assert (await gateway.updates.firmware()).verdict == "up_to_date"
        cloud.latest = "2.11"
        await clock.jump(599)
        assert (await gateway.updates.firmware()).latest == "2.10", "asked again although just asked"
        await clock.jump(2)
        firmware = await gateway.updates.firmware()
        assert (firmware.installed, firmware.latest, firmware.verdict) == ("2.10", "2.11", "update_available")
    async with gateway_in(tmp_path, "http://127.0.0.1:1", clock) as gateway:
        firmware = await gateway.updates.firmware()
        assert (firmware.verdict, firmware.latest) == ("unknown", None)
        with pytest.raises(UnreachableError):
            await gateway.updates.offer()


@pytest.mark.req("S-FW-01")
async def test_a_silent_cloud_is_asked_again_after_half_a_minute(tmp_path: Path, clock: ManualClock) -> None:
    cloud = CloudDouble()
    async with cloud.serving() as url:
        pass
    async with gateway_in(tmp_path, url, clock) as gateway:
        assert (await gateway.updates.firmware()).verdict == "unknown"
        async with cloud.serving():
            await clock.jump(29)
            assert (await gateway.updates.firmware()).verdict == "unknown"
            await clock.jump(1)
            assert (await gateway.updates.firmware()).verdict == "up_to_date"


async def test_many_questions_at_once_are_one_question(gateway: Gateway, cloud: CloudDouble) -> None:
    before = cloud.asked_for_latest
    await asyncio.gather(*(gateway.updates.firmware() for _ in range(10)))
    assert cloud.asked_for_latest == before + 1


@pytest.mark.req("S-FW-05", "S-FW-07")
async def test_a_newer_release_is_offered_with_its_text(gateway: Gateway) -> None:
    assert await gateway.updates.offer() == manifest_of("2.11")


@pytest.mark.req("S-FW-05", "S-FW-06")
@pytest.mark.parametrize(
    ("latest", "offered"), [("2.9", False), ("2.10", False), ("2.10.1", True), ("3.0", True), ("1.99", False)]
)
async def test_there_is_an_offer_if_and_only_if_the_installed_version_is_older(
    gateway: Gateway, cloud: CloudDouble, latest: str, offered: bool
) -> None:
    cloud.latest = latest
    gateway.updates.look_again()
    assert bool(await gateway.updates.offer()) is offered
    if not offered:
        assert await refused(gateway, latest) is ALREADY_LATEST


@pytest.mark.req("S-FW-05")
async def test_a_notice_of_the_cloud_makes_it_look_again(
    gateway: Gateway, cloud: CloudDouble, clock: ManualClock
) -> None:
    assert await gateway.updates.offer() == manifest_of("2.11")
    cloud.latest = "2.12"
    assert await gateway.updates.offer() == manifest_of("2.11")
    seen = gateway.changes.count
    notice = Notice(
        kind="firmware_available", gateway_id=gateway.identity.gateway_id, at=clock.now(), firmware="2.12"
    )
    gateway.accept_notice(notice)
    assert gateway.changes.count > seen
    assert await gateway.updates.offer() == manifest_of("2.12")


@pytest.mark.req("S-FW-08", "S-FW-09")
async def test_looking_installs_nothing(
    gateway: Gateway, cloud: CloudDouble, clock: ManualClock, tmp_path: Path
) -> None:
    for _ in range(3):
        await gateway.updates.offer()
        await gateway.updates.firmware()
        await clock.jump(601)
    assert not gateway.updates.busy
    assert gateway.updates.progress() is None
    assert cloud.parts == []
    assert await asyncio.to_thread(lambda: [each.name for each in (tmp_path / "firmware").iterdir()]) == [
        "release_key"
    ]


@pytest.mark.req("S-FW-10", "S-FW-11")
async def test_an_update_takes_its_time_shows_progress_and_ends_in_a_restart(
    gateway: Gateway, cloud: CloudDouble, clock: ManualClock, tmp_path: Path, restarts: list[str]
) -> None:
    began_at = clock.now()
    await gateway.start_update("2.11")
    assert gateway.device().busy
    assert gateway.advertisement().busy
    seen = await reaches(clock, gateway, "applying")
    assert seen == sorted(seen)
    assert len(seen) > 30
    assert seen[-1] == 100
    assert clock.now() - began_at == timedelta(minutes=10)
    assert len(cloud.parts) <= PARTS
    assert gateway.device().firmware == "2.10", "the old version still answers"
    assert (await gateway.updates.firmware()).update == gateway.updates.progress()
    assert await asyncio.to_thread(booted, tmp_path) == "2.11"
    assert restarts == []
    await clock.jump(20)
    await until(lambda: restarts, "the restart")
    assert state(gateway) == "restarting"
    assert gateway.updates.busy
    assert gateway.device().firmware == "2.10"
    assert gateway.updates.trouble is None


@pytest.mark.req("S-FW-10", "S-GEN-03")
async def test_an_uplink_that_is_cut_for_a_while_only_delays_it(tmp_path: Path, clock: ManualClock) -> None:
    cloud = CloudDouble(latest="2.11")
    async with cloud.serving() as url:
        pass
    async with gateway_in(tmp_path, url, clock) as gateway:
        async with cloud.serving():
            await gateway.start_update("2.11")
            await half_way(clock, gateway)
        back_at = clock.now() + timedelta(minutes=10)
        await clock.run_until(lambda: clock.now() >= back_at)
        assert state(gateway) == "downloading"
        parts = len(cloud.parts)
        async with cloud.serving():
            await reaches(clock, gateway, "applying")
    assert parts < len(cloud.parts) <= PARTS, "what had arrived was not fetched again"
    assert await asyncio.to_thread(booted, tmp_path) == "2.11"


@pytest.mark.req("S-FW-10", "S-GEN-03")
async def test_an_uplink_that_stays_cut_ends_in_a_failure_and_a_new_start_is_possible(
    tmp_path: Path, clock: ManualClock
) -> None:
    cloud = CloudDouble(latest="2.11")
    async with cloud.serving() as url:
        pass
    async with gateway_in(tmp_path, url, clock) as gateway:
        async with cloud.serving():
            began_at = clock.now()
            await gateway.start_update("2.11")
            await half_way(clock, gateway)
        await clock.run_until(lambda: not gateway.updates.busy)
        assert clock.now() - began_at == timedelta(minutes=30), "the hard stop"
        assert state(gateway) == "failed"
        assert isinstance(gateway.updates.trouble, UnreachableError)
        assert (gateway.device().firmware, gateway.device().busy) == ("2.10", False)
        assert await asyncio.to_thread(booted, tmp_path) == "2.10"
        with pytest.raises(UnreachableError):
            await gateway.start_update("2.11")
        async with cloud.serving():
            await gateway.start_update("2.11")
            assert gateway.updates.trouble is None
            await reaches(clock, gateway, "applying")
    assert await asyncio.to_thread(booted, tmp_path) == "2.11"


@pytest.mark.req("S-FW-10")
async def test_a_cloud_that_accepts_and_never_answers_is_given_up_at_the_hard_stop(
    tmp_path: Path, clock: ManualClock
) -> None:
    cloud = CloudDouble(latest="2.11")
    async with cloud.serving() as url, gateway_in(tmp_path, url, clock, timeout_s=60) as gateway:
        await gateway.start_update("2.11")
        cloud.silent = True
        await clock.run_until(lambda: cloud.waiting)
        await clock.jump(1800)
        await until(lambda: not gateway.updates.busy, "the hard stop")
        assert state(gateway) == "failed"
        assert "in time" in str(gateway.updates.trouble)


@pytest.mark.req("S-FW-18")
async def test_two_starts_are_one_update_and_the_second_sees_its_progress(
    gateway: Gateway, cloud: CloudDouble, clock: ManualClock
) -> None:
    await asyncio.gather(gateway.start_update("2.11"), gateway.start_update("2.11"))
    await half_way(clock, gateway)
    before = gateway.updates.progress()
    cloud.latest = "2.12"
    await gateway.start_update("2.11")
    assert gateway.updates.progress() == before
    await reaches(clock, gateway, "applying")
    assert len(cloud.parts) == len(set(cloud.parts)) <= PARTS
    assert {version for version, _ in cloud.parts} == {"2.11"}


@pytest.mark.req("S-FW-19")
async def test_while_updating_registration_and_link_codes_are_busy(
    gateway: Gateway, cloud: CloudDouble, clock: ManualClock
) -> None:
    registration = await register(gateway)
    run = await gateway.begin_registration(gateway.identity.device_code)
    await gateway.start_update("2.11")
    before = list(cloud.purposes)
    for verb in (
        lambda: gateway.begin_registration(gateway.identity.device_code),
        lambda: gateway.register(run, answers(1)),
        lambda: gateway.prepare_link_code(gateway.identity.device_code),
        lambda: gateway.show_link_code(CONSENT),
    ):
        with pytest.raises(Problem) as caught:
            await verb()
        assert caught.value.kind is BUSY_UPDATING
    assert cloud.purposes == before
    assert gateway.registration == registration
    assert gateway.shown_link_code(clock.now()) is None


@pytest.mark.req("S-FW-19")
async def test_a_code_on_the_screen_is_gone_when_an_update_starts(
    gateway: Gateway, cloud: CloudDouble, clock: ManualClock
) -> None:
    await register(gateway)
    await gateway.show_link_code(CONSENT)
    await gateway.start_update("2.11")
    assert gateway.shown_link_code(clock.now()) is None


@pytest.mark.req("S-FW-20")
async def test_a_release_published_meanwhile_is_never_installed_silently(
    gateway: Gateway, cloud: CloudDouble, clock: ManualClock, tmp_path: Path
) -> None:
    assert await gateway.updates.offer() == manifest_of("2.11")
    cloud.latest = "2.12"
    with pytest.raises(Problem) as caught:
        await gateway.start_update("2.11")
    assert caught.value.kind is RELEASE_CHANGED
    assert caught.value.facts == {"latest": "2.12"}
    assert not gateway.updates.busy
    assert cloud.parts == []
    assert await gateway.updates.offer() == manifest_of("2.12"), "the new one is what the person sees next"
    await gateway.start_update("2.12")
    cloud.latest = "2.13"
    await reaches(clock, gateway, "applying")
    assert await asyncio.to_thread(booted, tmp_path) == "2.12"


async def _is_refused(gateway: Gateway, word: str) -> None:
    """See that the release on offer is refused for a reason with `word` in it, and nothing is installed."""
    for verb in (gateway.updates.offer, lambda: gateway.start_update("2.11")):
        gateway.updates.look_again()
        with pytest.raises(Problem) as caught:
            await verb()
        assert caught.value.kind is RELEASE_REFUSED
        assert word in caught.value.sentence("en")
        assert "？" not in caught.value.sentence("ja")
        assert "?" not in caught.value.sentence("ja")
    assert not gateway.updates.busy
    assert gateway.updates.installed == "2.10"


@pytest.mark.req("S-FW-22")
async def test_a_release_signed_with_another_key_is_refused(gateway: Gateway, cloud: CloudDouble) -> None:
    cloud.maker = Maker()
    await _is_refused(gateway, "key")
    assert cloud.parts == []


@pytest.mark.req("S-FW-22")
async def test_the_key_in_the_settings_is_the_only_one_that_counts(
    tmp_path: Path, cloud: CloudDouble, clock: ManualClock
) -> None:
    cloud.latest = "2.11"
    async with gateway_in(tmp_path, cloud.url, clock, release_key=Maker().key) as gateway:
        await _is_refused(gateway, "key")
    async with gateway_in(tmp_path, cloud.url, clock, release_key=cloud.maker.key) as gateway:
        assert await gateway.updates.offer() == manifest_of("2.11")


@pytest.mark.req("S-FW-22")
async def test_an_unsigned_first_release_is_no_reason_to_trust_its_key(
    tmp_path: Path, cloud: CloudDouble, clock: ManualClock
) -> None:
    cloud.latest = "2.11"
    cloud.release = Maker().sign(manifest_of("2.11"))
    async with gateway_in(tmp_path, cloud.url, clock) as gateway:
        await _is_refused(gateway, "key")
        cloud.release = None
        gateway.updates.look_again()
        assert await gateway.updates.offer() == manifest_of("2.11")


@pytest.mark.req("S-FW-22")
async def test_another_models_release_is_refused(gateway: Gateway, cloud: CloudDouble) -> None:
    cloud.release = cloud.maker.sign(manifest_of("2.11", "MKN700"))
    await _is_refused(gateway, "MKN700")


@pytest.mark.req("S-FW-22")
@pytest.mark.parametrize("signed", ["2.9", "2.10", "2.12"])
async def test_a_release_with_another_version_than_told_is_refused_however_signed(
    gateway: Gateway, cloud: CloudDouble, signed: str
) -> None:
    cloud.release = cloud.maker.sign(manifest_of(signed))
    await _is_refused(gateway, signed)


_IMAGE = image_of("2.11")


@pytest.mark.req("S-FW-22")
@pytest.mark.parametrize(
    ("image", "word"),
    [
        (_IMAGE[:-1], "size"),
        (_IMAGE[: IMAGE_BYTES // 2], "size"),
        (_IMAGE[:-1] + bytes([_IMAGE[-1] ^ 1]), "signed"),
        (bytes([_IMAGE[0] ^ 128]) + _IMAGE[1:], "signed"),
        (image_of("2.12"), "signed"),
    ],
)
async def test_a_wrong_image_is_refused_and_the_old_version_runs_on(
    *, gateway: Gateway, cloud: CloudDouble, clock: ManualClock, tmp_path: Path, image: bytes, word: str
) -> None:
    cloud.image = image
    await gateway.start_update("2.11")
    await reaches(clock, gateway, "failed")
    trouble = gateway.updates.trouble
    assert isinstance(trouble, Problem)
    assert trouble.kind is RELEASE_REFUSED
    assert word in trouble.sentence()
    assert (gateway.device().firmware, gateway.device().busy) == ("2.10", False)
    assert await asyncio.to_thread(booted, tmp_path) == "2.10"
    cloud.image = None
    await gateway.start_update("2.11")
    await reaches(clock, gateway, "applying")


@pytest.mark.req("S-FW-22")
async def test_a_full_disk_is_a_failure_and_the_old_version_runs_on(
    gateway: Gateway, clock: ManualClock, tmp_path: Path
) -> None:
    await asyncio.to_thread((tmp_path / "firmware" / "a.image").mkdir)
    await gateway.start_update("2.11")
    await reaches(clock, gateway, "failed")
    assert isinstance(gateway.updates.trouble, Problem)
    assert gateway.updates.trouble.kind.code == "state_unwritable"
    assert await asyncio.to_thread(booted, tmp_path) == "2.10"
