"""Whatever comes in, nothing raises, and nothing grows without bound."""

import random
from collections.abc import Mapping
from itertools import count
from typing import Any

import dpkt  # type: ignore[import-untyped]
from hypothesis import given
from hypothesis import strategies as st

from lab.conditions.catalogue import CATALOGUE
from lab.conditions.condition import FrameCondition
from lab.network.frames import BROADCAST, Frame, udp4
from lab.network.plan import SECOND_ROUTER
from lab.network.reflector import Reflector
from tests.lab.conditions.fake_hands import FakeHands
from tests.lab.network.machines import Lab, igmp_report

ARGS: Mapping[str, Mapping[str, Any]] = {
    "dns_broken": {"how": "servfail"},
    "reflector_damaged": {"how": "truncated"},
}
HEADERS = st.sampled_from([0x0800, 0x0806, 0x86DD, 0x8100, 0x8847, 5])


def strained(with_rules: bool) -> Lab:
    """Return a lab in which everything is on at once."""
    hands = FakeHands(Lab())
    lab = hands.lab
    lab.network.add_device("second_router", lab.network.routers[SECOND_ROUTER.name])
    router = lab.network.router
    router.reflectors[99] = Reflector(router.leg("home"), router.leg("guest"))
    router.joined[99] = frozenset(("home", "guest"))
    if with_rules:
        for name in CATALOGUE:
            if name not in ("multicast_lost", "ap_isolation", "router_reboots", "power_cut", "gateway_off"):
                hands.begin(name, **ARGS.get(name, {}))
    return lab


def whole_frames(lab: Lab) -> list[bytes]:
    """Return one sound frame of each kind that something here takes apart."""
    leg = lab.network.router.leg("home")
    question = dpkt.dns.DNS(id=5, qd=[dpkt.dns.DNS.Q(name="cloud.home.test")], an=[], ns=[], ar=[])
    return [
        lab.multicast("phone", bytes(question)),
        lab.tcp("phone", "gateway"),
        lab.who_has("phone", leg.address),
        igmp_report(lab, "phone"),
        lab.frame("phone", leg.mac, udp4(lab.ip("phone"), leg.address, 40000, 53, bytes(question))),
        lab.frame("phone", leg.mac, udp4(lab.ip("phone"), bytes((203, 0, 113, 10)), 40000, 443, b"x" * 1400)),
    ]


@given(data=st.binary(max_size=200), header=HEADERS, rules=st.booleans(), to_router=st.booleans())
def test_arbitrary_bytes_never_raise(data: bytes, header: int, rules: bool, to_router: bool) -> None:
    lab = strained(rules)
    target = lab.network.router.leg("home").mac if to_router else BROADCAST
    for sent in (data, target + lab.mac("phone") + header.to_bytes(2) + data):
        lab.send("phone", sent)
    lab.later(5)


@given(
    which=st.integers(0, 5),
    cuts=st.lists(st.tuples(st.integers(0, 150), st.integers(0, 255)), max_size=6),
    end=st.integers(0, 150),
    rules=st.booleans(),
)
def test_damaged_frames_never_raise(which: int, cuts: list[tuple[int, int]], end: int, rules: bool) -> None:
    lab = strained(rules)
    sent = bytearray(whole_frames(lab)[which])
    for place, value in cuts:
        sent[place % len(sent)] = value
    lab.send("phone", bytes(sent))
    lab.send("phone", bytes(sent[: len(sent) - end]))
    lab.later(5)


@given(data=st.binary(max_size=120))
def test_no_view_of_a_frame_raises(data: bytes) -> None:
    for header in (0x0800, 0x0806, 0x86DD):
        frame = Frame(BROADCAST + BROADCAST + header.to_bytes(2) + data)
        assert [frame.arp, frame.ip, frame.udp, frame.tcp, frame.is_mdns]


def test_a_flood_of_noise_leaves_little_behind() -> None:
    lab = strained(with_rules=True)
    lab.traced.clear()
    lab.network._trace = lambda _: None
    noise = random.Random(1)
    sizes = []
    for number in count(1):
        kind = noise.choice((0x0800, 0x0806, 0x86DD))
        head = bytes((0x45, 0, 0, 60)) if kind == 0x0800 else b""
        lab.send("phone", BROADCAST + noise.randbytes(6) + kind.to_bytes(2) + head + noise.randbytes(60))
        if number % 1000 == 0:
            sizes.append(size_of(lab))
            lab.later(1)
        if number == 4000:
            break
    assert sizes[-1] < 40_000


def size_of(thing: object, seen: set[int] | None = None, depth: int = 0) -> int:
    """Count what hangs together with `thing`, roughly."""
    seen = set() if seen is None else seen
    if id(thing) in seen or depth > 12 or isinstance(thing, type | FrameCondition):
        return 0
    seen.add(id(thing))
    parts: list[object] = []
    if isinstance(thing, dict):
        parts = [*thing.keys(), *thing.values()]
    elif isinstance(thing, list | tuple | set):
        parts = list(thing)
    elif hasattr(thing, "__dict__"):
        parts = list(vars(thing).values())
    return 1 + sum(size_of(each, seen, depth + 1) for each in parts)
