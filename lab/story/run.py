"""What a scenario has become: its verdict, step by step, with the evidence. Data only; `lab.report` writes it down."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from lab.story.script import Script, Words

Verdict = Literal["PASS", "FAIL", "CANNOT-RUN-HERE", "SKIPPED"]
Actor = Literal["person", "phone", "panel", "gateway", "cloud", "network", "lab"]


@dataclass(frozen=True)
class Event:
    """Something that happened, `at_s` after the story began. `to`: whom it was said to, if it was a message."""

    at_s: float
    actor: Actor
    kind: str
    words: Words
    to: Actor | None = None
    data: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Picture:
    """What a person saw on a screen: the page, whole in itself (styles inlined, no script)."""

    at_s: float
    actor: Literal["phone", "panel"]
    title: str
    html: str


@dataclass(frozen=True)
class Search:
    """One search of the phone: when it was under way, and what the phone said of it (`aiseg phone search --json`)."""

    began_s: float
    ended_s: float
    document: Mapping[str, Any]


@dataclass(frozen=True)
class Told:
    """One step of the script as it went: when, and for an expectation what was seen in its place."""

    step: int
    began_s: float
    ended_s: float
    verdict: Verdict
    wanted: Words
    seen: Words | None = None


@dataclass(frozen=True)
class Run:
    """One telling of a scenario. Its files, `packets.pcapng` among them, are in `folder`.

    `epoch`: Unix time at which the story began, so that events and frames can be laid side by side.
    """

    script: Script
    seed: int
    verdict: Verdict
    reason: Words | None
    took_s: float
    epoch: float
    folder: Path
    steps: Sequence[Told] = ()
    events: Sequence[Event] = ()
    pictures: Sequence[Picture] = ()
    searches: Sequence[Search] = ()
    versions: Mapping[str, str] = field(default_factory=dict)
