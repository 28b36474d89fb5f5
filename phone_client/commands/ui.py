"""`aiseg phone ui`: the app in a browser, until Ctrl-C."""

import asyncio
import io
import json
import logging

import click
import segno

from chassis.ending import end_asked_for
from phone_client.call import Call
from phone_client.given import json_option, options


@click.command()
@options
@json_option
@click.option("--host", help="The address to serve at; one that others reach lets them in with a key.")
@click.option("--port", type=click.IntRange(0, 65535), help="0 for any free one.")
def ui(*, as_json: bool, host: str | None, port: int | None, **given: object) -> None:
    """Show the app as a phone in the browser; it searches from this machine."""
    call = Call(given, as_json=as_json, more={"ui.host": host, "ui.port": port})
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(levelname)s %(message)s")
    asyncio.run(_serve(call))


async def _serve(call: Call) -> None:
    from phone_client.program import running  # noqa: PLC0415 - pages take a while to load

    asked = end_asked_for()
    async with running(call.settings) as program:
        if call.as_json:
            click.echo(json.dumps({"phone": program.url}))
        else:
            click.echo(_qr(program.url))
            call.screen.say(f"{call.words['app']}: {program.url}")
            call.screen.say(call.words["band"])
        await asked.wait()


def _qr(url: str) -> str:
    drawing = io.StringIO()
    segno.make_qr(url).terminal(drawing, compact=True)
    return drawing.getvalue().rstrip("\n")
