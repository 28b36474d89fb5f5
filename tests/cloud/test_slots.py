from hypothesis import given
from hypothesis import strategies as st

from cloud.slots import lowest_free


@given(st.sets(st.integers(1, 4)))
def test_the_lowest_free_slot_is_free_and_nothing_below_it_is(taken: set[int]) -> None:
    slot = lowest_free(taken, 4)
    if slot is None:
        assert taken == {1, 2, 3, 4}
    else:
        assert slot not in taken
        assert set(range(1, slot)) <= taken
