import signal
import subprocess
import sys
import time

import psutil
import pytest

from tests.support.namespaces import hosts_on_a_bridge
from tests.support.rights import NOT_ALLOWED, may_make_networks

CRASH = """
import os, signal
from tests.support.namespaces import hosts_on_a_bridge
with hosts_on_a_bridge(2) as (one, two), one.running("sh", "-c", "echo runs; exec sleep 60") as program:
    program.stdout.readline()  # it has got so far as to end with this process
    print(one.pid, two.pid, program.pid, flush=True)
    os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.mark.skipif(not may_make_networks(), reason=NOT_ALLOWED)
def test_a_test_that_crashes_leaves_nothing_behind() -> None:
    crashed = subprocess.run([sys.executable, "-c", CRASH], stdout=subprocess.PIPE, text=True, check=False)
    assert crashed.returncode == -signal.SIGKILL
    started = [int(pid) for pid in crashed.stdout.split()]
    assert len(started) == 3
    deadline = time.monotonic() + 5
    while left := [pid for pid in started if is_alive(pid)]:
        assert time.monotonic() < deadline, f"still there: {left}"


def is_alive(pid: int) -> bool:
    """Say no for a process that has ended and only waits to be collected by whoever adopted it."""
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def test_hosts_reach_each_other_and_nobody_else() -> None:
    with hosts_on_a_bridge(2) as (one, two):
        assert one.run("ip", "-4", "-o", "route").split()[0] == "192.0.2.0/24"
        with two.open_socket(2, 1) as server, one.open_socket(2, 1) as client:
            server.bind((two.address, 8080))
            server.listen()
            client.settimeout(2)
            client.connect((two.address, 8080))
        with one.open_socket(2, 2) as client, pytest.raises(OSError, match="unreachable"):
            client.connect(("198.51.100.1", 9))
