"""A phone whose account is linked: register it, or let it take over from the one before or one that was lost (p23-p27)."""

from collections.abc import Awaitable
from typing import Final

from aiohttp import web

from phone_client.web.taps import Screen, Tap, ends_the_form, go
from phone_client.web.view import code_facts
from phone_client.web.whereabouts import REGISTERED, UNREGISTERED
from protocol.cloud_api import Link
from protocol.problems import ANSWER_MISSING, PHONES_FULL, Problem
from protocol.rules import MAX_PHONES_PER_ACCOUNT


def _is_full(link: Link) -> bool:
    return len(link.phones) >= MAX_PHONES_PER_ACCOUNT


async def _choose(tap: Tap) -> web.Response:
    return _choices(tap, await tap.phone.current_link(), None)


def _choices(tap: Tap, link: Link, problem: Problem | None) -> web.Response:
    return tap.form_page("phone.html", problem, link=link, full=_is_full(link))


async def _add(tap: Tap) -> web.Response:
    """Lead to the nickname; the limit is the end of this way, not of the others (S-ADD-05, A-05b)."""
    link = await tap.phone.current_link()
    return _choices(tap, link, Problem(PHONES_FULL)) if _is_full(link) else go("/nickname")


async def _nickname(tap: Tap) -> web.Response:
    full = _is_full(await tap.phone.current_link())
    return go("/phone") if full else tap.form_page("nickname.html", None, typed="")


async def _register(tap: Tap) -> web.Response:
    typed = tap.form.get("nickname", "").strip()
    try:
        return await _taken(tap, tap.phone.add_phone(typed), "added_done")
    except Problem as problem:
        if problem.kind is PHONES_FULL:
            return _choices(tap, await tap.phone.current_link(), problem)
        if ends_the_form(problem):
            raise
        return tap.form_page("nickname.html", problem, typed=typed)


async def _redeem(tap: Tap) -> web.Response:
    return tap.form_page("redeem.html", None)


async def _move(tap: Tap) -> web.Response:
    try:
        return await _taken(tap, tap.phone.move_here(tap.form.get("change_code", "")), "changed_done")
    except Problem as problem:
        if ends_the_form(problem):
            raise
        return tap.form_page("redeem.html", problem)


async def _lost(tap: Tap, problem: Problem | None = None) -> web.Response:
    return tap.form_page("replace.html", problem, link=await tap.phone.current_link())


async def _replace(tap: Tap) -> web.Response:
    chosen = tap.form.get("phone_id")
    if not chosen:
        problem = Problem(ANSWER_MISSING, what="the phone to replace", what_ja="入れ替えるスマートフォン")
        return await _lost(tap, problem)
    try:
        return await _taken(tap, tap.phone.replace_phone(chosen), "changed_done")
    except Problem as problem:
        if ends_the_form(problem):
            raise
        return await _lost(tap, problem)


async def _taken(tap: Tap, taking: Awaitable[Link], said: str) -> web.Response:
    """Go to the top screen when this phone has its slot (S-CHG-11)."""
    await taking
    tap.underway.said = said
    return go("/timeline")


async def _change(tap: Tap) -> web.Response:
    return tap.page("change.html")


async def _issue(tap: Tap) -> web.Response:
    tap.underway.change_code = (await tap.phone.issue_change_code()).change_code
    return go("/change/code")


async def _code(tap: Tap) -> web.Response:
    """Show the code that was just issued; once closed it cannot be shown again (S-CHG-04)."""
    code = tap.underway.change_code
    return tap.page("change_code.html", **code_facts(code)) if code else go("/change")


async def _close(tap: Tap) -> web.Response:
    tap.underway.change_code = ""
    return go("/timeline")


SCREENS: Final = (
    Screen("/phone", UNREGISTERED, _choose, _add),
    Screen("/nickname", UNREGISTERED, _nickname, _register),
    Screen("/change/redeem", UNREGISTERED, _redeem, _move),
    Screen("/replace", UNREGISTERED, _lost, _replace),
    Screen("/change", REGISTERED, _change, _issue),
    Screen("/change/code", REGISTERED, _code, _close),
)
