"""Knocks at the last address, where on loopback somebody else lives now."""

import asyncio
import socket
from contextlib import suppress

import pytest
from zeroconf._protocol.incoming import DNSIncoming

from phone_client.places import Remembered
from phone_client.searching.knocking import Knocking
from phone_client.searching.network import look_around
from phone_client.searching.search import Hit
from tests.phone_client import mdns_peer as peer
from tests.phone_client.gateway_double import GATEWAY_ID

pytestmark = pytest.mark.adapters

SOMEWHERE = "127.0.9.9"


async def nobody(address: str, port: int) -> Hit | None:
    return None


async def nothing(hit: Hit) -> None:
    raise AssertionError(hit)


@pytest.mark.req("S-DISC-15")
async def test_who_answers_without_a_word_of_gateways_is_asked_again_now_and_then_only() -> None:
    place = Remembered(gateway_id=GATEWAY_ID, name="AiSEG", address=SOMEWHERE, port=9)
    asked = 0
    links = (await asyncio.to_thread(look_around, ("lo",))).links
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK) as printer:
        printer.bind((SOMEWHERE, peer.PORT))

        def answer() -> None:
            nonlocal asked
            asked += 1
            data, source = printer.recvfrom(9000)
            other = peer.address("printer.local.", SOMEWHERE)
            printer.sendto(peer.packet([other], DNSIncoming(data).id), source)

        loop = asyncio.get_running_loop()
        loop.add_reader(printer, answer)
        try:
            with suppress(TimeoutError):
                async with asyncio.timeout(1.5):
                    await Knocking(place, links).run(nobody, nothing)
        finally:
            loop.remove_reader(printer)
    assert asked == 2
