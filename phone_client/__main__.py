"""`aiseg phone`: every verb of the app as a command; without a verb, a person is led through."""

import click

from chassis.ending import run
from phone_client.call import Call, options
from phone_client.commands import account, guide, linking, phones, showing, ui
from phone_client.prompts import has_terminal
from protocol.problems import EXIT_USAGE

_VERBS = (
    guide.start,
    ui.ui,
    linking.search,
    account.signup,
    account.verify,
    account.login,
    linking.link,
    phones.add,
    phones.change_code,
    phones.replace,
    linking.list_phones,
    phones.users,
    showing.timeline,
    showing.events,
    account.delete,
    account.logout,
)


class _Verbs(click.Group):
    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        """Return the names in the order a newcomer meets them."""
        return [str(verb.name) for verb in _VERBS]


@click.group("phone", cls=_Verbs, invoke_without_command=True)
@options
@click.pass_context
def command(context: click.Context, /, **given: object) -> None:
    """Be the app: search for the AiSEG, link it, see the timeline. Without a verb, on a terminal: be led through."""
    if context.invoked_subcommand:
        return
    if not has_terminal():
        click.echo(context.get_help(), err=True)
        context.exit(EXIT_USAGE)
    guide.lead(Call(given))


for _verb in _VERBS:
    command.add_command(_verb)


if __name__ == "__main__":
    run(command)
