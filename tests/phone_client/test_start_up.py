"""What a search loads: a person who searches waits for every module, so those it does not need are not there."""

import asyncio
import json
import sys
from pathlib import Path

import pytest

from tests.phone_client.gateway_double import GATEWAY_ID, GatewayDouble, announced

pytestmark = pytest.mark.journeys

HEAVY = {
    "aiohttp",
    "aiomqtt",
    "cryptography",
    "http.client",
    "jinja2",
    "rich",
    "segno",
    "sqlalchemy",
    "sqlite3",
}
OURS = {"protocol.cloud_api", "phone_client.phone", "phone_client.session", "phone_client.screens"}
PROGRAM = """
import atexit, json, sys
atexit.register(lambda: print(json.dumps(sorted(sys.modules)), file=sys.stderr))
from aiseg.__main__ import main
main()
"""


async def modules_after(*words: str) -> tuple[str, set[str]]:
    """Run `aiseg` with `words`; return what it printed, and which modules it had loaded in the end."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        PROGRAM,
        *words,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, err = await process.communicate()
    assert process.returncode == 0, err.decode()
    return out.decode(), set(json.loads(err.decode().splitlines()[-1]))


@pytest.mark.req("S-DISC-01")
@pytest.mark.parametrize("form", [(), ("--json",)])
async def test_a_search_loads_neither_a_web_server_nor_the_clouds_models(
    tmp_path: Path, form: tuple[str, ...]
) -> None:
    async with announced(GatewayDouble()):
        printed, loaded = await modules_after("phone", "search", *form, "--state", str(tmp_path))
    assert GATEWAY_ID[-6:] in printed
    assert "phone_client.searching.search" in loaded
    assert not loaded & (HEAVY | OURS)
