"""Answers that are not given because they are known already (RFC 6762 §7), and answers to one asker (§5.4)."""

from lab.conformance.bench import ANSWER_S, Bench, answers
from lab.conformance.check import Scene, Verdict, verdict
from lab.conformance.packets import Question, response
from lab.conformance.service import BROWSE, ENUMERATE
from lab.conformance.tap import Heard

SCENE = Scene("knowing", lasts_s=17)

ALSO_S = 0.3
"""After one answer, for another that should not come."""
TRUNCATED_S = 0.9
"""400 to 500 ms are waited for the rest of the known answers (§7.2)."""


@SCENE.check("6762 5.4", ipv6=True)
def unicast_when_wanted(bench: Bench) -> Verdict:
    """Answer a QU question by unicast when the group has heard the record lately."""
    bench.answer_to(BROWSE)
    bench.rest()
    bench.ask(Question(BROWSE.name, BROWSE.type, unicast=True))
    said = [bench.answered(BROWSE), *filter(answers(BROWSE), bench.listen(ALSO_S))]
    where = ["group" if each.is_multicast else each.target[0] for each in said]
    return verdict("group" not in where, f"answered to {where}")


@SCENE.check("6762 7.1", ipv6=True)
def known_answer(bench: Bench) -> Verdict:
    """Omit an answer that the asker knows."""
    bench.answer_to(BROWSE)
    bench.rest()
    bench.ask(BROWSE, known=[bench.service.pointer])
    return _nothing_said(bench.listen(ANSWER_S))


@SCENE.check("6762 7.1", ipv6=True)
def known_answer_that_is_old(bench: Bench) -> Verdict:
    """Give a known answer that has less than half its life left."""
    bench.rest()
    bench.ask(BROWSE, known=[bench.service.pointer.living(2000)])
    return verdict(bench.answered(BROWSE), "known for 2000 of 4500 s")


@SCENE.check("6762 7.2", ipv6=True)
def known_answers_follow(bench: Bench) -> Verdict:
    """Wait for known answers that follow in a second packet (TC bit)."""
    bench.rest()
    bench.ask(BROWSE, truncated=True)
    bench.answered(BROWSE)  # when nothing follows
    bench.rest()
    bench.ask(BROWSE, truncated=True)
    early = bench.listen(0.1)
    bench.ask(known=[bench.service.pointer])
    return _nothing_said([*early, *bench.listen(TRUNCATED_S)])


@SCENE.check("6762 7.4", ipv6=True)
def given_by_another(bench: Bench) -> Verdict:
    """Drop an answer that another responder has just given."""
    bench.answer_to(BROWSE)
    bench.rest()
    bench.ask(BROWSE)
    bench.wire.send(response(bench.service.pointer))
    return _nothing_said(bench.listen(ANSWER_S))


@SCENE.check("6762 7.1", extra=True, ipv6=True)
def known_answer_of_several(bench: Bench) -> Verdict:
    """Omit, of several answers, the one that the asker knows."""
    bench.rest()
    bench.ask(BROWSE, ENUMERATE, known=[bench.service.pointer])
    return _only_enumeration(bench)


@SCENE.check("6762 7.4", extra=True, ipv6=True)
def one_of_several_given_by_another(bench: Bench) -> Verdict:
    """Drop, of several answers, the one that another responder has just given."""
    bench.rest()
    bench.ask(BROWSE, ENUMERATE)
    bench.wire.send(response(bench.service.pointer))
    return _only_enumeration(bench)


def _nothing_said(said: list[Heard]) -> Verdict:
    given = [each for each in said if answers(BROWSE)(each)]
    return verdict(not given, f"given {len(given)} times")


def _only_enumeration(bench: Bench) -> Verdict:
    said = [*bench.gather(ENUMERATE), *bench.listen(ALSO_S)]
    given = [str(question) for question in (BROWSE, ENUMERATE) if any(map(answers(question), said))]
    return verdict(given == [str(ENUMERATE)], f"answered: {given}")
