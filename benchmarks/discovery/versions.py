"""Which versions of the peers were measured."""

import json
import subprocess
from collections.abc import Iterator
from importlib.metadata import version
from typing import Final

from benchmarks.discovery.here import PEERS, Here

_LIMIT_S: Final = 10


def versions(here: Here) -> Iterator[str]:
    """Yield name and version of each peer that is here."""
    yield f"python-zeroconf {version('zeroconf')}"
    if "avahi" not in here.absent:
        yield _said("avahi-daemon", "--version").replace("avahi-daemon", "avahi")
    if "npm" not in here.absent:
        packages = json.loads((PEERS / "package.json").read_text("utf-8"))["dependencies"]
        yield f"Node {_said('node', '--version').removeprefix('v')} with " + ", ".join(
            f"{name} {number}" for name, number in packages.items()
        )
    if "go" not in here.absent:
        package = _said("dpkg-query", "--show", "--showformat=${Version}", "golang-github-hashicorp-mdns-dev")
        yield f"hashicorp/mdns {package.partition('-')[0]}"


def _said(*command: str) -> str:
    """Return what a program says of itself, or a question mark."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=_LIMIT_S, check=False)
    except OSError:
        return "?"
    return done.stdout.strip() or "?"
