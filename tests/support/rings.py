"""Four rings (ARCHITECTURE.md, tests): each test is in one; in CI none may be skipped and none may be empty."""

import os
from collections import Counter
from collections.abc import Generator

import pytest

RINGS = ("rules", "adapters", "journeys", "lab")
IN_CI = bool(os.environ.get("CI"))


class Rings:
    """How many tests passed in each ring, whichever process ran them: a report carries its ring with it."""

    def __init__(self) -> None:
        self._passed: Counter[object] = Counter()

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.when == "call" and report.passed:
            self._passed[dict(report.user_properties)["ring"]] += 1

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        counts = ", ".join(f"{ring} {self._passed[ring]}" for ring in RINGS)
        terminalreporter.write_line(f"rings: {counts}")

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Fail a whole run in CI that has an empty ring: that is a blind spot."""
        whole = not session.config.args or session.config.args == ["tests"]
        empty = [ring for ring in RINGS if not self._passed[ring]]
        if IN_CI and whole and empty:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_configure(config: pytest.Config) -> None:
    if not hasattr(config, "workerinput"):  # a worker of xdist hears of its own tests only
        config.pluginmanager.register(Rings())


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put a test without a ring of its own into that of its folder, or among the rules."""
    for item in items:
        if not any(item.get_closest_marker(ring) for ring in RINGS):
            item.add_marker(_ring_of_folder(item.path.parent.name))
        ring = next(ring for ring in RINGS if item.get_closest_marker(ring))
        item.user_properties.append(("ring", ring))


def _ring_of_folder(folder: str) -> str:
    return {"journeys": "journeys", "browser": "journeys", "lab": "lab"}.get(folder, "rules")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    if IN_CI and report.skipped and not hasattr(report, "wasxfail"):
        report.outcome = "failed"
        report.longrepr = f"skipped in CI: {report.longrepr}"
    return report
