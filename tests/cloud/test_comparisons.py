"""Secrets are compared in constant time, by their digest or by their slow hash: never with an operator (security §4)."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import cloud

SECRET = re.compile(r"(^|_)(code|token|secret|otp|signature|verifier|password|pepper)$")
NO_SECRET = {"reason_code", "device_code"}
"""What ends alike: a packet's reason, and the device code, which selects and never authorises."""


def compared_names(source: str) -> Iterator[str]:
    """Yield what is said of secrets with `==`, `!=`, `in` and `not in`; whether there is one at all may be asked."""
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, ast.Compare):
            continue
        for operator, left, right in zip(
            node.ops, [node.left, *node.comparators], node.comparators, strict=False
        ):
            if not isinstance(operator, ast.Eq | ast.NotEq | ast.In | ast.NotIn):
                continue
            for side in (left, right):
                name = getattr(side, "attr", getattr(side, "id", ""))
                if SECRET.search(name) and name not in NO_SECRET:
                    yield f"{node.lineno}: {ast.unparse(node)}"


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("code == kept", 1),
        ("row.link_code != typed", 1),
        ("token in tokens", 1),
        ("kept == request.code_verifier", 1),
        ("token is None", 0),
        ("compare_digest(code, kept)", 0),
        ("kind == kept", 0),
        ("row.code_hash == old", 0),
    ],
)
def test_the_search_sees_what_it_should(source: str, found: int) -> None:
    assert len(list(compared_names(source))) == found


def test_no_secret_is_compared_with_an_operator() -> None:
    """In cloud/store a code is a database's error number: it knows digests and hashes only."""
    files = [file for file in Path(cloud.__file__).parent.rglob("*.py") if "store" not in file.parts]
    assert len(files) > 50
    found = [
        f"{file.name}:{line}" for file in files for line in compared_names(file.read_text(encoding="utf-8"))
    ]
    assert found == []
