"""What can be set for a phone (`config/phone.toml` is the commented example)."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Final

from pydantic import Field

import chassis.settings
from chassis.settings import Names, Port, Section, Url
from protocol.phones import FormFactor, OsVersion, Platform
from protocol.rules import SEARCH_LIMIT

PROGRAM: Final = "phone"
PASSWORD_VARIABLE: Final = "AISEG_PHONE__PASSWORD"
"""Not a setting, for it is never written to a file: the command line reads it."""


class Network(Section):
    """Where to search: names or addresses of this machine's interfaces; "all" stands for every one but loopback."""

    interfaces: Annotated[Names, Field(min_length=1)] = ("127.0.0.1",)


class Search(Section):
    """How long to search, and how long to wait for further gateways after one was found (seconds)."""

    limit_s: Annotated[float, Field(gt=0, le=60)] = SEARCH_LIMIT.total_seconds()
    quiet_s: Annotated[float, Field(ge=0, le=10)] = 0.15


class Cloud(Section):
    """Where the cloud's HTTP API is."""

    url: Url = "http://127.0.0.1:8080"


class Store(Section):
    """The folder of the phone's memory."""

    folder: Path = Path("state/phone")


class App(Section):
    """Which phone to pretend to be (S-GEN-04, S-GEN-10, S-GEN-11)."""

    platform: Platform = "android"
    os_version: OsVersion = "14"
    form_factor: FormFactor = "phone"


class Ui(Section):
    """Where the phone's pages are served."""

    host: str = "127.0.0.1"
    port: Port = 8082


class Settings(Section):
    """Everything that can be set."""

    app: App = App()
    network: Network = Network()
    search: Search = Search()
    cloud: Cloud = Cloud()
    store: Store = Store()
    ui: Ui = Ui()


def read_settings(
    file: Path | None = None,
    options: Mapping[str, object] | None = None,
    environment: Mapping[str, str] = os.environ,
) -> Settings:
    """Return the settings of `file`, overridden by `environment`, then by dotted `options`.

    Raises:
        Problem: `settings_wrong`, naming where the value came from, its key and the reason.
    """
    settings = {name: environment[name] for name in environment if name != PASSWORD_VARIABLE}
    return chassis.settings.read_settings(Settings, PROGRAM, file, options, settings)
