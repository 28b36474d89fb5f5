"""Plays one scenario in a home of its own, and says how it went. Whatever happens, the home is left."""

import asyncio
import platform
import shutil
import tempfile
import threading
import time
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from importlib.metadata import version
from pathlib import Path
from typing import Final

from chassis.tasks import beside
from lab.home import Home
from lab.stage.preparing import prepare
from lab.stage.programs import Programs, running_in
from lab.story.chronicle import Chronicle
from lab.story.run import Run, Told, Verdict
from lab.story.script import Given, Script, Words
from lab.story.staging import Stage, staged
from lab.story.stories import conditions_of
from lab.story.telling import Telling
from protocol.problems import (
    CANNOT_RUN_HERE,
    HOME_NOT_ALLOWED,
    PROGRAM_MISSING,
    AisegError,
    Problem,
)

LIMIT_S: Final = 180.0
_NOT_YET: Final = Words(
    en="this AiSEG has no mode in which it is unhelpful", ja="このAiSEGには、不親切なモードがまだない"
)
_MISSING: Final = (CANNOT_RUN_HERE, HOME_NOT_ALLOWED, PROGRAM_MISSING)


class Stop:
    """Ends the stories that are being told, from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._ends: list[Callable[[], object]] = []
        self.asked = False

    def now(self) -> None:
        """End them, and let none begin."""
        with self._lock:
            self.asked = True
            for each in self._ends:
                each()

    @contextmanager
    def heeded_by(self, end: Callable[[], object]) -> Iterator[None]:
        """Have `end` called if it is asked for within the block."""
        with self._lock:
            if self.asked:
                raise asyncio.CancelledError
            self._ends.append(end)
        try:
            yield
        finally:
            with self._lock:
                self._ends.remove(end)


def play(
    script: Script, folder: Path, seed: int | None = None, limit_s: float = LIMIT_S, stop: Stop | None = None
) -> Run:
    """Play `script`; what is left of it is in `folder`, the capture among it.

    `limit_s` is for everything after the start of the programs.
    """
    folder.mkdir(parents=True, exist_ok=True)
    playing = _Playing(script, folder, script.seed if seed is None else seed, limit_s, stop or Stop())
    began = time.monotonic()
    if script.given.gateway.unhelpful:
        playing.verdict, playing.reason = "SKIPPED", _NOT_YET
    else:
        playing.run()
    return playing.told(time.monotonic() - began)


class _Playing:
    """One scenario, and how it has gone so far."""

    def __init__(self, script: Script, folder: Path, seed: int, limit_s: float, stop: Stop) -> None:
        self._script = script
        self._folder = folder
        self._seed = seed
        self._limit_s = limit_s
        self._stop = stop
        self._chronicle = Chronicle()
        self._steps: Sequence[Told] = ()
        self.verdict: Verdict = "FAIL"
        self.reason: Words | None = None

    def run(self) -> None:
        """Play it to its end, to a failure, or to what cannot be done here."""
        try:
            with tempfile.TemporaryDirectory(prefix="aiseg-lab-") as state:
                self._play(Path(state))
        except Problem as problem:
            self.verdict = "CANNOT-RUN-HERE" if problem.kind in _MISSING else "FAIL"
            self.reason = _in_words(problem)
        except AisegError as error:
            self.verdict, self.reason = "FAIL", _in_words(error)
        except Exception as error:  # noqa: BLE001 - a mistake of the lab's own: other stories are to go on
            (self._folder / "lab.log").write_text(traceback.format_exc(), "utf-8")
            said = f"{type(error).__name__}: {error}"
            self.verdict, self.reason = (
                "FAIL",
                Words(en=f"the lab failed: {said}", ja=f"ラボの不具合：{said}"),
            )

    def told(self, took_s: float) -> Run:
        """Return what it has become."""
        chronicle = self._chronicle
        return Run(
            script=self._script,
            seed=self._seed,
            verdict=self.verdict,
            reason=self.reason,
            took_s=round(took_s, 3),
            epoch=chronicle.epoch,
            folder=self._folder,
            steps=tuple(self._steps),
            events=tuple(sorted(chronicle.events, key=lambda each: each.at_s)),
            pictures=tuple(chronicle.pictures),
            searches=tuple(chronicle.searches),
            versions=_versions(),
        )

    def _play(self, state: Path) -> None:
        clocks = any(each.startswith("clock_wrong") for each in conditions_of(self._script))
        home = Home(seed=self._seed, folder=self._folder, movable_clocks=clocks)
        with home, self._stop.heeded_by(home.break_off):
            try:
                with running_in(home, state, self._script.given) as programs:
                    asyncio.run(self._perform(programs))
            finally:
                _keep_logs(state, self._folder)
                with suppress(AisegError, OSError):
                    home.capture()

    async def _perform(self, programs: Programs) -> None:
        task, loop = asyncio.current_task(), asyncio.get_running_loop()
        cancel = task.cancel if task else lambda: None
        with self._stop.heeded_by(lambda: loop.call_soon_threadsafe(cancel)):
            patience = asyncio.timeout(self._limit_s)
            try:
                async with patience:
                    await self._tell(programs)
            except TimeoutError:
                if not patience.expired():
                    raise
                limit = f"{self._limit_s:g}"
                self.reason = Words(en=f"it took longer than {limit} s", ja=f"{limit}秒たっても終わらない")

    async def _tell(self, programs: Programs) -> None:
        given, chronicle = self._script.given, self._chronicle
        async with staged(programs, given, chronicle) as stage:
            await prepare(given, programs, stage.owner, stage.householder)
            chronicle.begin()
            chronicle.note("lab", "prepared", "the story begins", "はじまり")
            for each in (stage.owner.person, stage.householder.person):
                each.begin_anew()
            await asyncio.gather(stage.owner.person.open(), stage.householder.person.open())
            telling = Telling(stage)
            self._steps = telling.steps
            async with beside(stage.cloud.run(), stage.searches.run()):
                try:
                    await _begin_conditions(given, stage)
                    await telling.tell(self._script.steps)
                finally:
                    stage.faults.close()
        self._judge()
        chronicle.note("lab", "verdict", self.verdict, self.verdict)

    def _judge(self) -> None:
        failed = next((each for each in self._steps if each.verdict == "FAIL"), None)
        self.verdict = "FAIL" if failed else "PASS"
        if failed and failed.seen:
            self.reason = _why(failed, failed.seen)


async def _begin_conditions(given: Given, stage: Stage) -> None:
    """Begin what goes on already when the story begins; the person looks at the app as it is there."""
    for condition in given.network:
        await stage.faults.begin(condition)
    moved = await stage.faults.settle(stage.programs.services)
    person = stage.owner.person
    if "phone" in moved and person.page:
        await person.open(person.page.path)


def _why(failed: Told, seen: Words) -> Words:
    wanted = failed.wanted
    return Words(
        en=f"step {failed.step}: expected: {wanted.en}; seen: {seen.en}",
        ja=f"手順{failed.step}：期待：{wanted.ja}、実際：{seen.ja}",
    )


def _in_words(error: AisegError) -> Words:
    return Words(en=error.sentence("en"), ja=error.sentence("ja"))


def _keep_logs(state: Path, folder: Path) -> None:
    """Keep what the programs complained of; what they stored is of no use without them."""
    for each in state.glob("*.log"):
        if each.stat().st_size:
            shutil.copy(each, folder / each.name)


def _versions() -> Mapping[str, str]:
    return {
        "aiseg": version("aiseg"),
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.release()} {platform.machine()}",
    }
