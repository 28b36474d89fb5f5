"""The search, as a verb by itself and before a registration (manual p19).

Whoever searches waits for every module that is imported here.
"""

import asyncio
import math
import sys

import click

from phone_client.found_screen import FoundScreen, found_document
from phone_client.gateway_client import GatewayClient
from phone_client.given import Given, json_option, options
from phone_client.lookout import Lookout
from phone_client.searching.finding import Found
from protocol.problems import EXIT_NOT_FOUND


def _a_number(_: click.Context, __: click.Parameter, seconds: float | None) -> float | None:
    """Refuse "nan", which no range keeps out."""
    if seconds is not None and math.isnan(seconds):
        raise click.BadParameter("nan is no time.")
    return seconds


@click.command()
@options
@json_option
@click.option(
    "--timeout",
    "limit_s",
    type=click.FloatRange(0, 60, min_open=True),
    callback=_a_number,
    help="Seconds to search at most; 10 unless it is set otherwise.",
)
@click.option(
    "--sweep", is_flag=True, help="Also ask every address of this machine's own networks (your own only)."
)
def search(*, as_json: bool, limit_s: float | None, sweep: bool, **given: object) -> None:
    """Look for gateways on the network; say why when there is none (exit code 3)."""
    call = Given(given, as_json=as_json)
    found = find(call, limit_s=limit_s, sweep=sweep)
    call.answer(found_document(found), lambda: None)
    if not found.hits:
        sys.exit(EXIT_NOT_FOUND)


def find(call: Given, *, limit_s: float | None = None, way_on: str = "", sweep: bool = False) -> Found:
    """Search; unless a script asks, show each gateway the moment it is found, what is being tried, and why none was found."""
    lookout = Lookout(call.settings, GatewayClient())
    if call.as_json:
        return asyncio.run(lookout.search(limit_s, sweep=sweep))
    screen = FoundScreen(call.language)
    with screen.searching(way_on) as watch:
        found = asyncio.run(lookout.search(limit_s, watch, screen.show_hit, sweep=sweep))
    screen.show_diagnosis(found)
    return found
