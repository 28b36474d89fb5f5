from pathlib import Path

import pytest

from chassis.settings import Names, Port, Section, read_settings
from protocol.problems import SETTINGS_WRONG, Problem


class Http(Section):
    host: str = "127.0.0.1"
    port: Port = 8080
    names: Names = ()


class Settings(Section):
    http: Http = Http()


def read(tmp_path: Path, toml: str, environment: dict[str, str] | None = None, **options: object) -> Settings:
    file = tmp_path / "program.toml"
    file.write_text(toml, "utf-8")
    return read_settings(Settings, "thing", file, options, environment or {})


def test_without_a_file_the_defaults_hold() -> None:
    assert read_settings(Settings, "thing", environment={}) == Settings()


def test_options_are_stronger_than_the_environment_and_that_than_the_file(tmp_path: Path) -> None:
    toml = '[http]\nhost = "file"\nport = 1\nnames = ["file"]'
    environment = {
        "AISEG_THING__HTTP__PORT": "2",
        "AISEG_THING__HTTP__NAMES": "a, b",
        "AISEG_OTHER__HTTP__HOST": "x",
    }
    settings = read(tmp_path, toml, environment, **{"http.port": 3})
    assert settings.http == Http(host="file", port=3, names=("a", "b"))


@pytest.mark.parametrize(
    ("toml", "environment", "facts"),
    [
        ("[http]\nprot = 1", {}, ("program.toml", "http.prot", "not permitted")),
        ("[http]\nport = 70000", {}, ("program.toml", "http.port", "65535")),
        ("[http", {}, ("program.toml", "-", "Expected")),
        ("http = 3", {"AISEG_THING__HTTP__PORT": "1"}, ("environment", "http.port", "not a table")),
        ("", {"AISEG_THING__HTTP__PORT": "x"}, ("environment", "http.port", "integer")),
        ("", {"AISEG_THING__HTTP__TYPO": "x"}, ("environment", "http.typo", "not permitted")),
    ],
)
def test_a_wrong_key_or_value_is_named_with_its_place_and_reason(
    tmp_path: Path, toml: str, environment: dict[str, str], facts: tuple[str, str, str]
) -> None:
    with pytest.raises(Problem) as refused:
        read(tmp_path, toml, environment)
    assert refused.value.kind is SETTINGS_WRONG
    for name, fact in zip(("file", "key", "reason"), facts, strict=True):
        assert fact in str(refused.value.facts[name])


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(Problem, match=r"nowhere\.toml: -: No such file"):
        read_settings(Settings, "thing", tmp_path / "nowhere.toml")
