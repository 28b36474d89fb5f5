"""`python -m benchmarks.discovery`: measure, and show it as tables; as JSON and as a page with a picture when asked."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from benchmarks.discovery import picture, tables
from benchmarks.discovery.here import Here, look
from benchmarks.discovery.results import CONFORMANCE, Results
from benchmarks.discovery.run import ROWS, Order, Tell, lengths, measure

QUICK_RUNS = 2
PAGE = 120
PICTURE = "discovery.svg"


@click.command()
@click.option(
    "--runs", type=click.IntRange(1, 1000), default=30, show_default=True, help="Searches of each kind."
)
@click.option("--only", type=click.Choice(ROWS), multiple=True, help="This row, and others so given, alone.")
@click.option(
    "--json", "json_file", type=click.Path(path_type=Path, dir_okay=False), help="Write the figures there."
)
@click.option(
    "--docs", type=click.Path(path_type=Path, file_okay=False), help="Write discovery.md and .svg there."
)
@click.option(
    "--quick",
    is_flag=True,
    help="Two runs in a hurry, no conformance, nothing installed: to see that it works.",
)
@click.option(
    "--seed", default=1, show_default=True, help="Of the dice of every condition, and of who goes first."
)
def main(
    *, runs: int, only: tuple[str, ...], json_file: Path | None, docs: Path | None, quick: bool, seed: int
) -> None:
    """Measure discovery, ours beside the field's, in home networks of our own: nothing leaves them."""
    console = Console(stderr=True)
    here = look(console.print, make=not quick)
    rows = only or tuple(row for row in ROWS if not (quick and row == CONFORMANCE))
    order = Order(rows, QUICK_RUNS if quick else runs, seed, quick)
    with _progress(console, order, here) as tell:
        results = measure(order, here, tell)
    out = Console()
    tables.show(results, out if out.is_terminal else Console(width=PAGE))
    _write(results, json_file, docs)


@contextmanager
def _progress(console: Console, order: Order, here: Here) -> Iterator[Tell]:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, disable=not console.is_terminal) as progress:
        bars = {
            row: progress.add_task(row, total=total)
            for row, total in lengths(order.rows, order.runs, here).items()
        }
        yield lambda row: progress.advance(bars[row])


def _write(results: Results, json_file: Path | None, docs: Path | None) -> None:
    if json_file:
        json_file.write_text(json.dumps(results.document(), indent=1) + "\n", "utf-8")
    if docs:
        docs.mkdir(parents=True, exist_ok=True)
        (docs / PICTURE).write_text(picture.draw(results) + "\n", "utf-8")
        (docs / "discovery.md").write_text(tables.markdown(results, PICTURE), "utf-8")


if __name__ == "__main__":
    main()
