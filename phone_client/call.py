"""What every verb shares: its options, its settings, how it asks a person, and how it answers a script."""

import asyncio
import json
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, TypeVar

import click
from pydantic import BaseModel

from chassis.ending import language
from phone_client.network import ALL
from phone_client.phone import Phone
from phone_client.screens import Screen
from phone_client.settings import PASSWORD_VARIABLE, read_settings
from protocol.problems import INPUT_MISSING, Problem

Verb = TypeVar("Verb", bound=Callable[..., None])
Result = TypeVar("Result")

_OPTIONS = (
    click.option("--config", type=click.Path(path_type=Path), help="Settings; see config/phone.toml."),
    click.option("--state", type=click.Path(path_type=Path), help="Folder of the phone's memory."),
    click.option("--cloud", metavar="URL", help="The cloud's address."),
    click.option("--interface", multiple=True, help="Search here: a name or address; may be repeated."),
    click.option("--lan", is_flag=True, help="Search on every interface that is not loopback."),
)


def options(verb: Verb) -> Verb:
    """Give `verb` the options that may stand before it as well as after it."""
    for option in reversed(_OPTIONS):
        verb = option(verb)
    return verb


class Call:
    """One call of a verb: its settings, its screen, and whether a script wants JSON."""

    def __init__(self, given: dict[str, Any], *, as_json: bool = False) -> None:
        context = click.get_current_context()
        before = context.parent.params if context.parent else {}
        chosen = {key: given[key] or before.get(key) for key in given}
        keys = {
            "store.folder": chosen["state"],
            "cloud.url": chosen["cloud"],
            "network.interfaces": ALL if chosen["lan"] else chosen["interface"],
        }
        self.settings = read_settings(chosen["config"], {key: value for key, value in keys.items() if value})
        self.as_json = as_json
        self.screen = Screen(language())

    def run(self, do: Callable[[Phone], Awaitable[Result]]) -> Result:
        """Run `do` with the phone."""

        async def with_phone() -> Result:
            async with Phone(self.settings) as phone:
                return await do(phone)

        return asyncio.run(with_phone())

    def answer(self, value: BaseModel | dict[str, object], show: Callable[[], None]) -> None:
        """Print `value` as JSON, or show it."""
        if not self.as_json:
            show()
        elif isinstance(value, BaseModel):
            click.echo(value.model_dump_json())
        else:
            click.echo(json.dumps(value, ensure_ascii=False))


def has_terminal() -> bool:
    """Say whether there is somebody to ask; standard input may also be closed altogether."""
    return sys.stdin is not None and not sys.stdin.closed and sys.stdin.isatty()


def ask(option: str, en: str, ja: str, *, hidden: bool = False) -> str:
    """Ask on the terminal.

    Raises:
        Problem: `input_missing`, naming the option, when there is no terminal.
    """
    if not has_terminal():
        raise Problem(INPUT_MISSING, what=option)
    answer: str = click.prompt(ja if language() == "ja" else en, hide_input=hidden, err=True)
    return answer


def read_password(*, from_stdin: bool) -> str:
    """Return the password: a line of standard input, or asked for without an echo.

    Raises:
        Problem: `input_missing`.
    """
    if not from_stdin:
        return ask(PASSWORD_VARIABLE, "Password", "パスワード", hidden=True)
    line = sys.stdin.readline().rstrip("\r\n") if sys.stdin else ""
    if not line:
        raise Problem(INPUT_MISSING, what="--password-stdin")
    return line
