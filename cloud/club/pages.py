"""The club: every page put together, and served on an origin of its own."""

from collections.abc import Sequence
from urllib.parse import urlsplit

import cloud.settings
from chassis.clock import Clock
from chassis.web import application
from cloud.club import account, login, passwords, signing_up, social, troubles, two_step
from cloud.club.taps import House, Screen, Taps, TellUnlinked
from cloud.club.view import HERE, View
from cloud.club.visits import Visits
from cloud.hashing import Hashing
from cloud.registry import Registry


class Club:
    """Translates between pages and the people's verbs of the registry. Making one reads files: do it in a thread."""

    def __init__(
        self,
        registry: Registry,
        clock: Clock,
        hashing: Hashing,
        settings: cloud.settings.Club,
        *,
        url: str,
        tell_unlinked: TellUnlinked,
        inbox_url: str | None,
    ) -> None:
        """Take the URL by which browsers reach it, and that of the page with every mail, if there is one."""
        house = House(
            registry=registry,
            clock=clock,
            hashing=hashing,
            settings=settings,
            url=url,
            tell_unlinked=tell_unlinked,
            inbox_url=inbox_url,
            view=View(),
            visits=Visits(),
        )
        self.application = application({urlsplit(url).hostname or ""}, url)
        """What is to be served."""
        self.application.add_routes(Taps(house).routes(screens(with_social=bool(inbox_url))))
        self.application.router.add_static("/static", HERE / "static")


def screens(*, with_social: bool) -> Sequence[Screen]:
    """Return every page there is."""
    rooms = (login, signing_up, two_step, passwords, account, troubles)
    return [screen for room in rooms for screen in room.SCREENS] + [*social.SCREENS] * with_social
