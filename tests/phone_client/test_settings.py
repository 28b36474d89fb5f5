import tomllib
from pathlib import Path

import pytest

from phone_client.settings import Settings, read_settings
from protocol.problems import SETTINGS_WRONG, Problem

EXAMPLE = Path("config/phone.toml")


def test_the_commented_example_is_the_defaults() -> None:
    assert read_settings(EXAMPLE, {}, {}) == Settings()
    written = tomllib.loads(EXAMPLE.read_text("utf-8"))
    assert {name: set(section) for name, section in written.items()} == {
        name: set(section) for name, section in Settings().model_dump().items()
    }


def test_loopback_until_told_otherwise() -> None:
    assert Settings().network.interfaces == ("127.0.0.1",)
    assert Settings().cloud.url == "http://127.0.0.1:8080"


def test_the_environment_overrides_the_file_and_the_command_line_both(tmp_path: Path) -> None:
    file = tmp_path / "phone.toml"
    file.write_text('[cloud]\nurl = "http://a"\n[search]\nlimit_s = 5\nquiet_s = 1\n')
    environment = {
        "AISEG_PHONE__SEARCH__LIMIT_S": "6",
        "AISEG_PHONE__NETWORK__INTERFACES": "eth0, 127.0.0.1",
        "AISEG_PHONE__CLOUD__URL": "http://b",
        "AISEG_PHONE__PASSWORD": "not a setting",
        "AISEG_CLOUD__HTTP__PORT": "not ours",
    }
    settings = read_settings(file, {"cloud.url": "http://c"}, environment)
    assert settings.search.limit_s == 6
    assert settings.search.quiet_s == 1
    assert settings.network.interfaces == ("eth0", "127.0.0.1")
    assert settings.cloud.url == "http://c"
    assert read_settings(None, {}, {"AISEG_PHONE__NETWORK__INTERFACES": "all"}).network.interfaces == ("all",)


@pytest.mark.parametrize(
    ("content", "key"),
    [
        ("[search]\nlimit = 5", "search.limit"),
        ("[search]\nlimit_s = 0", "search.limit_s"),
        ("[network]\ninterfaces = 7", "network.interfaces"),
        ("[network]\ninterfaces = []", "network.interfaces"),
        ('[cloud]\nurl = "ftp://x"', "cloud.url"),
        ("cloud = 7", "cloud"),
        ("colour = 7", "colour"),
        ("[cloud", "-"),
    ],
)
def test_a_wrong_file_is_refused_with_file_key_and_reason(tmp_path: Path, content: str, key: str) -> None:
    file = tmp_path / "phone.toml"
    file.write_text(content)
    with pytest.raises(Problem) as refused:
        read_settings(file, {}, {})
    assert refused.value.kind is SETTINGS_WRONG
    assert refused.value.facts["file"] == str(file)
    assert refused.value.facts["key"] == key
    assert refused.value.facts["reason"]


def test_a_missing_file_and_a_wrong_variable_name_themselves(tmp_path: Path) -> None:
    with pytest.raises(Problem, match=r"none\.toml"):
        read_settings(tmp_path / "none.toml", {}, {})
    with pytest.raises(Problem, match=r"environment: search\.limit_s"):
        read_settings(EXAMPLE, {}, {"AISEG_PHONE__SEARCH__LIMIT_S": "long"})
    with pytest.raises(Problem, match=r"command line: cloud\.url"):
        read_settings(EXAMPLE, {"cloud.url": "nowhere"}, {})
