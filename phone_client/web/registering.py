"""From the terms to the registered phone (manual p20); who uses the AiSEG already is shown before the end (p21)."""

from typing import Final

from aiohttp import web

from phone_client.web.taps import Screen, Tap, ends_the_form, go
from phone_client.web.underway import Registering
from phone_client.web.whereabouts import UNLINKED
from protocol.codes import in_fours
from protocol.problems import Problem
from protocol.rules import APP_TERMS_VERSION

FIELDS: Final = ("nickname", "device_code", "link_code")


async def _terms(tap: Tap) -> web.Response:
    return tap.page("terms.html", version=APP_TERMS_VERSION)


async def _agree(tap: Tap) -> web.Response:
    tap.underway.begun().agreed = True
    return go("/register")


async def _register(tap: Tap) -> web.Response:
    """Show the form; the link code is filled in while the panel of the AiSEG that was found shows it."""
    registering = tap.underway.begun()
    if not registering.agreed:
        return go("/terms")
    read = None
    if registering.picked and not registering.typed:
        read = await tap.phone.shown_code(registering.picked)
    return form(tap, registering, None, read)


def form(
    tap: Tap, registering: Registering, problem: Problem | None, read: str | None = None
) -> web.Response:
    """Return the form with what was typed, and the code that was `read` from the panel."""
    typed = {name: registering.typed.get(name, "") for name in FIELDS}
    if read:
        typed["link_code"] = in_fours(read)
    return tap.form_page("register.html", problem, typed=typed, was_read=read is not None)


async def _send(tap: Tap) -> web.Response:
    """Have the codes judged, without spending them: which AiSEG, and who uses it, is seen first (S-BIND-15, T-12)."""
    registering = tap.underway.begun()
    if not registering.agreed:
        return go("/terms")
    registering.typed = {name: tap.form.get(name, "").strip() for name in FIELDS}
    try:
        registering.preview = await tap.phone.preview(**registering.typed)
    except Problem as problem:
        return _refused(tap, registering, problem)
    return go("/confirm")


async def _confirm(tap: Tap) -> web.Response:
    registering = tap.underway.begun()
    if not registering.preview:
        return go("/register")
    return tap.page("confirm.html", registering=registering, preview=registering.preview)


async def _finish(tap: Tap) -> web.Response:
    registering = tap.underway.begun()
    if not registering.preview:
        return go("/register")
    nickname, device_code, link_code = (registering.typed[name] for name in FIELDS)
    try:
        await tap.phone.link(nickname, device_code, link_code)
    except Problem as problem:
        return _refused(tap, registering, problem)
    tap.underway.forget()
    tap.underway.said = "linked_done"
    return go("/timeline")


def _refused(tap: Tap, registering: Registering, problem: Problem) -> web.Response:
    """Return to the form where typing something else may help."""
    registering.preview = None
    if ends_the_form(problem):
        raise problem
    return form(tap, registering, problem)


SCREENS: Final = (
    Screen("/terms", UNLINKED, _terms, _agree),
    Screen("/register", UNLINKED, _register, _send),
    Screen("/confirm", UNLINKED, _confirm, _finish),
)
