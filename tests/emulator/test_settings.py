from datetime import timedelta
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
