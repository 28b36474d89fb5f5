"""Who is registered with the AiSEG, and the removal of a registration: before the own one is finished, or later (p21)."""

from typing import Final

from aiohttp import web

from phone_client.web.registering import form
from phone_client.web.taps import Screen, Tap, go
from phone_client.web.whereabouts import REGISTERED, UNLINKED
from protocol.cloud_api import User
from protocol.problems import PERMIT_REFUSED, PHONE_UNKNOWN, Problem

_AT: Final = UNLINKED | REGISTERED


async def _users(tap: Tap) -> web.Response:
    if tap.standing.link is None:
        return go("/confirm")
    return tap.page("users.html", users=await _listed(tap), link=tap.standing.link)


async def _listed(tap: Tap) -> tuple[User, ...]:
    """Return the users as the person has been, or is to be, shown them."""
    registering = tap.underway.registering
    if tap.standing.link:
        return (await tap.phone.users()).users
    return registering.preview.users if registering and registering.preview else ()


async def _choose(tap: Tap) -> web.Response:
    chosen = [user for user in await _listed(tap) if user.phone_id == tap.form.get("phone_id")]
    if not chosen:
        raise Problem(PHONE_UNKNOWN)
    tap.underway.removing = chosen[0]
    return go("/users/remove")


async def _ask(tap: Tap) -> web.Response:
    user = tap.underway.removing
    return tap.page("remove.html", user=user) if user else go("/users")


async def _remove(tap: Tap) -> web.Response:
    """Remove the registration once that was confirmed (S-BIND-16)."""
    user, tap.underway.removing = tap.underway.removing, None
    if user and tap.form.get("go") == "on":
        if tap.standing.link is None:
            return await _remove_by_permit(tap, user)
        await tap.phone.remove_user(user.phone_id)
    return go("/users")


async def _remove_by_permit(tap: Tap, user: User) -> web.Response:
    """Remove it by the permit that came with the accepted codes; too old, the codes are to be sent again."""
    registering = tap.underway.begun()
    if registering.preview:
        try:
            left = await tap.phone.remove_user(user.phone_id, registering.preview.permit)
        except Problem as problem:
            if problem.kind is not PERMIT_REFUSED:
                raise
            registering.preview = None
            return form(tap, registering, problem)
        registering.preview = registering.preview.model_copy(update={"users": left.users})
    return go("/confirm")


SCREENS: Final = (
    Screen("/users", _AT, _users, _choose),
    Screen("/users/remove", _AT, _ask, _remove),
)
