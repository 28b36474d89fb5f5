"""What can be set: a TOML file, overridden by `AISEG_PHONE__<SECTION>__<KEY>` of the environment."""

import os
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from protocol.problems import SETTINGS_WRONG, Problem
from protocol.rules import SEARCH_LIMIT

_PREFIX: Final = "AISEG_PHONE__"
_ENVIRONMENT: Final = "environment"

PASSWORD_VARIABLE: Final = _PREFIX + "PASSWORD"
"""Not a setting: it is never written to a file; the command line reads it."""

CloudUrl = Annotated[str, Field(pattern=r"^https?://[^/?#\s]+$")]


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Network(_Section):
    """Where to search: addresses or names of this machine's interfaces, or all that are not loopback."""

    interfaces: Literal["all"] | tuple[str, ...] = ("127.0.0.1",)


class Search(_Section):
    """How long to search, and how long to wait for further gateways after the first (seconds)."""

    limit_s: Annotated[float, Field(gt=0, le=60)] = SEARCH_LIMIT.total_seconds()
    quiet_s: Annotated[float, Field(ge=0, le=10)] = 0.3


class Cloud(_Section):
    """The cloud's address, without a path."""

    url: CloudUrl = "http://127.0.0.1:8080"


class Store(_Section):
    """The folder of the phone's memory."""

    folder: Path = Path("state/phone")


class Settings(_Section):
    """Everything that can be set."""

    network: Network = Network()
    search: Search = Search()
    cloud: Cloud = Cloud()
    store: Store = Store()


def read_settings(
    file: Path | None = None,
    environment: Mapping[str, str] = os.environ,
    given: Mapping[str, object] | None = None,
) -> Settings:
    """Return the settings of `file` (none: the defaults), `environment`, and `given` (dotted keys, strongest).

    Raises:
        Problem: `settings_wrong`, naming file, key and reason.
    """
    sources = {str(file): _read_toml(file) if file else {}, _ENVIRONMENT: _overrides(environment)}
    sources["command line"] = dict(given or {})
    values: dict[str, Any] = {}
    origin: dict[str, str] = {}
    for source, keys in sources.items():
        for key, value in keys.items():
            _put(values, key, value)
            origin[key] = source
    try:
        return Settings.model_validate(values)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        key = ".".join(str(part) for part in first["loc"][:2])
        raise Problem(SETTINGS_WRONG, file=origin.get(key, str(file)), key=key, reason=first["msg"]) from None


def _read_toml(file: Path) -> dict[str, object]:
    """Return the file's values by dotted key, as `section.key`; what is not in a section by its name."""
    try:
        sections = tomllib.loads(file.read_text("utf-8"))
    except (OSError, ValueError) as error:
        reason = str(error.strerror) if isinstance(error, OSError) else str(error)
        raise Problem(SETTINGS_WRONG, file=str(file), key="-", reason=reason) from None
    values: dict[str, object] = {}
    for section, content in sections.items():
        if isinstance(content, dict):
            values |= {f"{section}.{key}": value for key, value in content.items()}
        else:
            values[section] = content
    return values


def _overrides(environment: Mapping[str, str]) -> dict[str, object]:
    """Return the environment's values by dotted key; a comma separates the interfaces."""
    values: dict[str, object] = {}
    for name in sorted(environment):
        if name.startswith(_PREFIX) and name != PASSWORD_VARIABLE:
            key = name.removeprefix(_PREFIX).lower().replace("__", ".")
            values[key] = environment[name]
    interfaces = values.get("network.interfaces")
    if isinstance(interfaces, str) and interfaces != "all":
        values["network.interfaces"] = [each.strip() for each in interfaces.split(",")]
    return values


def _put(values: dict[str, Any], key: str, value: object) -> None:
    *sections, last = key.split(".")
    for section in sections:
        if not isinstance(values.get(section), dict):
            values[section] = {}
        values = values[section]
    values[last] = value
