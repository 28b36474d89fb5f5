import asyncio
from datetime import timedelta
from pathlib import Path

import pytest

from emulator.gateway import Gateway
from emulator.standing import Announcement
from protocol.problems import (
    DEVICE_CODE_WRONG,
    FIRMWARE_OUTDATED,
    NOT_REGISTERED,
    REGISTRATION_CHANGED,
    REGISTRATION_LOST,
    Problem,
    UnreachableError,
)
from protocol.telemetry import Notice
from tests.emulator.answers import CONSENT, answers, register, show_link_code
from tests.emulator.clocks import ManualClock
from tests.emulator.cloud_double import CloudDouble
from tests.emulator.conftest import gateway_in

pytestmark = pytest.mark.adapters

WRONG_CODE = "1234567890"


async def fill_outbox(gateway: Gateway, clock: ManualClock, samples: int = 3) -> list[int]:
    for _ in range(samples):
        await gateway.measure(clock.now())
        await clock.jump(10)
    return [sample.seq for sample in await gateway.unsent(100)]


@pytest.mark.req("S-GEN-02")
async def test_registering_gives_the_gateway_its_epoch_and_announces_it(gateway: Gateway) -> None:
    assert not gateway.advertisement().registered
    registration = await register(gateway)
    assert registration.epoch == 1
    assert gateway.device().registered
    assert gateway.advertisement().registered


async def test_a_device_code_is_read_as_people_type_it(gateway: Gateway) -> None:
    code = gateway.identity.device_code
    full_width = code.translate({ord(digit): ord(digit) - ord("0") + ord("０") for digit in "0123456789"})
    assert (await gateway.begin_registration(f" {full_width[:5]}-{code[5:]} ")).at_stake is None


@pytest.mark.req("S-REG-06", "S-LC-02")
async def test_a_wrong_device_code_is_refused_and_nothing_is_sent(
    gateway: Gateway, cloud: CloudDouble
) -> None:
    for verb in (gateway.begin_registration, gateway.prepare_link_code, gateway.registration_status):
        with pytest.raises(Problem) as caught:
            await verb(WRONG_CODE)
        assert caught.value.kind is DEVICE_CODE_WRONG
    assert cloud.purposes == []
    assert gateway.registration is None


@pytest.mark.req("S-GEN-03")
async def test_without_the_cloud_every_verb_says_so_changes_nothing_and_works_again_afterwards(
    tmp_path: Path, clock: ManualClock
) -> None:
    cloud = CloudDouble()
    async with cloud.serving() as url, gateway_in(tmp_path, url, clock) as gateway:
        before = await register(gateway)
        await fill_outbox(gateway, clock)
        run = await gateway.begin_registration(gateway.identity.device_code)
    async with gateway_in(tmp_path, url, clock) as gateway:
        code = gateway.identity.device_code
        for verb in (
            lambda: gateway.begin_registration(code),
            lambda: gateway.register(run, answers(1)),
            lambda: gateway.prepare_link_code(code),
            lambda: gateway.show_link_code(CONSENT),
            lambda: gateway.registration_status(code),
        ):
            with pytest.raises(UnreachableError):
                await verb()
        assert gateway.registration == before
        assert gateway.shown_link_code(clock.now()) is None
        assert len(await gateway.unsent(100)) == 3
        assert list(cloud.registrations.values()) == [before]
        async with cloud.serving():
            assert (await gateway.registration_status(code)).registered
            assert (await gateway.show_link_code(CONSENT)).expires_in_s == 3600
            assert (await gateway.register(run, answers(1))).epoch == 2


