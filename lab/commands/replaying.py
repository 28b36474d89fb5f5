"""`aiseg lab replay FOLDER`: plays what a folder of evidence tells, with its seed, and says whether it comes out the same here."""

import json
import sys
import tempfile
from pathlib import Path
from typing import Final, NoReturn

import click
from pydantic import ValidationError

from chassis.ending import language
from lab.report import write
from lab.report.comparing import first_difference
from lab.report.document import Report
from lab.report.writing import REPORT, report_about
from lab.story.script import Script
from protocol.problems import AisegError

EXIT_DIFFERS: Final = 1
EXIT_CANNOT: Final = 2
_WORDS: Final = {
    "en": {
        "same": "same: {scenario}, seed {seed}, {verdict} as then",
        "differs": "differs here: {words}",
        "cannot": "cannot be played here: {words}",
        "unreadable": "{file} is no report of a run: {why}",
        "report": "The report: {folder}",
    },
    "ja": {
        "same": "同じ結果です：{scenario}、シード{seed}、元の実施と同じく{verdict}",
        "differs": "ここでは結果が違います：{words}",
        "cannot": "ここでは実行できません：{words}",
        "unreadable": "{file} は実施のレポートではありません：{why}",
        "report": "レポート：{folder}",
    },
}


@click.command("replay", short_help="Play a run again and say whether it comes out the same here.")
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    help="Leave the new evidence here (default: a new folder).",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.option("--lang", type=click.Choice(["ja", "en"]), help="Japanese or English.")
def command(*, folder: Path, out: Path | None, as_json: bool, lang: str | None) -> None:
    """Play what FOLDER tells again: the same scenario, the same seed. Times are not compared.

    The exit code is 0 when it came out the same, 1 when it differs, 2 when it cannot be played.
    """
    lang = lang or language()
    file = folder / REPORT
    try:
        before, script = _read(file)
    except (OSError, ValueError) as error:
        _cannot(_WORDS[lang]["unreadable"].format(file=file, why=_first_line(error)))
    new = out or Path(tempfile.mkdtemp(prefix="aiseg-lab-"))
    try:
        after = _play(script, before.seed, new)
    except AisegError as error:
        _cannot(_WORDS[lang]["cannot"].format(words=error.sentence(lang)))
    sys.exit(_tell(before, after, new, lang, as_json=as_json))


def _read(file: Path) -> tuple[Report, Script]:
    report = Report.model_validate_json(file.read_text("utf-8"))
    return report, Script.model_validate(report.script)


def _play(script: Script, seed: int, folder: Path) -> Report:
    from lab.story.playing import play  # noqa: PLC0415 - the whole home, which a folder that cannot be read does not need

    run = play(script, folder, seed=seed)
    write(run)
    return report_about(run)


def _tell(before: Report, after: Report, folder: Path, lang: str, *, as_json: bool) -> int:
    """Say how it came out; return the exit code."""
    words = _WORDS[lang]
    difference = first_difference(before, after)
    if after.verdict == "CANNOT-RUN-HERE":
        outcome, code, told = "cannot", EXIT_CANNOT, after.reason
    else:
        outcome, code, told = ("differs", EXIT_DIFFERS, difference) if difference else ("same", 0, None)
    if as_json:
        document = {"outcome": outcome, "difference": told and told.model_dump(), "folder": str(folder)}
        click.echo(json.dumps(document, ensure_ascii=False))
        return code
    said = getattr(told, lang) if told else ""
    click.echo(
        words[outcome].format(words=said, scenario=after.scenario, seed=after.seed, verdict=after.verdict)
    )
    click.echo(words["report"].format(folder=folder))
    return code


def _cannot(words: str) -> NoReturn:
    click.echo(words, err=True)
    sys.exit(EXIT_CANNOT)


def _first_line(error: Exception) -> str:
    if isinstance(error, ValidationError):
        first = error.errors()[0]
        return f"{'.'.join(map(str, first['loc']))}: {first['msg']}"
    return (str(error).splitlines() or [""])[0]
