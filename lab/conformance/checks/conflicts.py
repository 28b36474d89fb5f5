"""Somebody else claims a name, or a person gives another one, when the service has been announced (RFC 6762 §9)."""

from lab.conformance.bench import Bench
from lab.conformance.check import Scene, Verdict, verdict
from lab.conformance.checks.contending import defend, rival
from lab.conformance.packets import AAAA, A, Record, response
from lab.conformance.seconds import in_ms
from lab.conformance.tap import clock

SCENE = Scene("conflicts", lasts_s=14)

NOTICED_S = 3.0
PROBES = 3
STRANGER = {A: "192.0.2.253", AAAA: "fd00::253"}


@SCENE.check("6762 9", ipv6=True)
def later_conflict_probed(bench: Bench) -> Verdict:
    """Go back to probing when somebody else claims the instance name later on."""
    bench.begin()
    bench.settled()
    return _probes_when_told(bench, rival(bench.service.instance))


@SCENE.check("6762 9", ipv6=True)
def host_conflict_probed(bench: Bench) -> Verdict:
    """Notice when somebody else claims the host name later on."""
    bench.begin()
    bench.settled()
    type_ = bench.address_type
    return _probes_when_told(bench, Record(bench.service.host, type_, STRANGER[type_], flush=True))


@SCENE.check("6762 9", extra=True, ipv6=True)
def defended_name_left(bench: Bench) -> Verdict:
    """Take another name when whoever claimed it later on defends it."""
    bench.begin()
    bench.settled()
    bench.wire.send(response(rival(bench.service.instance)))
    return defend(bench)


@SCENE.check("6763 D", extra=True)
def renamed_by_hand(bench: Bench) -> Verdict:
    """Probe for a name that a person gives, announce it, and withdraw the old one."""
    bench.begin()
    life = bench.settled()
    old, since = bench.service, clock()
    bench.rename()
    announced = bench.expect(
        f"{bench.service.instance}", lambda heard: bench.service.instance in heard.announced, 8
    )
    said = [each for each in life.since(since) if each.at <= announced.at]
    probes = [each for each in said if each.is_probe and each.message.asks(bench.service.instance)]
    withdrawn = any(r.says(old.pointer) and r.ttl == 0 for each in said for r in each.message.answers)
    return verdict(
        len(probes) >= PROBES and withdrawn,
        f"{len(probes)} probes for the new name, the old one {'withdrawn' if withdrawn else 'left'}",
    )


def _probes_when_told(bench: Bench, claim: Record) -> Verdict:
    told_at = clock()
    bench.wire.send(response(claim))
    probe = bench.hear(NOTICED_S, lambda heard: heard.is_probe)
    return verdict(probe, f"probed after {in_ms([probe.at - told_at])}" if probe else "nothing happened")
