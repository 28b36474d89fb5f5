import click
import pytest

from chassis.ending import run
from protocol.problems import NOT_LINKED, Problem, UnreachableError


def ended(error: BaseException | None) -> int:
    @click.command()
    def command() -> None:
        if error:
            raise error

    with pytest.raises(SystemExit) as ending:
        run(command, [])
    assert isinstance(ending.value.code, int)
    return ending.value.code


@pytest.mark.parametrize(
    ("error", "code", "sentence"),
    [
        (None, 0, ""),
        (Problem(NOT_LINKED), 1, "not linked"),
        (click.UsageError("no such option"), 2, "no such option"),
        (UnreachableError("the cloud", "refused"), 4, "cannot be reached"),
        (KeyboardInterrupt(), 130, ""),
    ],
)
def test_a_command_ends_with_a_sentence_and_its_code(
    error: BaseException | None, code: int, sentence: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert ended(error) == code
    assert sentence in capsys.readouterr().err


def test_japanese_people_read_japanese(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LC_ALL", "ja_JP.UTF-8")
    assert ended(Problem(NOT_LINKED)) == 1
    assert "連携されていません" in capsys.readouterr().err


def test_what_a_task_of_a_group_of_groups_raised_comes_out_as_itself(
    capsys: pytest.CaptureFixture[str],
) -> None:
    nobody_reads = BrokenPipeError(32, "Broken pipe")
    assert ended(ExceptionGroup("outer", [ExceptionGroup("inner", [nobody_reads])])) == 1
    assert capsys.readouterr().err == "Broken pipe\n"
