import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloud.nicknames import nickname_key, read_nickname
from protocol.problems import NICKNAME_UNUSABLE, Problem

FAMILY = "👨\u200d👩\u200d👧"


@pytest.mark.req("S-BIND-04")
@pytest.mark.parametrize(
    "typed",
    [
        "お父さん",
        "x",
        "x" * 10,
        FAMILY * 10,
        "🇯🇵" * 10,
        "👍🏽" * 10,
        "か\u3099" * 10,
        "e\u0301\u0302" * 10,
        "お 母さん",
    ],
)
def test_one_to_ten_characters_as_a_person_counts(typed: str) -> None:
    assert read_nickname(typed) == unicodedata.normalize("NFC", typed)


@pytest.mark.req("S-BIND-04")
@pytest.mark.parametrize("typed", ["x" * 11, FAMILY * 11, "🇯🇵" * 11, "が" * 11, "a" + "\u0301" * 80])
def test_eleven_are_refused(typed: str) -> None:
    with pytest.raises(Problem) as refused:
        read_nickname(typed)
    assert refused.value.kind is NICKNAME_UNUSABLE


@pytest.mark.req("S-BIND-13")
@pytest.mark.parametrize(
    "typed",
    ["", " ", "\u3000", "\t\n", "a\nb", "a\0", "\u200b", "a\u202eb", "\u2028", "\ud800", "\u200d", "\u0301"],
)
def test_empty_and_control_characters_are_refused(typed: str) -> None:
    with pytest.raises(Problem) as refused:
        read_nickname(typed)
    assert refused.value.kind is NICKNAME_UNUSABLE


@pytest.mark.parametrize(
    ("one", "other"), [("Papa", "pAPA"), ("パパ", "ﾊﾟﾊﾟ"), ("１", "1"), ("Straße", "STRASSE")]
)
def test_nicknames_that_look_the_same_are_the_same(one: str, other: str) -> None:
    assert nickname_key(read_nickname(one)) == nickname_key(read_nickname(other))


@given(st.text(max_size=15))
def test_reading_is_total_and_idempotent(typed: str) -> None:
    try:
        nickname = read_nickname(typed)
    except Problem:
        return
    assert read_nickname(nickname) == nickname
    assert nickname_key(nickname_key(nickname)) == nickname_key(nickname)
