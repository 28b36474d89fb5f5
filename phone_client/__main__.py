"""`aiseg phone`: every verb of the app as a command; without a verb, a person is led through."""

from typing import Final

import click

from chassis.ending import run
from chassis.rooms import Rooms
from phone_client.given import options
from phone_client.prompts import has_terminal
from protocol.problems import EXIT_USAGE

_COMMANDS: Final = "phone_client.commands"
VERBS: Final = {
    "start": f"{_COMMANDS}.guide:start",
    "ui": f"{_COMMANDS}.ui:ui",
    "search": f"{_COMMANDS}.searching:search",
    "signup": f"{_COMMANDS}.account:signup",
    "verify": f"{_COMMANDS}.account:verify",
    "login": f"{_COMMANDS}.account:login",
    "link": f"{_COMMANDS}.linking:link",
    "add": f"{_COMMANDS}.phones:add",
    "change-code": f"{_COMMANDS}.phones:change_code",
    "replace": f"{_COMMANDS}.phones:replace",
    "list": f"{_COMMANDS}.linking:list_phones",
    "users": f"{_COMMANDS}.phones:users",
    "timeline": f"{_COMMANDS}.showing:timeline",
    "events": f"{_COMMANDS}.showing:events",
    "delete": f"{_COMMANDS}.account:delete",
    "logout": f"{_COMMANDS}.account:logout",
}


@click.group("phone", cls=Rooms, rooms=VERBS, invoke_without_command=True)
@options
@click.pass_context
def command(context: click.Context, /, **given: object) -> None:
    """Be the app: search for the AiSEG, link it, see the timeline. Without a verb, on a terminal: be led through."""
    if context.invoked_subcommand:
        return
    if not has_terminal():
        click.echo(context.get_help(), err=True)
        context.exit(EXIT_USAGE)
    _lead(dict(given))


def _lead(given: dict[str, object]) -> None:
    from phone_client.call import Call  # noqa: PLC0415 - everything at once, which a verb need not wait for
    from phone_client.commands.guide import lead  # noqa: PLC0415

    lead(Call(given))


if __name__ == "__main__":
    run(command)
