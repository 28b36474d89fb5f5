"""Debian's avahi in a node of the lab, with a message bus of its own so that `avahi-browse` works there."""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from lab.node import Node

_BUS = """<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <listen>unix:path=/run/bus</listen>
  <policy context="default">
    <allow user="*"/><allow own="*"/><allow send_destination="*"/><allow receive_sender="*"/>
  </policy>
</busconfig>
"""
_DAEMON = """[server]
host-name=neighbour
allow-interfaces=eth0
use-ipv4=yes
use-ipv6=yes
"""
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
    _let_be_avahi(node, folder)
    bus, daemon = folder / "bus.conf", folder / "avahi.conf"
    bus.write_text(_BUS, "utf-8")
    daemon.write_text(_DAEMON, "utf-8")
    # avahi stays root so that it dies with the test: a process that changes its user loses that tie.
    stay = ("--no-drop-root", "--no-chroot", "--no-rlimits")
    with node.running("dbus-daemon", "--nofork", f"--config-file={bus}"):
        _wait_for_file(node, "/run/bus")
        with node.running(*_ON_THE_BUS, "avahi-daemon", *stay, "-f", str(daemon)):
            _wait_for_file(node, "/run/avahi-daemon/socket")
            yield Avahi(node)


def _let_be_avahi(node: Node, folder: Path) -> None:
    """Let the user `avahi`, whom its folder in /run has to belong to, be ours there: no other can be had without root."""
    for file, ours in (
        ("passwd", f"avahi:x:{os.geteuid()}:{os.getegid()}::/:"),
        ("group", f"avahi:x:{os.getegid()}:"),
    ):
        others = [
            line
            for line in Path("/etc", file).read_text("utf-8").splitlines()
            if not line.startswith("avahi:")
        ]
        (folder / file).write_text("\n".join([*others, ours, ""]), "utf-8")
        node.run("mount", "--bind", str(folder / file), f"/etc/{file}")


def _wait_for_file(node: Node, path: str) -> None:
    node.run("sh", "-c", f"for i in $(seq 500); do test -e {path} && exit; sleep 0.01; done; exit 1")
