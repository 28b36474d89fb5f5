"""What can be set for a gateway (`config/emulator.toml` is the commented example)."""

from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Annotated, Final, Literal

from pydantic import AfterValidator, Field, StringConstraints

from chassis.settings import Names, Port, Section, Url
from protocol.discovery import DEFAULT_PORT
from protocol.identity import FirmwareVersion, Model
from protocol.rules import FIRMWARE_UPDATE_NOMINAL, SAMPLE_INTERVAL, TOKYO

_WEEK_OF_SAMPLES: Final = 60_480


def day_in_japan(bought: date | datetime | None) -> date | None:
    """Return the day in Japan of an aware instant; a plain date is such a day already.

    Raises:
        ValueError: the instant has no time zone.
    """
    if isinstance(bought, datetime):
        if bought.tzinfo is None:
            raise ValueError("a time of purchase needs a time zone")
        return bought.astimezone(TOKYO).date()
    return bought


PurchaseDay = Annotated[date | datetime | None, AfterValidator(day_in_japan)]
"""A day in Japan, or an instant with its offset, of which the day in Japan counts."""

ReleaseKey = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9+/]{43}=$")]
"""An Ed25519 public key, 32 bytes in base64."""

Pin = Annotated[str, StringConstraints(pattern=r"^[0-9]{4,8}$")]

Seconds = Annotated[float, Field(gt=0, le=86_400)]


class Gateway(Section):
    """The box itself, and the folder that holds its identity, its outbox and its firmware.

    `firmware` is what it left the factory with; an update that was installed runs instead. Without `purchased_on` it counts
    as bought early (A-03), without `release_key` the key of the first release seen is trusted.
    """

    model: Model = "MKN702"
    firmware: FirmwareVersion = "2.10"
    folder: Path = Path("state/emulator")
    purchased_on: PurchaseDay = None
    release_key: ReleaseKey | None = None


class Firmware(Section):
    """How long an update takes: to fetch and install it, until it is applied, and while the box is away to restart."""

    update_s: Seconds = FIRMWARE_UPDATE_NOMINAL.total_seconds()
    apply_s: Seconds = 20
    restart_s: Seconds = 15


class Panel(Section):
    """The panel: a PIN before it does anything (none: nobody is asked), and what people look at it with."""

    pin: Pin | None = None
    screen: Literal["browser", "monitor"] = "browser"


class Cloud(Section):
    """Where the cloud's HTTP API is, and how long an answer is waited for until there is "no connection"."""

    url: Url = "http://127.0.0.1:8080"
    timeout_s: Annotated[float, Field(gt=0, le=60)] = 10


class Network(Section):
    """The interfaces, by name or address, on which the gateway is announced and (unless `[http] host` is set) serves HTTP."""

    interfaces: Annotated[Names, Field(min_length=1)] = ("lo",)


class Http(Section):
    """Panel and device API. `names` are host names a browser may use besides addresses and the mDNS name."""

    host: str | None = None
    port: Port = DEFAULT_PORT
    names: Names = ()
    link_code: bool = True


class Telemetry(Section):
    """How often the house is measured, and how many samples are kept while the cloud is away."""

    interval_s: Annotated[float, Field(ge=0.01, le=3600)] = SAMPLE_INTERVAL.total_seconds()
    outbox_samples: Annotated[int, Field(ge=1)] = _WEEK_OF_SAMPLES

    @property
    def interval(self) -> timedelta:
        """Return the time from one sample to the next."""
        return timedelta(seconds=self.interval_s)


class House(Section):
    """The simulated house; the same seed gives the same numbers, and without one the gateway id is the seed."""

    seed: str | None = None
    solar_peak_w: Annotated[int, Field(ge=0, le=50_000)] = 5000
    battery_wh: Annotated[int, Field(ge=0, le=100_000)] = 6500


class Settings(Section):
    """Everything that can be set."""

    gateway: Gateway = Gateway()
    firmware: Firmware = Firmware()
    panel: Panel = Panel()
    cloud: Cloud = Cloud()
    network: Network = Network()
    http: Http = Http()
    telemetry: Telemetry = Telemetry()
    household: House = House()
