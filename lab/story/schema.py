"""The published JSON Schema of a scenario, made from the models, for editors: what may stand where, and what it means.

`python -m lab.story.schema` writes it anew.
"""

import json
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final

from lab.conditions.catalogue import Entry, entries
from lab.story.script import Script
from lab.story.sense import ALL, ROW_PATTERN
from phone_client.searching.advice import ADVICE

FILE: Final = Path(__file__).with_name("scenario.schema.json")
HEADER: Final = "# yaml-language-server: $schema="
"""How a YAML file tells an editor its schema."""

_Schema = dict[str, Any]


def schema() -> _Schema:
    """Return the schema, in draft 7: what editors understand best."""
    made: _Schema = _tidied(Script.model_json_schema(by_alias=True))
    parts = made["$defs"]
    condition = {"anyOf": [each for entry in entries() for each in _condition(entry)]}
    _refine(made["properties"]["rows"]["items"], pattern=ROW_PATTERN)
    _refine(parts["Given"]["properties"]["network"]["items"], **condition)
    _refine(parts["FaultStep"]["properties"]["fault"], **condition)
    _refine(parts["MendStep"]["properties"]["mend"], **_mendable())
    for code in ("reason", "could_also_be"):
        _refine(parts["Expected"]["properties"][code], **_diagnoses())
    _refine(parts["ExpectStep"]["properties"]["within"], default="10s")
    _refine(parts["Expected"], minProperties=1)
    return {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "$id": "urn:aiseg:scenario:1",
        "title": "AiSEG lab scenario, version 1",
        **made,
    }


def document() -> str:
    """Return the schema as its file has it."""
    return json.dumps(schema(), ensure_ascii=False, indent=1) + "\n"


def _refine(part: _Schema, /, **more: Any) -> None:
    if "anyOf" in more:
        part.pop("type", None)
    part.update(more)


def _tidied(part: Any) -> Any:
    """Leave out what says nothing to a person: titles made of names, and nulls, which a file never has."""
    if isinstance(part, list):
        return [_tidied(each) for each in part]
    if not isinstance(part, dict):
        return part
    kept = {key: _tidied(value) for key, value in part.items() if not _says_nothing(key, value)}
    choices = [each for each in kept.get("anyOf", []) if each != {"type": "null"}]
    if len(choices) == 1 and len(kept["anyOf"]) > 1:
        kept = {**choices[0], **{key: value for key, value in kept.items() if key != "anyOf"}}
    return kept


def _says_nothing(key: str, value: object) -> bool:
    """Say whether to leave it out; a `title` that is a key of the scenario is no text."""
    return (key == "title" and isinstance(value, str)) or (
        key == "default" and (value is None or isinstance(value, dict))
    )


def _condition(entry: Entry) -> Iterable[_Schema]:
    says = f"{entry.text.sentence.en} {entry.text.sentence.ja}"
    yield {"const": entry.name, "description": says}
    if entry.parameters:
        one = "(" + "|".join(re.escape(each.name) for each in entry.parameters) + ")=[^=]+"
        meant = "; ".join(f"{each.name}: {each.words.en}" for each in entry.parameters)
        yield {
            "type": "string",
            "pattern": f"^{entry.name}:{one}(,{one})*$",
            "description": f"{says} {meant}",
        }


def _mendable() -> _Schema:
    every = {ALL: "Everything that this story began. このシナリオで始めたすべての状態"}
    each = {entry.name: f"{entry.text.sentence.en} {entry.text.sentence.ja}" for entry in entries()}
    return {"anyOf": _constants(every | each)}


def _diagnoses() -> _Schema:
    return {"anyOf": _constants({code: f"{advice.en} {advice.ja}" for code, advice in ADVICE.items()})}


def _constants(names: Mapping[str, str]) -> list[_Schema]:
    return [{"const": name, "description": says} for name, says in names.items()]


if __name__ == "__main__":
    FILE.write_text(document(), "utf-8")
