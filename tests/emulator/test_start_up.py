"""What is loaded before the first probe goes out: names come first, and nobody waits for what only serves later."""

import json
import subprocess
import sys

import pytest

pytestmark = pytest.mark.journeys

LATER = {
    "aiohttp",
    "aiomqtt",
    "cryptography",
    "jinja2",
    "segno",
    "sqlite3",
    "emulator.gateway",
    "emulator.panel",
}


def test_the_names_are_probed_for_without_waiting_for_http_and_its_like() -> None:
    program = "import json, sys, emulator.__main__; print(json.dumps(sorted(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    loaded = set(json.loads(done.stdout))
    assert "emulator.announcer" in loaded
    assert not loaded & LATER
