from hypothesis import given
from hypothesis import strategies as st

from cloud.arrivals import Arrival, contiguous, forgotten_up_to
from tests.cloud.actors import sample


@given(st.integers(0, 5), st.sets(st.integers(1, 12)))
def test_what_is_confirmed_has_no_hole(start: int, stored: set[int]) -> None:
    confirmed = contiguous(start, sorted(number for number in stored if number > start))
    assert set(range(start + 1, confirmed + 1)) <= stored
    assert confirmed + 1 not in stored


def test_what_the_gateway_no_longer_holds_is_forgotten() -> None:
    assert forgotten_up_to(Arrival("0123456789ab", 1, None, (sample(7),))) == 0
    assert forgotten_up_to(Arrival("0123456789ab", 1, 5, (sample(7),))) == 4


def test_a_gateway_cannot_have_lost_what_it_sends() -> None:
    assert forgotten_up_to(Arrival("0123456789ab", 1, 900, (sample(7), sample(8)))) == 6
