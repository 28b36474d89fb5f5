"""Four rings (ARCHITECTURE.md, tests): each test is in one; in CI none may be skipped and none may be empty."""

import os
from collections import Counter
from collections.abc import Generator

import pytest

RINGS = ("rules", "adapters", "journeys", "lab")
IN_CI = bool(os.environ.get("CI"))

_ran = pytest.StashKey[Counter[str]]()


def pytest_configure(config: pytest.Config) -> None:
    config.stash[_ran] = Counter()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put a test without a ring of its own into that of its folder, or among the rules."""
    for item in items:
        if not any(item.get_closest_marker(ring) for ring in RINGS):
            item.add_marker(_ring_of_folder(item.path.parent.name))


def _ring_of_folder(folder: str) -> str:
    return {"journeys": "journeys", "browser": "journeys", "lab": "lab"}.get(folder, "rules")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    if IN_CI and report.skipped and not hasattr(report, "wasxfail"):
        report.outcome = "failed"
        report.longrepr = f"skipped in CI: {report.longrepr}"
    if report.when == "call" and report.passed:
        ring = next(ring for ring in RINGS if item.get_closest_marker(ring))
        item.config.stash[_ran][ring] += 1
    return report


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    counts = ", ".join(f"{ring} {config.stash[_ran][ring]}" for ring in RINGS)
    terminalreporter.write_line(f"rings: {counts}")


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Fail a whole run in CI that has an empty ring: that is a blind spot."""
    whole = not session.config.args or session.config.args == ["tests"]
    empty = [ring for ring in RINGS if not session.config.stash[_ran][ring]]
    if IN_CI and whole and empty:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
