"""Each process that runs tests has a network of its own, nothing but a loopback: only its own gateways announce there.

`-n auto` is one process a core; where no network can be made, it is this process alone, on the machine's loopback.
"""

import os

import pytest

from tests.support.namespaces import enter_own_network, may_make_networks


@pytest.hookimpl(tryfirst=True)
def pytest_xdist_auto_num_workers() -> int:
    return len(os.sched_getaffinity(0)) if may_make_networks() else 0


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    if may_make_networks():
        if not config.getoption("numprocesses"):  # with workers, they run the tests
            enter_own_network()
    elif config.getoption("numprocesses"):
        raise pytest.UsageError("Only root can make a network for each process: run with -n 0.")


def pytest_report_header() -> str | None:
    if may_make_networks():
        return None
    return "network: the machine's own loopback and one process, because only root can make networks"
