"""`python -m tests.support.updating FOLDER CLOUD MOMENT`: a gateway that updates itself, killed (kill -9) at a moment.

A moment is a state of the update, `downloading` with how many percent, `down` (between the two boots) or `up` (after it).
"""

import asyncio
import os
import signal
import sys
from pathlib import Path

from chassis.settings import read_settings
from emulator.gateway import Gateway
from emulator.program import Running, running
from emulator.settings import Settings


def has_come(program: Running, first: Gateway, moment: str) -> bool:
    if moment == "down":
        return not program.is_up
    if moment == "up":
        return program.is_up and program.gateway is not first
    state, _, pct = moment.partition(" ")
    update = first.updates.progress()
    return update is not None and update.state == state and update.progress_pct >= int(pct or 0)


async def update_until(folder: Path, cloud: str, moment: str) -> None:
    options = {"gateway.folder": folder, "cloud.url": cloud, "http.host": "127.0.0.1", "http.port": 0}
    options |= {"firmware.update_s": 0.6, "firmware.apply_s": 0.2, "firmware.restart_s": 0.2}
    async with running(read_settings(Settings, "emulator", options=options)) as program, asyncio.timeout(20):
        first = program.gateway
        offer = await first.updates.offer()
        assert offer
        await first.start_update(offer.version)
        while not has_come(program, first, moment):  # noqa: ASYNC110 - no moment may pass unseen
            await asyncio.sleep(0)
        os.kill(os.getpid(), signal.SIGKILL)


if __name__ == "__main__":
    asyncio.run(update_until(Path(sys.argv[1]), sys.argv[2], sys.argv[3]))
