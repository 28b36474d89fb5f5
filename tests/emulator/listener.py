"""python-zeroconf's browser on loopback: an independent listener to what a gateway announces."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from zeroconf import IPVersion, ServiceStateChange, Zeroconf
from zeroconf.asyncio import AsyncServiceBrowser, AsyncServiceInfo, AsyncZeroconf

from protocol.discovery import SERVICE_TYPE


class Listener:
    """Every change the browser tells, and the way to ask for one instance."""

    def __init__(self, zeroconf: AsyncZeroconf) -> None:
        self.zeroconf = zeroconf
        self.changes: list[tuple[ServiceStateChange, str]] = []

    def note(
        self, zeroconf: Zeroconf, service_type: str, name: str, state_change: ServiceStateChange
    ) -> None:
        self.changes.append((state_change, name.removesuffix(f".{SERVICE_TYPE}")))

    def found(self) -> set[str]:
        return {name for change, name in self.changes if change is ServiceStateChange.Added}

    async def resolve(self, name: str) -> AsyncServiceInfo:
        info = AsyncServiceInfo(SERVICE_TYPE, f"{name}.{SERVICE_TYPE}")
        assert await info.async_request(self.zeroconf.zeroconf, 3000), f"{name} cannot be resolved"
        return info


@asynccontextmanager
async def listening() -> AsyncIterator[Listener]:
    """Listen until left."""
    zeroconf = AsyncZeroconf(interfaces=["127.0.0.1"], ip_version=IPVersion.V4Only)
    heard = Listener(zeroconf)
    browser = AsyncServiceBrowser(zeroconf.zeroconf, SERVICE_TYPE, handlers=[heard.note])
    try:
        yield heard
    finally:
        await browser.async_cancel()
        await zeroconf.async_close()
