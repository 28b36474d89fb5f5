"""Samples whose counters a test chooses, and what surrounds an instant, found the slow way."""

from collections.abc import Sequence
from datetime import datetime

from cloud.instants import from_ms, to_ms
from cloud.timeline import Edge
from protocol.telemetry import Battery, Circuit, Sample


def counted(seq: int, measured_at: datetime, wh: int) -> Sample:
    """Return a sample with every counter a part of `wh`: the battery gives a tenth, the one circuit takes it all."""
    return Sample(
        seq=seq,
        measured_at=measured_at,
        generation_w=0,
        consumption_w=0,
        grid_import_w=0,
        grid_export_w=0,
        battery=Battery(charge_w=0, discharge_w=0, state_of_charge_pct=50),
        generation_wh=4 * wh,
        consumption_wh=10 * wh,
        grid_import_wh=7 * wh,
        grid_export_wh=2 * wh,
        circuits=(Circuit(circuit=1, name="リビング", power_w=0, energy_wh=10 * wh),),
    )


def at_ms(seq: int, instant_ms: int, wh: int) -> Sample:
    """Return such a sample, measured `instant_ms` after 1970."""
    return counted(seq, from_ms(instant_ms), wh)


def around(samples: Sequence[Sample], at: Sequence[int]) -> list[Edge]:
    """Return each instant with the samples on either side of it, having looked at all of them."""
    ordered = sorted(samples, key=lambda each: (each.measured_at, each.seq))
    return [
        Edge(
            edge,
            next((each for each in reversed(ordered) if to_ms(each.measured_at) < edge), None),
            next((each for each in ordered if to_ms(each.measured_at) >= edge), None),
        )
        for edge in at
    ]
