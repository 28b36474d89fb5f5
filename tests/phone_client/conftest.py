"""A loopback of our own: other gateways announced on this machine must not be found by the tests."""

import ctypes
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

_NETWORK: Final = 0x40000000  # CLONE_NEWNET
_libc = ctypes.CDLL(None, use_errno=True)


@pytest.fixture(autouse=True)
def own_loopback() -> Iterator[None]:
    """Put this thread, and what it starts, into a network with nothing but loopback; without root, share the machine's."""
    if os.geteuid():
        yield
        return
    with Path("/proc/thread-self/ns/net").open() as before:
        assert _libc.unshare(_NETWORK) == 0
        subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
        try:
            yield
        finally:
            assert _libc.setns(before.fileno(), _NETWORK) == 0
