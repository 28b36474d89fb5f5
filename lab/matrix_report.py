"""The confusion matrix for people: how often the phone was right, and what it says of each scene."""

from collections.abc import Mapping, Sequence
from typing import Final, get_args

from lab.matrix import Judged, Verdict, columns, confusion, tally
from lab.scenes import KNOWLEDGE, Knowledge

_VERDICTS: Final[tuple[Verdict, ...]] = get_args(Verdict)
_MARKS: Final[Mapping[Verdict, str]] = {
    "right": "**{}**",
    "cannot tell": "{} ?",
    "hesitant": "{} ~",
    "wrong": "{} ✗",
}


def markdown(judged: Sequence[Judged]) -> str:
    """Return the whole report: the sums, then one matrix for each knowledge."""
    parts = [_sums(judged), *(_matrix(judged, each) for each in KNOWLEDGE)]
    missed = [each for each in judged if each.verdict in ("hesitant", "wrong")]
    if missed:
        parts.append("\n".join(["### What was hesitant or wrong", "", *map(_missed, missed)]))
    return "\n\n".join(parts) + "\n"


def _sums(judged: Sequence[Judged]) -> str:
    sums = tally(judged)
    rows = [
        [knowledge, str(sum(sums[knowledge].values())), *(str(sums[knowledge][each]) for each in _VERDICTS)]
        for knowledge in KNOWLEDGE
        if knowledge in sums
    ]
    return _table(["the phone", "searches", *_VERDICTS], rows)


def _matrix(judged: Sequence[Judged], knowledge: Knowledge) -> str:
    rows = confusion(judged, knowledge)
    said = columns(rows)
    worst_last = sorted(judged, key=lambda each: _VERDICTS.index(each.verdict))
    verdicts = {
        (each.scene.name, each.said): each.verdict for each in worst_last if each.knowledge == knowledge
    }
    lines = [
        [f"`{scene}`", *(_cell(counts[each], verdicts.get((scene, each))) for each in said)]
        for scene, counts in rows.items()
    ]
    return f"### {knowledge.capitalize()}\n\n" + _table(["scene", *said], lines)


def _cell(count: int, verdict: Verdict | None) -> str:
    return _MARKS[verdict].format(count) if verdict else ""


def _missed(judged: Judged) -> str:
    right = " or ".join(sorted(judged.scene.truth[judged.knowledge].causes))
    also = f" (or {', '.join(judged.could_also_be)})" if judged.could_also_be else ""
    return f"- `{judged.scene.name}`, {judged.knowledge}, seed {judged.seed}: said {judged.said}{also}, right is {right}"


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
