import pytest

from emulator.registration import RegistrationRun
from protocol.problems import CONFIRMATION_CODE_SPENT, CONFIRMATION_CODE_WRONG, Kind, Problem


@pytest.fixture
def run() -> RegistrationRun:
    return RegistrationRun("012345", None, "run-1234567890abcdef")


def said(run: RegistrationRun, typed: str) -> tuple[Kind, object]:
    with pytest.raises(Problem) as caught:
        run.confirm(typed)
    return caught.value.kind, caught.value.facts.get("tries_left")


@pytest.mark.req("S-REG-11")
@pytest.mark.parametrize("typed", ["012345", "０１２３４５", " 012 345 ", "012-345"])
def test_the_code_that_was_shown_is_taken_as_people_type_it(run: RegistrationRun, typed: str) -> None:
    run.confirm(typed)
    run.confirm(typed)
    assert run.wrong_tries == 0


@pytest.mark.req("S-REG-13")
@pytest.mark.parametrize("typed", ["", "12345", "0123456", "012354", "O12345", "０１２３４", "codeです"])
def test_another_code_is_refused_with_the_tries_that_are_left(run: RegistrationRun, typed: str) -> None:
    assert said(run, typed) == (CONFIRMATION_CODE_WRONG, 9)
    run.confirm("012345")


@pytest.mark.req("S-REG-13")
def test_after_ten_wrong_codes_the_run_is_over_for_the_right_one_too(run: RegistrationRun) -> None:
    lefts = [said(run, "999999") for _ in range(9)]
    assert lefts == [(CONFIRMATION_CODE_WRONG, left) for left in range(9, 0, -1)]
    assert said(run, "999999") == (CONFIRMATION_CODE_SPENT, None)
    assert said(run, "012345") == (CONFIRMATION_CODE_SPENT, None)


def test_the_code_is_in_no_text_of_the_run(run: RegistrationRun) -> None:
    assert "012345" not in repr(run)
