"""A search as a person sees it in the terminal, and as a script reads it.

The answer is printed without rich, which takes longer to load than a search takes; the bar for those who wait has it.
"""

import sys
import time
import unicodedata
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cached_property
from typing import TYPE_CHECKING, Final

import click

from phone_client.lookout import quiet
from phone_client.searching.advice import Words
from phone_client.searching.diagnosis import Diagnosis
from phone_client.searching.finding import Found, Watch
from phone_client.searching.search import Hit
from phone_client.wording import Wording, read_wording

if TYPE_CHECKING:
    from phone_client.waiting import Waiting

WAITING_AFTER_S: Final = 0.5

_COLUMNS: Final = (
    (Words("Name", "名前"), 22),
    (Words("Model", "機種"), 7),
    (Words("Firmware", "ファームウェア"), 15),
    (Words("Address", "アドレス"), 27),
    (Words("ms", "ms"), 0),
)
"""Their widths are settled before anything is known, as the first row is shown before there is a second."""

_NOTHING_FOUND: Final[Mapping[str, str]] = {
    "gateway_busy": "not_found_busy",
    "permission_denied": "not_found_denied",
    "no_network": "not_found_offline",
}
"""Diagnoses with a headline of their own (S-DISC-08, S-DISC-12, S-DISC-13)."""


def found_document(found: Found) -> dict[str, object]:
    """Return `aiseg phone search --json` (protocol/README.md, the command)."""
    keys = ("gateway_id", "model", "firmware", "address", "port", "name", "elapsed_ms", "found_by")
    return {
        "found": [{key: getattr(hit, key) for key in keys} for hit in found.hits],
        "diagnosis": _diagnosis_document(found.diagnosis) if found.diagnosis else None,
    }


def _diagnosis_document(diagnosis: Diagnosis) -> dict[str, object]:
    return {
        "code": diagnosis.code,
        "could_also_be": list(diagnosis.could_also_be),
        "doubt": diagnosis.doubt._asdict() if diagnosis.doubt else None,
        "evidence": [line._asdict() for line in diagnosis.evidence],
        "advice": diagnosis.advice._asdict(),
    }


class FoundScreen:
    """Shows one search: results on stdout, what is under way on stderr, and that on a terminal only."""

    def __init__(self, language: str) -> None:
        self._language = language
        self._has_rows = False
        self._began = 0.0
        self._waiting: Waiting | None = None

    @cached_property
    def _words(self) -> Wording:
        return read_wording(self._language)

    @contextmanager
    def searching(self, way_on: str = "") -> Iterator[Watch]:
        """Say what a search needs (S-FLOW-02); to those who have to wait, what is being tried, and `way_on`."""
        if not (sys.stderr and sys.stderr.isatty()):  # None when it was closed before the start
            yield quiet
            return
        click.echo(self._words["start_router"], err=True)
        self._began = time.monotonic()

        def watch(words: Words, done: float | None = None) -> None:
            if time.monotonic() > self._began + WAITING_AFTER_S and not self._has_rows:
                self._wait(words.say(self._language), done, way_on)

        try:
            yield watch
        finally:
            self._stop_waiting()

    def show_hit(self, hit: Hit) -> None:
        """Print a gateway."""
        self._stop_waiting()
        if not self._has_rows:
            _print_row([title.say(self._language) for title, _ in _COLUMNS])
        self._has_rows = True
        name = f"{hit.name} ({self._words['busy']})" if hit.busy else hit.name
        _print_row([name, hit.model, hit.firmware, f"{hit.address} port {hit.port}", f"{hit.elapsed_ms:.1f}"])

    def show_diagnosis(self, found: Found) -> None:
        """Print why nothing was found, or what is odd about what was."""
        diagnosis = found.diagnosis
        if diagnosis is None:
            return
        if found.hits:
            headline = Words("Found, but", "見つかりましたが、注意が必要です").say(self._language)
        else:
            headline = self._words[_NOTHING_FOUND.get(diagnosis.code, "not_found")]
        click.echo(f"{headline}: {diagnosis.code}")
        for line in diagnosis.evidence:
            click.secho(f"  - {line.say(self._language)}", dim=True)
        if diagnosis.doubt:
            click.echo(diagnosis.doubt.say(self._language))
        click.secho(f"-> {diagnosis.advice.say(self._language)}", bold=True)
        if found.can_look_harder:
            click.echo(self._words["look_harder_how"], err=True)

    def _wait(self, text: str, done: float | None, way_on: str) -> None:
        from phone_client.waiting import Waiting  # noqa: PLC0415 - loads rich

        self._waiting = self._waiting or Waiting(self._began, way_on)
        self._waiting.show(text, done)

    def _stop_waiting(self) -> None:
        if self._waiting:
            self._waiting.stop()
            self._waiting = None


def _print_row(cells: list[str]) -> None:
    widths = (width for _, width in _COLUMNS)
    padded = (cell + " " * (width - _width(cell)) for cell, width in zip(cells, widths, strict=True))
    click.echo(" ".join(padded).rstrip())


def _width(text: str) -> int:
    """Return how many columns `text` takes in a terminal: Japanese characters take two."""
    return sum(2 if unicodedata.east_asian_width(each) in "WF" else 1 for each in text)
