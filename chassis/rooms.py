"""A command made of others, each imported only when it is asked for: a search must not wait for a server's libraries."""

from collections.abc import Mapping
from importlib import import_module
from typing import Any

import click


class Rooms(click.Group):
    """The commands of `rooms`: a name for each, and where it is (`package.module:command`)."""

    def __init__(self, *args: Any, rooms: Mapping[str, str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._rooms = rooms

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        """Return the names in the order a newcomer meets them."""
        return list(self._rooms)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        """Import and return one command, or None for an unknown name."""
        if cmd_name not in self._rooms:
            return None
        module, _, name = self._rooms[cmd_name].partition(":")
        command: click.Command = getattr(import_module(module), name)
        return command
