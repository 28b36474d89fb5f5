"""One household's world on this machine: cloud, gateway, the phone's page, and where its phones keep what they know."""

import socket
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import ifaddr

import cloud.program
import cloud.settings
import emulator.program
import emulator.settings
import phone_client.program
import phone_client.settings

LOOPBACK: Final = "127.0.0.1"
SAMPLE_INTERVAL_S: Final = 1.0
UPDATE: Final = emulator.settings.Firmware(update_s=20, apply_s=4, restart_s=3)
"""As on the real box, but nobody has to wait for ten minutes."""
QUICK_UPDATE: Final = emulator.settings.Firmware(update_s=1.5, apply_s=0.3, restart_s=0.5)
"""For a story that nobody taps along with."""
PHONE: Final = "phone"
"""The folder of the phone that has pages; on a terminal it is the same phone."""
CLOUD_PORT, PANEL_PORT, PHONE_PORT, CLUB_PORT, MQTT_PORT = 8080, 8081, 8082, 8083, 1883


@dataclass(frozen=True)
class Place:
    """Where the world lives: its folder, the address it is reached by, the interfaces mDNS uses."""

    folder: Path
    host: str
    interfaces: tuple[str, ...]

    def phone(
        self, name: str, cloud_url: str, limit_s: float = 10.0, port: int = 0
    ) -> phone_client.settings.Settings:
        """Return the settings of one phone of this household, which searches for at most `limit_s` seconds.

        Where it has pages, they are at `port`.
        """
        return phone_client.settings.Settings(
            network=phone_client.settings.Network(interfaces=self.interfaces),
            search=phone_client.settings.Search(limit_s=limit_s),
            cloud=phone_client.settings.Cloud(url=cloud_url),
            store=phone_client.settings.Store(folder=self.folder / name),
            ui=phone_client.settings.Ui(host=self.host, port=port),
        )


@dataclass(frozen=True)
class World:
    """The running household."""

    place: Place
    cloud: cloud.program.Running
    emulator: emulator.program.Running
    phone: phone_client.program.Running

    @property
    def panel_url(self) -> str:
        """Where a person taps."""
        return self.emulator.urls[0]


def on_loopback(folder: Path) -> Place:
    """Return a place that bothers nobody: everything at 127.0.0.1, mDNS included."""
    return Place(folder, LOOPBACK, (LOOPBACK,))


def on_lan(folder: Path) -> Place | None:
    """Return a place on this machine's real networks, or None when it is on none."""
    addresses = lan_addresses()
    return Place(folder, addresses[0], tuple(addresses)) if addresses else None


def lan_addresses() -> Sequence[str]:
    """Return this machine's IPv4 addresses that others can reach."""
    addresses = [str(ip.ip) for adapter in ifaddr.get_adapters() for ip in adapter.ips if ip.is_IPv4]
    return [each for each in addresses if not each.startswith(("127.", "169.254."))]


@asynccontextmanager
async def running(place: Place, update: emulator.settings.Firmware = UPDATE) -> AsyncIterator[World]:
    """Start cloud, gateway and a phone at `place`, on their usual ports or, where those are taken, on free ones."""
    phone_port = _usual_or_free(place.host, PHONE_PORT) or _free(place.host)
    centre = cloud.settings.Settings(
        http=cloud.settings.Http(host=place.host, port=_usual_or_free(place.host, CLOUD_PORT)),
        club=cloud.settings.Club(
            port=_usual_or_free(place.host, CLUB_PORT), redirects=(f"http://{place.host}:{phone_port}",)
        ),
        mqtt=cloud.settings.Mqtt(port=_usual_or_free(LOOPBACK, MQTT_PORT)),
        store=cloud.settings.Store(folder=place.folder / "cloud"),
        site=cloud.settings.Site(inbox=True),
    )
    async with cloud.program.running(centre) as centre_server:
        box = emulator.settings.Settings(
            gateway=emulator.settings.Gateway(folder=place.folder / "gateway"),
            firmware=update,
            cloud=emulator.settings.Cloud(url=centre_server.public_url),
            network=emulator.settings.Network(interfaces=place.interfaces),
            http=emulator.settings.Http(host=place.host, port=_usual_or_free(place.host, PANEL_PORT)),
            telemetry=emulator.settings.Telemetry(interval_s=SAMPLE_INTERVAL_S),
        )
        phone = place.phone(PHONE, centre_server.public_url, port=phone_port)
        async with emulator.program.running(box) as gateway, phone_client.program.running(phone) as pages:
            yield World(place, centre_server, gateway, pages)


def _usual_or_free(host: str, port: int) -> int:
    """Return `port`, or 0 (any free one) when another program has it."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return 0
    return port


def _free(host: str) -> int:
    """Return a port that nobody has: the club must know where the phone is before either starts."""
    with socket.socket() as probe:
        probe.bind((host, 0))
        port: int = probe.getsockname()[1]
        return port
