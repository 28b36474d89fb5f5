import json

import pytest
from pydantic import TypeAdapter, ValidationError

from protocol.faults import holds_nul


@pytest.mark.parametrize("text", ["\0", "お\0父", "a\\\0", "\\\\\0", "\n\0"])
def test_a_nul_is_seen_in_every_form_that_json_has_for_it(text: str) -> None:
    assert holds_nul(json.dumps({"a": [text]}))
    assert holds_nul(json.dumps({text: 1}))


@pytest.mark.parametrize("text", ["", "\\u0000", "a\\\\u0000", "u0000", "\\", "\x01", "お父さん"])
def test_no_other_text_is_taken_for_one(text: str) -> None:
    assert not holds_nul(json.dumps({"a": text}))


def test_json_has_it_escaped_only() -> None:
    with pytest.raises(ValidationError):
        TypeAdapter(str).validate_json('"a\0b"')
