"""Samples, status, receipts and notices: the MQTT payloads.

Powers are instantaneous W, energies cumulative Wh since the epoch began, signs never negative. At every instant
generation + grid import + discharge = consumption + grid export + charge, and the circuits sum to consumption.
"""

from collections.abc import Sequence
from typing import Annotated, Literal

from pydantic import AwareDatetime, Field, TypeAdapter, ValidationError

from protocol.faults import reason
from protocol.identity import FirmwareVersion, Frozen, GatewayId
from protocol.problems import TELEMETRY_MALFORMED, Problem
from protocol.rules import SAMPLES_PER_MESSAGE

Watt = Annotated[int, Field(ge=0, le=100_000, strict=True)]
WattHour = Annotated[int, Field(ge=0, strict=True)]
SequenceNumber = Annotated[int, Field(ge=1, le=2**53, strict=True)]

MESSAGE_MAX_BYTES = 256 * 1024


class Battery(Frozen):
    """The storage battery: at most one of charge and discharge is above zero."""

    charge_w: Watt
    discharge_w: Watt
    state_of_charge_pct: float = Field(ge=0, le=100, allow_inf_nan=False)


class Circuit(Frozen):
    """One branch of the distribution board."""

    circuit: int = Field(ge=1, le=99, strict=True)
    name: str = Field(min_length=1, max_length=40)
    power_w: Watt
    energy_wh: WattHour


class Sample(Frozen):
    """One numbered measurement; `seq` counts from 1 in each epoch."""

    v: Literal[1] = 1
    seq: SequenceNumber
    measured_at: AwareDatetime
    generation_w: Watt
    consumption_w: Watt
    grid_import_w: Watt
    grid_export_w: Watt
    battery: Battery
    generation_wh: WattHour
    consumption_wh: WattHour
    grid_import_wh: WattHour
    grid_export_wh: WattHour
    circuits: tuple[Circuit, ...] = Field(max_length=99)

    def imbalance_w(self) -> int:
        """Return what flows in minus what flows out, W; 0 when the books are right."""
        flowing_in = self.generation_w + self.grid_import_w + self.battery.discharge_w
        return flowing_in - self.consumption_w - self.grid_export_w - self.battery.charge_w


class Status(Frozen):
    """Retained on the status topic; the last will is the same with `online` false."""

    v: Literal[1] = 1
    online: bool
    firmware: FirmwareVersion
    at: AwareDatetime


class Receipt(Frozen):
    """The cloud's word that every sample up to this number is stored."""

    v: Literal[1] = 1
    stored_up_to: int = Field(ge=0, lt=2**53, strict=True)


class Notice(Frozen):
    """Something the cloud tells the gateway."""

    v: Literal[1] = 1
    kind: Literal["linked", "unlinked", "firmware_available"]
    gateway_id: GatewayId
    at: AwareDatetime
    nickname: str | None = None
    firmware: FirmwareVersion | None = None


_SEVERAL = TypeAdapter[list[Sample]](
    Annotated[list[Sample], Field(min_length=1, max_length=SAMPLES_PER_MESSAGE)]
)


def write_samples(samples: Sequence[Sample]) -> bytes:
    """Return the telemetry payload: the sample itself when there is one, else an array of 2 to 100."""
    if len(samples) == 1:
        return samples[0].model_dump_json().encode()
    return b"[" + b",".join(sample.model_dump_json().encode() for sample in samples) + b"]"


def read_samples(payload: bytes) -> tuple[Sample, ...]:
    """Return the 1 to 100 samples of a telemetry payload.

    Raises:
        Problem: `telemetry_malformed`, naming the first thing that is wrong.
    """
    if len(payload) > MESSAGE_MAX_BYTES:
        raise Problem(TELEMETRY_MALFORMED, reason=f"{len(payload)} bytes")
    try:
        if payload.lstrip()[:1] == b"[":
            return tuple(_SEVERAL.validate_json(payload))
        return (Sample.model_validate_json(payload),)
    except ValidationError as error:
        raise Problem(TELEMETRY_MALFORMED, reason=reason(error)) from None
