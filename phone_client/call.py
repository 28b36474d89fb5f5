"""What every verb shares: its options, its settings, the phone it asks, and how it answers a script."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, TypeVar

import click
from pydantic import BaseModel

from chassis.ending import language
from phone_client.network import ALL
from phone_client.phone import Phone
from phone_client.screens import Screen
from phone_client.settings import read_settings
from phone_client.standing import Standing
from phone_client.wording import read_wording
from protocol.problems import NOT_LOGGED_IN, Problem

Verb = TypeVar("Verb", bound=Callable[..., None])
Result = TypeVar("Result")

_OPTIONS = (
    click.option("--config", type=click.Path(path_type=Path), help="Settings; see config/phone.toml."),
    click.option("--state", type=click.Path(path_type=Path), help="Folder of the phone's memory."),
    click.option("--cloud", metavar="URL", help="The cloud's address."),
    click.option("--interface", multiple=True, help="Search here: a name or address; may be repeated."),
    click.option("--lan", is_flag=True, help="Search on every interface that is not loopback."),
)
json_option = click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")


def options(verb: Verb) -> Verb:
    """Give `verb` the options that may stand before it as well as after it."""
    for option in reversed(_OPTIONS):
        verb = option(verb)
    return verb


class Call:
    """One call of a verb: its settings, its screen and words, and whether a script wants JSON.

    `more` are settings by their dotted keys that this verb has options for.
    """

    def __init__(
        self, given: dict[str, Any], *, as_json: bool = False, more: dict[str, object] | None = None
    ) -> None:
        chosen = {key: _given(key) or value for key, value in given.items()}
        keys = {
            "store.folder": chosen["state"],
            "cloud.url": chosen["cloud"],
            "network.interfaces": ALL if chosen["lan"] else chosen["interface"],
        } | (more or {})
        options = {key: value for key, value in keys.items() if value not in (None, ())}
        self.settings = read_settings(chosen["config"], options)
        self.as_json = as_json
        self.language = language()
        self.words = read_wording(self.language)
        self.screen = Screen(self.language, self.words)

    def run(self, do: Callable[[Phone], Awaitable[Result]]) -> Result:
        """Run `do` with the phone."""

        async def with_phone() -> Result:
            async with Phone(self.settings) as phone:
                return await do(phone)

        return asyncio.run(with_phone())

    def standing(self) -> Standing:
        """Return where the person stands, of one who is logged in.

        Raises:
            Problem: `not_logged_in`, or why the session has ended.
        """
        standing = self.run(lambda phone: phone.standing())
        if standing.email is None:
            raise Problem(standing.ended or NOT_LOGGED_IN)
        return standing

    def word(self, en: str, ja: str) -> str:
        """Return one of the two, in this person's language."""
        return ja if self.language == "ja" else en

    def answer(self, value: BaseModel | dict[str, object], show: Callable[[], None]) -> None:
        """Print `value` as JSON, or show it."""
        if not self.as_json:
            show()
        elif isinstance(value, BaseModel):
            click.echo(value.model_dump_json())
        else:
            click.echo(json.dumps(value, ensure_ascii=False))


def _given(key: str) -> Any:
    """Return the nearest value of a shared option that stands after the verb or before it."""
    context: click.Context | None = click.get_current_context()
    while context:
        if value := context.params.get(key):
            return value
        context = context.parent
    return None
