"""`aiseg cloud`: API, site and broker in this terminal, until Ctrl-C."""

import asyncio
import json
import logging
import os
import signal
import sys
from pathlib import Path

import click

from cloud.program import Running, running
from cloud.settings import Settings, read_settings
from protocol.problems import AisegError, exit_code


@click.command()
@click.option("--config", type=click.Path(path_type=Path), help="Settings; see config/cloud.toml.")
@click.option("--json", "as_json", is_flag=True, help="Print the addresses as one JSON object.")
def command(config: Path | None, as_json: bool) -> None:
    """Run the centre server: HTTP API, CLUB Panasonic site, MQTT broker and ingest."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    logging.getLogger("alembic").setLevel(logging.WARNING)
    asyncio.run(_run(read_settings(config), as_json))


async def _run(settings: Settings, as_json: bool) -> None:
    stop = asyncio.Event()
    for each in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(each, stop.set)
    async with running(settings) as cloud:
        click.echo(_addresses(cloud, settings, as_json))
        await stop.wait()


def _addresses(cloud: Running, settings: Settings, as_json: bool) -> str:
    addresses = {
        "cloud": cloud.public_url,
        "inbox": f"{cloud.public_url}/inbox" if settings.shows_inbox() else None,
        "console": f"{cloud.public_url}/console",
        "mqtt": f"{cloud.mqtt_host}:{cloud.mqtt_port}",
    }
    if as_json:
        return json.dumps(addresses)
    return "\n".join(f"{name:<8} {address}" for name, address in addresses.items() if address)


def main() -> None:
    """Run the command; say a problem in one sentence of the user's language."""
    try:
        command.main(prog_name="python -m cloud")
    except AisegError as error:
        language = (os.environ.get("LC_ALL") or os.environ.get("LANG") or "")[:2]
        click.echo(error.sentence(language), err=True)
        sys.exit(exit_code(error))


if __name__ == "__main__":
    main()
