"""A gateway that does nothing but announce itself: `python -m lab.conformance.ours GATEWAY_ID MODEL PORT INTERFACE...`.

Prints its state and name whenever they change. SIGUSR1 registers it, SIGUSR2 makes it another model (and so another
name), SIGTERM ends it with a goodbye.
"""

import asyncio
import signal
import sys
from collections.abc import Callable, Sequence

from emulator.announcer import Announcer
from emulator.standing import Announcement
from lab.conformance.service import OTHER_MODEL
from protocol.discovery import Advertisement


async def _announce(gateway_id: str, model: str, port: int, interfaces: Sequence[str]) -> None:
    said = Advertisement(gateway_id=gateway_id, model=model, firmware="2.10", registered=False, busy=False)
    announcer = Announcer(interfaces, port)
    ended = asyncio.Event()

    def changing(**facts: object) -> Callable[[], None]:
        def change() -> None:
            nonlocal said
            said = said.model_copy(update=facts)
            announcer.refresh()

        return change

    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGUSR1, changing(registered=True))
    loop.add_signal_handler(signal.SIGUSR2, changing(model=OTHER_MODEL))
    loop.add_signal_handler(signal.SIGTERM, ended.set)

    def tell(_: Announcement) -> None:
        sys.stdout.write(f"{announcer.state} {announcer.name}\n")
        sys.stdout.flush()

    async with asyncio.TaskGroup() as group:
        task = group.create_task(announcer.run(lambda: said, tell))
        await ended.wait()
        task.cancel()


if __name__ == "__main__":
    asyncio.run(_announce(sys.argv[1], sys.argv[2], int(sys.argv[3]), sys.argv[4:]))
