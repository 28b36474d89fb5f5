"""`aiseg lab list` and `aiseg lab validate`: which scenarios there are, and what is wrong with a file of one."""

import json
import sys
from collections.abc import Iterable, Sequence
from typing import Final, NoReturn

import click
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from chassis.ending import language
from lab.story.reading import Reading, load, look_at
from lab.story.script import Script
from lab.story.stories import faults_of, find, holds, shipped
from protocol.problems import EXIT_USAGE, AisegError, Problem, exit_code

_WIDE: Final = 140
"""Columns of a terminal from which on all fits beside each other."""
_COLUMNS: Final = {"en": ("name", "title", "rows", "faults"), "ja": ("名前", "内容", "要件", "状態")}
_WORDS: Final = {
    "en": {
        "none": "No scenario has {text!r} in its name, title, rows or faults.",
        "right": "{count} of {all} files are right.",
    },
    "ja": {
        "none": "名前、内容、要件、状態に {text!r} を含むシナリオはありません。",
        "right": "{all} 件中 {count} 件のファイルに誤りはありません。",
    },
}

_lang_option = click.option("--lang", type=click.Choice(["ja", "en"]), help="Japanese or English.")
_json_option = click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")


@click.command("list")
@click.option("-k", "text", metavar="TEXT", help="Only those with this in name, title, rows or faults.")
@_json_option
@_lang_option
def list_stories(*, text: str | None, as_json: bool, lang: str | None) -> None:
    """List the scenarios that come with the lab: what each tells, which rows it shows, what goes wrong in it."""
    try:
        scripts = [script for script in map(load, shipped()) if not text or holds(script, text)]
    except AisegError as error:
        _end(error, lang or language())
    if as_json:
        click.echo(json.dumps({"scenarios": list(map(_document, scripts))}, ensure_ascii=False))
    elif scripts:
        _tell_list(scripts, lang or language())
    else:
        click.echo(_WORDS[lang or language()]["none"].format(text=text), err=True)


@click.command()
@click.argument("files", nargs=-1, metavar="[FILES]…")
@click.option("--all", "every", is_flag=True, help="The scenarios that come with the lab, too.")
@_json_option
@_lang_option
def validate(*, files: Sequence[str], every: bool, as_json: bool, lang: str | None) -> None:
    """Say everything that is wrong with scenarios: FILES, folders or names of `aiseg lab list` (exit code 2)."""
    if not files and not every:
        raise click.UsageError("Say which FILES, or --all.")
    spoken = lang or language()
    try:
        readings = [look_at(each) for each in [*find(files), *(shipped() if every else ())]]
    except AisegError as error:
        _end(error, spoken)
    if as_json:
        click.echo(json.dumps({"files": list(map(_reading_document, readings))}, ensure_ascii=False))
    else:
        _tell(readings, spoken)
    if any(each.faults for each in readings):
        sys.exit(EXIT_USAGE)


def _end(error: AisegError, spoken: str) -> NoReturn:
    click.echo(error.sentence(spoken), err=True)
    sys.exit(exit_code(error))


def _tell(readings: Sequence[Reading], spoken: str) -> None:
    right = 0
    for reading in readings:
        right += not reading.faults
        for each in reading.faults:
            click.echo(each.sentence(spoken), err=True)
    click.echo(_WORDS[spoken]["right"].format(count=right, all=len(readings)))


def _tell_list(scripts: Iterable[Script], spoken: str) -> None:
    console = Console(highlight=False)
    wide = console.width >= _WIDE
    table = Table(box=None, pad_edge=False, header_style="dim")
    for each in _COLUMNS[spoken] if wide else _COLUMNS[spoken][:2]:
        table.add_column(each, overflow="fold")
    table.columns[0].no_wrap = True
    for script in scripts:
        table.add_row(f"[bold]{script.scenario}[/]", *_cells(script, spoken, wide=wide))
    console.print(table)


def _cells(script: Script, spoken: str, *, wide: bool) -> list[str]:
    """Return title, rows and faults; where there is no room, the latter are under the title."""
    title = escape(script.title.ja if spoken == "ja" else script.title.en)
    rows, faults = " ".join(script.rows), " ".join(faults_of(script))
    if wide:
        return [title, f"[dim]{rows}[/]", f"[dim]{faults}[/]"]
    below = "  ".join(filter(None, (rows, faults)))
    return [f"{title}\n[dim]{below}[/]" if below else title]


def _document(script: Script) -> dict[str, object]:
    return {
        "scenario": script.scenario,
        "title": script.title.model_dump(),
        "rows": list(script.rows),
        "faults": faults_of(script),
    }


def _reading_document(reading: Reading) -> dict[str, object]:
    """Return a file as JSON has it; `faults` is empty when it is right."""
    return {
        "file": str(reading.file),
        "scenario": reading.script.scenario if reading.script else None,
        "faults": [_fault_document(each) for each in reading.faults],
    }


def _fault_document(fault: Problem) -> dict[str, object]:
    facts = fault.facts
    return {
        "line": facts["line"],
        "column": facts["column"],
        "en": facts["reason"],
        "ja": facts["reason_ja"],
    }
