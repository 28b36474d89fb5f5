"""What pydantic finds wrong with the shape of a scenario, in people's words, with what may stand there instead."""

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from pydantic import BaseModel, ValidationError

from lab.story.faults import Fault, fault, near_to, nearest, shown
from lab.story.script import LONGEST_S, STEPS, Expected, Given, GivenGateway, GivenPhone, Script, Words
from lab.story.tree import Path, Written

_MODELS: Final[Mapping[Path, type[BaseModel]]] = {
    (): Script,
    ("title",): Words,
    ("given",): Given,
    ("given", "gateway"): GivenGateway,
    ("given", "phone"): GivenPhone,
    ("steps", "expect"): Expected,
}
"""What is where; each of `steps` is one of STEPS."""

_WHAT: Final = {
    "bool_type": "truth",
    "int_type": "count",
    "int_from_float": "count",
    "greater_than_equal": "count",
    "string_type": "text",
    "string_too_short": "no_text",
    "tuple_type": "list",
    "model_type": "map",
    "model_attributes_type": "map",
    "too_short": "no_steps",
    "string_pattern_mismatch": "name",
    "span": "span",
    "less_than_equal": "long",
}
"""What pydantic calls it, and what `faults` calls it."""


def faults_of_shape(error: ValidationError, written: Written) -> Iterator[Fault]:
    """Return what is wrong with the shape of `written`."""
    for each in error.errors(include_url=False):
        if each["type"] == "too_short" and each["input"]:  # pydantic counts those that are right
            continue
        path = _path(each["loc"])
        make = _MAKERS.get(each["type"], _other)
        yield make(each, path, written)


def keys_of(model: type[BaseModel]) -> list[str]:
    """Return the keys of a part of a scenario, as its file has them."""
    return [field.alias or name for name, field in model.model_fields.items()]


def _path(loc: tuple[int | str, ...]) -> Path:
    """Return where it is in the file: pydantic also names the kind of a step."""
    return (*loc[:2], *loc[3:]) if loc[:1] == ("steps",) and len(loc) > 2 else loc  # noqa: PLR2004


def model_at(path: Path, written: Written) -> type[BaseModel] | None:
    """Return what has its keys at `path`."""
    if path[:1] != ("steps",) or len(path) == 1:
        return _MODELS.get(path)
    if len(path) > 2:  # noqa: PLR2004
        return _MODELS.get(("steps", *path[2:]))
    step = written.value["steps"][path[1]]
    return next((STEPS[kind] for kind in STEPS if kind in step), None)


def _extra(_: Mapping[str, Any], path: Path, written: Written) -> Fault:
    name, place = str(path[-1]), written.keys.get(path, written.place(path))
    if "=" in name:
        return fault(place, "key_in_quotes", name=shown(name))
    model = model_at(path[:-1], written)
    return fault(place, "no_key", near_to(name, keys_of(model) if model else []), name=shown(name))


def _missing(_: Mapping[str, Any], path: Path, written: Written) -> Fault:
    return fault(written.place(path[:-1]), "missing", name=path[-1])


def _no_choice(error: Mapping[str, Any], path: Path, written: Written) -> Fault:
    choices = re.findall(r"'([^']*)'", error["ctx"]["expected"]) or [error["ctx"]["expected"].lower()]
    value = error["input"]
    near = near_to(value if isinstance(value, str) else "", choices)
    return fault(written.place(path), "no_choice", near, key=path[-1], name=shown(value))


def _no_step(error: Mapping[str, Any], path: Path, written: Written) -> Fault:
    step = error["input"]
    kinds = [kind for kind in STEPS if isinstance(step, dict) and kind in step]
    if kinds:
        return fault(written.place(path), "many_steps", names=", ".join(kinds))
    words = list(step) if isinstance(step, dict) else [str(step)]
    meant = next((word for word in words if nearest(word, STEPS)), "")
    place = written.keys.get((*path, meant), written.place(path))
    return fault(place, "no_step", near_to(meant, STEPS))


def _other(error: Mapping[str, Any], path: Path, written: Written) -> Fault:
    key = next((part for part in reversed(path) if isinstance(part, str)), "-")
    model = model_at(path, written)
    return fault(
        written.place(path),
        _WHAT.get(error["type"], "other"),
        key=key,
        value=shown(error["input"]),
        why=error["msg"],
        most=f"{LONGEST_S / 60:g}min",
        names=", ".join(keys_of(model)) if model else "",
    )


_MAKERS: Final = {
    "extra_forbidden": _extra,
    "missing": _missing,
    "literal_error": _no_choice,
    "union_tag_not_found": _no_step,
}
