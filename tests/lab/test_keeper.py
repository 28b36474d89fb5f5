"""Whatever happens to the runner of a home, nothing of the home is left."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil
import pytest

from lab.home import Home
from protocol.problems import HOME_NOT_ALLOWED, Problem, UnreachableError
from tests.support.rights import NOT_ALLOWED, may_make_networks

pytestmark = pytest.mark.skipif(not may_make_networks(), reason=NOT_ALLOWED)

WITHIN_S = 2.0

RUNNER = """
import sys
from lab.home import Home
with Home() as home:
    home.gateway.start("sh", "-c", "trap '' TERM INT HUP; while :; do sleep 1; done")
    home.phone.start("setsid", "-f", "sleep", "3600")
    home.begin("wifi_air")
    print("ready", flush=True)
    THEN
"""
WAIT = "sys.stdin.read()"


class Traces:
    """What a home has in the kernel: processes and namespaces, which are kept by us so that no others get their numbers."""

    def __init__(self, runner: int) -> None:
        self.processes = psutil.Process(runner).children(recursive=True)
        self._kept: dict[str, int] = {}
        ours = {str(each.readlink()) for each in Path("/proc/self/ns").iterdir()}
        for process in self.processes:
            for each in Path(f"/proc/{process.pid}/task").glob("*/ns/*"):
                with suppress(OSError):  # it was one of the short sleeps
                    name = str(each.readlink())
                    if each.name in {"net", "mnt", "pid"} and name not in self._kept and name not in ours:
                        self._kept[name] = os.open(each, os.O_RDONLY)

    def count(self, kind: str) -> int:
        """Return how many namespaces of a kind there were."""
        return sum(name.startswith(kind) for name in self._kept)

    def left(self) -> list[object]:
        """Return what is still there: processes, and namespaces that somebody besides us is in or holds open."""
        alive = [each for each in self.processes if is_alive(each)]
        return [*alive, *(name for name in namespaces_in_use() if name in self._kept)]

    def close(self) -> None:
        for each in self._kept.values():
            os.close(each)


def namespaces_in_use() -> Iterator[str]:
    for process in Path("/proc").glob("[0-9]*"):
        for pattern in ("task/*/ns/*", "fd/*") if process.name != str(os.getpid()) else ():
            for each in process.glob(pattern):
                with suppress(OSError):
                    yield str(each.readlink())


def is_alive(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


@contextmanager
def runner(then: str = WAIT) -> Iterator[tuple[subprocess.Popen[str], Traces]]:
    """Start a process that has a home with programs in it; fail if something of the home is left when it has ended."""
    mounts, links = Path("/proc/self/mountinfo").read_text(), socket.if_nameindex()
    program = [sys.executable, "-c", RUNNER.replace("THEN", then)]
    with subprocess.Popen(program, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        assert process.stdout.readline() == "ready\n", "no home"
        traces = Traces(process.pid)
        assert len(traces.processes) >= 5  # unshare, the keeper, the two, and what they started
        assert (traces.count("net"), traces.count("mnt"), traces.count("pid")) == (5, 5, 1)
        try:
            yield process, traces
        finally:
            process.kill()
    gone_within(WITHIN_S, traces.left)
    traces.close()
    assert Path("/proc/self/mountinfo").read_text() == mounts
    assert socket.if_nameindex() == links


def say_to(process: subprocess.Popen[str]) -> None:
    """Let a runner go on, and wait for what it answers, if it does."""
    assert process.stdin
    assert process.stdout
    process.stdin.write("\n")
    process.stdin.flush()
    process.stdout.readline()


def gone_within(seconds: float, left: Callable[[], object]) -> None:
    deadline = time.monotonic() + seconds
    while still := left():
        assert time.monotonic() < deadline, f"still there: {still}"
        time.sleep(0.01)


@pytest.mark.parametrize("killed_by", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_runner_that_is_killed_leaves_nothing_behind(killed_by: signal.Signals) -> None:
    with runner() as (process, _):
        process.send_signal(killed_by)
        process.wait(5)


def test_a_runner_that_fails_leaves_nothing_behind(capfd: pytest.CaptureFixture[str]) -> None:
    with runner("sys.stdin.readline(); raise KeyError") as (process, _):
        say_to(process)
        assert process.wait(5) == 1
    assert "KeyError" in capfd.readouterr().err


def test_a_runner_whose_children_hold_the_control_leaves_nothing_behind() -> None:
    fork = "import os, time; sys.stdin.readline(); os.fork() or time.sleep(3); print('two', flush=True); sys.stdin.read()"
    with runner(fork) as (process, _):
        say_to(process)
        process.kill()


def test_a_home_that_is_left_is_gone_at_once() -> None:
    with runner("sys.stdin.readline()\nprint('left', flush=True)\nsys.stdin.read()") as (process, traces):
        say_to(process)
        assert not traces.left()


def test_a_keeper_that_is_killed_is_a_clear_error_to_its_runner() -> None:
    with Home() as home:
        program = home.gateway.start("sleep", "3600")
        (unshare,) = (each for each in psutil.Process().children() if each.name() == "unshare")
        (keeper,) = unshare.children()
        keeper.kill()
        with pytest.raises(UnreachableError, match="keeper was killed"):
            home.phone.run("true")
        assert program.wait(2) == -signal.SIGKILL
        program.close()


NOBODY = """
echo 0 > /proc/sys/user/max_user_namespaces
exec setpriv --bounding-set -all --inh-caps -all "$@"
"""


def test_where_no_network_can_be_made_one_sentence_says_so() -> None:
    try_it = "from lab.home import Home; Home().__enter__()"
    alone = ["unshare", "--user", "--map-root-user", "sh", "-ec", NOBODY, "sh", sys.executable, "-c", try_it]
    refused = subprocess.run(alone, capture_output=True, text=True, check=False)
    assert "does not let you make a network of your own" in refused.stderr.splitlines()[-1]


def test_the_sentence_says_what_to_do() -> None:
    problem = Problem(HOME_NOT_ALLOWED, reason="no")
    assert "sudo" in problem.sentence("en")
    assert "sudo" in problem.sentence("ja")


EMPTY_ETC = """
mount -t tmpfs none /etc
"$@"
ls -A /etc
"""


def test_a_system_without_a_resolvers_file_gets_none_from_us() -> None:
    stand = "from lab.home import Home\nwith Home() as home: print(home.phone.address)"
    apart = ["unshare", "--user", "--map-root-user", "--mount", "sh", "-ec", EMPTY_ETC, "sh"]
    done = subprocess.run([*apart, sys.executable, "-c", stand], capture_output=True, text=True, check=False)
    assert done.stdout == "192.168.0.30\n", done.stderr


ORDINARY = """
from lab.home import Home
from lab.keeper_process import may_make_namespaces
assert not may_make_namespaces()
with Home() as home:
    home.begin("delay", ms=1.0)
    print(home.phone.run("getent", "hosts", "cloud.home.test").split()[0], home.build_s < 2)
"""


def test_an_ordinary_user_has_the_same_home() -> None:
    nobody = ["unshare", "--user", "--map-user=1000", "--map-group=1000", "setpriv", "--bounding-set", "-all"]
    command = [*nobody, "--inh-caps", "-all", sys.executable, "-B", "-c", ORDINARY]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.stdout == "203.0.113.10 True\n", done.stderr
