"""Questions of plain resolvers, questions sent straight to the host, and packets that are none (RFC 6762 §5.5, §6.7)."""

import random
from itertools import count

from lab.conformance.bench import ANSWER_S, Bench, answers
from lab.conformance.check import Scene, Verdict, verdict
from lab.conformance.packets import SRV, Question, query
from lab.conformance.service import BROWSE
from lab.conformance.tap import PORT, Heard

SCENE = Scene("one-shot", lasts_s=8)

PATIENCE_S = 2.0
IDS = count(4711)
"""Another one each time: a responder may take the same packet for an echo."""
MOST_TTL_S = 10


@SCENE.check("6762 6.7", ipv6=True)
def one_shot_answered(bench: Bench) -> Verdict:
    """Answer a question from another port than 5353 by unicast."""
    answer = _one_shot(bench)
    return verdict(not answer.is_multicast, f"answered to {answer.target[0]}")


@SCENE.check("6762 6.7", ipv6=True)
def one_shot_repeats_question(bench: Bench) -> Verdict:
    """Repeat ID and question in that answer."""
    asked = next(IDS)
    message = _one_shot(bench, asked).message
    repeated = message.id == asked and list(message.questions) == [BROWSE]
    return verdict(repeated, f"ID {message.id}, questions {[str(each) for each in message.questions]}")


@SCENE.check("6762 6.7", ipv6=True)
def one_shot_lives(bench: Bench) -> Verdict:
    """Let its records live 10 s at most."""
    ttls = sorted({each.ttl for each in _one_shot(bench).message.records})
    return verdict(ttls[-1] <= MOST_TTL_S, f"TTL {ttls}")


@SCENE.check("6762 6.7", ipv6=True)
def one_shot_does_not_flush(bench: Bench) -> Verdict:
    """Leave the cache-flush bit off it."""
    flushing = [str(each) for each in _one_shot(bench).message.records if each.flush]
    return verdict(not flushing, f"flushing: {flushing}")


@SCENE.check("6762 5.5", ipv6=True)
def asked_straight(bench: Bench) -> Verdict:
    """Answer a question that is sent straight to the host."""
    bench.rest()
    bench.wire.send(query(BROWSE), _address(bench))
    return verdict(bench.answered(BROWSE), f"asked at {_address(bench)}")


@SCENE.check("6762 5.5", ipv6=True)
def asked_from_afar(bench: Bench) -> Verdict:
    """Ignore a question that is sent straight to the host from off the link."""
    bench.rest()
    question = Question(bench.service.instance, SRV)
    bench.wire.send_one_shot(query(question, id_=next(IDS)), _address(bench))
    bench.answered(question)  # to the same question from the link
    bench.rest()
    bench.wire.send_from_afar(query(question, id_=next(IDS)), _address(bench))
    answer = bench.hear(ANSWER_S, answers(question))
    return verdict(answer is None, f"answered to {answer.target[0]}" if answer else "no answer")


@SCENE.check("robust", ipv6=True)
def malformed_packets(bench: Bench) -> Verdict:
    """Go on answering after malformed packets."""
    bench.rest()
    packets = _malformed()
    for packet in packets:
        bench.wire.send(packet)
    bench.listen(0.2)
    return verdict(bench.answer_to(BROWSE), f"after {len(packets)} malformed packets")


def _one_shot(bench: Bench, id_: int | None = None) -> Heard:
    bench.settled()
    bench.wire.send_one_shot(query(BROWSE, id_=id_ or next(IDS)))
    return bench.expect("a unicast answer", lambda heard: heard.target[1] != PORT, PATIENCE_S)


def _address(bench: Bench) -> str:
    return sorted(bench.addresses())[0]


def _malformed() -> list[bytes]:
    """Return packets that are cut off, lie about their lengths, or have been damaged on the way."""
    head, question = bytes(4), query(BROWSE)
    packets = [
        b"",
        question[:11],
        question[:-3],
        head + b"\xff\xff" * 4,
        head + b"\0\1" + bytes(6) + b"\xc0\x0c" + b"\0\x0c\0\1",  # a name that points to itself
        head + b"\0\1" + bytes(6) + b"\x7f" + b"x" * 20,  # a label of a kind that there is not
        head + b"\0\1" + bytes(6) + (b"\x3f" + b"x" * 63) * 8 + b"\0\0\x0c\0\1",  # a name of 512 bytes
        b"\0\0\x84\0\0\0\0\1\0\0\0\0" + b"\0\0\x10\0\1\0\0\0\x78\xff\xff\xff",  # data beyond the end
    ]
    noise = random.Random(1)  # noqa: S311 - the same damage each time
    for _ in range(200):
        damaged = bytearray(question)
        for _ in range(3):
            damaged[noise.randrange(len(damaged))] = noise.randrange(256)
        packets.append(bytes(damaged))
    return packets
