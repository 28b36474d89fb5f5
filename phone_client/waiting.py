"""What a person sees who has to wait for a search: the seconds, and what is being tried. A module of its own for rich."""

from rich.cells import cell_len
from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, Task, TextColumn, TimeElapsedColumn
from rich.progress_bar import ProgressBar
from rich.table import Column
from rich.text import Text


class _BarOfWhatIsKnown(BarColumn):
    """A bar while it is known how much is done; nothing while it is not."""

    def render(self, task: Task) -> ProgressBar | Text:  # type: ignore[override]
        """Return the bar, or an empty text."""
        return Text("") if task.total is None else super().render(task)


class Waiting:
    """A line on stderr that lives until `stop`, and then is gone; `began` is when the waiting began (`time.monotonic`).

    `way_on` says what else a person can do, and is never cut off, however narrow the terminal.
    """

    def __init__(self, began: float, way_on: str) -> None:
        self._progress = Progress(
            SpinnerColumn(),
            TimeElapsedColumn(),
            _BarOfWhatIsKnown(bar_width=20),
            TextColumn(
                "{task.description}", markup=False, table_column=Column(no_wrap=True, overflow="ellipsis")
            ),
            TextColumn(way_on, markup=False, table_column=Column(no_wrap=True, min_width=cell_len(way_on))),
            console=Console(stderr=True, highlight=False, markup=False),
            transient=True,
        )
        self._task = self._progress.add_task("", total=None)
        self._progress.tasks[0].start_time = began
        self._progress.start()

    def show(self, text: str, done: float | None) -> None:
        """Say what is being tried, and how much of it is done where that is known."""
        total = None if done is None else 1.0
        self._progress.update(self._task, description=text, completed=done or 0.0, total=total, refresh=True)

    def stop(self) -> None:
        """Take the line away."""
        self._progress.stop()
