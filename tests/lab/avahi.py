"""Debian's avahi in a node of the lab, with a message bus of its own so that `avahi-browse` works there."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from benchmarks.discovery.peers.avahi import BUS, DAEMON, STAY
from lab.conformance.responders import let_be_avahi
from lab.node import Node

_ON_THE_BUS = ("env", "DBUS_SYSTEM_BUS_ADDRESS=unix:path=/run/bus")


class Avahi:
    """What avahi knows about the network."""

    def __init__(self, node: Node) -> None:
        self._node = node

    def found(self, ip_version: int = 4) -> dict[str, list[str]]:
        """Return the fields of `avahi-browse -rtp` (host, address, port, text) for each resolved instance."""
        printed = self._node.run(*_ON_THE_BUS, "avahi-browse", "-rtp", "_aiseg._tcp")
        rows = [
            line.split(";") for line in printed.splitlines() if line.startswith(f"=;eth0;IPv{ip_version};")
        ]
        return {row[3]: row[6:] for row in rows}

    def wait_until_found(self, names: set[str], ip_version: int = 4) -> dict[str, list[str]]:
        """Browse until exactly `names` (as avahi escapes them) are there."""
        deadline = time.monotonic() + 10
        while (found := self.found(ip_version)).keys() != names:
            assert time.monotonic() < deadline, f"avahi sees {found}, not {names}"
        return found


@contextmanager
def avahi(node: Node, folder: Path) -> Iterator[Avahi]:
    """Run avahi on `node`, with its configuration in `folder`."""
    for program in ("avahi-daemon", "avahi-browse", "dbus-daemon"):
        if not any(Path(place, program).exists() for place in ("/usr/bin", "/usr/sbin")):
            pytest.skip(f"{program} is not installed")
    for ours, theirs in let_be_avahi(folder).items():  # its folder in /run has to belong to the user `avahi`
        node.run("mount", "--bind", ours, theirs)
    bus, daemon = folder / "bus.conf", folder / "avahi.conf"
    bus.write_text(BUS, "utf-8")
    daemon.write_text(DAEMON.format(host="neighbour"), "utf-8")
    with node.running("dbus-daemon", "--nofork", f"--config-file={bus}"):
        _wait_for_file(node, "/run/bus")
        with node.running(*_ON_THE_BUS, "avahi-daemon", *STAY, "-f", str(daemon)):
            _wait_for_file(node, "/run/avahi-daemon/socket")
            yield Avahi(node)


def _wait_for_file(node: Node, path: str) -> None:
    node.run("sh", "-c", f"for i in $(seq 500); do test -e {path} && exit; sleep 0.01; done; exit 1")
