"""What a verb is given: its options and settings, the person's language, and how it answers a script."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click
from pydantic import BaseModel

from chassis.ending import language
from phone_client.searching.network import ALL
from phone_client.settings import read_settings

Verb = TypeVar("Verb", bound=Callable[..., None])

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


class Given:
    """What one call of a verb was given. All that a search needs; for the rest there is `call.Call`.

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
