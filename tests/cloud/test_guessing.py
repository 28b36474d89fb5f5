from datetime import timedelta

import pytest

from cloud.guessing import growing_wait_s, peer_scope, retry_after_s

HOUR = timedelta(hours=1)
NOW = 1_800_000_000_000


def test_below_the_limit_one_more_is_allowed() -> None:
    assert retry_after_s([NOW - 1, NOW - 2], 3, HOUR, NOW) is None


@pytest.mark.parametrize(
    ("age_ms", "wait_s"), [(0, 3600), (1, 3600), (3_599_000, 1), (3_599_999, 1), (3_600_000, None)]
)
def test_the_oldest_that_counts_decides_the_wait(age_ms: int, wait_s: int | None) -> None:
    assert retry_after_s([NOW, NOW - age_ms], 2, HOUR, NOW) == wait_s


def test_only_as_many_as_the_limit_must_leave_the_window() -> None:
    assert retry_after_s([NOW - 3_000_000, NOW - 2_000_000, NOW - 1_000_000], 2, HOUR, NOW) == 1600


@pytest.mark.parametrize(
    ("wrong", "wait_s"),
    [
        (0, None),
        (1, None),
        (5, None),
        (6, 30),
        (7, 60),
        (8, 120),
        (12, 1920),
        (13, 3600),
        (14, 3600),
        (99, 3600),
    ],
)
def test_each_wrong_password_beyond_five_doubles_the_wait_up_to_an_hour(
    wrong: int, wait_s: int | None
) -> None:
    failures = [NOW - number for number in reversed(range(wrong))]
    assert growing_wait_s(failures, NOW) == wait_s
    if wait_s is not None:
        assert growing_wait_s(failures, NOW + wait_s * 1000 - 1) == 1
        assert growing_wait_s(failures, NOW + wait_s * 1000) is None


@pytest.mark.parametrize(
    ("address", "scope"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("2001:db8::1:2:3", "2001:db8::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("", ""),
    ],
)
def test_a_peer_is_an_address_or_a_64_network(address: str, scope: str) -> None:
    assert peer_scope(address) == scope
