"""The command `aiseg`: each program's own command under one roof, imported only when it is asked for."""

import click

from chassis.ending import run
from chassis.rooms import Rooms

ROOMS = {
    "demo": "aiseg.demo:command",
    "emulator": "emulator.__main__:command",
    "cloud": "cloud.__main__:command",
    "phone": "phone_client.__main__:command",
    "lab": "lab.__main__:command",
}


@click.group(cls=Rooms, rooms=ROOMS)
@click.version_option(package_name="aiseg")
def command() -> None:
    """One household's AiSEG world on your desk (an independent emulator, not by Panasonic)."""


def main() -> None:
    """Run the command and end with its exit code."""
    run(command)


if __name__ == "__main__":
    main()
