"""アプリ設定, page by page (manual p12–p14)."""

from typing import Final

from aiohttp import web

from emulator.panel.flows import FAMILY_FIELDS, Linking, missing, read_family
from emulator.panel.forms import CHOICES, DEVICE_CODE, DEVICE_CODE_REFUSALS, answer_missing
from emulator.panel.link_code import show_code_of
from emulator.panel.taps import Tap
from emulator.panel.walk import Walk
from protocol.problems import FAMILY_NEEDED, Problem
from protocol.registering import Consent, Family
from protocol.rules import SERVICE_TERMS_VERSION

WALK: Final = Walk(Linking, "/app-settings", fields=FAMILY_FIELDS)


async def _device_code(tap: Tap, _: Linking, problem: Problem | None = None) -> web.Response:
    return WALK.page(
        tap,
        "device-code",
        "device_code.html",
        problem,
        title=tap.words["app_settings"],
        typed="",
        warned=False,
    )


async def _prepare(tap: Tap, flow: Linking) -> web.Response:
    """Look at registration and firmware (S-LC-03, S-LC-04)."""
    try:
        status = await tap.gateway.prepare_link_code(tap.form.get(DEVICE_CODE, ""))
    except Problem as problem:
        if problem.kind not in DEVICE_CODE_REFUSALS:
            raise
        return await _device_code(tap, flow, problem)
    flow.family_needed = status.family_needed
    return WALK.on_from("device-code", flow)


async def _terms(tap: Tap, _: Linking) -> web.Response:
    return WALK.page(
        tap, "terms", "terms.html", title=tap.words["app_settings"], terms_version=SERVICE_TERMS_VERSION
    )


async def _agree(tap: Tap, flow: Linking) -> web.Response:
    """Record the consent, at each issue as drawn (S-LC-06), and skip ご家族の情報 where that is known (S-LC-08)."""
    flow.consent = Consent(terms_version=SERVICE_TERMS_VERSION, agreed_at=tap.now)
    if flow.family_needed:
        return WALK.on_from("terms", flow)
    return await _issue(tap, flow, flow.consent, None)


async def _family(tap: Tap, flow: Linking, problem: Problem | None = None) -> web.Response:
    typed = {name: flow.typed.get(name, "") for name in FAMILY_FIELDS}
    return WALK.page(tap, "family", "family.html", problem, typed=typed, choices=CHOICES)


async def _answer(tap: Tap, flow: Linking) -> web.Response:
    left = missing(flow.typed, FAMILY_FIELDS)
    try:
        if left:
            raise answer_missing(tap, left)
        family = read_family(flow.typed)
    except Problem as problem:
        return await _family(tap, flow, problem)
    return await _issue(tap, flow, flow.agreed(), family)


async def _issue(tap: Tap, flow: Linking, consent: Consent, family: Family | None) -> web.Response:
    try:
        shown = await tap.gateway.show_link_code(consent, family)
    except Problem as problem:
        if problem.kind is not FAMILY_NEEDED:
            raise
        return WALK.on_from("terms", flow)
    return show_code_of(tap, Linking, shown)


SCREENS: Final = (
    WALK.screen("device-code", _device_code, _prepare),
    WALK.screen("terms", _terms, _agree),
    WALK.screen("family", _family, _answer),
)
