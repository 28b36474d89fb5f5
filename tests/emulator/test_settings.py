from datetime import timedelta
from pathlib import Path

import pytest

from emulator.settings import Settings, read_settings
from protocol.problems import SETTINGS_WRONG, Problem


def wrong(file: Path | None, options: dict[str, object], environment: dict[str, str]) -> str:
    with pytest.raises(Problem) as caught:
        read_settings(file, options, environment)
    assert caught.value.kind is SETTINGS_WRONG
    return str(caught.value)


def test_without_a_file_everything_stays_on_this_machine() -> None:
    settings = read_settings(None, {}, {})
    assert settings == Settings()
    assert settings.network.interfaces == ("lo",)
    assert settings.telemetry.interval == timedelta(seconds=10)


@pytest.mark.parametrize("name", ["emulator", "pi"])
def test_the_files_we_ship_are_good(name: str) -> None:
    read_settings(Path(f"config/{name}.toml"), {}, {})


def test_the_laptops_file_says_what_the_defaults_are() -> None:
    shipped = read_settings(Path("config/emulator.toml"), {"household.seed": None}, {})
    assert shipped == Settings()


def test_the_environment_overrides_the_file_and_options_override_both(tmp_path: Path) -> None:
    file = tmp_path / "gateway.toml"
    file.write_text('[http]\nport = 1\nhost = "127.0.0.1"\n[gateway]\nmodel = "MKN700"\n', "utf-8")
    environment = {
        "AISEG_EMULATOR__HTTP__PORT": "2",
        "AISEG_EMULATOR__NETWORK__INTERFACES": "eth0,wlan0",
        "OTHER": "x",
    }
    settings = read_settings(file, {"gateway.model": "MKN702"}, environment)
    assert settings.http.port == 2
    assert settings.http.host == "127.0.0.1"
    assert settings.gateway.model == "MKN702"
    assert settings.network.interfaces == ("eth0", "wlan0")


def test_an_unknown_key_is_refused_by_file_key_and_reason(tmp_path: Path) -> None:
    file = tmp_path / "gateway.toml"
    file.write_text("[http]\nprot = 1\n", "utf-8")
    sentence = wrong(file, {}, {})
    assert str(file) in sentence
    assert "http.prot" in sentence


def test_a_wrong_value_is_blamed_on_whoever_gave_it(tmp_path: Path) -> None:
    assert "AISEG_EMULATOR__HTTP__PORT" in wrong(None, {}, {"AISEG_EMULATOR__HTTP__PORT": "x"})
    assert "command line" in wrong(None, {"cloud.url": "cloud"}, {})
    assert "AISEG_EMULATOR__HTTP__X__Y" in wrong(None, {}, {"AISEG_EMULATOR__HTTP__X__Y": "1"})
    file = tmp_path / "gateway.toml"
    file.write_text("http = 3\n", "utf-8")
    assert str(file) in wrong(file, {}, {"AISEG_EMULATOR__HTTP__PORT": "1"})


@pytest.mark.parametrize("content", [b"[http\n", b"\xff\xfe"])
def test_a_file_that_is_no_toml_is_named(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "gateway.toml"
    file.write_bytes(content)
    assert str(file) in wrong(file, {}, {})
    assert "missing.toml" in wrong(tmp_path / "missing.toml", {}, {})
