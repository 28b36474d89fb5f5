"""The host's address changes, its link goes and comes (RFC 6762 §8.3, §8.4)."""

from itertools import pairwise

from lab.conformance.bench import Bench
from lab.conformance.check import Scene, Verdict, verdict
from lab.conformance.packets import A, Question
from lab.conformance.seconds import in_ms
from lab.conformance.tap import Heard, clock

SCENE = Scene("changing", lasts_s=22)

NOTICED_S = 6.0
BACK_S = 10.0
DOWN_S = 1.0
PROBE_GAP_S = 0.24


@SCENE.check("6762 8.4")
def new_address_announced(bench: Bench) -> Verdict:
    """Announce a new address."""
    bench.settled()
    changed_at = clock()
    new = bench.readdress()
    told = bench.hear(NOTICED_S, lambda heard: heard.message.is_response and new in _addresses(bench, heard))
    return verdict(
        told, f"after {in_ms([told.at - changed_at])}" if told else f"{new} not within {NOTICED_S:g} s"
    )


@SCENE.check("6762 8.4")
def new_address_given(bench: Bench) -> Verdict:
    """Give the new address, and not the old one, when asked afterwards."""
    bench.settled()
    bench.readdress()
    bench.listen(3)
    answer = bench.answer_to(Question(bench.service.host, A))
    given = _addresses(bench, answer)
    return verdict(given == bench.addresses(), f"gives {sorted(given)}, has {sorted(bench.addresses())}")


@SCENE.check("6762 8.3")
def up_again_announced(bench: Bench) -> Verdict:
    """Probe or announce again after the interface was down and up."""
    bench.settled()
    bench.box.run("ip", "link", "set", "eth0", "down")
    bench.listen(DOWN_S)
    up_at = clock()
    bench.box.run("ip", "link", "set", "eth0", "up")
    told = bench.hear(BACK_S, lambda heard: heard.is_probe or bool(heard.announced))
    return verdict(told, f"after {in_ms([told.at - up_at])}" if told else "says nothing")


@SCENE.check("6762 8.3", extra=True)
def plugged_in_again_probed(bench: Bench) -> Verdict:
    """Probe three times and announce when plugged in again."""
    bench.begin()
    bench.settled()
    bench.box.carrier(up=False)
    bench.listen(DOWN_S)
    plugged_at = clock()
    bench.box.carrier(up=True)
    bench.expect("an announcement", lambda heard: bool(heard.announced), BACK_S)
    said = [each for each in bench.settled().since(plugged_at) if each.is_probe or each.announced]
    kinds = ["probe" if each.is_probe else "announcement" for each in said]
    gaps = [later.at - earlier.at for earlier, later in pairwise(said)]
    whole = kinds == ["probe"] * 3 + ["announcement"] and min(gaps) >= PROBE_GAP_S
    return verdict(whole, f"{', '.join(kinds)}; gaps {in_ms(gaps)}")


def _addresses(bench: Bench, heard: Heard) -> set[str]:
    records = heard.message.records
    return {str(each.data) for each in records if each.is_about(bench.service.host, A) and each.ttl}
