"""Topic names and topic filters (MQTT 5 §4.7, §4.8.2): which are sound, which match, which one covers another."""

from collections.abc import Iterable
from typing import NamedTuple


class SharedFilter(NamedTuple):
    """A filter as subscribed to, taken apart; `group` is None when it is not shared."""

    group: str | None
    pattern: str


def read_filter(text: str) -> SharedFilter | None:
    """Return the parts of `[$share/<group>/]<pattern>`, or None when it is not a filter."""
    group, pattern = None, text
    if text.startswith("$share/"):
        group, _, pattern = text.removeprefix("$share/").partition("/")
        if not group or "+" in group or "#" in group:
            return None
    return SharedFilter(group, pattern) if _is_pattern(pattern) else None


def _is_pattern(pattern: str) -> bool:
    *front, last = pattern.split("/")
    wildcards_stand_alone = all(level == "+" or not ("+" in level or "#" in level) for level in front)
    return (
        bool(pattern)
        and "\0" not in pattern
        and wildcards_stand_alone
        and (last in ("+", "#") or not ("+" in last or "#" in last))
    )


def is_topic(text: str) -> bool:
    """Say whether a message may be published under `text`."""
    return bool(text) and not any(character in text for character in "+#\0")


def has_wildcard(pattern: str) -> bool:
    """Say whether `pattern` can match more than one topic."""
    return "+" in pattern or "#" in pattern


def covers(allowed: str, asked: str) -> bool:
    """Say whether every topic that `asked` (a topic or a filter) matches is matched by `allowed` too."""
    return levels_cover(allowed.split("/"), asked.split("/"))


def levels_cover(allowed: list[str], asked: list[str]) -> bool:
    """Do what `covers` does, for filters already split at `/`."""
    if asked[0].startswith("$") and allowed[0] in ("+", "#"):  # §4.7.2
        return False
    for place, level in enumerate(allowed):
        if level == "#":
            return True
        if place == len(asked):
            return False
        wanted = asked[place]
        if level != wanted and not (level == "+" and wanted != "#"):
            return False
    return len(allowed) == len(asked)


def any_covers(allowed: Iterable[str], asked: str) -> bool:
    """Say whether one of `allowed` covers `asked`; nothing allowed, nothing covered."""
    return any(covers(each, asked) for each in allowed)
