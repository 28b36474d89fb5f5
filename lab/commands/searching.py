"""`aiseg lab conditions` and `aiseg lab search`: what can be wrong, and one search in a home where it is."""

import json
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import click

from chassis.clock import SystemClock
from chassis.ending import language
from lab.commands.telling import Search, entry_document, search_document, tell_entries, tell_search
from lab.conditions.catalogue import entries, prepare
from lab.home import Home
from lab.network.plan import Plan
from lab.residents import living_in
from lab.wanted import Wanted, read_wanted
from lab.xray.captured import read
from lab.xray.look import look
from protocol.problems import EXIT_NOT_FOUND, AisegError, exit_code

_lang_option = click.option("--lang", type=click.Choice(["ja", "en"]), help="Japanese or English.")
_json_option = click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")


@click.command(short_help="List what can be wrong in a home.")
@_json_option
@_lang_option
def conditions(*, as_json: bool, lang: str | None) -> None:
    """List what can be wrong: what it does, what a person sees, where it comes from in real life."""
    if as_json:
        click.echo(json.dumps([entry_document(each) for each in entries()], ensure_ascii=False))
    else:
        tell_entries(entries(), lang or language())


@click.command(short_help="One search in a home that you break.")
@click.option(
    "--with",
    "conditions",
    multiple=True,
    metavar="NAME[:P=V,…]",
    help="What is wrong: a condition of `aiseg lab conditions`, as loss:p=0.5,on=phone; may be repeated.",
)
@click.option("--seed", default=1, show_default=True, help="The same seed loses the same packets.")
@click.option("--first-contact", is_flag=True, help="The phone has never met this AiSEG.")
@click.option("--sweep", is_flag=True, help="The phone asks every address of its network, too.")
@click.option(
    "--after",
    "after_s",
    type=click.FloatRange(0, 3600),
    default=0.0,
    help="Seconds from the beginning of the conditions to the search.",
)
@click.option(
    "--timeout",
    "limit_s",
    type=click.FloatRange(0, 60, min_open=True),
    default=10.0,
    show_default=True,
    help="Seconds the phone searches.",
)
@click.option(
    "--folder",
    type=click.Path(file_okay=False, path_type=Path),
    help="Keep the capture here (default: a new one).",
)
@_json_option
@_lang_option
def search(
    *,
    conditions: Sequence[str],
    seed: int,
    first_contact: bool,
    sweep: bool,
    after_s: float,
    limit_s: float,
    folder: Path | None,
    as_json: bool,
    lang: str | None,
) -> None:
    """Let the real phone search for a real emulator in a home with these conditions (exit code 3: not found)."""
    words = ["--sweep"] if sweep else []
    try:
        wanted = [read_wanted(each) for each in conditions]
        for each in wanted:
            prepare(each.name, each.args, Plan().hosts)
        kept = _folder(folder)
        done = _search(
            wanted, seed, kept, words, first_contact=first_contact, after_s=after_s, limit_s=limit_s
        )
    except AisegError as error:
        click.echo(error.sentence(lang or language()), err=True)
        sys.exit(exit_code(error))
    if as_json:
        click.echo(json.dumps(search_document(done), ensure_ascii=False))
    else:
        tell_search(done, lang or language())
    if not done.said.found:
        sys.exit(EXIT_NOT_FOUND)


def _search(
    wanted: Sequence[Wanted],
    seed: int,
    folder: Path,
    words: Sequence[str],
    *,
    first_contact: bool,
    after_s: float,
    limit_s: float,
) -> Search:
    clocks = any(each.name == "clock_wrong" for each in wanted)
    with Home(seed=seed, folder=folder, movable_clocks=clocks) as home, living_in(home, folder) as residents:
        residents.meet()
        if first_contact:
            residents.forget()
        began = [home.begin(each.name, **each.args) for each in wanted]
        time.sleep(after_s)
        began_at = SystemClock().now().timestamp()
        said = residents.search(*words, limit_s=limit_s)
        ended_at = SystemClock().now().timestamp()
        capture = home.capture()
        xray = look(list(read(capture.read_bytes())), began_at, ended_at, said.document)
        return Search(home.build_s, seed, first_contact, began, said, capture, xray)


def _folder(folder: Path | None) -> Path:
    if folder is None:
        return Path(tempfile.mkdtemp(prefix="aiseg-lab-"))
    folder.mkdir(parents=True, exist_ok=True)
    return folder
