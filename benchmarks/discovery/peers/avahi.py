"""Debian's avahi: `browse -rp` searches by avahi-browse through a daemon with a cold cache, `publish …` announces.

Needs a `/run` of its own; daemon and message bus live there, and nowhere else.
"""

import os
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from threading import Timer
from typing import Final

from benchmarks.discovery.peers.asking import Known, Stopwatch, say, serve

BUS: Final = """<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <listen>unix:path=/run/bus</listen>
  <policy context="default">
    <allow user="*"/><allow own="*"/><allow send_destination="*"/><allow receive_sender="*"/>
  </policy>
</busconfig>
"""
DAEMON: Final = """[server]
host-name={host}
allow-interfaces=eth0
use-ipv4=yes
use-ipv6=yes
"""
# avahi stays root so that it dies with the home: a process that changes its user loses that tie.
STAY: Final = ("--no-drop-root", "--no-chroot", "--no-rlimits")
STARTUP_S: Final = 5
FIELDS: Final = 10


class Daemon:
    """avahi-daemon, started anew as often as wanted, and its message bus."""

    def __init__(self, host: str) -> None:
        self._folder = Path(tempfile.mkdtemp(dir="/run"))
        (self._folder / "bus.conf").write_text(BUS, "utf-8")
        (self._folder / "avahi.conf").write_text(DAEMON.format(host=host), "utf-8")
        os.environ["DBUS_SYSTEM_BUS_ADDRESS"] = "unix:path=/run/bus"
        bus = ["dbus-daemon", "--nofork", f"--config-file={self._folder / 'bus.conf'}"]
        subprocess.Popen(bus, stderr=subprocess.DEVNULL)
        _wait_for(Path("/run/bus"))
        self._process: subprocess.Popen[str] | None = None

    def start(self) -> None:
        """Start it: it remembers nothing."""
        self.stop()
        command = ["avahi-daemon", *STAY, "-f", str(self._folder / "avahi.conf")]
        self._process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
        _wait_for(Path("/run/avahi-daemon/socket"))

    def settle(self) -> None:
        """Wait until it has probed its own host name."""
        assert self._process
        assert self._process.stderr
        for line in self._process.stderr:
            if "startup complete" in line:
                return

    def stop(self) -> None:
        """End it, and wait for its end."""
        if self._process:
            self._process.kill()
            self._process.communicate()
            for left in Path("/run/avahi-daemon").iterdir():
                left.unlink()
            self._process = None


def browse(daemon: Daemon, how: str, limit_s: float, gateway_id: str) -> Known | None:
    """Let avahi-browse search once, from its start as a process; the daemon is gone afterwards.

    With `t` in `how` it ends by itself, and its end is what counts.
    """
    daemon.settle()
    known: Known | None = None
    watch = Stopwatch()
    command = ["avahi-browse", how, "_aiseg._tcp"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        limit = Timer(limit_s, process.kill)
        limit.start()
        try:
            assert process.stdout
            for line in process.stdout:
                known = known or _read(line, watch.ms, gateway_id)
                if known and "t" not in how:
                    return known
            return replace(known, ms=watch.ms) if known else None
        finally:
            limit.cancel()
            process.kill()
            daemon.stop()


def _read(line: str, ms: float, gateway_id: str) -> Known | None:
    """Return what a resolved line says of our gateway."""
    fields = line.rstrip("\n").split(";", FIELDS - 1)
    if fields[0] != "=" or len(fields) < FIELDS:
        return None
    txt = dict(pair.partition("=")[::2] for pair in fields[9].strip('"').split('" "'))
    if txt.get("id") != gateway_id:
        return None
    return Known(fields[3], [fields[7]], int(fields[8]), txt, ms)


def _wait_for(path: Path) -> None:
    deadline = time.monotonic() + STARTUP_S
    while not path.exists():
        if time.monotonic() > deadline:
            raise TimeoutError(f"{path} did not come")
        time.sleep(0.002)


def _publish(host: str, port: str, name: str, *txt: str) -> None:
    daemon = Daemon(host.removesuffix(".local."))
    daemon.start()
    daemon.settle()
    with subprocess.Popen(
        ["avahi-publish", "-s", name, "_aiseg._tcp", port, *txt], stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stderr
        for line in process.stderr:
            if "Established" in line:
                break
        say({})
        process.wait()


def _browse(how: str) -> None:
    daemon = Daemon("phone")
    serve(lambda limit_s, gateway_id: browse(daemon, how, limit_s, gateway_id), daemon.start)


if __name__ == "__main__":
    with suppress(KeyboardInterrupt):
        if sys.argv[1] == "browse":
            _browse(sys.argv[2])
        else:
            _publish(*sys.argv[2:])
