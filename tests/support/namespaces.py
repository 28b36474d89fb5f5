"""Networks of our own: hosts on one bridge, each a network namespace held by a child process.

```
   [ switch ]  bridge br0
     │     │
  [ h1 ] [ h2 ]   eth0: 192.0.2.1, 192.0.2.2 …, fe80::…; a private /run
```

A holder waits for its standard input to end, which it does however this process ends. With the holder goes the
namespace, with the namespace its interfaces; programs started in a host are killed with the process that started them.
"""

import ctypes
import fcntl
import socket
import struct
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pytest

from tests.support.rights import NOT_ALLOWED, may_make_networks

_NETWORK: Final = 0x40000000  # CLONE_NEWNET
_SET_FLAGS: Final = 0x8914  # SIOCSIFFLAGS
_UP: Final = 1  # IFF_UP
_libc = ctypes.CDLL(None, use_errno=True)

_HOLD: Final = """
mount -t tmpfs none /run
echo 0 > /proc/sys/net/ipv6/conf/default/accept_dad
ip link set lo up
echo ready
exec cat
"""


@dataclass(frozen=True)
class Host:
    """One machine of the network: its holder's process id and its IPv4 address on `eth0`."""

    pid: int
    address: str

    def command(self, *words: str) -> list[str]:
        """Return the command that runs `words` in this host, killed when the caller's process ends."""
        enter = ["nsenter", f"--target={self.pid}", "--net", "--mount", f"--wd={Path.cwd()}"]
        return [*enter, "setpriv", "--pdeathsig", "KILL", *words]

    def run(self, *words: str) -> str:
        """Run a command to its end and return what it printed.

        Raises:
            AssertionError: it failed.
        """
        done = subprocess.run(self.command(*words), capture_output=True, text=True, timeout=30, check=False)
        assert done.returncode == 0, f"{words}: {done.stderr or done.stdout}"
        return done.stdout

    @contextmanager
    def running(self, *words: str) -> Iterator[subprocess.Popen[str]]:
        """Keep a command running in this host; ask it to end, then make it."""
        process = subprocess.Popen(
            self.command(*words),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        try:
            yield process
        finally:
            _end(process)

    def open_socket(self, family: int, kind: int) -> socket.socket:
        """Return a socket that lives in this host and is used from here."""
        with ThreadPoolExecutor(1) as visitor:  # a namespace is a thread's own affair
            return visitor.submit(self._visit, family, kind).result()

    def _visit(self, family: int, kind: int) -> socket.socket:
        with Path(f"/proc/{self.pid}/ns/net").open() as namespace:
            if _libc.setns(namespace.fileno(), _NETWORK):
                raise OSError(ctypes.get_errno(), "setns")
        return socket.socket(family, kind)


def enter_own_network() -> None:
    """Put this thread, and all that it starts from now on, into a network with nothing but loopback."""
    if _libc.unshare(_NETWORK):
        raise OSError(ctypes.get_errno(), "unshare")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        fcntl.ioctl(any_socket, _SET_FLAGS, struct.pack("16sh14x", b"lo", _UP))


@contextmanager
def hosts_on_a_bridge(count: int) -> Iterator[list[Host]]:
    """Make `count` hosts on one bridge, 192.0.2.1 onwards; skip the test where that is not allowed."""
    if not may_make_networks():
        pytest.skip(NOT_ALLOWED)
    with ExitStack() as holders:
        switch = Host(holders.enter_context(_holder()).pid, "")
        switch.run("ip", "link", "add", "br0", "up", "type", "bridge", "mcast_snooping", "0")
        hosts = []
        for number in range(1, count + 1):
            host = Host(holders.enter_context(_holder()).pid, f"192.0.2.{number}")
            _plug_in(host, switch, f"port{number}")
            hosts.append(host)
        yield hosts


def _plug_in(host: Host, switch: Host, port: str) -> None:
    peer = ["peer", "name", "eth0", "netns", str(host.pid)]
    switch.run("ip", "link", "add", port, "up", "master", "br0", "type", "veth", *peer)
    host.run("ip", "address", "add", f"{host.address}/24", "dev", "eth0")
    host.run("ip", "link", "set", "eth0", "up")


@contextmanager
def _holder() -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        ["unshare", "--net", "--mount", "sh", "-ec", _HOLD],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout
        assert process.stdout.readline() == "ready\n", "no network namespace"
        yield process
    finally:
        _end(process)


def _end(process: subprocess.Popen[str]) -> None:
    with process:  # closes its pipes and waits for it
        process.terminate()
        try:
            process.wait(5)
        except subprocess.TimeoutExpired:
            process.kill()
