"""The phone's own search: `new NAME ADDRESS PORT`, or `remembered NAME ADDRESS PORT` of another day."""

import asyncio
import sys

from benchmarks.discovery.peers.asking import Known, Stopwatch, serve
from phone_client.gateway_client import GatewayClient
from phone_client.places import Remembered
from phone_client.searching.finding import Finder
from phone_client.searching.network import ALL
from phone_client.searching.search import Hit
from protocol.device_api import Device


class _Asked(GatewayClient):
    """Notes when whom is first asked who it is: then name, address, port and TXT are known."""

    def __init__(self, watch: Stopwatch) -> None:
        super().__init__()
        self._watch = watch
        self.at_ms: dict[tuple[str, int], float] = {}

    async def device(self, address: str, port: int) -> Device:
        """Ask, as the phone does."""
        self.at_ms.setdefault((address, port), self._watch.ms)
        return await super().device(address, port)


async def find(
    limit_s: float, gateway_id: str, place: tuple[str, str, str], *, remember: bool
) -> Known | None:
    """Search once, from looking at this machine's interfaces until the gateway has confirmed that it is there.

    What counts is when all was known of it, as with the others, who ask no gateway: also where its word did not come.
    """
    watch = Stopwatch()
    asked = _Asked(watch)
    name, address, port = place
    began_ms: list[float] = []
    shown: dict[str, tuple[float, Hit]] = {}

    def show(hit: Hit) -> None:
        shown.setdefault(hit.gateway_id, (watch.ms, hit))

    await Finder(
        gateways=asked,
        interfaces=(ALL,),
        limit_s=limit_s,
        quiet_s=0,
        expected=_place(gateway_id, place) if remember else None,
        watch=lambda *_: began_ms.append(watch.ms),  # told first when the interfaces are known
        show_hit=show,
    ).find()
    if gateway_id in shown:
        shown_ms, hit = shown[gateway_id]
        known_ms = min(began_ms[0] + hit.elapsed_ms, shown_ms)
        return Known(hit.name, [hit.address], hit.port, {"id": gateway_id}, known_ms, shown_ms)
    asked_ms = asked.at_ms.get((address, int(port)))
    if remember or asked_ms is None:  # one that remembers asks before it knows
        return None
    return Known(name, [address], int(port), {"id": gateway_id}, asked_ms)


def _place(gateway_id: str, place: tuple[str, str, str]) -> Remembered:
    name, address, port = place
    return Remembered(gateway_id=gateway_id, name=name, address=address, port=int(port))


if __name__ == "__main__":
    how, *where = sys.argv[1:]
    there = (where[0], where[1], where[2])
    serve(
        lambda limit_s, gateway_id: asyncio.run(
            find(limit_s, gateway_id, there, remember=how == "remembered")
        )
    )
