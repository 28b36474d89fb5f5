"""`aiseg lab run`: plays scenarios, several homes at a time, and says how each went."""

import json
import shutil
import signal
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import click
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from chassis.ending import language
from lab.report import write, write_suite
from lab.story.playing import Stop, play
from lab.story.reading import load
from lab.story.run import Run, Verdict
from lab.story.script import Script
from lab.story.stories import find, holds, shipped

EXIT_FAILED: Final = 1
EXIT_NOTHING_RAN: Final = 2
_COLOURS: Final[Mapping[Verdict, str]] = {
    "PASS": "green",
    "FAIL": "bold red",
    "CANNOT-RUN-HERE": "yellow",
    "SKIPPED": "dim",
}
_WORDS: Final[Mapping[str, Mapping[str, str]]] = {
    "en": {
        "playing": "playing",
        "in": "in {:.0f} s",
        "report": "The report: {}",
        "none": "No scenario has {!r} in it.",
    },
    "ja": {
        "playing": "実行中",
        "in": "{:.0f}秒",
        "report": "レポート：{}",
        "none": "「{}」を含むシナリオはありません。",
    },
}


@click.command("run", short_help="Play scenarios and say how each went.")
@click.argument("wanted", nargs=-1, metavar="[NAME|FILE]...")
@click.option("-k", "text", metavar="TEXT", help="Only those that hold this.")
@click.option(
    "--seed", type=click.IntRange(min=0), help="What all chance starts from, instead of each one's own."
)
@click.option("--jobs", type=click.IntRange(1, 32), default=4, show_default=True, help="Homes at a time.")
@click.option(
    "--out", type=click.Path(path_type=Path), help="Leave the evidence here (default: a new folder)."
)
@click.option(
    "--junit", type=click.Path(path_type=Path, dir_okay=False), help="Write JUnit XML to this file."
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.option("--lang", type=click.Choice(["ja", "en"]), help="Japanese or English.")
def command(
    *,
    wanted: Sequence[str],
    text: str | None,
    seed: int | None,
    jobs: int,
    out: Path | None,
    junit: Path | None,
    as_json: bool,
    lang: str | None,
) -> None:
    """Play scenarios by their names or files, all that ship without any.

    The exit code is 1 when one failed, 2 when none could be played here.
    """
    lang = lang or language()
    scripts = _chosen(wanted, text or "")
    if not scripts:
        raise click.UsageError(_WORDS[lang]["none"].format(text))
    folder = out or Path(tempfile.mkdtemp(prefix="aiseg-lab-"))
    runs = _play_all(scripts, seed, jobs, folder, None if as_json else lang)
    _leave_evidence(runs, folder, junit)
    if as_json:
        documents = [_document(each) for each in runs]
        click.echo(json.dumps({"folder": str(folder), "runs": documents}, ensure_ascii=False))
    else:
        _sum_up(runs, folder, lang)
    sys.exit(_exit_code([each.verdict for each in runs]))


def _chosen(wanted: Sequence[str], text: str) -> list[Script]:
    """Return the scenarios that are meant, each once: by its name it has a folder of its own.

    Raises:
        Problem: there is no such scenario, or it is wrong.
    """
    scripts = map(load, find(wanted) if wanted else shipped())
    return list({each.scenario: each for each in scripts if holds(each, text)}.values())


def _play_all(
    scripts: Sequence[Script], seed: int | None, jobs: int, folder: Path, lang: str | None
) -> list[Run]:
    """Play them, and tell of each as it ends; they are returned in the order they were asked for."""
    stderr = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    runs: dict[str, Run] = {}
    with Progress(*columns, console=stderr, transient=True, disable=not stderr.is_terminal) as bar:
        playing = bar.add_task(_WORDS[lang or "en"]["playing"], total=len(scripts))
        for run in _played(scripts, seed, jobs, folder):
            runs[run.script.scenario] = run
            bar.advance(playing)
            if lang:
                _tell(run, lang)
    return [runs[each.scenario] for each in scripts]


def _played(scripts: Sequence[Script], seed: int | None, jobs: int, folder: Path) -> Iterator[Run]:
    stop = Stop()
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.default_int_handler)  # the homes are left as after Ctrl-C

    def one(script: Script) -> Run:
        run = play(script, folder / script.scenario, seed, stop=stop)
        write(run)
        return replace(run, pictures=())  # they are large

    with ThreadPoolExecutor(jobs) as homes:
        playing = [homes.submit(one, each) for each in scripts]
        try:
            for done in as_completed(playing):
                yield done.result()
        except BaseException:
            for each in playing:
                each.cancel()
            stop.now()
            raise


def _tell(run: Run, lang: str) -> None:
    console = Console(highlight=False)
    verdict = f"[{_COLOURS[run.verdict]}]{run.verdict:<15}[/]"
    console.print(f"{verdict} {run.took_s:6.1f} s  {run.script.scenario}", soft_wrap=True)
    if run.reason:
        reason = run.reason.ja if lang == "ja" else run.reason.en
        console.print(f"{'':25}{escape(reason)}", soft_wrap=True)


def _sum_up(runs: Sequence[Run], folder: Path, lang: str) -> None:
    counts = Counter(each.verdict for each in runs)
    said = ", ".join(f"{count} {verdict}" for verdict, count in counts.most_common())
    console = Console(highlight=False)
    console.print(f"\n[bold]{said}[/]")
    console.print(_WORDS[lang]["report"].format(folder), soft_wrap=True, markup=False)


def _leave_evidence(runs: Sequence[Run], folder: Path, junit: Path | None) -> None:
    write_suite(runs, folder)
    if junit:
        shutil.copy(folder / "junit.xml", junit)


def _document(run: Run) -> dict[str, Any]:
    return {
        "scenario": run.script.scenario,
        "verdict": run.verdict,
        "reason": run.reason and run.reason.model_dump(),
        "seed": run.seed,
        "took_s": run.took_s,
        "folder": str(run.folder),
    }


def _exit_code(verdicts: Sequence[Verdict]) -> int:
    if "FAIL" in verdicts:
        return EXIT_FAILED
    return 0 if "PASS" in verdicts else EXIT_NOTHING_RAN
