"""A gateway that does nothing but announce itself on eth0: `python -m tests.lab.announcing GATEWAY_ID PORT`.

Prints its state and name whenever they change. SIGUSR1 registers it, SIGTERM ends it with a goodbye.
"""

import asyncio
import signal
import sys

from emulator.announcer import Announcer
from protocol.discovery import Advertisement


async def announce(gateway_id: str, port: int) -> None:
    advertisement = Advertisement(
        gateway_id=gateway_id, model="MKN702", firmware="2.10", registered=False, busy=False
    )
    announcer = Announcer(["eth0"], port)
    ended = asyncio.Event()

    def register() -> None:
        nonlocal advertisement
        advertisement = advertisement.model_copy(update={"registered": True})
        announcer.refresh()

    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGUSR1, register)
    loop.add_signal_handler(signal.SIGTERM, ended.set)
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(announcer.run(lambda: advertisement)), group.create_task(tell(announcer))]
        await ended.wait()
        for task in tasks:
            task.cancel()


async def tell(announcer: Announcer) -> None:
    told = ""
    while True:
        line = f"{announcer.state} {announcer.name}"
        if line != told:
            sys.stdout.write(f"{line}\n")
            sys.stdout.flush()
            told = line
        await asyncio.sleep(0.01)


if __name__ == "__main__":
    asyncio.run(announce(sys.argv[1], int(sys.argv[2])))
