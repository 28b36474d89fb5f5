import pytest

from cloud.link_codes import is_live, mint
from protocol.codes import read_link_code

ISSUED = 1_800_000_000_123


def test_codes_are_well_formed_and_differ() -> None:
    codes = {mint() for _ in range(1000)}
    assert len(codes) == 1000
    assert {read_link_code(code) for code in codes} == codes


@pytest.mark.req("S-LC-12", "S-LC-13")
@pytest.mark.parametrize(
    ("age_ms", "live"), [(-1, False), (0, True), (3_599_999, True), (3_600_000, False), (3_600_001, False)]
)
def test_a_code_lives_one_hour_without_its_end(age_ms: int, live: bool) -> None:
    assert is_live(ISSUED, ISSUED + age_ms) is live
