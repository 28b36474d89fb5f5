"""YAML or JSON as values, with the place of each: the plain part of YAML 1.2, as people write it and no program needs more.

Anchors, aliases and tags are refused, so nothing can unfold beyond what is written; `on` and `no` are words, not truths.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final

import yaml

from lab.story.faults import Fault, Place, fault, shown

Path = tuple[str | int, ...]

_DEEPEST: Final = 8
_TOP: Final = Place(1, 1)
_INT: Final = re.compile(r"[-+]?[0-9]{1,18}")
_FLOAT: Final = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]{1,3})?")
_CONSTANTS: Final = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL"), None),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}
_SYNTAX: Final = (
    ("character '\\t'", "tab"),
    ("mapping values are not allowed", "colon_twice"),
    ("could not find expected ':'", "colon_missing"),
    ("expected <block end>", "indented_wrong"),
    ("expected ',' or", "indented_wrong"),
    ("did not find expected", "indented_wrong"),
    ("unexpected end of stream", "unclosed"),
    ("that cannot start any token", "quoted_better"),
)
"""Parts of what PyYAML says, and what people call it."""


@dataclass
class Written:
    """What a file says: its value, where each part and each key of it begins, and what is wrong with it as YAML."""

    value: Any = None
    places: dict[Path, Place] = field(default_factory=dict)
    keys: dict[Path, Place] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)
    complete: bool = False

    def place(self, path: Path) -> Place:
        """Return where `path` begins, or what is around it."""
        while path and path not in self.places:
            path = path[:-1]
        return self.places.get(path, _TOP)


def read_tree(text: str) -> Written:
    """Return what `text` says; not `complete` when it stops being YAML half-way."""
    written = Written()
    try:
        _Reader(yaml.parse(text, yaml.SafeLoader), written).document()
        written.complete = True
    except yaml.MarkedYAMLError as error:
        written.faults.append(_syntax(error))
    except yaml.reader.ReaderError as error:
        before = text[: error.position]
        place = Place(before.count("\n") + 1, len(before) - (before.rfind("\n") + 1) + 1)
        written.faults.append(fault(place, "odd_character"))
    except _StopError:
        pass
    return written


class _StopError(Exception):
    """What comes behind this cannot be understood."""


class _Reader:
    """Puts the events of a YAML parser together."""

    def __init__(self, events: Iterator[Any], written: Written) -> None:
        self._events = events
        self._written = written

    def document(self) -> None:
        next(self._events)  # the stream's beginning
        event = next(self._events)
        if isinstance(event, yaml.StreamEndEvent):
            self._stop(_TOP, "empty")
        self._written.value = self._node(next(self._events), ())
        next(self._events)  # the document's end
        event = next(self._events)
        if not isinstance(event, yaml.StreamEndEvent):
            self._stop(_place(event), "several")

    def _node(self, event: Any, path: Path) -> Any:
        place = self._written.places[path] = _place(event)
        if len(path) > _DEEPEST:
            self._stop(place, "too_deep")
        if event.anchor is not None:
            self._blame(place, "anchor")
        if getattr(event, "tag", None) is not None:
            self._blame(place, "tag")
        if isinstance(event, yaml.MappingStartEvent):
            return self._mapping(path)
        if isinstance(event, yaml.SequenceStartEvent):
            return self._list(path)
        return _scalar(event) if isinstance(event, yaml.ScalarEvent) else ""

    def _mapping(self, path: Path) -> dict[str, Any]:
        values: dict[str, Any] = {}
        while not isinstance(event := next(self._events), yaml.MappingEndEvent):
            if not isinstance(event, yaml.ScalarEvent):
                self._stop(_place(event), "key_no_text")
            name, place = event.value, _place(event)
            if event.anchor is not None or event.tag is not None:
                self._blame(place, "anchor" if event.anchor is not None else "tag")
            if name in values:
                first = self._written.keys[*path, name]
                self._blame(place, "twice", name=shown(name), line=first.line)
                self._node(next(self._events), (*path, f"{name} again"))
                continue
            self._written.keys[*path, name] = place
            values[name] = self._node(next(self._events), (*path, name))
            if (
                values[name] is None and "=" not in name
            ):  # else it is half of a condition, which is said later
                self._blame(place, "nothing", name=name)
        return values

    def _list(self, path: Path) -> list[Any]:
        values: list[Any] = []
        while not isinstance(event := next(self._events), yaml.SequenceEndEvent):
            values.append(self._node(event, (*path, len(values))))
            if values[-1] is None:
                self._blame(_place(event), "nothing", name="-")
        return values

    def _blame(self, place: Place, what: str, **facts: object) -> None:
        self._written.faults.append(fault(place, what, **facts))

    def _stop(self, place: Place, what: str) -> None:
        self._blame(place, what)
        raise _StopError


def _scalar(event: Any) -> Any:
    """Return the value of a scalar; only one without quotes can be anything but a text."""
    text: str = event.value
    if not event.implicit[0]:
        # JSON writes a character beyond U+FFFF as two halves.
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    if text in _CONSTANTS:
        return _CONSTANTS[text]
    if _INT.fullmatch(text):
        return int(text)
    return float(text) if _FLOAT.fullmatch(text) else text


def _place(event: Any) -> Place:
    return Place(event.start_mark.line + 1, event.start_mark.column + 1)


def _syntax(error: yaml.MarkedYAMLError) -> Fault:
    mark = error.problem_mark or error.context_mark
    place = Place(mark.line + 1, mark.column + 1) if mark else _TOP
    why = error.problem or error.context or ""
    what = next((what for part, what in _SYNTAX if part in why), "no_yaml")
    return fault(place, what, why=why)
