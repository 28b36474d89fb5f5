"""The command: `aiseg lab conform`, also `python -m lab.conformance`."""

import json
import sys
from collections.abc import Sequence
from dataclasses import asdict
from difflib import get_close_matches

import click

from chassis.ending import run as run_command
from lab.conformance import RESPONDERS, run
from lab.conformance.checks import CHECKS
from lab.conformance.table import print_table, progress

EXIT_FAILED = 1


@click.command("conform", short_help="Judge an mDNS responder by its RFCs.")
@click.option(
    "--responder",
    type=click.Choice(list(RESPONDERS)),
    default="ours",
    show_default=True,
    help="Who is judged: the emulator's, Debian's avahi-daemon, or python-zeroconf.",
)
@click.option("--only", multiple=True, metavar="CHECK", help="Make this check only; may be repeated.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON list.")
def command(*, responder: str, only: Sequence[str], as_json: bool) -> None:
    """Judge a multicast DNS responder by RFC 6762 and 6763, from the wire (exit code 1: a check failed)."""
    ids = [check.id for check in CHECKS]
    for each in only:
        if each not in ids:
            near = ", ".join(get_close_matches(each, ids)) or "none near it"
            raise click.BadParameter(f"there is no check {each!r} ({near}).", param_hint="--only")
    if package := RESPONDERS[responder].missing():
        raise click.ClickException(f"{package} is not installed.")
    with progress(responder, len(only or ids)) as told:
        results = run(responder, only, told)
    if as_json:
        click.echo(json.dumps([asdict(each) for each in results], ensure_ascii=False))
    else:
        print_table(results)
    if any(each.outcome == "fail" for each in results):
        sys.exit(EXIT_FAILED)


if __name__ == "__main__":
    run_command(command)
