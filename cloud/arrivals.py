"""Telemetry as it arrives, and how far it is stored without a hole."""

from collections.abc import Iterable
from dataclasses import dataclass

from protocol.telemetry import Sample


@dataclass(frozen=True)
class Arrival:
    """One telemetry message. `oldest` is the lowest sequence number the gateway still holds, if it said so."""

    gateway_id: str
    epoch: int
    oldest: int | None
    samples: tuple[Sample, ...]


def forgotten_up_to(arrival: Arrival) -> int:
    """Return the highest number the gateway can never send again; what it sends now it plainly still holds."""
    if arrival.oldest is None:
        return 0
    return min(arrival.oldest, *(sample.seq for sample in arrival.samples)) - 1


def contiguous(stored_up_to: int, ascending: Iterable[int]) -> int:
    """Return N so that every number after `stored_up_to` up to N is in `ascending`."""
    for number in ascending:
        if number != stored_up_to + 1:
            break
        stored_up_to = number
    return stored_up_to
