"""サーバーサービス and 登録状況確認 (manual p6–p8): three answers, three screens."""

from http import HTTPStatus
from typing import Final

from aiohttp import web

from emulator.panel.forms import DEVICE_CODE, DEVICE_CODE_REFUSALS
from emulator.panel.taps import Screen, Tap
from emulator.panel.view import live
from protocol.problems import AisegError, Problem


async def _service(tap: Tap) -> web.Response:
    finished, tap.session.finished = tap.session.finished, False
    return tap.page("service.html", finished=finished, live=live(tap.gateway, tap.words, tap.language))


async def _ask(tap: Tap) -> web.Response:
    return _device_code_page(tap)


async def _tell(tap: Tap) -> web.Response:
    """Tell how it stands. "Cannot tell" never looks like "unregistered": that answer leads to erasure (S-ST-07)."""
    try:
        status = await tap.gateway.registration_status(tap.form.get(DEVICE_CODE, ""))
    except Problem as problem:
        if problem.kind in DEVICE_CODE_REFUSALS:
            return _device_code_page(tap, problem)
        return _cannot_tell(tap, problem)
    except AisegError as error:
        return _cannot_tell(tap, error)
    if status.registered:
        return tap.page("status_registered.html", status=status)
    return tap.page("status_unregistered.html", trouble="")


def _cannot_tell(tap: Tap, error: AisegError) -> web.Response:
    return tap.page("status_unknown.html", HTTPStatus.SERVICE_UNAVAILABLE, trouble=tap.sentence(error))


def _device_code_page(tap: Tap, problem: Problem | None = None) -> web.Response:
    """Ask for the device code; it is never filled in (S-ST-04)."""
    return tap.page(
        "device_code.html",
        problem.kind.status if problem else HTTPStatus.OK,
        title=tap.words["status_check"],
        warned=True,
        step=None,
        back="/service",
        typed="",
        trouble=tap.sentence(problem) if problem else "",
    )


SCREENS: Final = (
    Screen("/service", _service),
    Screen("/status", _ask, _tell),
)
