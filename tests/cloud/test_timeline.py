from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloud.instants import from_ms
from cloud.timeline import Powers, buckets, is_online, span

MINUTE = timedelta(minutes=1)
NOW = 1_800_000_030_000  # half past a minute


def at(ms: int, generation_w: int = 100) -> Powers:
    return Powers(ms, generation_w, 50, 0, 50)


def test_the_span_is_made_of_whole_buckets_and_holds_now() -> None:
    assert span(NOW, 3 * MINUTE, MINUTE) == (NOW - 210_000, NOW + 30_000, 60_000)


def test_a_bucket_has_the_mean_and_a_gap_is_a_gap() -> None:
    over = span(NOW, 2 * MINUTE, MINUTE)
    first, gap, last = range(over.start_ms, over.end_ms, 60_000)
    shown = buckets([at(first, 100), at(first + 1, 203), at(NOW, 7)], over)
    assert [(bucket.start_at, bucket.samples, bucket.generation_w) for bucket in shown] == [
        (from_ms(first), 2, 152),
        (from_ms(gap), 0, None),
        (from_ms(last), 1, 7),
    ]
    assert shown[1].consumption_w is None


@given(st.lists(st.integers(0, 599), max_size=30))
def test_every_sample_within_is_in_exactly_one_bucket(seconds: list[int]) -> None:
    over = span(600_000 - 1, timedelta(seconds=599), MINUTE)
    shown = buckets([at(second * 1000) for second in seconds], over)
    assert sum(bucket.samples for bucket in shown) == len(seconds)
    assert len(shown) == 10


@pytest.mark.req("S-TEL-06")
@pytest.mark.parametrize(
    ("says_online", "silent_ms", "online"),
    [(True, 0, True), (True, 30_000, True), (True, 30_001, False), (False, 0, False), (True, None, False)],
)
def test_online_is_said_and_seen_within_three_intervals(
    says_online: bool, silent_ms: int | None, online: bool
) -> None:
    seen = None if silent_ms is None else NOW - silent_ms
    assert is_online(says_online, seen, NOW) is online
