"""The confusion matrix: every scene, again and again with other seeds, and what the phone says of it each time."""

import itertools
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path
from threading import Event
from typing import Final, Literal

from lab.home import Home
from lab.residents import Residents, Said, living_in
from lab.scenes import KNOWLEDGE, Knowledge, Scene

Verdict = Literal["right", "cannot tell", "hesitant", "wrong"]
"""`cannot tell`: the phone rightly names the cause among those that fit as well; `hesitant`: it could have known."""

LIMIT_S: Final = 10.0
"""Of one search: as the app has it."""


@dataclass(frozen=True)
class Judged:
    """One search of the matrix: what was true, what the phone said, whether that is right."""

    scene: Scene
    knowledge: Knowledge
    seed: int
    said: str
    could_also_be: tuple[str, ...]
    verdict: Verdict
    took_s: float


def judge(scene: Scene, knowledge: Knowledge, seed: int, said: Said) -> Judged:
    """Compare what the phone said with the truth."""
    word = saying(said)
    truth = scene.truth[knowledge]
    verdict: Verdict = "wrong"
    if word in truth.causes:
        verdict = "right"
    elif truth.causes.intersection(said.could_also_be):
        verdict = "hesitant" if truth.knowable else "cannot tell"
    return Judged(scene, knowledge, seed, word, said.could_also_be, verdict, said.took_s)


def saying(said: Said) -> str:
    """Return `found`, `found: CODE` or `CODE`."""
    if said.found:
        return f"found: {said.code}" if said.code else "found"
    return str(said.code)


def run(
    scenes: Sequence[Scene], seeds: Sequence[int], jobs: int, folder: Path, told: Callable[[Judged], None]
) -> list[Judged]:
    """Play `scenes` with each of `seeds` in `jobs` homes at a time; what the programs in them keep is in `folder`.

    A home has one seed, and is mended after each scene. `told` hears of each search, from any thread.
    """
    entered: list[Home] = []
    stopped = Event()

    def play(number: int, seed: int, part: Sequence[Scene]) -> list[Judged]:
        own = folder / str(number)
        own.mkdir(parents=True, exist_ok=True)
        with Home(seed=seed) as home:
            entered.append(home)
            return [] if stopped.is_set() else _play_all(home, seed, part, own, told)

    parts = min(len(scenes), -(-jobs // len(seeds)))  # so that no job is idle when there are few seeds
    works = [(seed, scenes[start::parts]) for seed in seeds for start in range(parts)]
    with ThreadPoolExecutor(jobs) as threads:
        playing = [threads.submit(play, number, *work) for number, work in enumerate(works)]
        try:
            for each in as_completed(playing):
                each.result()
        except BaseException:  # nobody waits for the other scenes
            stopped.set()
            for home in entered:
                home.break_off()
            threads.shutdown(cancel_futures=True)
            raise
    judged = [each for done in playing for each in done.result()]
    return sorted(
        judged, key=lambda each: (scenes.index(each.scene), KNOWLEDGE.index(each.knowledge), each.seed)
    )


def _play_all(
    home: Home, seed: int, scenes: Iterable[Scene], folder: Path, told: Callable[[Judged], None]
) -> list[Judged]:
    judged = []
    with living_in(home, folder) as residents:
        for scene in scenes:
            residents.meet()  # also waits until the home is as it was before the last scene
            for knowledge in scene.truth:
                judged.append(judge(scene, knowledge, seed, _play(residents, scene, knowledge)))
                told(judged[-1])
    return judged


def _play(residents: Residents, scene: Scene, knowledge: Knowledge) -> Said:
    if knowledge == "remembered":
        residents.remember()
    else:
        residents.forget()
    home = residents.home
    try:
        for each in scene.conditions:
            home.begin(each.name, **each.args)
        time.sleep(scene.after_s)
        return residents.search(*(["--sweep"] if knowledge == "sweep" else []), limit_s=LIMIT_S)
    finally:
        home.all_clear()


def confusion(judged: Iterable[Judged], knowledge: Knowledge) -> Mapping[str, Counter[str]]:
    """Return for each scene how often each thing was said of it."""
    rows: dict[str, Counter[str]] = {}
    for each in judged:
        if each.knowledge == knowledge:
            rows.setdefault(each.scene.name, Counter())[each.said] += 1
    return rows


def tally(judged: Iterable[Judged]) -> Mapping[Knowledge, Counter[Verdict]]:
    """Return for each knowledge how often which verdict was reached."""
    counts: dict[Knowledge, Counter[Verdict]] = {}
    for each in judged:
        counts.setdefault(each.knowledge, Counter())[each.verdict] += 1
    return counts


def columns(rows: Mapping[str, Counter[str]]) -> list[str]:
    """Return everything that was said, the found ones first."""
    said = set(itertools.chain.from_iterable(rows.values()))
    return sorted(said, key=lambda each: (not each.startswith("found"), each))
