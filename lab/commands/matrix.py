"""`aiseg lab matrix`: how often the phone is right about what is wrong."""

import dataclasses
import json
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from lab.matrix import Judged, run
from lab.matrix_report import markdown
from lab.scenes import SCENES, Scene


@click.command("matrix", short_help="How often the phone knows what is wrong.")
@click.option("--seeds", type=click.IntRange(min=1), default=1, show_default=True, help="How often each.")
@click.option("--jobs", type=click.IntRange(1, 32), default=4, show_default=True, help="Homes at a time.")
@click.option("--only", metavar="TEXT", help="Only the scenes with this in their name.")
@click.option("--json", "as_json", is_flag=True, help="Print each search as a line of JSON, as it ends.")
def matrix(*, seeds: int, jobs: int, only: str | None, as_json: bool) -> None:
    """Play every scene of wrong homes with several seeds: what is true, and what the phone says (Markdown).

    The exit code is 1 when the phone was wrong, or said that it cannot know what it could.
    """
    scenes = [each for each in SCENES if (only or "") in each.name]
    if not scenes:
        raise click.BadParameter(f"no scene has {only!r} in its name", param_hint="--only")
    with tempfile.TemporaryDirectory(prefix="aiseg-lab-") as folder:
        judged = _run(scenes, range(1, seeds + 1), jobs, Path(folder), _print if as_json else _keep_quiet)
    if not as_json:
        click.echo(markdown(judged), nl=False)
    if any(each.verdict in ("wrong", "hesitant") for each in judged):
        sys.exit(1)


def _print(judged: Judged) -> None:
    click.echo(json.dumps(_document(judged), ensure_ascii=False))


def _keep_quiet(_: Judged) -> None:
    """Print nothing: all of it comes at the end."""


def _run(
    scenes: Sequence[Scene],
    seeds: Sequence[int],
    jobs: int,
    folder: Path,
    show: Callable[[Judged], None],
) -> list[Judged]:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    verdicts: Counter[str] = Counter()
    console = Console(stderr=True)
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        searches = bar.add_task("searching", total=len(seeds) * sum(len(each.truth) for each in scenes))

        def tell(judged: Judged) -> None:
            show(judged)
            verdicts[judged.verdict] += 1
            said = ", ".join(f"{count} {verdict}" for verdict, count in verdicts.most_common())
            bar.update(searches, advance=1, description=said)

        return run(scenes, seeds, jobs, folder, tell)


def _document(judged: Judged) -> dict[str, object]:
    truth = judged.scene.truth[judged.knowledge]
    told = {name: value for name, value in dataclasses.asdict(judged).items() if name != "scene"}
    return {"scene": judged.scene.name, "truth": sorted(truth.causes), "knowable": truth.knowable, **told}
