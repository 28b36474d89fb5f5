"""Which scenarios come with the lab, and which are meant by what a person typed."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

from lab.story.faults import nearest
from lab.story.script import FaultStep, Script
from lab.wanted import read_wanted
from protocol.problems import SCENARIO_UNKNOWN, Problem

FOLDER: Final = Path(__file__).parents[1] / "stories"
_ENDINGS: Final = (".yaml", ".yml", ".json")


def shipped() -> list[Path]:
    """Return the files of the scenarios that come with the lab, by name."""
    return sorted(FOLDER.glob("*.yaml"))


def find(wanted: Iterable[str]) -> list[Path]:
    """Return the files that are meant: paths, folders of them, or names of scenarios that come with the lab.

    Raises:
        Problem: SCENARIO_UNKNOWN.
    """
    return [file for each in wanted for file in _find(each)]


def _find(wanted: str) -> list[Path]:
    named, path = FOLDER / f"{wanted}.yaml", Path(wanted)
    if "/" not in wanted and named.is_file():
        return [named]
    if path.is_dir():
        return sorted(each for each in path.iterdir() if each.suffix in _ENDINGS)
    if path.exists() or path.suffix in _ENDINGS:  # what is wrong with the file is said when it is read
        return [path]
    names = [each.stem for each in shipped()]
    raise Problem(SCENARIO_UNKNOWN, name=wanted, near=", ".join(nearest(wanted, names)) or "aiseg lab list")


def faults_of(script: Script) -> list[str]:
    """Return the names of the conditions in a scenario, each once, in the order they begin."""
    return list(dict.fromkeys(read_wanted(each).name for each in conditions_of(script)))


def conditions_of(script: Script) -> Iterator[str]:
    """Return the conditions in a scenario as it has them."""
    yield from script.given.network
    yield from (step.fault for step in script.steps if isinstance(step, FaultStep))


def holds(script: Script, text: str) -> bool:
    """Say whether `text` is in its name, its title, one of its rows or of its conditions, in whatever case."""
    said = (script.scenario, script.title.en, script.title.ja, *script.rows, *conditions_of(script))
    return any(text.casefold() in each.casefold() for each in said)
