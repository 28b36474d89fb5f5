"""All checks, in scenes that go on at the same time: most of what a check does is to wait."""

import tempfile
import time
from collections.abc import Callable, Collection, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path
from threading import Event
from typing import Final

from lab.conformance.bench import Bench
from lab.conformance.check import Check, Outcome, Scene, Silent, Verdict
from lab.conformance.checks import CHECKS, SCENES
from lab.conformance.responders import RESPONDERS, Responder
from lab.home import Home
from lab.network.plan import Plan

AT_ONCE: Final = 12
"""Homes at a time."""


@dataclass(frozen=True)
class Result:
    """How a responder stands one check. `took_s` is mostly waiting."""

    id: str
    rule: str
    sentence: str
    is_extra: bool
    outcome: Outcome
    evidence: str
    took_s: float


def run(
    responder: str, only: Collection[str] = (), told: Callable[[Result], None] = lambda _: None
) -> list[Result]:
    """Judge a responder, by its name in RESPONDERS, by all checks or `only` those; `told` hears of each as it ends.

    Raises:
        Problem: there is no way to make a home here.
    """
    scenes = [scene for scene in SCENES if _chosen(scene, only)]
    scenes.sort(key=lambda scene: -scene.lasts_s)
    stopped = Event()
    found: dict[str, Result] = {}
    with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor(AT_ONCE) as threads:

        def play(scene: Scene) -> None:
            place = Path(folder, scene.name)
            place.mkdir()
            for result in _play(RESPONDERS[responder], scene, _chosen(scene, only), place, stopped):
                found[result.id] = result
                told(result)

        try:
            for each in as_completed([threads.submit(play, scene) for scene in scenes]):
                each.result()
        except BaseException:
            stopped.set()
            threads.shutdown(cancel_futures=True)
            raise
    return [found[check.id] for check in CHECKS if check.id in found]


def _chosen(scene: Scene, only: Collection[str]) -> Sequence[Check]:
    return [each for each in scene.checks if not only or each.id in only]


def _play(
    responder: Responder, scene: Scene, checks: Sequence[Check], folder: Path, stopped: Event
) -> Iterator[Result]:
    with Home(_plan(scene)) as home, Bench(responder, home, scene.version, folder, stopped) as bench:
        for check in checks:
            began_at = time.monotonic()
            verdict = _judge(check, bench)
            yield Result(
                id=check.id,
                rule=check.rule,
                sentence=check.sentence,
                is_extra=check.is_extra,
                outcome=verdict.outcome,
                evidence=verdict.evidence,
                took_s=round(time.monotonic() - began_at, 2),
            )


def _plan(scene: Scene) -> Plan:
    plan = Plan(bare=True).with_node("us")
    for number in range(scene.boxes):
        plan = plan.with_node(f"box{number}")
    return plan


def _judge(check: Check, bench: Bench) -> Verdict:
    try:
        return check.judge(bench)
    except Silent as silent:
        return Verdict("fail", str(silent))
