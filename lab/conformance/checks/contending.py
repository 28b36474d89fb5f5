"""Somebody else wants the names while they are probed for (RFC 6762 §8.1, §8.2, §9)."""

from dataclasses import replace

from lab.conformance.bench import Bench
from lab.conformance.check import Scene, Silent, Verdict, verdict
from lab.conformance.packets import SRV, Record, Server, probe, response
from lab.conformance.seconds import in_ms
from lab.conformance.service import BROWSE
from lab.conformance.tap import Heard, clock

SCENE = Scene("contending", lasts_s=5)

SMALLEST = Server(0, 0, 0, "a.local.")
GREATEST = Server(65535, 65535, 65535, "z.local.")
"""SRV data that comes before and after any other, as §8.2 compares it."""
SECOND_S = (0.9, 1.6)
RENAMED_S = 10.0


@SCENE.check("6762 9", ipv6=True)
def taken_name_left(bench: Bench) -> Verdict:
    """Leave a taken name to its owner: choose another, and announce it."""
    bench.begin()
    return defend(bench)


@SCENE.check("6762 8.2", ipv6=True)
def loses_tie(bench: Bench) -> Verdict:
    """Wait a second after a lost simultaneous probe, and probe again."""
    first = _tie(bench, GREATEST)
    name = bench.service.instance
    following = bench.expect("another probe", _wants_name, 5)
    if following.announced:
        return verdict(False, f"announced {sorted(following.announced)} all the same")
    gap = following.at - first.at
    earliest, latest = SECOND_S
    again = following.message.asks(name)
    return verdict(
        again and earliest <= gap <= latest, f"{'the same' if again else 'another'} name after {in_ms([gap])}"
    )


@SCENE.check("6762 8.2", ipv6=True)
def wins_tie(bench: Bench) -> Verdict:
    """Go on after a won simultaneous probe."""
    first = _tie(bench, SMALLEST)
    announcement = bench.announced()
    kept = bench.service.instance in announcement.announced
    return verdict(
        kept and announcement.at - first.at < SECOND_S[0], f"{sorted(announcement.announced)} at last"
    )


def defend(bench: Bench) -> Verdict:
    """Say that the name is ours whenever the responder wants it; see which one it announces."""
    name, deadline = bench.service.instance, clock() + RENAMED_S
    while heard := bench.hear(deadline - clock(), _wants_name):
        if heard.announced:
            return verdict(name not in heard.announced, f"announced {sorted(heard.announced)}")
        if heard.message.asks(name) or heard.message.asks(BROWSE.name):
            bench.wire.send(response(bench.service.pointer, rival(name)))
    raise Silent("nothing was announced")


def rival(name: str) -> Record:
    """Return a record of somebody else's by that name."""
    return Record(name, SRV, Server(0, 0, 9, "rival.local."), flush=True)


def _tie(bench: Bench, server: Server) -> Heard:
    """Start anew and answer the first probe with one that proposes the same records but for `server`; return the first."""
    bench.begin()
    name = bench.service.instance
    first = bench.expect("a probe", lambda heard: heard.is_probe and heard.message.asks(name), 10)
    proposed = [each for each in first.message.authorities if each.is_about(name)]
    bench.wire.send(
        probe(name, *(replace(each, data=server) if each.type == SRV else each for each in proposed))
    )
    return first


def _wants_name(heard: Heard) -> bool:
    return bool(heard.announced) or not heard.message.is_response
