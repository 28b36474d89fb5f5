"""Address translation: ports, lives of flows, and a table that does not grow."""

import dpkt  # type: ignore[import-untyped]
import pytest

from lab.network.frames import udp4
from lab.network.nat import CLOSED_LIVES_S, LIVES_S, MOST_FLOWS, Nat

OUTER = bytes((203, 0, 113, 2))
CLOUD = bytes((203, 0, 113, 10))
PHONE = bytes((192, 168, 0, 30))
GATEWAY = bytes((192, 168, 0, 20))
TCP, UDP = 6, 17


def out(
    nat: Nat, source: bytes, sport: int, now: float = 0.0, *, kind: int = UDP, flags: int = 2
) -> int | None:
    """Let a packet out; return the port it has outside."""
    packet = (
        udp4(source, CLOUD, sport, 53, b"x")
        if kind == UDP
        else dpkt.ip.IP(src=source, dst=CLOUD, p=TCP, data=dpkt.tcp.TCP(sport=sport, dport=53, flags=flags))
    )
    passed = nat.outwards(packet, now)
    assert not passed or packet.src == OUTER
    return int(packet.data.sport) if passed else None


def back(
    nat: Nat, port: int, now: float = 0.0, *, kind: int = UDP, source: bytes = CLOUD, sport: int = 53
) -> tuple[bytes, int] | None:
    """Let an answer in; return to whom it goes."""
    data = (
        dpkt.udp.UDP(sport=sport, dport=port)
        if kind == UDP
        else dpkt.tcp.TCP(sport=sport, dport=port, flags=16)
    )
    packet = dpkt.ip.IP(src=source, dst=OUTER, p=kind, data=data)
    return (packet.dst, packet.data.dport) if nat.inwards(packet, now) else None


def test_a_port_keeps_its_number_where_that_is_free() -> None:
    nat = Nat(OUTER)
    assert out(nat, PHONE, 40000) == 40000
    other = out(nat, GATEWAY, 40000)
    assert other not in (None, 40000)
    assert back(nat, 40000) == (PHONE, 40000)
    assert back(nat, other or 0) == (GATEWAY, 40000)
    assert out(nat, GATEWAY, 40000) == other


def test_only_whom_it_spoke_to_may_answer() -> None:
    nat = Nat(OUTER)
    out(nat, PHONE, 40000)
    assert back(nat, 40000, sport=54) is None
    assert back(nat, 40000, source=bytes((203, 0, 113, 99))) is None
    assert back(nat, 40001) is None


@pytest.mark.parametrize("kind", [TCP, UDP])
def test_a_flow_lives_while_it_is_used(kind: int) -> None:
    nat, life = Nat(OUTER), LIVES_S[kind]
    out(nat, PHONE, 40000, kind=kind)
    assert back(nat, 40000, life - 1, kind=kind)
    assert back(nat, 40000, 2 * life - 2, kind=kind)
    assert back(nat, 40000, 3 * life - 2, kind=kind) is None


def test_a_connection_that_has_ended_is_soon_forgotten_and_may_begin_again() -> None:
    nat = Nat(OUTER)
    out(nat, PHONE, 40000, kind=TCP)
    out(nat, PHONE, 40000, kind=TCP, flags=17)
    assert back(nat, 40000, CLOSED_LIVES_S - 1, kind=TCP)
    assert back(nat, 40000, 2 * CLOSED_LIVES_S, kind=TCP) is None
    out(nat, PHONE, 40000, 2 * CLOSED_LIVES_S, kind=TCP)
    assert back(nat, 40000, 4 * CLOSED_LIVES_S, kind=TCP)


def test_an_old_flow_gives_its_port_to_a_new_one() -> None:
    nat = Nat(OUTER)
    out(nat, PHONE, 40000)
    assert out(nat, GATEWAY, 40000, LIVES_S[UDP]) == 40000
    assert back(nat, 40000, LIVES_S[UDP]) == (GATEWAY, 40000)


def test_the_table_is_bounded_and_the_least_used_flow_goes_first() -> None:
    nat = Nat(OUTER)
    for number in range(MOST_FLOWS + 10):
        assert out(nat, bytes((10, 0, number >> 8, number & 255)), 40000 + number % 20000)
    assert len(nat) == MOST_FLOWS
    assert back(nat, 40000) is None
    assert back(nat, 40000 + MOST_FLOWS) == (
        bytes((10, 0, MOST_FLOWS >> 8, MOST_FLOWS & 255)),
        40000 + MOST_FLOWS,
    )


def test_fragments_and_other_protocols_do_not_pass() -> None:
    nat = Nat(OUTER)
    fragment = udp4(PHONE, CLOUD, 40000, 53, b"x")
    fragment.mf = 1
    assert not nat.outwards(fragment, 0)
    assert not nat.outwards(dpkt.ip.IP(src=PHONE, dst=CLOUD, p=47, data=b"gre"), 0)
    answer = dpkt.ip.IP(
        src=PHONE, dst=CLOUD, p=1, data=dpkt.icmp.ICMP(type=0, data=dpkt.icmp.ICMP.Echo(id=1))
    )
    assert not nat.outwards(answer, 0)
    assert len(nat) == 0
