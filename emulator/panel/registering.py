"""新規登録, page by page (manual p9–p11). The order of pages is kept here, the rules by the gateway and the cloud."""

from typing import Final

from aiohttp import web

from emulator.panel.flows import (
    FAMILY_FIELDS,
    PLACE_FIELDS,
    Registering,
    missing,
    read_family,
    read_place,
)
from emulator.panel.forms import CHOICES, DEVICE_CODE, DEVICE_CODE_REFUSALS, answer_missing
from emulator.panel.link_code import show_code_of
from emulator.panel.taps import Tap, go
from emulator.panel.view import live
from emulator.panel.walk import Walk
from protocol.areas import areas, municipalities, prefectures
from protocol.problems import (
    CONFIRMATION_CODE_SPENT,
    ERASURE_NOT_CONFIRMED,
    REGISTRATION_CHANGED,
    REGISTRATION_NOT_BEGUN,
    Problem,
)
from protocol.registering import Consent
from protocol.rules import SERVICE_TERMS_VERSION

ANSWERS: Final = PLACE_FIELDS + FAMILY_FIELDS
WALK: Final = Walk(
    Registering,
    "/register",
    fields=(DEVICE_CODE, *ANSWERS),
    ends_with=(CONFIRMATION_CODE_SPENT, REGISTRATION_CHANGED, REGISTRATION_NOT_BEGUN),
)


async def _cautions(tap: Tap, _: Registering) -> web.Response:
    state = live(tap.gateway, tap.words, tap.language)
    return WALK.page(tap, "cautions", "register_cautions.html", live=state)


async def _understand(_: Tap, flow: Registering) -> web.Response:
    return WALK.on_from("cautions", flow)


async def _steps(tap: Tap, _: Registering) -> web.Response:
    return WALK.page(tap, "steps", "register_steps.html")


async def _go_on(_: Tap, flow: Registering) -> web.Response:
    return WALK.on_from("steps", flow)


async def _terms(tap: Tap, _: Registering) -> web.Response:
    return WALK.page(
        tap, "terms", "terms.html", title=tap.words["register"], terms_version=SERVICE_TERMS_VERSION
    )


async def _agree(tap: Tap, flow: Registering) -> web.Response:
    flow.consent = Consent(terms_version=SERVICE_TERMS_VERSION, agreed_at=tap.now)
    return WALK.on_from("terms", flow)


async def _device_code(tap: Tap, flow: Registering, problem: Problem | None = None) -> web.Response:
    typed = flow.typed.get(DEVICE_CODE, "")
    return WALK.page(
        tap,
        "device-code",
        "device_code.html",
        problem,
        title=tap.words["register"],
        typed=typed,
        warned=False,
    )


async def _begin(tap: Tap, flow: Registering) -> web.Response:
    """Have the confirmation code issued; once begun, the run and its code stay (S-REG-12)."""
    try:
        if flow.run:
            tap.gateway.check_device_code(flow.typed.get(DEVICE_CODE, ""))
        else:
            flow.run = await tap.gateway.begin_registration(flow.typed.get(DEVICE_CODE, ""))
    except Problem as problem:
        if problem.kind not in DEVICE_CODE_REFUSALS:
            raise
        return await _device_code(tap, flow, problem)
    return WALK.on_from("device-code", flow)


async def _confirmation_code(tap: Tap, flow: Registering) -> web.Response:
    code = flow.begun().confirmation_code
    return WALK.page(tap, "confirmation-code", "register_confirmation_code.html", code=code)


async def _noted(_: Tap, flow: Registering) -> web.Response:
    return WALK.on_from("confirmation-code", flow)


async def _confirmation(tap: Tap, _: Registering, problem: Problem | None = None) -> web.Response:
    return WALK.page(tap, "confirmation", "register_confirmation.html", problem)


async def _confirm(tap: Tap, flow: Registering) -> web.Response:
    try:
        flow.begun().confirm(tap.form.get("confirmation_code", ""))
    except Problem as problem:
        if problem.kind in WALK.ends_with:
            raise
        return await _confirmation(tap, flow, problem)
    return WALK.on_from("confirmation", flow)


async def _settings(tap: Tap, flow: Registering, problem: Problem | None = None) -> web.Response:
    typed = {name: flow.typed.get(name, "") for name in ANSWERS}
    lists = {
        "prefecture": prefectures(),
        "area": areas(typed["prefecture"]),
        "municipality": municipalities(typed["prefecture"], typed["area"]),
    }
    return WALK.page(
        tap, "settings", "register_settings.html", problem, typed=typed, lists=lists, choices=CHOICES
    )


async def _choose(tap: Tap, flow: Registering) -> web.Response:
    if tap.form.get("go") == "lists":  # without JavaScript: show what belongs to the parent just chosen
        return go(WALK.path_of("settings"))
    left = missing(flow.typed, ANSWERS)
    try:
        if left:
            raise answer_missing(tap, left)
        flow.place, flow.family = read_place(flow.typed), read_family(flow.typed)
    except Problem as problem:
        return await _settings(tap, flow, problem)
    return WALK.on_from("settings", flow)


async def _check(tap: Tap, flow: Registering, problem: Problem | None = None) -> web.Response:
    run = flow.begun()
    return WALK.page(
        tap,
        "check",
        "register_check.html",
        problem,
        flow=flow,
        device_code=tap.gateway.identity.device_code,
        run=run,
    )


async def _register(tap: Tap, flow: Registering) -> web.Response:
    """Register, once: the session lets one tap in at a time, and the cloud knows the run (S-REG-32)."""
    run = flow.begun()
    if run.at_stake and tap.form.get("replacing") != str(run.at_stake.epoch):
        return await _check(tap, flow, Problem(ERASURE_NOT_CONFIRMED))
    flow.registered = await tap.gateway.register(run, flow.answers())
    return WALK.on_from("check", flow)


async def _done(tap: Tap, flow: Registering) -> web.Response:
    return WALK.page(tap, "done", "register_done.html", registered=flow.registered)


async def _issue(tap: Tap, flow: Registering) -> web.Response:
    """Issue a link code with the consent of this run; a refusal leaves the registration valid (S-REG-34)."""
    return show_code_of(tap, Registering, await tap.gateway.show_link_code(flow.answers().consent))


SCREENS: Final = (
    WALK.screen("cautions", _cautions, _understand),
    WALK.screen("steps", _steps, _go_on),
    WALK.screen("terms", _terms, _agree),
    WALK.screen("device-code", _device_code, _begin),
    WALK.screen("confirmation-code", _confirmation_code, _noted),
    WALK.screen("confirmation", _confirmation, _confirm),
    WALK.screen("settings", _settings, _choose),
    WALK.screen("check", _check, _register),
    WALK.screen("done", _done, _issue),
)
