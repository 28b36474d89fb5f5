"""`report.json`: a run for machines, and what `aiseg lab replay` plays again. Version 1; readers ignore what they do not know."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Annotated, Any, Literal, get_args

from pydantic import BaseModel, ConfigDict, Field

from lab.report.facts import Facts, Fault, Looked
from lab.story.run import Actor, Told, Verdict
from lab.story.script import Words
from lab.xray.look import Outcome, StageName, State
from lab.xray.ways import WayName
from lab.xray.words import OUTCOMES

Seconds = Annotated[float, Field(description="Seconds since the story began.")]
Frames = Annotated[
    tuple[int, ...], Field(description="Numbers of frames in packets.pcapng, as Wireshark counts.")
]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True)


class LostFrame(_Part):
    """A frame that did not get there, and the condition that kept it away."""

    number: int
    rule: str | None


class StageReport(_Part):
    """How far question and answer came."""

    name: StageName
    state: State
    frames: Frames
    lost: tuple[LostFrame, ...]


class WayReport(_Part):
    """What went straight to somebody; of a sweep, each number stands for an address."""

    name: WayName
    sent: Frames
    arrived: Frames
    back: Frames
    rules: tuple[str, ...]
    refused: bool


class XrayReport(_Part):
    """What the capture shows of a search."""

    outcome: Outcome
    words: Words
    stages: tuple[StageReport, ...]
    ways: tuple[WayReport, ...]
    strangers: tuple[str, ...]
    phone_on: str | None
    gateway_on: str | None


class SearchReport(_Part):
    """A search of the phone: what it said (`aiseg phone search --json`), and what the capture shows."""

    began_s: Seconds
    ended_s: Seconds
    conditions: tuple[str, ...]
    phone: dict[str, Any]
    xray: XrayReport | None


class StepReport(_Part):
    """A step of the scenario as it went; `step` counts from 1."""

    step: int
    script: dict[str, Any]
    began_s: Seconds
    ended_s: Seconds
    verdict: Verdict
    wanted: Words
    seen: Words | None


class FaultReport(_Part):
    """A condition, and how long it went on."""

    name: str
    args: dict[str, Any]
    began_s: Seconds
    ended_s: Seconds


class PictureReport(_Part):
    """A picture that is in report.html."""

    at_s: Seconds
    actor: Actor
    title: str


class Report(_Part):
    """One run of a scenario."""

    format: Literal["aiseg-lab-run"] = "aiseg-lab-run"
    version: Literal[1] = 1
    scenario: str
    title: Words
    rows: tuple[str, ...]
    verdict: Verdict
    reason: Words | None
    seed: int
    began_at: datetime
    took_s: float
    again: str = Field(description="The command that plays it again.")
    versions: dict[str, str]
    script: dict[str, Any] = Field(description="The scenario itself, complete.")
    steps: tuple[StepReport, ...]
    faults: tuple[FaultReport, ...]
    searches: tuple[SearchReport, ...]
    pictures: tuple[PictureReport, ...]
    events: int = Field(description="How many lines events.jsonl has.")


class CaseReport(_Part):
    """One run in the report of many; `folder` is where the rest of it is, seen from this file."""

    scenario: str
    title: Words
    verdict: Verdict
    reason: Words | None
    seed: int
    took_s: float
    said: tuple[str, ...]
    folder: str


class SuiteReport(_Part):
    """Many runs."""

    format: Literal["aiseg-lab-suite"] = "aiseg-lab-suite"
    version: Literal[1] = 1
    verdicts: dict[Verdict, int]
    took_s: float = Field(description="Of all runs together; several may have gone on at a time.")
    runs: tuple[CaseReport, ...]


def report_of(facts: Facts) -> Report:
    """Return a run as report.json has it."""
    run = facts.run
    script = run.script.model_dump(mode="json", by_alias=True, exclude_none=True)
    return Report(
        scenario=run.script.scenario,
        title=run.script.title,
        rows=run.script.rows,
        verdict=run.verdict,
        reason=run.reason,
        seed=run.seed,
        began_at=facts.began_at,
        took_s=round(run.took_s, 3),
        again=facts.again,
        versions=dict(run.versions),
        script=script,
        steps=tuple(_step(each, script["steps"]) for each in run.steps),
        faults=tuple(map(_fault, facts.faults)),
        searches=tuple(_search(each, facts) for each in facts.searches),
        pictures=tuple(
            PictureReport(at_s=round(each.at_s, 3), actor=each.actor, title=each.title)
            for each in run.pictures
        ),
        events=len(run.events),
    )


def suite_of(runs: Sequence[tuple[Facts, str]]) -> SuiteReport:
    """Return many runs as report.json has them, each with the folder where it is."""
    verdicts = Counter(facts.run.verdict for facts, _ in runs)
    return SuiteReport(
        verdicts={each: verdicts[each] for each in get_args(Verdict)},
        took_s=round(sum(facts.run.took_s for facts, _ in runs), 3),
        runs=tuple(_case(*each) for each in runs),
    )


def _case(facts: Facts, folder: str) -> CaseReport:
    run = facts.run
    return CaseReport(
        scenario=run.script.scenario,
        title=run.script.title,
        verdict=run.verdict,
        reason=run.reason,
        seed=run.seed,
        took_s=round(run.took_s, 3),
        said=tuple(each.said for each in facts.searches),
        folder=folder,
    )


def _step(told: Told, steps: list[dict[str, Any]]) -> StepReport:
    return StepReport(
        step=told.step,
        script=steps[told.step - 1],
        began_s=round(told.began_s, 3),
        ended_s=round(told.ended_s, 3),
        verdict=told.verdict,
        wanted=told.wanted,
        seen=told.seen,
    )


def _fault(fault: Fault) -> FaultReport:
    return FaultReport(
        name=fault.name,
        args=dict(fault.args),
        began_s=round(fault.began_s, 3),
        ended_s=round(fault.ended_s, 3),
    )


def _search(looked: Looked, facts: Facts) -> SearchReport:
    search, xray = looked.search, looked.xray
    words = OUTCOMES[xray.outcome] if xray else None
    return SearchReport(
        began_s=round(search.began_s, 3),
        ended_s=round(search.ended_s, 3),
        conditions=tuple(each.typed for each in facts.faults_at(search.began_s)),
        phone=dict(search.document),
        xray=XrayReport.model_validate(asdict(xray) | {"words": words._asdict()}) if xray and words else None,
    )
