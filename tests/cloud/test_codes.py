from datetime import timedelta

import pytest

from cloud.codes import is_live, mint
from protocol.codes import read_change_code, read_link_code
from protocol.rules import CHANGE_CODE_LIFE, LINK_CODE_LIFE

ISSUED = 1_800_000_000_123


def test_codes_are_well_formed_and_differ() -> None:
    codes = {mint() for _ in range(1000)}
    assert len(codes) == 1000
    assert {read_link_code(code) for code in codes} == codes
    assert {read_change_code(code) for code in codes} == codes


@pytest.mark.parametrize(
    ("life", "life_ms"),
    [
        pytest.param(LINK_CODE_LIFE, 3_600_000, marks=pytest.mark.req("S-LC-12", "S-LC-13")),
        pytest.param(CHANGE_CODE_LIFE, 604_800_000, marks=pytest.mark.req("S-CHG-05")),
    ],
)
def test_a_code_lives_to_the_millisecond_before_its_end(life: timedelta, life_ms: int) -> None:
    ages_ms = (-1, 0, life_ms - 1, life_ms, life_ms + 1)
    assert [is_live(ISSUED, life, ISSUED + age) for age in ages_ms] == [False, True, True, False, False]
