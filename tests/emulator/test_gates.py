"""What stands before a registration and a link code: the device code, the age of the firmware, an update under way."""

from datetime import date
from pathlib import Path

import pytest

from emulator.gateway import Gateway
from protocol.problems import (
    DEVICE_CODE_WRONG,
    FIRMWARE_OUTDATED,
    TOO_MANY_DEVICE_CODES,
    Problem,
    UnreachableError,
)
from tests.emulator.answers import register
from tests.emulator.clocks import ManualClock
from tests.emulator.cloud_double import CloudDouble
from tests.emulator.conftest import gateway_in

pytestmark = pytest.mark.adapters

EARLY, LATE = date(2016, 6, 20), date(2016, 6, 21)


def wrong_code_for(gateway: Gateway) -> str:
    """Return a code of the right form that is another box's."""
    return "1234567890" if gateway.identity.device_code != "1234567890" else "0987654321"


@pytest.mark.req("S-REG-07", "S-REG-08")
@pytest.mark.parametrize("purchased_on", [EARLY, LATE, None])
@pytest.mark.parametrize("latest", ["2.9", "2.10", "2.11"])
async def test_only_a_box_bought_early_needs_the_latest_firmware(
    tmp_path: Path, cloud: CloudDouble, clock: ManualClock, purchased_on: date | None, latest: str
) -> None:
    cloud.latest = latest
    async with gateway_in(tmp_path, cloud.url, clock, purchased_on=purchased_on) as gateway:
        if latest == "2.11" and purchased_on != LATE:
            with pytest.raises(Problem) as caught:
                await gateway.begin_registration(gateway.identity.device_code)
            assert caught.value.kind is FIRMWARE_OUTDATED
            assert caught.value.facts == {"installed": "2.10", "latest": "2.11"}
            assert cloud.purposes == []
            return
        assert (await register(gateway)).epoch == 1
    (begun,) = [each for each in cloud.payloads if each["purpose"] == "begin_registration"]
    assert begun["purchased_on"] == (purchased_on.isoformat() if purchased_on else None)


@pytest.mark.req("S-REG-07")
async def test_a_box_bought_early_is_not_registered_while_the_latest_is_unknown(
    tmp_path: Path, clock: ManualClock
) -> None:
    async with gateway_in(tmp_path, "http://127.0.0.1:1", clock, purchased_on=EARLY) as gateway:
        with pytest.raises(UnreachableError):
            await gateway.begin_registration(gateway.identity.device_code)


@pytest.mark.req("S-LC-04")
async def test_a_link_code_needs_the_latest_firmware_whenever_the_box_was_bought(
    gateway: Gateway, cloud: CloudDouble
) -> None:
    await register(gateway)
    status = await gateway.prepare_link_code(gateway.identity.device_code)
    assert status.registered
    cloud.latest = "2.11"
    gateway.updates.look_again()
    with pytest.raises(Problem) as caught:
        await gateway.prepare_link_code(gateway.identity.device_code)
    assert caught.value.kind is FIRMWARE_OUTDATED


@pytest.mark.req("S-ST-08")
async def test_ten_wrong_device_codes_lock_the_panel_for_an_hour_for_the_right_one_too(
    gateway: Gateway, cloud: CloudDouble, clock: ManualClock
) -> None:
    code = gateway.identity.device_code
    verbs = [gateway.registration_status, gateway.begin_registration, gateway.prepare_link_code]
    for tries in range(10):
        with pytest.raises(Problem) as caught:
            await verbs[tries % 3](wrong_code_for(gateway))
        assert caught.value.kind is DEVICE_CODE_WRONG
        assert caught.value.facts == {"tries_left": 9 - tries}
        await clock.jump(60)
    for verb in verbs:
        with pytest.raises(Problem) as caught:
            await verb(code)
        assert caught.value.kind is TOO_MANY_DEVICE_CODES
        assert 2990 <= int(caught.value.facts["retry_after_s"]) <= 3001
    assert cloud.purposes == []
    await clock.jump(3000 - 1)
    with pytest.raises(Problem):
        await gateway.registration_status(code)
    await clock.jump(1)
    assert not (await gateway.registration_status(code)).registered


@pytest.mark.req("S-ST-08")
async def test_the_right_code_does_not_wipe_out_the_wrong_ones(gateway: Gateway) -> None:
    for _ in range(5):
        with pytest.raises(Problem):
            await gateway.registration_status(wrong_code_for(gateway))
    await gateway.registration_status(gateway.identity.device_code)
    with pytest.raises(Problem) as caught:
        await gateway.registration_status(wrong_code_for(gateway))
    assert caught.value.facts == {"tries_left": 4}
