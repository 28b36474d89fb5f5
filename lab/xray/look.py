"""One search seen through: question and answer from stage to stage, and what it comes to."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal, TypeAlias

from lab.network.plan import ROUTERS
from lab.xray.captured import Seen
from lab.xray.ways import Way, ways

StageName: TypeAlias = Literal[
    "asked", "question_at_access_point", "question_at_gateway", "answered", "answer_at_access_point", "answer_at_phone"
]  # fmt: skip
State: TypeAlias = Literal["yes", "partly", "no", "nothing"]
"""`partly`: some got there and some did not; `nothing`: there was nothing that could have got there."""
Outcome: TypeAlias = Literal[
    "found", "found_otherwise", "not_asked", "heard_nothing", "elsewhere", "no_sign_of_life", "not_answered", "answer_lost",
    "address_unreachable", "answer_not_taken"
]  # fmt: skip

_ABOUT_US: Final = b"\x06_aiseg\x04_tcp"
_IS_RESPONSE: Final = 0x80
_DNS_HEADER: Final = 12
_IN_THE_AIR: Final = frozenset({"loss", "rate", "wifi_air", "wifi_drops"})
"""Conditions that lose a frame before the access point has it."""
_IN_THE_MACHINE: Final = "gateway_not_running"
"""A condition that acts in a machine's place: it has the frame, but no program that listens, or says anything."""
_ROUTERS: Final = frozenset(each.name for each in ROUTERS)


@dataclass(frozen=True)
class Lost:
    """A frame that did not get there, and the condition that kept it away (None: the network, or a machine that was gone)."""

    number: int
    rule: str | None


@dataclass(frozen=True)
class Stage:
    """One stage of the way: the frames that got there, and those that did not."""

    name: StageName
    state: State
    frames: tuple[int, ...] = ()
    lost: tuple[Lost, ...] = ()

    @property
    def rules(self) -> tuple[str, ...]:
        """The conditions that lost something on the way here, each once."""
        return tuple(dict.fromkeys(each.rule for each in self.lost if each.rule))


@dataclass(frozen=True)
class Xray:
    """What the capture shows of one search. `strangers` are machines that answered as an AiSEG and are not the gateway.

    `phone_on`, `gateway_on`: the networks where they were seen last, None where they were not.
    """

    outcome: Outcome
    stages: tuple[Stage, ...]
    ways: tuple[Way, ...]
    strangers: tuple[str, ...]
    phone_on: str | None
    gateway_on: str | None

    def stage(self, name: StageName) -> Stage:
        """Return one stage."""
        return next(each for each in self.stages if each.name == name)

    @property
    def unasked(self) -> bool:
        """Say that the gateway spoke of its own accord: the question had not reached it."""
        return not self.stage("question_at_gateway").frames

    @property
    def stopped_by(self) -> tuple[str, ...]:
        """The conditions that lost all there was at the stage where it ended."""
        ended = next((each for each in self.stages if each.state == "no"), None)
        return ended.rules if ended else ()


def look(frames: Sequence[Seen], began: float, ended: float, document: Mapping[str, Any]) -> Xray:
    """See through the search from `began` to `ended` (Unix time); `document` is what the phone said of it."""
    meant = [each for each in frames if began <= each.at <= ended]
    lives = any(each.sender == "gateway" for each in meant)
    stages, strangers = _stages([each for each in meant if _is_ours(each)], lives=lives)
    own = frozenset(each.address for each in frames if each.sender == "gateway" and each.address)
    straight = ways(meant, own)
    before = [each for each in frames if each.at <= ended]
    phone_on, gateway_on = _segment(reversed(meant), "phone"), _segment(reversed(before), "gateway")
    outcome = _outcome(
        stages, straight, document, apart=None not in (phone_on, gateway_on) and phone_on != gateway_on
    )
    return Xray(outcome, stages, straight, strangers, phone_on, gateway_on)


def _is_ours(seen: Seen) -> bool:
    """Say whether it is mDNS about an AiSEG."""
    return _ABOUT_US in seen.frame.data and seen.is_multicast_dns


def _is_response(seen: Seen) -> bool:
    data = bytes(seen.frame.udp.data) if seen.frame.udp else b""
    return len(data) >= _DNS_HEADER and bool(data[2] & _IS_RESPONSE)


