"""`aiseg lab`: a virtual home whose network is broken on purpose, and what the phone says about it."""

import click

from chassis.ending import run
from chassis.rooms import Rooms

ROOMS = {
    "conditions": "lab.commands.searching:conditions",
    "search": "lab.commands.searching:search",
    "run": "lab.commands.running:command",
    "list": "lab.commands.scripts:list_stories",
    "validate": "lab.commands.scripts:validate",
    "replay": "lab.commands.replaying:command",
    "matrix": "lab.commands.matrix:matrix",
    "conform": "lab.conformance.__main__:command",
}


@click.group("lab", cls=Rooms, rooms=ROOMS)
def command() -> None:
    """Break a home's network on purpose, all of it on this machine, and see what the phone says."""


if __name__ == "__main__":
    run(command)
