"""What a run says of itself is the same from one process and from several, each in a network of its own."""

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[1]
PLUGINS = ("own_network", "requirement_rows", "rings")
ROWS = "id,manual,requirement\nS-A-01,p1,is shown\nS-A-02,p2,is broken\nS-A-03,p3,is left\n"
TESTS = """
import pytest

@pytest.mark.req("S-A-01")
@pytest.mark.parametrize("number", range(3))
def test_shown(number): pass

@pytest.mark.req("S-A-01", "S-A-02")
@pytest.mark.adapters
def test_outside(): pass

@pytest.mark.req("S-A-02")
def test_broken(): assert not "mended"

@pytest.mark.req("S-A-09")
def test_of_nothing(): pass

@pytest.mark.req("S-A-03")
@pytest.mark.skip(reason="no such program")
def test_left_out(): pass
"""
TABLE = [
    "S-A-01 * passed * p1 * is shown",
    "* passed * tests/test_rows.py::test_outside",
    "* passed * tests/test_rows.py::test_shown?0?",
    "* passed * tests/test_rows.py::test_shown?1?",
    "* passed * tests/test_rows.py::test_shown?2?",
    "S-A-02 * FAILED * p2 * is broken",
    "* failed * tests/test_rows.py::test_broken",
    "* passed * tests/test_rows.py::test_outside",
    "S-A-03 * FAILED * p3 * is left",
    "* failed * tests/test_rows.py::test_left_out",
    "1 of 3 rows shown by a passing test",
    "rings: rules 3, adapters 1, journeys 0, lab 1",
]
TEST = "def test_there(): pass"
TESTS_AT_ONE_PORT = """
import os, socket, time
from pathlib import Path
import pytest

@pytest.mark.parametrize("number", range(2))
def test_takes_the_port_until_the_other_has_it_too(number):
    with socket.create_server(("127.0.0.1", 8081)):
        Path(f"has{number}").touch()
        deadline = time.monotonic() + 20
        while not all(Path(f"has{each}").exists() for each in range(2)):
            assert time.monotonic() < deadline
            time.sleep(0.01)
"""

Run = Callable[..., pytest.RunResult]


@pytest.fixture
def run(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Return what runs test files, by path, as CI would: our settings, our plugins, three requirements."""
    monkeypatch.setenv("PYTHONPATH", str(PROJECT))
    monkeypatch.setenv("CI", "1")
    files = {"docs/requirements.csv": ROWS, "pyproject.toml": (PROJECT / "pyproject.toml").read_text("utf-8")}
    plugins = [f"-ptests.support.{name}" for name in PLUGINS]

    def run(tests: dict[str, str], *options: str, before: tuple[str, ...] = ()) -> pytest.RunResult:
        for name, text in (files | tests).items():
            path = pytester.path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, "utf-8")
        return pytester.run(*before, sys.executable, "-m", "pytest", *plugins, *options)

    return run


@pytest.mark.parametrize("processes", ["0", "2"])
def test_rows_and_rings_are_counted_and_nothing_is_left_out(run: Run, processes: str) -> None:
    tests = {"tests/test_rows.py": TESTS, "tests/lab/test_lab.py": TEST}
    result = run(tests, "-n", processes, "--requirements")
    assert result.parseoutcomes() == {"passed": 5, "failed": 1, "errors": 2}
    result.stdout.fnmatch_lines(TABLE)
    result.stdout.fnmatch_lines_random(["no such row in docs/requirements.csv: S-A-09", "skipped in CI: *"])


def test_a_whole_run_with_an_empty_ring_fails(run: Run) -> None:
    result = run({"tests/test_there.py": TEST}, "-n", "2")
    assert (result.parseoutcomes(), result.ret) == ({"passed": 1}, 1)


@pytest.mark.lab
def test_each_process_has_a_network_of_its_own(run: Run) -> None:
    tests = {"tests/test_port.py": TESTS_AT_ONE_PORT}
    result = run(tests, "-n", "2", "tests/test_port.py")
    assert (result.parseoutcomes(), result.ret) == ({"passed": 2}, 0)


@pytest.mark.lab
def test_where_no_network_can_be_made_there_is_one_process_and_a_sentence_why(run: Run) -> None:
    forbid = 'echo 0 > /proc/sys/user/max_user_namespaces; exec setpriv --bounding-set=-sys_admin "$@"'
    powerless = ("unshare", "--user", "--map-root-user", "sh", "-ec", forbid, "sh")
    result = run({"tests/test_there.py": TEST}, "-n", "auto", "tests/test_there.py", before=powerless)
    assert (result.parseoutcomes(), result.ret) == ({"passed": 1}, 0)
    result.stdout.fnmatch_lines("network: *only root*")
    result.stdout.no_fnmatch_line("*workers*")
    refused = run({}, "-n", "2", before=powerless)
    assert refused.ret == pytest.ExitCode.USAGE_ERROR
    refused.stderr.fnmatch_lines("*run with -n 0.")
