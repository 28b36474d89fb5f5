"""What the command prints for people."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Final, Protocol

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from lab.conformance.check import Outcome
from lab.conformance.running import Result

_STYLES: Final[Mapping[Outcome, str]] = {"pass": "green", "fail": "bold red", "not applicable": "dim"}


class Told(Protocol):
    """Who hears of results as they come."""

    def __call__(self, result: Result) -> None:
        """Take note of one."""


@contextmanager
def progress(responder: str, count: int) -> Iterator[Told]:
    """Show on standard error how far the checks have come, if a person looks."""
    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task(responder, total=count)

        def told(result: Result) -> None:
            bar.update(task, advance=1, description=f"{responder}: {result.id}")

        yield told


def print_table(results: Sequence[Result]) -> None:
    """Print a line for each check, and the sums."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading in ("RFC", "check", "rule", "", "seen"):
        table.add_column(heading, overflow="fold")
    for each in results:
        outcome = f"[{_STYLES[each.outcome]}]{each.outcome}[/]"
        table.add_row(each.rule, each.id, escape(each.sentence), outcome, escape(each.evidence))
    console = Console(highlight=False)
    console.print(table)
    console.print(f"the first 46: {_sums(each for each in results if not each.is_extra)}")
    console.print(f"all:          {_sums(results)}")


def _sums(results: Iterable[Result]) -> str:
    counts = Counter(each.outcome for each in results)
    return ", ".join(f"{counts[outcome]} {outcome}" for outcome in _STYLES if counts[outcome]) or "none"
