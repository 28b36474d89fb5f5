"""`aiseg cloud`: API, site and broker in this terminal, until Ctrl-C."""

import asyncio
import json
import logging
from pathlib import Path

import click

from chassis.ending import end_asked_for, run
from chassis.settings import read_settings
from cloud.program import Running, running
from cloud.settings import Settings


@click.command()
@click.option("--config", type=click.Path(path_type=Path), help="Settings; see config/cloud.toml.")
@click.option("--json", "as_json", is_flag=True, help="Print the addresses as one JSON object.")
def command(config: Path | None, as_json: bool) -> None:
    """Run the centre server: HTTP API, CLUB Panasonic site, MQTT broker and ingest."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    logging.getLogger("alembic").setLevel(logging.WARNING)
    asyncio.run(_serve(read_settings(Settings, "cloud", config), as_json))


async def _serve(settings: Settings, as_json: bool) -> None:
    asked = end_asked_for()
    async with running(settings) as cloud:
        click.echo(_addresses(cloud, settings, as_json))
        await asked.wait()


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
    """Run the command and end with its exit code."""
    run(command)


if __name__ == "__main__":
    main()
