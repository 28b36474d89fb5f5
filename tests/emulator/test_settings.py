from datetime import date, datetime, timedelta
from pathlib import Path

import pytest

from chassis.settings import read_settings
from emulator.settings import Settings
from protocol.problems import SETTINGS_WRONG, Problem


def read(file: Path | None = None, /, **options: object) -> Settings:
    return read_settings(Settings, "emulator", file, options, environment={})


def test_without_a_file_everything_stays_on_this_machine() -> None:
    settings = read()
    assert settings.network.interfaces == ("lo",)
    assert settings.http.host is None
    assert settings.telemetry.interval == timedelta(seconds=10)


@pytest.mark.req("S-REG-08")
@pytest.mark.parametrize(
    ("toml", "day"),
    [
        ("2016-06-20", date(2016, 6, 20)),
        ("2016-06-20T23:59:59+09:00", date(2016, 6, 20)),
        ("2016-06-20T15:00:00Z", date(2016, 6, 21)),
    ],
)
def test_the_day_of_purchase_is_a_day_in_japan(tmp_path: Path, toml: str, day: date) -> None:
    file = tmp_path / "bought.toml"
    file.write_text(f"[gateway]\npurchased_on = {toml}\n", "utf-8")
    for settings in (read(file), read(None, **{"gateway.purchased_on": toml})):
        assert settings.gateway.purchased_on == day
        assert not isinstance(settings.gateway.purchased_on, datetime)
    assert read().gateway.purchased_on is None


def test_an_update_takes_ten_minutes_unless_told_otherwise() -> None:
    firmware = read().firmware
    assert (firmware.update_s, firmware.apply_s, firmware.restart_s) == (600, 20, 15)


def test_the_panel_asks_for_no_pin_unless_one_is_set() -> None:
    assert (read().panel.pin, read().panel.screen) == (None, "browser")
    assert read(None, **{"panel.pin": "0042"}).panel.pin == "0042"


def test_the_laptops_file_says_what_the_defaults_are() -> None:
    assert read(Path("config/emulator.toml"), **{"household.seed": None}) == Settings()


def test_the_pis_file_opens_the_gateway_to_the_home_network() -> None:
    settings = read(Path("config/pi.toml"))
    assert settings.network.interfaces == ("eth0", "wlan0")
    assert settings.http.host is None, "it serves where it announces"


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("gateway.model", "MKN713"),
        ("gateway.firmware", "new"),
        ("gateway.purchased_on", "2016-06-20T12:00:00"),
        ("gateway.purchased_on", "20 June"),
        ("gateway.release_key", "short"),
        ("firmware.update_s", 0),
        ("firmware.restart_s", -1),
        ("panel.pin", "123"),
        ("panel.pin", "１２３４"),
        ("panel.screen", "television"),
        ("cloud.url", "cloud"),
        ("network.interfaces", ()),
        ("telemetry.interval_s", 0),
        ("telemetry.outbox_samples", 0),
        ("household.battery_wh", -1),
    ],
)
def test_what_a_gateway_cannot_be_is_refused(key: str, value: object) -> None:
    with pytest.raises(Problem) as caught:
        read(None, **{key: value})
    assert caught.value.kind is SETTINGS_WRONG
    assert key in str(caught.value)
