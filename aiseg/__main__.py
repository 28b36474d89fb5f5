"""The command `aiseg`: each program's own command under one roof, imported only when it is asked for."""

from importlib import import_module

import click

from chassis.ending import run

ROOMS = {
    "demo": "aiseg.demo",
    "emulator": "emulator.__main__",
    "cloud": "cloud.__main__",
    "phone": "phone_client.__main__",
}


class Programs(click.Group):
    """The commands of ROOMS: `aiseg phone search` must not wait for the cloud's database library."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        """Return the names in the order a newcomer meets them."""
        return list(ROOMS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        """Import and return one command, or None for an unknown name."""
        if cmd_name not in ROOMS:
            return None
        command: click.Command = import_module(ROOMS[cmd_name]).command
        return command


@click.group(cls=Programs)
@click.version_option(package_name="aiseg")
def command() -> None:
    """One household's AiSEG world on your desk (an independent emulator, not by Panasonic)."""


def main() -> None:
    """Run the command and end with its exit code."""
    run(command)


if __name__ == "__main__":
    main()
