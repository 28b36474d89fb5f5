"""Did a story come out the same? Verdicts, step by step, and what the phone said; times are each machine's own."""

from collections.abc import Iterator
from itertools import zip_longest

from lab.report.document import Report, SearchReport, StepReport
from lab.story.script import Words


def first_difference(before: Report, after: Report) -> Words | None:
    """Return in words the first thing that came out otherwise, or None."""
    return next(_differences(before, after), None)


def _differences(before: Report, after: Report) -> Iterator[Words]:
    for was, now in zip_longest(before.steps, after.steps):
        step = was or now
        if step and _verdict(was) != _verdict(now):
            yield _step(step, was, now)
    for number, (said, says) in enumerate(zip_longest(before.searches, after.searches), 1):
        if _said(said) != _said(says):
            yield Words(
                en=f"search {number}: then the phone said {_said(said)}, here it says {_said(says)}",
                ja=f"検索{number}：元の実施では{_said(said)}、ここでは{_said(says)}",
            )
    if before.verdict != after.verdict:
        yield Words(
            en=f"then {before.verdict}, here {after.verdict}",
            ja=f"元の実施では{before.verdict}、ここでは{after.verdict}",
        )


def _step(step: StepReport, was: StepReport | None, now: StepReport | None) -> Words:
    seen = now.seen if now else None
    en, ja = (f" ({seen.en})", f"（{seen.ja}）") if seen else ("", "")
    return Words(
        en=f"step {step.step} ({step.wanted.en}): then {_verdict(was)}, here {_verdict(now)}{en}",
        ja=f"手順{step.step}（{step.wanted.ja}）：元の実施では{_verdict(was)}、ここでは{_verdict(now)}{ja}",
    )


def _verdict(step: StepReport | None) -> str:
    return step.verdict if step else "-"


def _said(search: SearchReport | None) -> str:
    """Return what the phone made of a search: found or not, and its diagnosis."""
    if search is None:
        return "-"
    diagnosis = search.phone.get("diagnosis") or {}
    found = "found" if search.phone.get("found") else "not found"
    return ", ".join(filter(None, (found, str(diagnosis.get("code", "")))))
