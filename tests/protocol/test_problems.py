import json
import string

import pytest

from protocol.problems import (
    FIRMWARE_OUTDATED,
    KINDS,
    LINK_CODE_NEEDED,
    Kind,
    Problem,
    UnreachableError,
    exit_code,
    read_problem,
)


@pytest.mark.parametrize("kind", KINDS.values(), ids=lambda kind: str(kind.code))
def test_every_kind_speaks_both_languages_and_crosses_the_wire(kind: Kind) -> None:
    facts = {name: 7 for _, name, _, _ in string.Formatter().parse(kind.en + kind.ja) if name}
    problem = Problem(kind, **facts)
    assert "?" not in problem.sentence("en") + problem.sentence("ja")
    back = read_problem(json.loads(json.dumps(problem.document())))
    assert back is not None
    assert back.kind is kind
    assert back.facts == facts


def test_a_foreign_document_is_not_a_problem_of_ours() -> None:
    assert read_problem({"code": "nonsense"}) is None
    assert read_problem({"code": "not_linked", "facts": "nonsense"}) is None


def test_a_missing_fact_does_not_hide_the_sentence() -> None:
    assert Problem(FIRMWARE_OUTDATED, installed="1.0").sentence() == (
        "The firmware (1.0) is not the latest (?); update it first."
    )


def test_exit_codes() -> None:
    assert exit_code(Problem(FIRMWARE_OUTDATED)) == 1
    assert exit_code(Problem(LINK_CODE_NEEDED)) == 2
    assert exit_code(UnreachableError("cloud", "refused")) == 4


def test_facts_may_have_any_name_a_stranger_thinks_of() -> None:
    problem = read_problem({"code": "not_found", "facts": {"kind": "x", "self": "y"}})
    assert problem is not None
    assert problem.facts == {"kind": "x", "self": "y"}
