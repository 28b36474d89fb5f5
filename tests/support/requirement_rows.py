"""`@pytest.mark.req("S-LC-13")` ties a test to a row of docs/requirements.csv; `--requirements` prints the table."""

import csv
from collections import defaultdict
from pathlib import Path

import pytest

ROWS = {
    row["id"]: row for row in csv.DictReader(Path("docs/requirements.csv").read_text("utf-8").splitlines())
}


class RequirementRows:
    """The outcome of each row's tests, whichever process ran them: a report carries its rows with it."""

    def __init__(self) -> None:
        self._results: defaultdict[object, dict[str, str]] = defaultdict(dict)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.when == "call" or not report.passed:
            for name, row in report.user_properties:
                if name == "req":
                    self._results[row][report.nodeid] = report.outcome

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        terminalreporter.section("requirements")
        for row_id, row in ROWS.items():
            tests = self._results.get(row_id, {})
            terminalreporter.write_line(
                f"{row_id:<11} {_verdict(tests):<9} {row['manual']:<10} {row['requirement'][:80]}"
            )
            for test, outcome in sorted(tests.items()):
                terminalreporter.write_line(f"{'':<11} {outcome:<9} {test}")
        shown = sum(_verdict(self._results.get(row, {})) == "passed" for row in ROWS)
        terminalreporter.write_line(f"{shown} of {len(ROWS)} rows shown by a passing test")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--requirements", action="store_true", help="print requirement rows, tests and results")


def pytest_configure(config: pytest.Config) -> None:
    if config.getoption("--requirements"):
        config.pluginmanager.register(RequirementRows())


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Hand each test's rows to its reports."""
    for item in items:
        item.user_properties += [("req", row) for row in _rows_of(item)]


def pytest_runtest_setup(item: pytest.Item) -> None:
    unknown = [row for row in _rows_of(item) if row not in ROWS]
    if unknown:
        pytest.fail(f"no such row in docs/requirements.csv: {', '.join(unknown)}", pytrace=False)


def _rows_of(item: pytest.Item) -> list[str]:
    return [row for mark in item.iter_markers("req") for row in mark.args]


def _verdict(tests: dict[str, str]) -> str:
    if not tests:
        return "no test"
    return "passed" if set(tests.values()) == {"passed"} else "FAILED"
