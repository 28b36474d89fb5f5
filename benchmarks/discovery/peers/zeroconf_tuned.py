"""python-zeroconf at its best by its public API: a QU question at once, records taken from the cache as they come."""

import asyncio
from contextlib import suppress
from typing import Final

from zeroconf import (  # type: ignore[attr-defined]
    DNSOutgoing,
    DNSPointer,
    DNSQuestion,
    RecordUpdate,
    RecordUpdateListener,
    Zeroconf,
)
from zeroconf.asyncio import AsyncServiceBrowser, AsyncServiceInfo, AsyncZeroconf
from zeroconf.const import _CLASS_IN, _CLASS_UNIQUE, _FLAGS_QR_QUERY, _TYPE_PTR

from benchmarks.discovery.peers.asking import SERVICE_TYPE, Known, Stopwatch, serve

QU: Final = _CLASS_IN | _CLASS_UNIQUE


class _Reader(RecordUpdateListener):
    """Looks into the cache whenever a packet has come."""

    def __init__(self, gateway_id: str, watch: Stopwatch) -> None:
        self.found: asyncio.Future[Known] = asyncio.get_running_loop().create_future()
        self._gateway_id = gateway_id
        self._watch = watch
        self._zeroconf: Zeroconf | None = None

    def async_update_records(self, zc: Zeroconf, now: float, records: list[RecordUpdate]) -> None:  # noqa: ARG002
        self._zeroconf = zc

    def async_update_records_complete(self) -> None:
        zeroconf = self._zeroconf
        if zeroconf is None or self.found.done():
            return
        for pointer in zeroconf.cache.get_all_by_details(SERVICE_TYPE, _TYPE_PTR, _CLASS_IN):
            if not isinstance(pointer, DNSPointer):
                continue
            info = AsyncServiceInfo(SERVICE_TYPE, pointer.alias)
            if info.load_from_cache(zeroconf) and info.decoded_properties.get("id") == self._gateway_id:
                addresses, port = info.parsed_addresses(), info.port or 0
                known = Known(pointer.alias, addresses, port, info.decoded_properties, self._watch.ms)
                self.found.set_result(known)
                return


async def search(limit_s: float, gateway_id: str) -> Known | None:
    """Search once."""
    watch = Stopwatch()
    zeroconf = AsyncZeroconf()
    reader = _Reader(gateway_id, watch)
    await zeroconf.zeroconf.async_wait_for_start()
    zeroconf.zeroconf.async_add_listener(reader, None)
    question = DNSQuestion(SERVICE_TYPE, _TYPE_PTR, QU)
    packet = DNSOutgoing(_FLAGS_QR_QUERY)
    packet.add_question(question)
    zeroconf.zeroconf.async_send(packet)
    browser = AsyncServiceBrowser(zeroconf.zeroconf, SERVICE_TYPE, handlers=[lambda **_: None])  # repeats
    try:
        with suppress(TimeoutError):
            async with asyncio.timeout(limit_s):
                return await reader.found
        return None
    finally:
        await browser.async_cancel()
        await zeroconf.async_close()


if __name__ == "__main__":
    serve(lambda limit_s, gateway_id: asyncio.run(search(limit_s, gateway_id)))
