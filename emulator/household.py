"""The simulated house: sun, circuits and storage battery, the same numbers for the same seed and time.

The powers of a sample (whole W) are what flowed since the sample before it, so energies are exactly the integral of
powers. After a silence longer than `TRUSTED_INTERVALS` nobody measured, and no energy is invented for it.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import blake2b
from typing import Annotated, Final, NamedTuple
from zoneinfo import ZoneInfo

from pydantic import AwareDatetime, Field

from protocol.identity import Frozen
from protocol.telemetry import Battery, Circuit, Sample

TOKYO: Final = ZoneInfo("Asia/Tokyo")
LATITUDE: Final = math.radians(34.74)  # Kadoma, Osaka
LONGITUDE_TURNS: Final = 135.58 / 360
TRUSTED_INTERVALS: Final = 3
BATTERY_MAX_W: Final = 2000
WUS_PER_WH: Final = 3_600_000_000


class Load(NamedTuple):
    """One branch of the distribution board: standby and full power (W), busy hours in Tokyo."""

    name: str
    standby_w: int
    full_w: int
    busy: tuple[tuple[int, int], ...]


LOADS: Final = (
    Load("リビング", 60, 380, ((6, 9), (17, 23))),
    Load("キッチン", 15, 1300, ((6, 8), (11, 13), (18, 20))),
    Load("冷蔵庫", 40, 150, ((0, 24),)),
    Load("エアコン", 5, 900, ((6, 9), (17, 24))),
    Load("エコキュート", 10, 1500, ((2, 6),)),
    Load("洗濯機", 2, 450, ((8, 10),)),
    Load("照明・コンセント", 30, 240, ((5, 8), (17, 24))),
    Load("その他", 50, 160, ((0, 24),)),
)


class State(Frozen):
    """What a house remembers. Energies are whole W·µs, so that adding them up never rounds."""

    seq: int = 0
    measured_at: AwareDatetime | None = None
    stored_wus: int
    generation_wus: int = 0
    consumption_wus: int = 0
    grid_import_wus: int = 0
    grid_export_wus: int = 0
    circuits_wus: Annotated[tuple[int, ...], Field(min_length=len(LOADS), max_length=len(LOADS))] = (
        0,
    ) * len(LOADS)

    def for_new_epoch(self) -> "State":
        """Return the same house with its sample number and energies back at zero."""
        return State(stored_wus=self.stored_wus)


class Flow(NamedTuple):
    """Powers in whole W that obey the balance of protocol/README.md."""

    generation_w: int
    consumption_w: int
    grid_import_w: int
    grid_export_w: int
    charge_w: int
    discharge_w: int
    circuits_w: tuple[int, ...]


@dataclass(frozen=True)
class Household:
    """A house made from `seed`, with panels of `solar_peak_w` and a storage battery of `battery_wh` (0: none)."""

    seed: str
    solar_peak_w: int
    battery_wh: int
    interval: timedelta

    @property
    def _capacity_wus(self) -> int:
        return self.battery_wh * WUS_PER_WH

    def first_state(self) -> State:
        """Return the house before its first measurement, its battery half full."""
        return State(stored_wus=self._capacity_wus // 2)

    def step(self, state: State, now: datetime) -> tuple[State, Sample]:
        """Measure at `now`: return the next state and the sample, numbered one above the last."""
        elapsed_us = self._elapsed_us(state, now)
        stored_wus = min(state.stored_wus, self._capacity_wus)  # the battery set now may be a smaller one
        flow = self._flow(stored_wus, now, elapsed_us)
        after = State(
            seq=state.seq + 1,
            measured_at=now,
            stored_wus=stored_wus + (flow.charge_w - flow.discharge_w) * elapsed_us,
            generation_wus=state.generation_wus + flow.generation_w * elapsed_us,
            consumption_wus=state.consumption_wus + flow.consumption_w * elapsed_us,
            grid_import_wus=state.grid_import_wus + flow.grid_import_w * elapsed_us,
            grid_export_wus=state.grid_export_wus + flow.grid_export_w * elapsed_us,
            circuits_wus=tuple(
                energy + power_w * elapsed_us
                for energy, power_w in zip(state.circuits_wus, flow.circuits_w, strict=True)
            ),
        )
        return after, self._sample(after, flow, now)

    def _elapsed_us(self, state: State, now: datetime) -> int:
        """Return the microseconds a measurement stands for: none at the start, after a silence or a clock set back."""
        if state.measured_at is None:
            return 0
        elapsed = now - state.measured_at
        measured = timedelta(0) < elapsed <= TRUSTED_INTERVALS * self.interval
        return elapsed // timedelta(microseconds=1) if measured else 0

    def _flow(self, stored_wus: int, now: datetime, elapsed_us: int) -> Flow:
        circuits_w = self._circuits_w(now)
        generation_w = self._generation_w(now)
        consumption_w = sum(circuits_w)
        surplus_w = generation_w - consumption_w
        span_us = elapsed_us or self.interval // timedelta(microseconds=1)
        room_w = (self._capacity_wus - stored_wus) // span_us
        charge_w = max(0, min(surplus_w, room_w, BATTERY_MAX_W))
        discharge_w = max(0, min(-surplus_w, stored_wus // span_us, BATTERY_MAX_W))
        return Flow(
            generation_w=generation_w,
            consumption_w=consumption_w,
            grid_import_w=max(0, -surplus_w - discharge_w),
            grid_export_w=max(0, surplus_w - charge_w),
            charge_w=charge_w,
            discharge_w=discharge_w,
            circuits_w=circuits_w,
        )

    def _generation_w(self, now: datetime) -> int:
        weather = 0.6 * self._noise("weather", now, 6 * 3600) + 0.4 * self._noise("cloud", now, 900)
        return int(self.solar_peak_w * max(0.0, sun_height(now)) * (0.15 + 0.85 * weather))

    def _circuits_w(self, now: datetime) -> tuple[int, ...]:
        hour = now.astimezone(TOKYO).hour
        return tuple(self._load_w(load, now, hour) for load in LOADS)

    def _load_w(self, load: Load, now: datetime, hour: int) -> int:
        busy = any(start <= hour < end for start, end in load.busy)
        use = self._noise(load.name, now, 1200) ** 2 if busy else 0.0
        flicker = 0.02 * self._noise(load.name + "/flicker", now, 20)
        return load.standby_w + int((load.full_w - load.standby_w) * min(1.0, use + flicker))

    def _noise(self, what: str, now: datetime, period_s: int) -> float:
        """Return a smooth random course of time in 0..1 that turns about every `period_s`."""
        slot, within_s = divmod(now.timestamp(), period_s)
        before, after = self._draw(what, int(slot)), self._draw(what, int(slot) + 1)
        place = within_s / period_s
        return before + (after - before) * place * place * (3 - 2 * place)

    def _draw(self, what: str, slot: int) -> float:
        digest = blake2b(f"{self.seed}/{what}/{slot}".encode(), digest_size=8).digest()
        return int.from_bytes(digest) / 2**64

    def _sample(self, state: State, flow: Flow, now: datetime) -> Sample:
        return Sample(
            seq=state.seq,
            measured_at=now,
            generation_w=flow.generation_w,
            consumption_w=flow.consumption_w,
            grid_import_w=flow.grid_import_w,
            grid_export_w=flow.grid_export_w,
            battery=Battery(
                charge_w=flow.charge_w,
                discharge_w=flow.discharge_w,
                state_of_charge_pct=self._state_of_charge_pct(state.stored_wus),
            ),
            generation_wh=state.generation_wus // WUS_PER_WH,
            consumption_wh=state.consumption_wus // WUS_PER_WH,
            grid_import_wh=state.grid_import_wus // WUS_PER_WH,
            grid_export_wh=state.grid_export_wus // WUS_PER_WH,
            circuits=_circuits(flow.circuits_w, state.circuits_wus),
        )

    def _state_of_charge_pct(self, stored_wus: int) -> float:
        return round(100 * stored_wus / self._capacity_wus, 1) if self.battery_wh else 0.0


def _circuits(powers_w: Sequence[int], energies_wus: Sequence[int]) -> tuple[Circuit, ...]:
    return tuple(
        Circuit(circuit=number, name=load.name, power_w=power_w, energy_wh=energy_wus // WUS_PER_WH)
        for number, (load, power_w, energy_wus) in enumerate(
            zip(LOADS, powers_w, energies_wus, strict=True), start=1
        )
    )


def sun_height(at: datetime) -> float:
    """Return the sine of the sun's height over Kadoma; below zero at night (Cooper 1969, equation of time after Smart)."""
    start_of_year = datetime(at.astimezone(UTC).year, 1, 1, tzinfo=UTC)
    days = (at - start_of_year) / timedelta(days=1)
    declination = math.radians(-23.44) * math.cos(math.tau * (days + 10) / 365.25)
    season = math.tau * (days - 81) / 365.25
    clock_lead_min = 9.87 * math.sin(2 * season) - 7.53 * math.cos(season) - 1.5 * math.sin(season)
    turns_from_noon = days % 1 + LONGITUDE_TURNS + clock_lead_min / 1440 - 0.5
    return math.sin(LATITUDE) * math.sin(declination) + math.cos(LATITUDE) * math.cos(declination) * math.cos(
        math.tau * turns_from_noon
    )
