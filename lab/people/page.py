"""A page as a person has it before them: what it says, what can be tapped and filled in. No I/O."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Final, Literal

from bs4 import BeautifulSoup, Tag

_UNSEEN: Final = '[hidden], [aria-hidden="true"], .unseen, script, style, head'
_TAPPED: Final = "a[href], button, input[type=submit]"


@dataclass(frozen=True)
class Way:
    """Something to tap: where it leads, and for a form what is sent with it."""

    label: str
    method: Literal["GET", "POST"]
    address: str
    fields: Mapping[str, str]


@dataclass(frozen=True)
class Field:
    """Something to fill in, by its label."""

    label: str
    name: str


class Page:
    """`text` is HTML, `address` where it came from. `can_reload`: it did not come as the answer to a form."""

    def __init__(self, text: str, address: str, status: int = 200, *, can_reload: bool = True) -> None:
        self.text = text
        self.address = address
        self.status = status
        self.can_reload = can_reload

    @property
    def path(self) -> str:
        """The path of its address."""
        return "/" + self.address.partition("://")[2].partition("/")[2].partition("?")[0]

    @cached_property
    def soup(self) -> BeautifulSoup:
        """All of it; not to be changed."""
        return BeautifulSoup(self.text, "html.parser")

    @cached_property
    def moves(self) -> bool:
        """Whether it loads itself again."""
        return self.soup.select_one('meta[http-equiv="refresh"]') is not None

    @cached_property
    def main(self) -> Tag:
        """What the page is about, without what stands on every page."""
        return self.soup.select_one("main") or self.soup

    @cached_property
    def title(self) -> str:
        """Its heading."""
        heading = self.soup.select_one("h1") or self.soup.select_one("title")
        return seen_text(heading) if heading else ""

    @cached_property
    def words(self) -> str:
        """All that it says to a person who opens what is folded."""
        return seen_text(self.soup.select_one("body") or self.soup)

    @cached_property
    def complaint(self) -> str:
        """What it says that went wrong; nothing when all is well."""
        return " ".join(filter(None, map(seen_text, self.main.select('[role="alert"]:not([hidden])'))))

    @cached_property
    def ways(self) -> tuple[Way, ...]:
        """All that can be tapped, the main part first, folded things too."""
        everywhere = [each for each in self.soup.select(_TAPPED) if self.main not in each.parents]
        return tuple(self._way(each) for each in (*self.main.select(_TAPPED), *everywhere) if _is_live(each))

    @cached_property
    def ways_on(self) -> tuple[Way, ...]:
        """What of the main part can be tapped without unfolding anything."""
        open_to_all = (each for each in self.main.select(_TAPPED) if not each.find_parent("details"))
        return tuple(self._way(each) for each in open_to_all if _is_live(each))

    def way(self, label: str) -> Way | None:
        """Return what is called so, a button before a link; else what begins so: a tile says more than its name."""
        named = sorted(
            (each for each in self.ways if each.label == label), key=lambda each: each.method == "GET"
        )
        return next(iter(named), None) or next(
            (each for each in self.ways if each.label.startswith(label)), None
        )

    def field(self, label: str) -> str | None:
        """Return the name of the field with this label."""
        for each in self.soup.select("label"):
            inside = each.select_one("input, select, textarea")
            if inside and seen_text(each).startswith(label):
                return attribute(inside, "name")
        return None

    def choices(self, name: str) -> Mapping[str, str]:
        """Return what the list `name` offers: what is said, and what is sent for it."""
        options = self.soup.select(f'select[name="{name}"] option')
        return {seen_text(each): attribute(each, "value") for each in options}

    def _way(self, tag: Tag) -> Way:
        label = attribute(tag, "aria-label") or seen_text(tag)
        if tag.name == "a":
            return Way(label, "GET", attribute(tag, "href"), {})
        form = tag.find_parent("form")
        if not isinstance(form, Tag):
            return Way(label, "GET", self.address, {})
        own = {attribute(tag, "name"): attribute(tag, "value")} if attribute(tag, "name") else {}
        method: Literal["GET", "POST"] = "POST" if attribute(form, "method").upper() == "POST" else "GET"
        return Way(label, method, attribute(form, "action") or self.address, dict(_filled_in(form)) | own)


def seen_text(tag: Tag) -> str:
    """Return what a person reads in `tag`, with single spaces."""
    return " ".join("".join(_strings(tag)).split())


def _strings(tag: Tag) -> Iterator[str]:
    for each in tag.children:
        if not isinstance(each, Tag):
            yield str(each) if type(each).__name__ == "NavigableString" else ""
        elif not _is_unseen(each):
            yield from _strings(each)
            if each.name in ("p", "li", "div", "small", "b", "span", "dd", "dt", "h1", "h2", "h3", "button"):
                yield " "


def _is_unseen(tag: Tag) -> bool:
    return (
        tag.name in ("script", "style", "head", "svg")
        or tag.has_attr("hidden")
        or attribute(tag, "aria-hidden") == "true"
        or "unseen" in attribute(tag, "class").split()
    )


def attribute(tag: Tag, name: str) -> str:
    """Return an attribute as one text, empty where there is none."""
    value = tag.get(name) or ""
    return value if isinstance(value, str) else " ".join(value)


def _is_live(tag: Tag) -> bool:
    return not (tag.has_attr("disabled") or any(map(_is_unseen, (tag, *tag.parents))))


def _filled_in(form: Tag) -> Iterator[tuple[str, str]]:
    """Yield what a form holds as it stands."""
    for each in form.select("input[name]"):
        kind = attribute(each, "type")
        if kind != "submit" and (kind not in ("checkbox", "radio") or each.has_attr("checked")):
            yield attribute(each, "name"), attribute(each, "value")
    for each in form.select("select[name]:not([disabled])"):
        chosen = each.select_one("option[selected]") or each.select_one("option")
        yield attribute(each, "name"), attribute(chosen, "value") if chosen else ""
    for each in form.select("textarea[name]"):
        yield attribute(each, "name"), each.get_text()