async def test_a_cloud_that_never_answers_is_given_up_in_bounded_time(
    tmp_path: Path, clock: ManualClock
) -> None:
    gone = asyncio.Event()

    async def swallow(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()
        await writer.wait_closed()
        gone.set()

    async with await asyncio.start_server(swallow, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        async with gateway_in(tmp_path, f"http://127.0.0.1:{port}", clock, timeout_s=0.2) as gateway:
            with pytest.raises(UnreachableError, match="no answer in time"):
                await register(gateway)
        await gone.wait()


@pytest.mark.req("S-REG-32")
async def test_an_answer_lost_on_the_way_registers_once_however_often_it_is_repeated(
    gateway: Gateway, cloud: CloudDouble
) -> None:
    run = await gateway.begin_registration(gateway.identity.device_code)
    cloud.lose_answers = True
    for _ in range(2):
        with pytest.raises(UnreachableError):
            await gateway.register(run, answers())
    assert gateway.registration is None
    cloud.lose_answers = False
    registration = await gateway.register(run, answers())
    assert cloud.purposes == ["begin_registration", *["register"] * 3]
    assert list(cloud.registrations.values()) == [registration]


@pytest.mark.req("S-TEL-02")
async def test_registering_again_starts_a_new_epoch_with_an_empty_outbox(
    gateway: Gateway, clock: ManualClock
) -> None:
    await register(gateway)
    assert await fill_outbox(gateway, clock) == [1, 2, 3]
    registration = await register(gateway)
    assert registration.epoch == 2
    assert await fill_outbox(gateway, clock) == [1, 2, 3]


@pytest.mark.req("S-REG-32")
async def test_the_second_tap_on_one_button_does_nothing(
    gateway: Gateway, cloud: CloudDouble, clock: ManualClock
) -> None:
    await register(gateway)
    run = await gateway.begin_registration(gateway.identity.device_code)
    assert run.at_stake
    first, second = await asyncio.gather(gateway.register(run, answers(1)), gateway.register(run, answers(1)))
    assert first == second
    assert first.epoch == 2
    await fill_outbox(gateway, clock)
    assert await gateway.register(run, answers(1)) == first
    assert len(await gateway.unsent(100)) == 3
    assert len(cloud.registrations) == 2


@pytest.mark.req("S-REG-31")
async def test_a_registration_that_came_between_is_not_erased(gateway: Gateway, cloud: CloudDouble) -> None:
    stale = await gateway.begin_registration(gateway.identity.device_code)
    present = await register(gateway)
    with pytest.raises(Problem) as caught:
        await gateway.register(stale, answers(0))
    assert caught.value.kind is REGISTRATION_CHANGED
    assert gateway.registration == present


async def test_the_clouds_refusal_comes_through_and_the_old_registration_stays(
    gateway: Gateway, cloud: CloudDouble, clock: ManualClock
) -> None:
    before = await register(gateway)
    await fill_outbox(gateway, clock)
    cloud.refusal = Problem(FIRMWARE_OUTDATED, installed="2.10", latest="2.11")
    with pytest.raises(Problem) as caught:
        await register(gateway)
    assert "2.11" in caught.value.sentence("ja")
    assert gateway.registration == before
    assert len(await gateway.unsent(100)) == 3


@pytest.mark.req("S-GEN-02", "S-LC-16")
async def test_an_unregistered_gateway_shows_no_link_code(gateway: Gateway, cloud: CloudDouble) -> None:
    for asking in (show_link_code(gateway), gateway.show_link_code(CONSENT)):
        with pytest.raises(Problem) as caught:
            await asking
        assert caught.value.kind is NOT_REGISTERED
    assert cloud.purposes == ["registration_status"]


@pytest.mark.req("S-LC-20")
async def test_a_link_code_is_shown_for_the_clouds_remaining_seconds_and_no_longer(
    gateway: Gateway, clock: ManualClock
) -> None:
    await register(gateway)
    issued = await show_link_code(gateway)
    assert gateway.shown_link_code(clock.now()) == issued
    await clock.jump(3599.999)
    shown = gateway.shown_link_code(clock.now())
    assert shown
    assert shown.expires_in_s == 0
    await clock.jump(0.001)
    assert gateway.shown_link_code(clock.now()) is None
    await clock.jump(-1800)
    assert gateway.shown_link_code(clock.now()) is None


@pytest.mark.req("S-LC-21")
async def test_a_hidden_link_code_never_comes_back_and_is_in_no_file(
    tmp_path: Path, cloud: CloudDouble, clock: ManualClock
) -> None:
    async with gateway_in(tmp_path, cloud.url, clock) as gateway:
        await register(gateway)
        issued = await show_link_code(gateway)
        gateway.hide_link_code()
        assert gateway.shown_link_code(clock.now()) is None
        another = await show_link_code(gateway)
        assert another.link_code != issued.link_code
    written = await asyncio.to_thread(
        lambda: b"".join(file.read_bytes() for file in tmp_path.rglob("*") if file.is_file())
    )
    assert gateway.identity.device_code.encode() in written
    assert issued.link_code.encode() not in written
    assert another.link_code.encode() not in written


@pytest.mark.req("S-LC-22")
async def test_a_restart_forgets_the_shown_code_and_tells_the_cloud_nothing(
    tmp_path: Path, cloud: CloudDouble, clock: ManualClock
) -> None:
    async with gateway_in(tmp_path, cloud.url, clock) as gateway:
        await register(gateway)
        await show_link_code(gateway)
    async with gateway_in(tmp_path, cloud.url, clock) as gateway:
        assert gateway.shown_link_code(clock.now()) is None
        assert gateway.registration
    assert cloud.purposes[-1] == "issue_link_code"


async def test_registering_again_blanks_the_shown_code(gateway: Gateway, clock: ManualClock) -> None:
    await register(gateway)
    await show_link_code(gateway)
    await register(gateway)
    assert gateway.shown_link_code(clock.now()) is None


@pytest.mark.req("S-ST-09")
async def test_asking_for_the_status_changes_nothing(gateway: Gateway) -> None:
    code = gateway.identity.device_code
    assert not (await gateway.registration_status(code)).registered
    registration = await register(gateway)
    for _ in range(100):
        status = await gateway.registration_status(code)
        assert (status.registered, status.epoch) == (True, 1)
    assert gateway.registration == registration


async def test_samples_wait_for_their_receipt(gateway: Gateway, clock: ManualClock) -> None:
    await register(gateway)
    await fill_outbox(gateway, clock)
    await gateway.accept_receipt(1, 2)
    assert [sample.seq for sample in await gateway.unsent(100)] == [3]


@pytest.mark.req("S-DISC-14")
async def test_what_is_announced_holds_nothing_secret(gateway: Gateway) -> None:
    await register(gateway)
    issued = await show_link_code(gateway)
    announced = gateway.advertisement()
    text = " ".join([announced.instance_name, announced.host_name, *announced.to_txt().values()])
    assert (announced.model, announced.firmware) == ("MKN702", "2.10")
    for secret in (gateway.identity.device_code, issued.link_code, gateway.identity.public_key):
        assert secret not in text


async def test_those_who_wait_are_told_of_changes(gateway: Gateway, clock: ManualClock) -> None:
    seen = gateway.changes.count
    async with asyncio.TaskGroup() as tasks:
        waiting = tasks.create_task(gateway.changes.after(seen))
        await gateway.measure(clock.now())
    assert waiting.result() > seen


async def test_a_renamed_gateway_goes_by_its_new_name(gateway: Gateway) -> None:
    first = gateway.device().name
    gateway.announcement_changed(Announcement(f"{first} (2)", "renamed", "改名"))
    assert gateway.device().name == f"{first} (2)"


async def test_two_taps_at_once_show_the_code_that_is_good(gateway: Gateway, clock: ManualClock) -> None:
    await register(gateway)
    taps = [show_link_code(gateway) for _ in range(5)]
    issued = await asyncio.gather(*taps)
    assert gateway.shown_link_code(clock.now()) == issued[-1], "the newest voids the others"


async def test_a_clock_set_back_ends_the_link_codes_screen(gateway: Gateway, clock: ManualClock) -> None:
    await register(gateway)
    await show_link_code(gateway)
    await clock.jump(-1)
    assert gateway.shown_link_code(clock.now()) is None


async def test_a_phone_linked_with_an_older_code_leaves_the_newer_one_on_the_screen(
    gateway: Gateway, cloud: CloudDouble, clock: ManualClock
) -> None:
    await register(gateway)
    await show_link_code(gateway)
    linked = Notice(kind="linked", gateway_id=gateway.identity.gateway_id, at=cloud.issued_at)
    cloud.issued_at += timedelta(milliseconds=1)
    newer = await show_link_code(gateway)
    gateway.accept_notice(linked)  # it was on its way when the newer code was issued
    assert gateway.shown_link_code(clock.now()) == newer
    gateway.accept_notice(linked.model_copy(update={"at": cloud.issued_at}))
    assert gateway.shown_link_code(clock.now()) is None


async def test_an_issue_whose_answer_is_lost_leaves_no_code_that_may_be_void(
    gateway: Gateway, cloud: CloudDouble, clock: ManualClock
) -> None:
    await register(gateway)
    await show_link_code(gateway)
    cloud.lose_answers = True
    with pytest.raises(UnreachableError):
        await gateway.show_link_code(CONSENT)
    assert gateway.shown_link_code(clock.now()) is None


async def test_a_registration_that_only_the_cloud_has_is_not_told_as_unregistered(
    tmp_path: Path, cloud: CloudDouble, clock: ManualClock
) -> None:
    async with gateway_in(tmp_path, cloud.url, clock) as gateway:
        run = await gateway.begin_registration(gateway.identity.device_code)
        cloud.lose_answers = True
        with pytest.raises(UnreachableError):
            await gateway.register(run, answers())
        cloud.lose_answers = False
        with pytest.raises(Problem) as lost:
            await gateway.prepare_link_code(gateway.identity.device_code)
        assert lost.value.kind is REGISTRATION_LOST
