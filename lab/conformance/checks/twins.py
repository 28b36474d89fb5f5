"""Gateways of one name: started together, or on networks that are joined later (RFC 6762 §8, §9)."""

from collections.abc import Sequence

from lab.conformance.bench import ANSWER_S, Bench, answers
from lab.conformance.check import Scene, Silent, Verdict, verdict
from lab.conformance.packets import SRV, Question, query
from lab.conformance.service import Service
from lab.conformance.tap import clock
from lab.node import Node

TOGETHER = Scene("together", lasts_s=25, boxes=8)
JOINED = Scene("joined", lasts_s=14, boxes=2)

ROUNDS = 3
PAIRS = 4
SETTLED_S = 2.6
"""Without a packet, the names are settled."""
LONGEST_S = 15.0
PARTED_S = 2.0
"""Within which a conflict has led to something that is heard."""
ID = 4712


@TOGETHER.check("6762 8.2", extra=True)
def two_started_together(bench: Bench) -> Verdict:
    """Share no name with a twin that is started at the same time (12 pairs)."""
    held = []
    for number in range(ROUNDS):
        services = [
            _service(pair, letter) for pair in range(number * PAIRS, (number + 1) * PAIRS) for letter in "ab"
        ]
        for box, service in zip(bench.boxes, services, strict=True):
            bench.begin_on(box, service)
        _settle(bench, bench.boxes)
        held += [len(_holders(bench, service.instance)) for service in services[::2]]
        bench.end()
    return verdict(held == [1] * len(held), f"held by so many: {held}")


@JOINED.check("6762 9", extra=True)
def two_networks_joined(bench: Bench) -> Verdict:
    """Part from a twin on a network that is joined later, when asked once."""
    first, second = bench.boxes
    services = [_service(0, letter) for letter in "ab"]
    join = bench.part(second)
    for box, service in zip(bench.boxes, services, strict=True):
        bench.begin_on(box, service)
    _settle(bench, [first])
    join()
    asked_at = bench.ask(Question(services[0].instance, SRV))
    bench.listen(ANSWER_S)
    both = {each.mac for each in bench.wire.tap.heard if each.at > asked_at}
    if both < {first.mac, second.mac}:
        raise Silent("before the networks were joined, one of the two had no name")
    bench.listen(PARTED_S)
    _settle(bench, [])
    holders = _holders(bench, services[0].instance)
    return verdict(len(holders) == 1, f"held by {len(holders)} in the end")


def _service(pair: int, letter: str) -> Service:
    """Return one of a pair that has the instance name, but not the host name, in common."""
    return Service(f"{letter * 6}{pair:06x}")


def _settle(bench: Bench, boxes: Sequence[Node]) -> None:
    """Wait until all have announced and nothing more is said."""
    started_at = last_at = clock()
    silent = {each.mac for each in boxes}
    while clock() < started_at + LONGEST_S and (silent or clock() < last_at + SETTLED_S):
        heard = bench.wire.tap.listen(
            min(started_at + LONGEST_S, max(last_at + SETTLED_S, clock() + 0.1)), lambda _: True
        )
        if heard:
            last_at = heard.at
            if heard.announced:
                silent.discard(heard.mac)
    if silent:
        raise Silent(f"{len(silent)} of {len(boxes)} announced nothing")


def _holders(bench: Bench, instance: str) -> set[str]:
    """Return the machines that answer for a name."""
    question, asked_at = Question(instance, SRV), clock()
    bench.wire.send_one_shot(query(question, id_=ID))
    bench.wire.tap.listen(asked_at + 0.3)
    return {each.mac for each in bench.wire.tap.heard if each.at > asked_at and answers(question)(each)}
