"""How adapters learn that something has changed: they wait, wake and look at the gateway again."""

import asyncio


class Changes:
    """A count of changes, whatever changed; nobody has to subscribe, and a late waiter misses nothing."""

    def __init__(self) -> None:
        self.count = 0
        self._next = asyncio.Event()

    def tell(self) -> None:
        """Wake everybody who waits."""
        self.count += 1
        self._next.set()
        self._next = asyncio.Event()

    async def after(self, seen: int) -> int:
        """Return the present count as soon as it is not `seen` any more."""
        while self.count == seen:
            await self._next.wait()
        return self.count
