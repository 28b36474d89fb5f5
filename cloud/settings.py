"""What can be set: a TOML file, overridden by `AISEG_CLOUD__<SECTION>__<KEY>` of the environment."""

import ipaddress
import os
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Final, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from cloud.invalid import first_fault
from protocol.identity import FirmwareVersion
from protocol.problems import SETTINGS_WRONG, Problem

ALL_INTERFACES: Final = ("0.0.0.0", "::")  # noqa: S104 - compared with, never a default
_PREFIX: Final = "AISEG_CLOUD__"

Port = Annotated[int, Field(ge=0, le=65535)]


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Http(_Section):
    """Where API and site listen; `public_url` is how gateways, phones and mails name them from outside."""

    host: str = "127.0.0.1"
    port: Port = 8080
    public_url: Annotated[str, Field(pattern=r"^https?://[^/?#]+$")] | None = None

    @model_validator(mode="after")
    def _is_named(self) -> Self:
        if self.host in ALL_INTERFACES and self.public_url is None:
            raise ValueError(f"host {self.host} needs a public_url: nobody can be mailed a link to it")
        return self


class Mqtt(_Section):
    """The broker: our own, or a Mosquitto that the cloud starts and feeds with credentials."""

    broker: Literal["embedded", "mosquitto"] = "embedded"
    host: str = "127.0.0.1"
    port: Port = 1883


class Store(_Section):
    """The folder of the database, the pepper and the watcher's password."""

    folder: Path = Path("state/cloud")


class Firmware(_Section):
    """The latest firmware of each model; the cloud decides what "latest" means (S-GEN-16)."""

    mkn700: FirmwareVersion = "2.10"
    mkn702: FirmwareVersion = "2.10"

    def latest(self) -> Mapping[str, str]:
        """Return the latest version by model."""
        return {"MKN700": self.mkn700, "MKN702": self.mkn702}


class Site(_Section):
    """Pages. The inbox shows every mail, so by default it exists on loopback only."""

    inbox: bool | None = None


class Settings(_Section):
    """Everything that can be set."""

    http: Http = Http()
    mqtt: Mqtt = Mqtt()
    store: Store = Store()
    firmware: Firmware = Firmware()
    site: Site = Site()

    def shows_inbox(self) -> bool:
        """Say whether the inbox page exists."""
        return is_loopback(self.http.host) if self.site.inbox is None else self.site.inbox


def is_loopback(host: str) -> bool:
    """Say whether `host` is this machine and nobody else can come in by it."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def read_settings(file: Path | None, environment: Mapping[str, str] = os.environ) -> Settings:
    """Return the settings of `file` (none: the defaults) and `environment`.

    Raises:
        Problem: `settings_wrong`, naming file, key and reason.
    """
    values = _read_toml(file) if file else {}
    overridden = _override(values, environment)
    try:
        return Settings.model_validate(values)
    except ValidationError as error:
        key, reason = first_fault(error)
        from_outside = any(f"{each}.".startswith(f"{key}.") for each in overridden)
        where = "environment" if from_outside else str(file)
        raise Problem(SETTINGS_WRONG, file=where, key=key, reason=reason) from None


def _read_toml(file: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(file.read_text("utf-8"))
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise Problem(SETTINGS_WRONG, file=str(file), key="-", reason=str(reason)) from None


def _override(values: dict[str, Any], environment: Mapping[str, str]) -> tuple[str, ...]:
    """Put the environment's values into `values` and return their dotted keys."""
    names = sorted(name for name in environment if name.startswith(_PREFIX))
    keys = {name: name.removeprefix(_PREFIX).lower().split("__") for name in names}
    for name, (*sections, last) in keys.items():
        section: Any = values
        for each in sections:
            section = section.setdefault(each, {}) if isinstance(section, dict) else None
        if isinstance(section, dict):  # what is no table is left for the model to refuse
            section[last] = environment[name]
    return tuple(".".join(path) for path in keys.values())
