"""What can be set: a TOML file, overridden by `AISEG_EMULATOR__<SECTION>__<KEY>` of the environment, then by options."""

import os
import tomllib
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any, Final

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from protocol.identity import FirmwareVersion, Model
from protocol.problems import SETTINGS_WRONG, Problem
from protocol.rules import SAMPLE_INTERVAL

_PREFIX: Final = "AISEG_EMULATOR__"
_WEEK_OF_SAMPLES: Final = 60_480

Port = Annotated[int, Field(ge=0, le=65535)]


def _split(value: object) -> object:
    """Let the environment name several things in one string, divided by commas."""
    return value.split(",") if isinstance(value, str) else value


Names = Annotated[tuple[str, ...], BeforeValidator(_split)]


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Gateway(_Section):
    """The box itself, and the folder that holds its identity and its outbox."""

    model: Model = "MKN702"
    firmware: FirmwareVersion = "2.10"
    folder: Path = Path("state/emulator")


class Cloud(_Section):
    """Where the cloud's HTTP API is."""

    url: Annotated[str, Field(pattern=r"^https?://[^/?#]+$")] = "http://127.0.0.1:8080"


class Network(_Section):
    """The interfaces, by name, on which the gateway is announced and (unless `[http] host` is set) serves HTTP."""

    interfaces: Annotated[Names, Field(min_length=1)] = ("lo",)


class Http(_Section):
    """Panel and device API. `names` are host names a browser may use besides addresses and the mDNS name."""

    host: str | None = None
    port: Port = 8081
    names: Names = ()
    link_code: bool = True


class Telemetry(_Section):
    """How often the house is measured, and how many samples are kept while the cloud is away."""

    interval_s: Annotated[float, Field(gt=0, le=3600)] = SAMPLE_INTERVAL.total_seconds()
    outbox_samples: Annotated[int, Field(ge=1)] = _WEEK_OF_SAMPLES

    @property
    def interval(self) -> timedelta:
        """Return the time from one sample to the next."""
        return timedelta(seconds=self.interval_s)


class House(_Section):
    """The simulated house; the same seed gives the same numbers, and without one the gateway id is the seed."""

    seed: str | None = None
    solar_peak_w: Annotated[int, Field(ge=0, le=50_000)] = 5000
    battery_wh: Annotated[int, Field(ge=0, le=100_000)] = 6500


class Settings(_Section):
    """Everything that can be set."""

    gateway: Gateway = Gateway()
    cloud: Cloud = Cloud()
    network: Network = Network()
    http: Http = Http()
    telemetry: Telemetry = Telemetry()
    household: House = House()


def read_settings(
    file: Path | None,
    options: Mapping[str, object] | None = None,
    environment: Mapping[str, str] = os.environ,
) -> Settings:
    """Return the settings of `file` (none: the defaults), overridden by `environment`, then by dotted `options`.

    Raises:
        Problem: `settings_wrong`, naming file, key and reason.
    """
    values = _read_toml(file) if file else {}
    came_from: dict[str, str] = {}
    for name in sorted(name for name in environment if name.startswith(_PREFIX)):
        key = name.removeprefix(_PREFIX).lower().replace("__", ".")
        if _put(values, key, environment[name]):
            came_from[key] = name
    for key, value in (options or {}).items():
        if _put(values, key, value):
            came_from[key] = "command line"
    try:
        return Settings.model_validate(values)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        key = ".".join(str(part) for part in first["loc"])
        source = next((came_from[each] for each in came_from if _overlap(each, key)), str(file))
        raise Problem(SETTINGS_WRONG, file=source, key=key, reason=first["msg"]) from None


def _read_toml(file: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(file.read_text("utf-8"))
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise Problem(SETTINGS_WRONG, file=str(file), key="-", reason=str(reason)) from None


def _put(values: dict[str, Any], key: str, value: object) -> bool:
    """Put `value` at the dotted `key`, unless what should be a section is none (which the model then refuses)."""
    *sections, name = key.split(".")
    for section in sections:
        values = values.setdefault(section, {})
        if not isinstance(values, dict):
            return False
    values[name] = value
    return True


def _overlap(one: str, other: str) -> bool:
    """Say whether one dotted key is the other or a part of it."""
    return f"{one}.".startswith(f"{other}.") or f"{other}.".startswith(f"{one}.")
