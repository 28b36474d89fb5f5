"""The first seconds: probes, announcements, and what the packets look like (RFC 6762 §8, §10, §11, §18)."""

from itertools import pairwise

from lab.conformance.bench import Bench
from lab.conformance.check import Scene, Verdict, verdict
from lab.conformance.life import Life
from lab.conformance.packets import ANY, AUTHORITATIVE_RESPONSE, PTR, SRV, TXT, Record, Server
from lab.conformance.seconds import in_ms
from lab.conformance.tap import PORT, Heard

SCENE = Scene("starting", lasts_s=6)

PROBES = 3
ANNOUNCEMENTS = 2
PROBE_GAP_S = (0.24, 0.35)
"""250 ms as a machine that is busy keeps them."""
ANNOUNCEMENT_GAP_S = 0.98
SHARED_TTL_S, HOST_TTL_S = 4500, 120


@SCENE.check("6762 8.1", ipv6=True)
def instance_probed(bench: Bench) -> Verdict:
    """Probe for the instance name three times, asking for ANY."""
    questions = [
        question
        for probe in bench.settled().probes(bench.service.instance)
        for question in probe.message.questions
        if question.name.lower() == bench.service.instance.lower()
    ]
    types = [each.type for each in questions]
    return verdict(types == [ANY] * PROBES, f"probes for the instance asked for the types {types}")


@SCENE.check("6762 8.1", ipv6=True)
def probes_want_unicast(bench: Bench) -> Verdict:
    """Ask for unicast answers (QU) in probes."""
    probes = bench.settled().probes(bench.service.instance)
    wishes = [question.unicast for probe in probes for question in probe.message.questions]
    return verdict(wishes and all(wishes), f"{sum(wishes)} of {len(wishes)} questions of probes are QU")


@SCENE.check("6762 8.2", ipv6=True)
def probes_propose_server(bench: Bench) -> Verdict:
    """Propose the SRV record in the authority section of probes."""
    probes = bench.settled().probes(bench.service.instance)
    wanted = Record(bench.service.instance, SRV, Server(0, 0, bench.service.port, bench.service.host))
    with_it = [each for each in probes if any(wanted.says(record) for record in each.message.authorities)]
    return verdict(probes and with_it == probes, f"{len(with_it)} of {len(probes)} probes carry it")


@SCENE.check("6762 10.2", extra=True, ipv6=True)
def proposed_records_do_not_flush(bench: Bench) -> Verdict:
    """Leave the cache-flush bit off proposed records."""
    probes = bench.settled().probes(bench.service.instance)
    flushing = [str(record) for each in probes for record in each.message.authorities if record.flush]
    return verdict(probes and not flushing, f"{len(probes)} probes, flushing: {flushing}")


@SCENE.check("6762 8.1", ipv6=True)
def probes_250_ms_apart(bench: Bench) -> Verdict:
    """Send probes 250 ms apart."""
    gaps = _gaps(bench.settled().probes(bench.service.instance))
    earliest, latest = PROBE_GAP_S
    return verdict(gaps and all(earliest <= gap <= latest for gap in gaps), f"gaps {in_ms(gaps)}")


@SCENE.check("6762 8.1", ipv6=True)
def silence_before_announcing(bench: Bench) -> Verdict:
    """Keep silent for 250 ms between the last probe and the first announcement."""
    life = bench.settled()
    gaps = [life.announcements[0].at - each.at for each in life.probes(bench.service.instance)[-1:]]
    return verdict(gaps and gaps[0] >= PROBE_GAP_S[0], f"{in_ms(gaps)} of silence")


@SCENE.check("6762 8.1", ipv6=True)
def host_probed(bench: Bench) -> Verdict:
    """Probe for the host name too."""
    probes = bench.settled().probes(bench.service.host)
    proposing = [
        each for each in probes if any(r.is_about(bench.service.host) for r in each.message.authorities)
    ]
    return verdict(len(proposing) >= PROBES, f"{len(proposing)} probes propose addresses for the host name")


@SCENE.check("6762 8.3", ipv6=True)
def announced_twice(bench: Bench) -> Verdict:
    """Announce the service at least twice."""
    announcements = bench.settled().announcements
    return verdict(len(announcements) >= ANNOUNCEMENTS, f"{len(announcements)} announcements")


@SCENE.check("6762 8.3", ipv6=True)
def announcements_1_s_apart(bench: Bench) -> Verdict:
    """Keep announcements at least one second apart."""
    gaps = _gaps(bench.settled().announcements)
    return verdict(gaps and min(gaps) >= ANNOUNCEMENT_GAP_S, f"gaps {in_ms(gaps)}")


@SCENE.check("6762 10.2", ipv6=True)
def flush_bits(bench: Bench) -> Verdict:
    """Set the cache-flush bit on unique records, and not on the shared PTR."""
    records = _announced_records(bench.settled())
    wrong = {str(each) for each in records if each.flush is _is_shared(each)}
    types = {each.type for each in records}
    return verdict(types >= _whole(bench) and not wrong, f"{len(records)} records announced, wrong: {wrong}")


@SCENE.check("6762 10", ipv6=True)
def lives(bench: Bench) -> Verdict:
    """Let SRV and address records live 120 s, PTR and TXT records 4500 s."""
    wanted = {PTR: SHARED_TTL_S, TXT: SHARED_TTL_S, SRV: HOST_TTL_S, bench.address_type: HOST_TTL_S}
    ours = (bench.service.pointer.name, bench.service.instance, bench.service.host)
    found = {
        each.type: each.ttl
        for each in _announced_records(bench.settled())
        if each.name in ours and each.type in wanted
    }
    return verdict(found == wanted, f"type: TTL {found}")


@SCENE.check("6762 11", ipv6=True)
def ip_ttl_255(bench: Bench) -> Verdict:
    """Send with IP TTL 255 from port 5353."""
    kinds = {(each.ttl, each.source[1]) for each in bench.settled().said}
    return verdict(kinds == {(255, PORT)}, f"IP TTL and port: {sorted(kinds)}")


@SCENE.check("6762 18", ipv6=True)
def announcement_header(bench: Bench) -> Verdict:
    """Announce with ID 0, the authoritative bit, and no questions."""
    messages = [each.message for each in bench.settled().announcements]
    headers = {(each.id, hex(each.flags), len(each.questions)) for each in messages}
    return verdict(
        headers == {(0, hex(AUTHORITATIVE_RESPONSE), 0)}, f"ID, flags, number of questions: {headers}"
    )


@SCENE.check("6762 10.1", ipv6=True)
def goodbye(bench: Bench) -> Verdict:
    """Say goodbye (TTL 0) when stopped."""
    life = bench.settled()
    bench.end()
    bench.listen(0.2)
    withdrawn = [
        record
        for each in life.said
        if each.is_multicast and each.message.is_response
        for record in each.message.answers
        if record.says(bench.service.pointer) and record.ttl == 0
    ]
    return verdict(withdrawn, f"{len(withdrawn)} withdrawals of the PTR record")


def _gaps(packets: list[Heard]) -> list[float]:
    return [later.at - earlier.at for earlier, later in pairwise(packets)]


def _announced_records(life: Life) -> list[Record]:
    return [record for each in life.announcements for record in each.message.answers]


def _is_shared(record: Record) -> bool:
    """Say whether others may have such a record too: a pointer, unless it leads from an address to its one host."""
    return record.type == PTR and not record.name.endswith(".arpa.")


def _whole(bench: Bench) -> set[int]:
    return {PTR, SRV, TXT, bench.address_type}
