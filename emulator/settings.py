"""What can be set for a gateway (`config/emulator.toml` is the commented example)."""

from datetime import timedelta
from pathlib import Path
from typing import Annotated, Final

from pydantic import Field

from chassis.settings import Names, Port, Section, Url
from protocol.identity import FirmwareVersion, Model
from protocol.rules import SAMPLE_INTERVAL

_WEEK_OF_SAMPLES: Final = 60_480


class Gateway(Section):
    """The box itself, and the folder that holds its identity and its outbox."""

    model: Model = "MKN702"
    firmware: FirmwareVersion = "2.10"
    folder: Path = Path("state/emulator")


class Cloud(Section):
    """Where the cloud's HTTP API is."""

    url: Url = "http://127.0.0.1:8080"


class Network(Section):
    """The interfaces, by name or address, on which the gateway is announced and (unless `[http] host` is set) serves HTTP."""

    interfaces: Annotated[Names, Field(min_length=1)] = ("lo",)


class Http(Section):
    """Panel and device API. `names` are host names a browser may use besides addresses and the mDNS name."""

    host: str | None = None
    port: Port = 8081
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
    cloud: Cloud = Cloud()
    network: Network = Network()
    http: Http = Http()
    telemetry: Telemetry = Telemetry()
    household: House = House()
