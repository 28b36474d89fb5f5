"""python-zeroconf as its documentation shows it: AsyncServiceBrowser, and async_request for each instance."""

import asyncio
import sys
from contextlib import suppress

from zeroconf import ServiceStateChange, Zeroconf
from zeroconf.asyncio import AsyncServiceBrowser, AsyncServiceInfo, AsyncZeroconf

from benchmarks.discovery.peers.asking import SERVICE_TYPE, Known, Stopwatch, say, serve


async def search(limit_s: float, gateway_id: str) -> Known | None:
    """Search once."""
    watch = Stopwatch()
    loop = asyncio.get_running_loop()
    found: asyncio.Future[Known] = loop.create_future()
    requests: set[asyncio.Task[None]] = set()

    async def resolve(zeroconf: Zeroconf, name: str) -> None:
        info = AsyncServiceInfo(SERVICE_TYPE, name)
        if await info.async_request(zeroconf, 3000) and info.decoded_properties.get("id") == gateway_id:
            known = Known(name, info.parsed_addresses(), info.port or 0, info.decoded_properties, watch.ms)
            if not found.done():
                found.set_result(known)

    def heard(zeroconf: Zeroconf, service_type: str, name: str, state_change: ServiceStateChange) -> None:  # noqa: ARG001
        if state_change is ServiceStateChange.Added:
            requests.add(loop.create_task(resolve(zeroconf, name)))

    zeroconf = AsyncZeroconf()
    browser = AsyncServiceBrowser(zeroconf.zeroconf, SERVICE_TYPE, handlers=[heard])
    try:
        with suppress(TimeoutError):
            async with asyncio.timeout(limit_s):
                return await found
        return None
    finally:
        for request in requests:
            request.cancel()
        await browser.async_cancel()
        await zeroconf.async_close()


if __name__ == "__main__":
    if len(sys.argv) > 1:  # a whole process that searches once
        once = asyncio.run(search(10, sys.argv[1]))
        say(once.document() if once else {"ms": None})
    else:
        serve(lambda limit_s, gateway_id: asyncio.run(search(limit_s, gateway_id)))
