"""When questions to the group are answered, and how soon again (RFC 6762 §6)."""

from statistics import median

from lab.conformance.bench import Bench, answers
from lab.conformance.check import Scene, Verdict, verdict
from lab.conformance.packets import SRV, Question
from lab.conformance.seconds import in_ms
from lab.conformance.service import BROWSE, ENUMERATE

SCENE = Scene("delaying", lasts_s=25)

AT_ONCE_S = 0.012
"""10 ms, and a little for the way there and back."""
SHARED_S = (0.0195, 0.130)
SECOND_S = 0.98
ROUNDS = 5


@SCENE.check("6762 6", ipv6=True)
def shared_after_20_to_120_ms(bench: Bench) -> Verdict:
    """Answer for a shared record 20 to 120 ms after the question."""
    delays = [_delay(bench, BROWSE) for _ in range(ROUNDS)]
    earliest, latest = SHARED_S
    return verdict(min(delays) >= earliest and median(delays) <= latest, f"after {in_ms(delays)}")


@SCENE.check("6762 6", ipv6=True)
def unique_within_10_ms(bench: Bench) -> Verdict:
    """Answer for a unique record within 10 ms."""
    delays = [_delay(bench, Question(bench.service.instance, SRV)) for _ in range(ROUNDS)]
    return verdict(median(delays) <= AT_ONCE_S, f"after {in_ms(delays)}")


@SCENE.check("6762 6", ipv6=True)
def not_twice_within_1_s(bench: Bench) -> Verdict:
    """Multicast no record twice within one second."""
    question = Question(bench.service.instance, SRV)
    first = bench.answer_to(question)
    again = []
    for _ in range(3):
        bench.ask(question)
        again += [each.at - first.at for each in bench.listen(0.25) if answers(question)(each)]
    return verdict(
        all(gap >= SECOND_S for gap in again), f"asked four times in 0.75 s; again after {in_ms(again)}"
    )


@SCENE.check("6762 6.4", extra=True, ipv6=True)
def answers_go_together(bench: Bench) -> Verdict:
    """Put into one packet what two have asked at once."""
    together = []
    for _ in range(ROUNDS):
        bench.rest()
        bench.ask(BROWSE)
        bench.ask(ENUMERATE)
        said = bench.gather(BROWSE, ENUMERATE)
        together.append(any(answers(BROWSE)(each) and answers(ENUMERATE)(each) for each in said))
    return verdict(sum(together) > ROUNDS / 2, f"{sum(together)} of {ROUNDS} times")


def _delay(bench: Bench, question: Question) -> float:
    bench.rest()
    asked_at = bench.ask(question)
    return bench.answered(question).at - asked_at
