"""The tick: one sample each interval, whatever the network does."""

import logging
from datetime import timedelta

from chassis.clock import Clock
from emulator.gateway import Gateway
from protocol.problems import Problem

log = logging.getLogger(__name__)


async def sample_for_ever(gateway: Gateway, clock: Clock, interval: timedelta) -> None:
    """Measure every `interval`; a full disk is said once and tried again."""
    failing = False
    due_at = clock.now()
    while True:
        now = clock.now()
        try:
            await gateway.measure(now)
            failing = False
        except Problem as problem:
            log.log(logging.DEBUG if failing else logging.WARNING, "nothing measured: %s", problem)
            failing = True
        # After a suspended machine or a moved clock the old rhythm is over: no volley of late samples.
        on_time = due_at <= now < due_at + interval
        due_at = (due_at if on_time else now) + interval
        await clock.sleep(max(0.0, (due_at - clock.now()).total_seconds()))
