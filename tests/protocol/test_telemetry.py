import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from protocol.problems import TELEMETRY_MALFORMED, Problem
from protocol.telemetry import Receipt, Sample, read_samples, write_samples

EXAMPLE = json.loads(
    """{"v":1,"seq":1842,"measured_at":"2026-11-22T05:00:00Z",
    "generation_w":2310,"consumption_w":640,"grid_import_w":0,"grid_export_w":1320,
    "battery":{"charge_w":350,"discharge_w":0,"state_of_charge_pct":71.5},
    "generation_wh":8123,"consumption_wh":5210,"grid_import_wh":1400,"grid_export_wh":3950,
    "circuits":[{"circuit":1,"name":"リビング","power_w":120,"energy_wh":640}]}"""
)


def test_the_contracts_example_is_read_and_balances() -> None:
    (sample,) = read_samples(json.dumps(EXAMPLE).encode())
    assert sample.imbalance_w() == 0
    assert json.loads(write_samples([sample])) == EXAMPLE


@given(st.integers(1, 100))
def test_one_to_a_hundred_samples_come_back(count: int) -> None:
    samples = tuple(
        Sample.model_validate_json(json.dumps(EXAMPLE | {"seq": seq})) for seq in range(1, count + 1)
    )
    assert read_samples(write_samples(samples)) == samples


@pytest.mark.parametrize(
    ("payload", "reason"),
    [
        (b"", "JSON"),
        (b"\xff", "JSON"),
        (b"[]", "at least 1"),
        (json.dumps([EXAMPLE] * 101).encode(), "at most 100"),
        (json.dumps(EXAMPLE | {"seq": "1842"}).encode(), "seq"),
        (json.dumps(EXAMPLE | {"seq": 0}).encode(), "seq"),
        (json.dumps(EXAMPLE | {"generation_w": -1}).encode(), "generation_w"),
        (json.dumps(EXAMPLE | {"generation_w": float("nan")}).encode(), "generation_w"),
        (json.dumps(EXAMPLE | {"measured_at": "2026-11-22T05:00:00"}).encode(), "measured_at"),
        (json.dumps(EXAMPLE | {"extra": 1}).encode(), "extra"),
        (b" " * 300_000, "bytes"),
    ],
)
def test_malformed_telemetry_is_refused_with_its_reason(payload: bytes, reason: str) -> None:
    with pytest.raises(Problem) as refused:
        read_samples(payload)
    assert refused.value.kind is TELEMETRY_MALFORMED
    assert reason in str(refused.value.facts["reason"])


@given(st.binary(max_size=200))
def test_no_payload_does_anything_but_read_or_refuse(payload: bytes) -> None:
    try:
        read_samples(payload)
    except Problem as problem:
        assert problem.kind is TELEMETRY_MALFORMED


@pytest.mark.parametrize("stored_up_to", [-1, 2**53, 10**30])
def test_a_receipt_beyond_any_sample_is_refused(stored_up_to: int) -> None:
    with pytest.raises(ValidationError):
        Receipt(stored_up_to=stored_up_to)
