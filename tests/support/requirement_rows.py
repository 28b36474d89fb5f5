"""`@pytest.mark.req("S-LC-13")` ties a test to a row of docs/requirements.csv; `--requirements` prints the table."""

import csv
from collections import defaultdict
from collections.abc import Generator
from pathlib import Path

import pytest

ROWS = {
    row["id"]: row for row in csv.DictReader(Path("docs/requirements.csv").read_text("utf-8").splitlines())
}

_results = pytest.StashKey[defaultdict[str, dict[str, str]]]()


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--requirements", action="store_true", help="print requirement rows, tests and results")


def pytest_configure(config: pytest.Config) -> None:
    results: defaultdict[str, dict[str, str]] = defaultdict(dict)
    config.stash[_results] = results


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        unknown = [row for row in _rows_of(item) if row not in ROWS]
        if unknown:
            raise pytest.UsageError(
                f"{item.nodeid}: no such row in docs/requirements.csv: {', '.join(unknown)}"
            )


def _rows_of(item: pytest.Item) -> list[str]:
    return [row for mark in item.iter_markers("req") for row in mark.args]


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    if report.when == "call" or not report.passed:
        for row in _rows_of(item):
            item.config.stash[_results][row][item.nodeid] = report.outcome
    return report


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    if not config.getoption("--requirements"):
        return
    results = config.stash[_results]
    terminalreporter.section("requirements")
    for row_id, row in ROWS.items():
        tests = results.get(row_id, {})
        terminalreporter.write_line(
            f"{row_id:<11} {_verdict(tests):<9} {row['manual']:<10} {row['requirement'][:80]}"
        )
        for test, outcome in tests.items():
            terminalreporter.write_line(f"{'':<11} {outcome:<9} {test}")
    shown = sum(_verdict(results.get(row, {})) == "passed" for row in ROWS)
    terminalreporter.write_line(f"{shown} of {len(ROWS)} rows shown by a passing test")


def _verdict(tests: dict[str, str]) -> str:
    if not tests:
        return "no test"
    return "passed" if set(tests.values()) == {"passed"} else "FAILED"
