"""Which conditions there are, what each takes, and how one that was named from outside is checked."""

import difflib
from collections.abc import Collection, Iterable, Mapping
from types import MappingProxyType
from typing import Any, Final, Literal, NamedTuple, get_args, get_origin

from annotated_types import Ge, Le  # what pydantic keeps a range in
from pydantic import ValidationError
from pydantic.fields import FieldInfo

from lab.conditions import air, elsewhere, link_layer, machines, neighbours, router
from lab.conditions.condition import IS_NODE, IS_PARTY, Condition, name_of
from lab.conditions.words import PARAMETERS, TEXTS
from lab.conditions.words.text import Text, Words
from lab.network.plan import ROUTERS
from protocol.problems import CONDITION_UNKNOWN, NODE_UNKNOWN, PARAMETER_UNKNOWN, PARAMETER_WRONG, Problem

CATALOGUE: Final[Mapping[str, type[Condition]]] = MappingProxyType(
    {
        name_of(condition): condition
        for module in (air, link_layer, router, elsewhere, machines, neighbours)
        for condition in module.CONDITIONS
    }
)


class Parameter(NamedTuple):
    """What a condition can be told: its default, its range where it has one, and what it means."""

    name: str
    default: Any
    least: float | None
    most: float | None
    words: Words


class Entry(NamedTuple):
    """One condition, for people."""

    name: str
    parameters: tuple[Parameter, ...]
    text: Text


def entries() -> list[Entry]:
    """Return all conditions with their parameters and sentences, by what they touch."""
    return [
        Entry(name, tuple(_parameter(*each) for each in condition.model_fields.items()), TEXTS[name])
        for name, condition in CATALOGUE.items()
    ]


def prepare(name: str, args: Mapping[str, object], nodes: Collection[str]) -> Condition:
    """Return the condition `name` with the parameters `args`, in a home with `nodes`.

    Raises:
        Problem: CONDITION_UNKNOWN, PARAMETER_UNKNOWN, PARAMETER_WRONG or NODE_UNKNOWN.
    """
    kind = CATALOGUE.get(name)
    if kind is None:
        raise Problem(CONDITION_UNKNOWN, name=name, near=_near(name, CATALOGUE))
    for parameter in args:
        if parameter not in kind.model_fields:
            near = _near(parameter, kind.model_fields) or "-"
            raise Problem(PARAMETER_UNKNOWN, name=name, parameter=parameter, near=near)
    try:
        condition = kind.model_validate(dict(args))
    except ValidationError as error:
        raise _wrong(name, error) from None
    for parameter, field in kind.model_fields.items():
        _check_node(getattr(condition, parameter), field, nodes)
    return condition


def _check_node(value: object, field: FieldInfo, nodes: Collection[str]) -> None:
    if value is None or not {IS_NODE, IS_PARTY}.intersection(filter(_is_text, field.metadata)):
        return
    known = [*nodes, *(each.name for each in ROUTERS)] if IS_PARTY in field.metadata else list(nodes)
    if value not in known:
        raise Problem(NODE_UNKNOWN, node=str(value), near=_near(str(value), known) or "-")


def _is_text(value: object) -> bool:
    return isinstance(value, str)


def _wrong(name: str, error: ValidationError) -> Problem:
    first = error.errors()[0]
    parameter, value = str(first["loc"][0]), str(first["input"])
    field = CATALOGUE[name].model_fields[parameter]
    return Problem(PARAMETER_WRONG, name=name, parameter=parameter, value=value, takes=_takes(field))


def _takes(field: FieldInfo) -> str:
    """Say what a parameter can be, without words: `0 … 1`, `silent | servfail`, or one like its default."""
    least, most = _range(field)
    if least is not None and most is not None:
        return f"{least:g} … {most:g}"
    if get_origin(field.annotation) is Literal:
        return " | ".join(map(str, get_args(field.annotation)))
    pattern = next((str(each.pattern) for each in field.metadata if getattr(each, "pattern", None)), None)
    return pattern or ("true | false" if field.annotation is bool else str(field.default))


def _near(name: str, known: Iterable[str]) -> str:
    """Return the names most like `name`, or all of them when none is."""
    names = list(known)
    return ", ".join(difflib.get_close_matches(name, names, n=3) or names)


def _parameter(name: str, field: FieldInfo) -> Parameter:
    return Parameter(name, field.default, *_range(field), PARAMETERS[name])


def _range(field: FieldInfo) -> tuple[float | None, float | None]:
    """Return the least and the greatest value, where it is a number."""
    least = next((float(str(each.ge)) for each in field.metadata if isinstance(each, Ge)), None)
    most = next((float(str(each.le)) for each in field.metadata if isinstance(each, Le)), None)
    return least, most
