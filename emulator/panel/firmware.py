"""お知らせ → メッセージ → 詳細 → 更新内容, and the update (manual p3–p5)."""

from typing import Final

from aiohttp import web

from emulator.panel.taps import Handler, Screen, Tap, go
from emulator.panel.view import live
from protocol.problems import RELEASE_CHANGED, Problem


async def _firmware(tap: Tap) -> web.Response:
    """AiSEGのファームウェアは最新ですか？ answered by the panel itself (S-FLOW-05)."""
    tap.gateway.updates.retry()
    return tap.page("firmware.html", firmware=await tap.gateway.updates.firmware())


async def _notices(tap: Tap) -> web.Response:
    return tap.page("notices.html", notice=tap.gateway.updates.has_notice)


async def _messages(tap: Tap) -> web.Response:
    return tap.page("messages.html", offer=await tap.gateway.updates.offer())


def _about_offer(template: str) -> Handler:
    """Return what shows a screen about the release there is to install, or leads to where it is told that there is none."""

    async def show(tap: Tap) -> web.Response:
        if tap.gateway.updates.busy:
            return go("/update/progress")
        offer = await tap.gateway.updates.offer()
        return tap.page(template, offer=offer, trouble="") if offer else go("/messages")

    return show


async def _start(tap: Tap) -> web.Response:
    """Start the update to the version that this person was shown; another is to be read first (S-FW-20)."""
    try:
        await tap.gateway.start_update(tap.form.get("version", ""))
    except Problem as problem:
        if problem.kind is not RELEASE_CHANGED:
            raise
        offer = await tap.gateway.updates.offer()
        return tap.page("message.html", problem.kind.status, offer=offer, trouble=tap.sentence(problem))
    return go("/update/progress")


async def _progress(tap: Tap) -> web.Response:
    updates = tap.gateway.updates
    update, trouble = updates.progress(), updates.trouble
    # Asked of the cloud only where it is shown: with an update under way nobody waits for an answer.
    updated = update is None and (await updates.firmware()).verdict == "up_to_date"
    return tap.page(
        "update_progress.html",
        update=update,
        updated=updated,
        live=live(tap.gateway, tap.words, tap.language),
        trouble=tap.sentence(trouble) if trouble else "",
    )


SCREENS: Final = (
    Screen("/firmware", _firmware),
    Screen("/notices", _notices),
    Screen("/messages", _messages),
    Screen("/messages/firmware", _about_offer("message.html")),
    Screen("/update", _about_offer("update.html")),
    Screen("/update/confirm", _about_offer("update_confirm.html"), _start),
    Screen("/update/progress", _progress),
)