def _stages(frames: Sequence[Seen], *, lives: bool) -> tuple[tuple[Stage, ...], tuple[str, ...]]:
    """Return the stages of question and answer, and who else answered.

    The network carries frames to a plug; that the gateway had them is believed of one from which anything came at all.
    """
    questions = [each for each in frames if each.frame.is_group and not _is_response(each)]
    asked = [each for each in questions if each.sender == "phone"]
    towards = [each for each in questions if each.receiver == "gateway" and _is_from(each, "phone")]
    heard_at = min((each.at for each in towards if _reached(each) and lives), default=None)
    ports = {each.frame.udp.sport for each in asked if each.frame.udp}
    answers = [each for each in frames if _is_response(each) and _answers(each, ports)]
    if heard_at is not None or not any(each.receiver == "phone" and each.arrived for each in answers):
        answers = [each for each in answers if heard_at is not None and each.at >= heard_at]
    said = [each for each in answers if each.rule != _IN_THE_MACHINE]
    given = [each for each in said if each.sender == "gateway"]
    back = [each for each in said if each.receiver == "phone" and _is_from(each, "gateway")]
    known = _ROUTERS | {"phone", "gateway"}
    strangers = dict.fromkeys(each.sender for each in answers if each.sender not in known and each.arrived)
    return (
        _gone("asked", asked, expected=True),
        _taken_in("question_at_access_point", asked),
        _got("question_at_gateway", towards, expected=bool(asked), lives=lives),
        _gone("answered", given, expected=heard_at is not None),
        _taken_in("answer_at_access_point", given),
        _got("answer_at_phone", back, expected=bool(given)),
    ), tuple(strangers)


def _reached(seen: Seen) -> bool:
    """Say whether the machine had it, be there a program or not."""
    return seen.arrived or (seen.rule == _IN_THE_MACHINE and seen.sender != "gateway")


def _is_from(seen: Seen, node: str) -> bool:
    """Say whether it comes from `node`, or from a router that may have passed its word on."""
    return seen.sender == node or seen.sender in _ROUTERS


def _answers(seen: Seen, ports: set[int]) -> bool:
    """Say whether it answers a question that went to everybody, sent from one of `ports`."""
    udp = seen.frame.udp
    return seen.frame.is_group or (udp is not None and udp.dport in ports)


def _gone(name: StageName, frames: Sequence[Seen], *, expected: bool) -> Stage:
    """Return the stage at which frames set out, each once for all whom it went to."""
    firsts = {(each.frame.data, each.at): each.number for each in reversed(frames)}
    numbers = tuple(sorted(firsts.values()))
    return Stage(name, "yes" if numbers else "no" if expected else "nothing", numbers)


def _taken_in(name: StageName, frames: Sequence[Seen]) -> Stage:
    """Return the stage at the access point: it has a frame unless the air lost it for all whom it went to."""
    groups: dict[tuple[bytes, float], list[Seen]] = {}
    for each in frames:
        groups.setdefault((each.frame.data, each.at), []).append(each)
    frames_in, lost = [], []
    for group in groups.values():
        first = group[0]
        if all(not each.arrived and each.rule in _IN_THE_AIR for each in group):
            lost.append(Lost(first.number, first.rule))
        else:
            frames_in.append(next((each for each in group if each.arrived), first).number)
    return _stage(name, frames_in, lost, expected=False)


def _got(name: StageName, frames: Sequence[Seen], *, expected: bool, lives: bool = True) -> Stage:
    lost = [Lost(each.number, each.rule) for each in frames if not (_reached(each) and lives)]
    there = [each.number for each in frames if _reached(each) and lives]
    return _stage(name, there, lost, expected=expected)


def _stage(name: StageName, frames: Iterable[int], lost: Iterable[Lost], *, expected: bool) -> Stage:
    there, gone = tuple(frames), tuple(lost)
    if there:
        state: State = "partly" if gone else "yes"
    else:
        state = "no" if gone or expected else "nothing"
    return Stage(name, state, there, gone)


def _segment(frames: Iterable[Seen], node: str) -> str | None:
    """Return the network on which `node` is: that of the first router's port it speaks to in `frames`."""
    for each in frames:
        other = each.target if each.sender == node else each.source if each.receiver == node else ""
        router, _, segment = other.partition(".")
        if router in _ROUTERS:
            return segment
    return None


def _outcome(
    stages: Sequence[Stage], straight: Sequence[Way], document: Mapping[str, Any], *, apart: bool
) -> Outcome:
    """Say in one word how it ended: what the phone found counts, then the first stage that was not reached."""
    got = {each.name: each.state in ("yes", "partly") for each in stages}
    if document.get("found"):
        return "found" if _found_by_mdns(document, heard=got["answer_at_phone"]) else "found_otherwise"
    if got["answer_at_phone"]:
        tried = [each for each in straight if each.name == "connect" and each.sent]
        return "address_unreachable" if tried and not any(each.back for each in tried) else "answer_not_taken"
    if not got["asked"]:
        return "not_asked"
    if not got["question_at_gateway"]:
        return _unheard(stages, apart=apart)
    return "answer_lost" if got["answered"] else "not_answered"


def _unheard(stages: Sequence[Stage], *, apart: bool) -> Outcome:
    """Say why the question was not heard: the networks are two, the frames were lost, or nobody was there."""
    if apart:
        return "elsewhere"
    lost = next(each.lost for each in stages if each.name == "question_at_gateway")
    return "no_sign_of_life" if any(each.rule is None for each in lost) else "heard_nothing"


def _found_by_mdns(document: Mapping[str, Any], *, heard: bool) -> bool:
    said = [each.get("found_by") for each in document["found"]]
    return "mdns" in said if any(said) else heard
