"""The doorway's part for the search: by itself it is loaded as quickly as it searches."""

import asyncio

from phone_client.gateway_client import GatewayClient
from phone_client.places import Places, PlacesFile, Remembered
from phone_client.searching.advice import Words
from phone_client.searching.finding import Finder, Found, Watch
from phone_client.searching.gathering import Met
from phone_client.searching.search import Hit, Take, show_nobody
from phone_client.settings import Settings
from protocol.problems import STATE_UNWRITABLE, Problem


def quiet(words: Words, done: float | None = None) -> None:
    """Tell nobody what is being tried."""


class Lookout:
    """Looks for gateways on the links that the settings name, and remembers where they were."""

    def __init__(self, settings: Settings, gateways: GatewayClient) -> None:
        self._settings = settings
        self._gateways = gateways
        self._places = PlacesFile(settings.store.folder)

    async def search(
        self,
        limit_s: float | None = None,
        watch: Watch = quiet,
        show_hit: Take = show_nobody,
        *,
        sweep: bool = False,
    ) -> Found:
        """Search for at most `limit_s` seconds; `show_hit` gets each gateway the moment it is found.

        `sweep`: a person has asked that every address of the phone's own networks be tried as well.
        """
        places = await asyncio.to_thread(self._places.read)
        found = await Finder(
            gateways=self._gateways,
            interfaces=self._settings.network.interfaces,
            limit_s=limit_s or self._settings.search.limit_s,
            quiet_s=self._settings.search.quiet_s,
            expected=places.expected,
            watch=watch,
            show_hit=show_hit,
            sweep=sweep,
        ).find()
        await self._remember(found, places)
        return found

    async def _remember(self, found: Found, places: Places) -> None:
        """Keep where they are; a folder that cannot be written does not spoil the search."""
        known = {each.gateway_id: each for each in places.gateways}
        newest = [_place(hit, found.met[hit.gateway_id], known.get(hit.gateway_id)) for hit in found.hits]
        try:
            await asyncio.to_thread(self._places.add, newest)
        except Problem as problem:
            if problem.kind is not STATE_UNWRITABLE:
                raise


def _place(hit: Hit, met: Met, before: Remembered | None) -> Remembered:
    """Return where the gateway is; what this search did not learn of it, one `before` may have."""
    more = met.more or (before.more if before else ())
    return Remembered(
        gateway_id=hit.gateway_id,
        name=hit.name,
        address=hit.address,
        port=hit.port,
        mac=met.mac or (before.mac if before else None),
        router_mac=met.router_mac or (before.router_mac if before else None),
        more=tuple(each for each in more if each != hit.address),
    )
