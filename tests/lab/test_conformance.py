"""Our responder is what RFC 6762 and RFC 6763 ask for: each check of lab.conformance is a test. And: the checks can fail.

Most of a check is waiting, so all that are asked for are made together, once, by whichever process comes first.
"""

import fcntl
import json
from collections import defaultdict
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from pathlib import Path
from typing import Any, TypeAlias

import pytest

from lab.conformance import RESPONDERS, Result, run
from lab.conformance.checks import CHECKS
from tests.support.rights import NOT_ALLOWED, may_make_networks

pytestmark = pytest.mark.timeout(240)

Results: TypeAlias = Mapping[str, Mapping[str, Result]]
"""By responder and check."""
Judged: TypeAlias = Mapping[str, list[dict[str, Any]]]
"""The same as JSON has it."""

KNOWN = [
    ("zeroconf", "instance-probed", "fail"),
    ("zeroconf", "probes-want-unicast", "fail"),
    ("zeroconf", "probes-propose-server", "fail"),
    ("zeroconf", "proposed-records-do-not-flush", "fail"),
    ("zeroconf", "probes-250-ms-apart", "fail"),
    ("zeroconf", "silence-before-announcing", "fail"),
    ("zeroconf", "host-probed", "fail"),
    ("zeroconf", "announcements-1-s-apart", "fail"),
    ("zeroconf", "announced-twice", "pass"),
    ("zeroconf", "goodbye", "pass"),
    ("avahi", "taken-name-left", "pass"),
    ("avahi", "loses-tie", "fail"),
    ("avahi", "wins-tie", "pass"),
]
"""What others have long been known for."""


@pytest.fixture(scope="session")
def results(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Results:
    """Make the checks of all tests that have been chosen, or read what another process found."""
    if not may_make_networks():
        pytest.skip(NOT_ALLOWED)
    file = shared_folder(tmp_path_factory) / "conformance.json"
    with file.open("a+", encoding="utf-8") as shared:
        fcntl.flock(shared, fcntl.LOCK_EX)
        shared.seek(0)
        text = shared.read()
        found: Judged = json.loads(text) if text else judge(chosen(request.session))
        if not text:
            json.dump(found, shared)
    return {name: {each["id"]: Result(**each) for each in judged} for name, judged in found.items()}


def chosen(session: pytest.Session) -> Mapping[str, list[str]]:
    """Return the checks of the tests that have been chosen, by responder."""
    checks = defaultdict[str, list[str]](list)
    for item in session.items:
        if item.path == Path(__file__) and isinstance(item, pytest.Function) and hasattr(item, "callspec"):
            parameters = {name: str(value) for name, value in item.callspec.params.items()}
            checks[parameters.get("responder", "ours")].append(parameters["check"])
    return {name: only for name, only in checks.items() if not RESPONDERS[name].missing()}


def judge(wanted: Mapping[str, list[str]]) -> Judged:
    with ThreadPoolExecutor() as threads:
        judged = threads.map(run, wanted, wanted.values())
        return {name: [asdict(each) for each in found] for name, found in zip(wanted, judged, strict=True)}


def shared_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder that all processes of this test run have."""
    own = tmp_path_factory.getbasetemp()
    return own.parent if own.name.startswith("popen-") else own


@pytest.mark.req("S-DISC-14")
@pytest.mark.parametrize("check", [check.id for check in CHECKS])
def test_ours(check: str, results: Results) -> None:
    result = results["ours"][check]
    assert result.outcome == "pass", f"RFC {result.rule}: {result.sentence} Seen: {result.evidence}"


@pytest.mark.parametrize(("responder", "check", "outcome"), KNOWN)
def test_others(responder: str, check: str, outcome: str, results: Results) -> None:
    if package := RESPONDERS[responder].missing():
        pytest.skip(f"{package} is not installed")
    result = results[responder][check]
    assert result.outcome == outcome, f"RFC {result.rule}: {result.sentence} Seen: {result.evidence}"


def test_there_are_the_46_checks_of_the_field_and_no_name_twice() -> None:
    names = [check.id for check in CHECKS]
    assert len(set(names)) == len(names)
    assert [check.is_extra for check in CHECKS[:47]] == [False] * 46 + [True]
