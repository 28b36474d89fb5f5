import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.codes import has_check_digit, in_fours, read_link_code, with_check_digit
from protocol.problems import CODE_MALFORMED, Problem

eleven_digits = st.text("0123456789", min_size=11, max_size=11)


@pytest.mark.parametrize("digits", ["2363", "123451", "1234567890"])
def test_known_numbers_pass(digits: str) -> None:
    assert has_check_digit(digits)


@given(eleven_digits, st.integers(0, 11), st.integers(1, 9))
def test_one_wrong_digit_never_passes(digits: str, place: int, off_by: int) -> None:
    code = with_check_digit(digits)
    wrong = code[:place] + str((int(code[place]) + off_by) % 10) + code[place + 1 :]
    with pytest.raises(Problem) as refused:
        read_link_code(wrong)
    assert refused.value.kind is CODE_MALFORMED


@given(eleven_digits, st.integers(0, 10))
def test_two_swapped_neighbours_never_pass(digits: str, place: int) -> None:
    code = with_check_digit(digits)
    swapped = code[:place] + code[place + 1] + code[place] + code[place + 2 :]
    assert swapped == code or not has_check_digit(swapped)


@pytest.mark.req("S-LC-11", "S-LC-24")
@given(eleven_digits)
def test_what_is_shown_can_be_typed_with_spaces_hyphens_and_full_width(digits: str) -> None:
    code = with_check_digit(digits)
    shown = in_fours(code)
    assert [len(group) for group in shown.split(" ")] == [4, 4, 4]
    full_width = shown.translate({ord(str(digit)): chr(0xFF10 + digit) for digit in range(10)})
    for typed in (code, shown, shown.replace(" ", "-"), full_width, f"　{full_width}　"):
        assert read_link_code(typed) == code


@pytest.mark.req("S-LC-24")
@given(st.text())
def test_anything_else_is_refused_or_folds_to_itself(typed: str) -> None:
    try:
        code = read_link_code(typed)
    except Problem as problem:
        assert problem.kind is CODE_MALFORMED
    else:
        assert read_link_code(code) == code
        assert code.isascii()
        assert len(code) == 12


def test_a_letter_is_not_forgiven() -> None:
    with pytest.raises(Problem):
        read_link_code(with_check_digit("12345678901") + "a")
