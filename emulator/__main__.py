"""`aiseg emulator`: one gateway in this terminal, until Ctrl-C."""

import asyncio
import json
import logging
from pathlib import Path
from typing import get_args

import click

from chassis.ending import end_asked_for, run
from chassis.settings import read_settings
from emulator.program import running
from emulator.settings import Settings
from protocol.identity import Model
from protocol.problems import SETTINGS_WRONG, Problem


@click.command("emulator")
@click.option("--config", type=click.Path(path_type=Path), help="TOML file; see config/emulator.toml.")
@click.option("--model", type=click.Choice(get_args(Model)), help="The model to be.")
@click.option("--state", type=click.Path(path_type=Path), help="Folder of identity and outbox.")
@click.option("--http", metavar="HOST:PORT", help="Where panel and device API listen.")
@click.option("--cloud", metavar="URL", help="Where the cloud's HTTP API is.")
@click.option("--json", "as_json", is_flag=True, help="Print the label as one JSON object.")
def command(
    *,
    config: Path | None,
    model: str | None,
    state: Path | None,
    http: str | None,
    cloud: str | None,
    as_json: bool,
) -> None:
    """Run one emulated AiSEG gateway."""
    options = {"gateway.model": model, "gateway.folder": state, "cloud.url": cloud, **_http(http)}
    given = {key: value for key, value in options.items() if value is not None}
    settings = read_settings(Settings, "emulator", config, given)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    asyncio.run(_serve(settings, as_json=as_json))


async def _serve(settings: Settings, *, as_json: bool) -> None:
    asked = end_asked_for()
    async with running(settings) as program:
        from emulator.label import label, label_document  # noqa: PLC0415 - with what the program has loaded

        if as_json:
            click.echo(json.dumps(label_document(program.gateway, program.urls), ensure_ascii=False))
        else:
            click.echo(label(program.gateway, program.urls))
        await asked.wait()


def _http(address: str | None) -> dict[str, object]:
    if address is None:
        return {}
    host, colon, port = address.rpartition(":")
    if not (host and colon and port.isdecimal()):
        raise Problem(SETTINGS_WRONG, file="command line", key="--http", reason="not HOST:PORT")
    return {"http.host": host.strip("[]"), "http.port": int(port)}


def main() -> None:
    """Run the command and end with its exit code."""
    run(command)


if __name__ == "__main__":
    main()
