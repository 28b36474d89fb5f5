"""Which screen of the glossary a page is, and what it says of a search. No I/O."""

from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Final

from lab.people.labels import DONE, NO_CONNECTION, PANEL
from lab.people.page import Page, attribute, seen_text
from phone_client.searching.advice import ADVICE, CAUSES

_PHONE: Final[Mapping[str, str]] = {
    "/start": "start",
    "/search": "searching",
    "/terms": "type_code",
    "/register": "type_code",
    "/confirm": "confirm",
    "/timeline": "timeline",
}
_UPDATING: Final = ("downloading", "verifying", "installing", "applying", "restarting")


def phone_screens(page: Page) -> frozenset[str]:
    """Return what a page of the app is: none for one that has no name in the glossary."""
    if page.title in NO_CONNECTION:
        return frozenset({"no_connection"})
    if page.complaint and page.status >= HTTPStatus.BAD_REQUEST and page.path != "/register":
        return frozenset()
    if page.path == "/search/result":
        return frozenset({"found" if page.main.select('[name="gateway_id"]') else "not_found"})
    screen = _PHONE.get(page.path)
    if screen == "timeline" and any(each in page.words for each in DONE):
        return frozenset({"timeline", "registered"})
    return frozenset({screen} if screen else ())


def panel_screens(page: Page) -> frozenset[str]:
    """Return what a page of the panel is; one that shows that the cloud is away is that, too."""
    screens = {"home"} if page.path == "/" else set[str]()
    if page.title == PANEL["no_connection"] or page.soup.select('[data-state="cloud"][data-is="off"]'):
        screens.add("cloud_offline")
    if page.path == "/link-code" and page.main.select(".groups"):
        screens.add("link_code")
    if page.path == "/status" and not page.field(PANEL["device_code"]):
        screens.add("status")
    update = page.main.select_one("[data-update]")
    if update and attribute(update, "data-update") in _UPDATING:
        screens.add("updating")
    return frozenset(screens)


@dataclass(frozen=True)
class Result:
    """What the app's page says of a search that has ended."""

    found: tuple[Mapping[str, str], ...]
    code: str | None
    could_also_be: tuple[str, ...]
    advice: str
    evidence: tuple[str, ...]


def read_result(page: Page) -> Result | None:
    """Return what the page says of a search; None when it is no such page."""
    if page.path != "/search/result" or page.status >= HTTPStatus.BAD_REQUEST:
        return None
    buttons = page.main.select('button[name="gateway_id"]')
    return _found(page, [attribute(each, "value") for each in buttons]) if buttons else _not_found(page)


def _found(page: Page, ids: list[str]) -> Result:
    models = [
        seen_text(each).removeprefix("AiSEG ")
        for each in page.main.select("dd, b")
        if "AiSEG" in seen_text(each)
    ]
    found = tuple({"gateway_id": one, "model": model} for one, model in zip(ids, models, strict=False))
    tip = page.main.select_one(".tip p")
    advice = seen_text(tip) if tip else ""
    return Result(found, _code_of(advice, ADVICE), (), advice, ())


def _not_found(page: Page) -> Result:
    strong = page.main.select_one("section p strong")
    code = page.main.select_one("details p.digits")
    lines = page.main.select("ul.evidence li")
    folded = tuple(seen_text(each) for each in lines if each.find_parent("details"))
    doubts = (seen_text(each) for each in lines if not each.find_parent("details"))
    others = tuple(filter(None, (_code_of(each, CAUSES) for each in doubts)))
    return Result((), seen_text(code) if code else None, others, seen_text(strong) if strong else "", folded)


def _code_of(said: str, sentences: Mapping[str, Any]) -> str | None:
    """Return which code is said in this sentence."""
    return next((code for code, each in sentences.items() if said and said in (each.ja, each.en)), None)
