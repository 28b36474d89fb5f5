"""What can be set for the cloud (`config/cloud.toml` is the commented example)."""

import ipaddress
from collections.abc import Mapping
from pathlib import Path
from typing import Final, Literal, Self

from pydantic import model_validator

from chassis.settings import Port, Section, Url
from protocol.identity import FirmwareVersion

ALL_INTERFACES: Final = ("0.0.0.0", "::")  # noqa: S104 - compared with, never a default


class Http(Section):
    """Where API and site listen; `public_url` is how gateways, phones and mails name them from outside."""

    host: str = "127.0.0.1"
    port: Port = 8080
    public_url: Url | None = None

    @model_validator(mode="after")
    def _is_named(self) -> Self:
        if self.host in ALL_INTERFACES and self.public_url is None:
            raise ValueError(f"host {self.host} needs a public_url: nobody can be mailed a link to it")
        return self


class Club(Section):
    """The CLUB Panasonic ID pages, on an origin of their own beside `[http] host`; `public_url` as there.

    An app is sent back to an address of this machine, or to one that begins with one of `redirects`.
    """

    port: Port = 8083
    public_url: Url | None = None
    redirects: tuple[Url, ...] = ()
    edge: tuple[str, ...] = ()
    """Addresses of our own edge: only these may say that a visitor comes through a proxy (S-2FA-07)."""


class Mail(Section):
    """An SMTP server that mails also go out by; without one they stay in the inbox (S-GEN-21)."""

    smtp_host: str | None = None
    smtp_port: Port = 25


class Mqtt(Section):
    """The broker: our own, or a Mosquitto that the cloud starts and feeds with credentials."""

    broker: Literal["embedded", "mosquitto"] = "embedded"
    host: str = "127.0.0.1"
    port: Port = 1883


class Store(Section):
    """The folder of the database, the images, the keys and the watcher's password.

    With `postgresql` (a URL that libpq understands) the tables are there, and the folder has the rest.
    """

    folder: Path = Path("state/cloud")
    postgresql: str | None = None


class Firmware(Section):
    """What the catalogue has at least, by model; the cloud decides what "latest" means (S-GEN-16)."""

    mkn700: FirmwareVersion = "2.10"
    mkn702: FirmwareVersion = "2.10"

    def latest(self) -> Mapping[str, str]:
        """Return the version by model."""
        return {"MKN700": self.mkn700, "MKN702": self.mkn702}


class Site(Section):
    """Pages. The inbox shows every mail, so by default it exists on loopback only."""

    inbox: bool | None = None


class Settings(Section):
    """Everything that can be set."""

    http: Http = Http()
    club: Club = Club()
    mail: Mail = Mail()
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
