"""How the commands ask a person on the terminal. Without a terminal they refuse, and name the option that is missing."""

import sys
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar

import click

from chassis.ending import language
from phone_client.settings import PASSWORD_VARIABLE
from protocol.problems import INPUT_MISSING, Problem

Choice = TypeVar("Choice")


def has_terminal() -> bool:
    """Say whether there is somebody to ask; standard input may also be closed altogether."""
    return sys.stdin is not None and not sys.stdin.closed and sys.stdin.isatty()


def ask(
    option: str,
    question: str,
    *,
    lead: Sequence[str] = (),
    before: str = "",
    hidden: bool = False,
    read: Callable[[str], str] = str.strip,
) -> str:
    """Ask until `read` accepts what is typed, and return what it makes of it; what it refuses is said.

    `lead` are lines that come first; `before` is shown, and taken by Enter.

    Raises:
        Problem: `input_missing`, naming the option, when there is no terminal.
    """
    _tell(option, lead)
    shown = f" [{before}]" if before else ""
    while True:
        typed = _prompt(f"{question}{shown}: ", default=before or None, hidden=hidden)
        try:
            return read(typed)
        except Problem as problem:
            click.echo(problem.sentence(language()), err=True)


def choose(option: str, choices: Sequence[str], *, lead: Sequence[str] = ()) -> int:
    """Let a person choose one of `choices` by its number, and return its place; `lead` are lines that come first.

    Raises:
        Problem: `input_missing`, naming the option, when there is no terminal.
    """
    _tell(option, [*lead, *(f"  {number}) {choice}" for number, choice in enumerate(choices, start=1))])
    while True:
        digits = unicodedata.normalize("NFKC", _prompt("> ")).strip()
        if digits.isdecimal() and 1 <= int(digits) <= len(choices):
            return int(digits) - 1
        ask_for = "1～{}の番号を入力してください。" if language() == "ja" else "Type a number from 1 to {}."
        click.echo(ask_for.format(len(choices)), err=True)


def pick(choices: Mapping[str, Choice]) -> Choice:
    """Let a person choose by the number of a label, and return what the label stands for.

    Raises:
        Problem: `input_missing` when there is no terminal.
    """
    return list(choices.values())[choose("VERB", list(choices))]


def read_password(question: str, *, from_stdin: bool) -> str:
    """Return the password: a line of standard input, or asked for without an echo.

    Raises:
        Problem: `input_missing`.
    """
    if not from_stdin:
        return ask(PASSWORD_VARIABLE, question, hidden=True, read=str)
    line = sys.stdin.readline().rstrip("\r\n") if sys.stdin else ""
    if not line:
        raise Problem(INPUT_MISSING, what="--password-stdin")
    return line


def _tell(option: str, lines: Sequence[str]) -> None:
    if not has_terminal():
        raise Problem(INPUT_MISSING, what=option)
    for line in lines:
        click.echo(line, err=True)


def _prompt(text: str, *, default: str | None = None, hidden: bool = False) -> str:
    try:
        return str(
            click.prompt(
                text, default=default, show_default=False, hide_input=hidden, prompt_suffix="", err=True
            )
        )
    except click.Abort:
        if not hidden:
            click.echo(err=True)  # so that the shell goes on in a line of its own
        raise
