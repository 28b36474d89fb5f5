from pathlib import Path

import pytest
from psycopg.conninfo import conninfo_to_dict

import chassis.settings
from cloud.settings import Settings, is_loopback
from protocol.problems import SETTINGS_WRONG, Problem


def read_settings(file: Path, environment: dict[str, str]) -> Settings:
    return chassis.settings.read_settings(Settings, "cloud", file, environment=environment)


def test_the_shipped_file_says_the_defaults() -> None:
    assert read_settings(Path("config/cloud.toml"), {}) == Settings()


def test_the_shipped_mosquitto_file_is_read() -> None:
    assert read_settings(Path("config/cloud-mosquitto.toml"), {}).mqtt.broker == "mosquitto"


def test_the_shipped_postgresql_file_is_read_and_names_a_database() -> None:
    store = read_settings(Path("config/cloud-postgresql.toml"), {}).store
    assert store.folder == Settings().store.folder
    assert conninfo_to_dict(store.postgresql or "")["dbname"] == "aiseg"


def test_the_shipped_file_for_a_home_network_opens_to_one_address() -> None:
    settings = read_settings(Path("config/cloud-lan.toml"), {})
    assert settings.http.host == settings.mqtt.host != "127.0.0.1"
    assert settings.shows_inbox()


def test_the_environment_overrides_the_file() -> None:
    environment = {"AISEG_CLOUD__HTTP__PORT": "0", "AISEG_CLOUD__FIRMWARE__MKN702": "3.1", "OTHER": "x"}
    settings = read_settings(Path("config/cloud.toml"), environment)
    assert settings.http.port == 0
    assert settings.firmware.latest() == {"MKN700": "2.10", "MKN702": "3.1"}


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("[http]\nport = 70000", "http.port"),
        ("[http]\nprot = 1", "http.prot"),
        ("[mqtt]\nbroker = 'other'", "mqtt.broker"),
        ("[firmware]\nmkn702 = 'new'", "firmware.mkn702"),
        ("[http]\npublic_url = 'cloud.example/x'", "http.public_url"),
        ("[http]\nhost = '0.0.0.0'", "http"),
    ],
)
def test_a_wrong_file_is_refused_with_file_key_and_reason(tmp_path: Path, text: str, key: str) -> None:
    file = tmp_path / "cloud.toml"
    file.write_text(text)
    with pytest.raises(Problem) as refused:
        read_settings(file, {})
    assert refused.value.kind is SETTINGS_WRONG
    assert refused.value.facts["file"] == str(file)
    assert refused.value.facts["key"] == key
    assert refused.value.facts["reason"]


@pytest.mark.parametrize(
    ("host", "inbox", "shown"),
    [
        ("127.0.0.1", None, True),
        ("::1", None, True),
        ("0.0.0.0", None, False),
        ("0.0.0.0", True, True),
        ("127.0.0.1", False, False),
    ],
)
def test_the_inbox_is_on_loopback_only_unless_asked_for(host: str, inbox: bool | None, shown: bool) -> None:
    settings = Settings.model_validate(
        {"http": {"host": host, "public_url": "http://cloud.example"}, "site": {"inbox": inbox}}
    )
    assert settings.shows_inbox() is shown


def test_loopback() -> None:
    assert is_loopback("localhost")
    assert not is_loopback("cloud.example")
