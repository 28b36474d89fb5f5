"""Each process that runs tests has a network of its own, nothing but a loopback: only its own gateways announce there.

`-n auto` is one process a core; where no network can be made, it is this process alone, on the machine's loopback.
Nobody has to be root for it, where ordinary users may have user namespaces.
"""

import os
from collections.abc import Generator, Iterator
from contextlib import contextmanager

import pytest

from protocol.problems import HOME_NOT_ALLOWED, Problem
from tests.support.namespaces import enter_own_network
from tests.support.rights import NOT_ALLOWED, may_make_networks


@pytest.hookimpl(tryfirst=True)
def pytest_xdist_auto_num_workers() -> int:
    return len(os.sched_getaffinity(0)) if may_make_networks() else 0


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    if may_make_networks():
        if not config.getoption("numprocesses"):  # with workers, they run the tests
            enter_own_network()
    elif config.getoption("numprocesses"):
        raise pytest.UsageError(f"Each process needs a network, and {NOT_ALLOWED}; or run with -n 0.")


def pytest_report_header() -> str | None:
    if may_make_networks():
        return None
    return f"network: the machine's own loopback and one process, because {NOT_ALLOWED}"


@pytest.hookimpl(wrapper=True)
def pytest_runtest_setup() -> Generator[None, None, None]:
    with skipping():
        yield


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call() -> Generator[None, None, None]:
    with skipping():
        yield


@contextmanager
def skipping() -> Iterator[None]:
    """Skip a test that would have a home of the lab where there can be none."""
    try:
        yield
    except Problem as problem:
        if problem.kind is not HOME_NOT_ALLOWED:
            raise
        pytest.skip(problem.sentence())
