import secrets

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloud.two_step import code_mail, code_text, masked, mint, read_code, read_number
from protocol.problems import NUMBER_UNUSABLE, SMS_CODE_MALFORMED, Problem
from tests.cloud.actors import refusal


@pytest.mark.req("S-2FA-04")
@pytest.mark.parametrize("typed", ["012345", " 012345\n", "000000"])
def test_six_half_width_digits_are_a_code(typed: str) -> None:
    assert read_code(typed) == typed.strip()


@pytest.mark.req("S-2FA-04")
@pytest.mark.parametrize(
    "typed",
    [
        "０１２３４５",
        "01234５",
        "12345",
        "1234567",
        "123 456",
        "123-456",
        "12345a",
        "",
        "١٢٣٤٥٦",
        "\u300012345",
    ],
)
def test_anything_else_is_refused_with_a_hint(typed: str) -> None:
    with pytest.raises(Problem) as refused:
        read_code(typed)
    assert refused.value.kind is SMS_CODE_MALFORMED
    assert "半角数字" in refused.value.sentence("ja")


@given(st.text(max_size=12))
def test_reading_a_code_is_total(typed: str) -> None:
    try:
        assert read_code(typed) in typed
    except Problem as problem:
        assert problem.kind is SMS_CODE_MALFORMED


def test_codes_have_six_digits_and_begin_with_any(monkeypatch: pytest.MonkeyPatch) -> None:
    codes = [mint() for _ in range(2000)]
    assert all(read_code(code) == code for code in codes)
    assert {code[0] for code in codes} == set("0123456789")
    monkeypatch.setattr(secrets, "randbelow", lambda _limit: 7)
    assert mint() == "000007"


@pytest.mark.req("S-2FA-01")
@pytest.mark.parametrize(
    "typed",
    [
        "09012345678",
        "090-1234-5678",
        "０９０－１２３４－５６７８",
        " 090 1234 5678 ",
        "+819012345678",
        "+81 90-1234-5678",
    ],
)
def test_a_number_is_one_however_it_is_typed(typed: str) -> None:
    assert read_number(typed) == "+819012345678"


@pytest.mark.parametrize("prefix", ["060", "070", "080", "090"])
def test_mobile_numbers_are_taken(prefix: str) -> None:
    assert read_number(f"{prefix}12345678") == f"+81{prefix[1:]}12345678"


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "0312345678",
        "0120123456",
        "08001234567",
        "05012345678",
        "0901234567",
        "090123456789",
        "110",
        "+15551234567",
        "090-abcd-5678",
    ],
)
def test_what_is_no_mobile_number_is_refused(typed: str) -> None:
    assert refusal(read_number, typed) is NUMBER_UNUSABLE


@pytest.mark.req("S-2FA-05")
def test_a_number_is_shown_by_its_last_four_digits() -> None:
    shown = masked("+819012345678")
    assert shown.endswith("5678")
    assert [character for character in shown if character.isdigit()] == list("5678")


def test_the_message_has_the_code_and_nothing_to_tap() -> None:
    for text in (code_text("012345"), code_mail("012345").body):
        assert "012345" in text
        assert "://" not in text
