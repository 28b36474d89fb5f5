import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.discovery import Advertisement
from protocol.problems import ADVERTISEMENT_MALFORMED, Problem

ADVERTISEMENT = Advertisement(
    gateway_id="0123456789ab", model="MKN702", firmware="2.10", registered=True, busy=False
)


@pytest.mark.req("S-DISC-14")
def test_txt_has_the_contracts_keys_in_the_contracts_order() -> None:
    assert list(ADVERTISEMENT.to_txt().items()) == [
        ("txtvers", "1"),
        ("id", "0123456789ab"),
        ("model", "MKN702"),
        ("fw", "2.10"),
        ("api", "/api/v1"),
        ("reg", "1"),
        ("busy", "0"),
    ]
    assert ADVERTISEMENT.instance_name == "AiSEG MKN702 (6789ab)"
    assert ADVERTISEMENT.host_name == "aiseg-0123456789ab.local."


def test_txt_comes_back_and_unknown_keys_are_ignored() -> None:
    assert Advertisement.from_txt(ADVERTISEMENT.to_txt() | {"new": "1", "flag": None}) == ADVERTISEMENT


@given(st.dictionaries(st.sampled_from(list(ADVERTISEMENT.to_txt())), st.none() | st.text(), min_size=1))
def test_any_txt_is_read_or_refused_with_a_reason(changes: dict[str, str | None]) -> None:
    try:
        Advertisement.from_txt(ADVERTISEMENT.to_txt() | changes)
    except Problem as problem:
        assert problem.kind is ADVERTISEMENT_MALFORMED
        assert problem.facts["reason"]
