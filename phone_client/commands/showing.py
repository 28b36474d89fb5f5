"""The top screen and what has happened (manual p27, security T-32)."""

from datetime import date
from typing import get_args

import click

from phone_client.call import Call
from phone_client.given import json_option, options
from protocol.cloud_api import By


def _read_day(_: click.Context, __: click.Parameter, typed: str | None) -> date | None:
    try:
        return date.fromisoformat(typed) if typed else None
    except ValueError:
        raise click.BadParameter("not a day of the form YYYY-MM-DD") from None


@click.command()
@options
@json_option
@click.option(
    "--by", type=click.Choice(get_args(By)), default="hour", show_default=True, help="What a bar is."
)
@click.option("--on", metavar="YYYY-MM-DD", callback=_read_day, help="A day in Japan; without it, today.")
def timeline(*, as_json: bool, by: By, on: date | None, **given: object) -> None:
    """Show what the house made and used: the day that holds the date, for `--by day` its month, for `month` its year."""
    call = Call(given, as_json=as_json)
    show_timeline(call, by, on)


@click.command()
@options
@json_option
def events(*, as_json: bool, **given: object) -> None:
    """Show what has happened to the AiSEG and to the phones that use it."""
    call = Call(given, as_json=as_json)
    happened = call.run(lambda phone: phone.events())
    call.answer(happened, lambda: call.screen.show_events(happened))


def show_timeline(call: Call, by: By = "hour", on: date | None = None) -> None:
    """Show the timeline, or, to a person whose AiSEG has old firmware, how to update it first (S-BIND-17)."""
    if not call.as_json:
        link = call.run(lambda phone: phone.current_link())
        if link.is_outdated:
            call.screen.show_firmware_popup(link)
            call.screen.show_update_guide()
            return
    shown = call.run(lambda phone: phone.timeline(by, on))
    call.answer(shown, lambda: call.screen.show_timeline(shown))
