"""The moments of answers to many questions (RFC 6762 §6)."""

from collections import Counter
from itertools import cycle, islice

from lab.conformance.bench import ANSWER_S, Bench, answers
from lab.conformance.check import Scene, Verdict, verdict
from lab.conformance.packets import Question
from lab.conformance.service import BROWSE, BROWSE_SUBTYPE, ENUMERATE

SCENE = Scene("timing", lasts_s=26)

QUESTIONS = 48
FEWEST = 2
"""In a quarter: of 48 answers at random moments, fewer fall into one of four with a chance of 0.007 %."""
EARLIEST_S, LATEST_S = 0.020, 0.120
BETWEEN_S = 1.15
"""Between two questions for one record."""


@SCENE.check("6762 6", extra=True)
def delays_even(bench: Bench) -> Verdict:
    """Spread the delays of shared answers evenly over 20 to 120 ms."""
    bench.rest()
    questions = [each for each in (BROWSE, BROWSE_SUBTYPE, ENUMERATE) if _is_answered(bench, each)]
    bench.rest()
    delays: list[float] = []
    for question in islice(cycle(questions), QUESTIONS):
        asked_at = bench.ask(question)
        said = bench.listen(BETWEEN_S / len(questions))
        delays += [each.at - asked_at for each in said if answers(question)(each)][:1]
    quarters = Counter(min(int((each - EARLIEST_S) / (LATEST_S - EARLIEST_S) * 4), 3) for each in delays)
    spread = [quarters[number] for number in range(4)]
    even = min(spread) >= FEWEST and len(delays) == sum(spread) >= QUESTIONS * 0.9
    return verdict(even, f"{len(delays)} answers, in the quarters {spread}")


def _is_answered(bench: Bench, question: Question) -> bool:
    bench.ask(question)
    return any(map(answers(question), bench.listen(ANSWER_S)))
