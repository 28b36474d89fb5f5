"""Several links, changing addresses, and whatever the network may send."""

from dataclasses import replace
from ipaddress import ip_interface

from hypothesis import given, settings
from hypothesis import strategies as st

from emulator.mdns.link import Link
from tests.emulator.mdns.bench import (
    AAAA,
    ASKER,
    ETH0,
    HOST,
    INSTANCE,
    NSEC,
    PTR,
    RESOLVER,
    SRV,
    TXT,
    TYPE,
    A,
    Bench,
    Said,
    address,
    announced,
    pointer,
    probe,
    query,
    response,
    server,
    text,
    times,
)

V6 = (ip_interface("fd00::7/64"), ip_interface("fe80::7/64"))
ETH0_BOTH = replace(ETH0, attached=(*ETH0.attached, *V6))
ETH0_V6 = replace(ETH0_BOTH, version=6)
WLAN0 = Link("wlan0", 3, 4, (ip_interface("198.51.100.7/24"),))


def addresses(said: Said) -> set[bytes]:
    return {record.address for record in said.message.answers() if record.type in (A, AAAA)}  # type: ignore[attr-defined]


def test_each_link_hears_its_own_addresses_only() -> None:
    bench = Bench(0, ETH0, WLAN0)
    announcements = [each for each in bench.until(1) if not each.is_probe]
    assert {each.link.interface: addresses(each) for each in announcements} == {
        "eth0": {bytes([192, 0, 2, 7])},
        "wlan0": {bytes([198, 51, 100, 7])},
    }


def test_both_families_of_an_interface_hear_both_kinds_of_address() -> None:
    bench = Bench(0, ETH0_BOTH, ETH0_V6)
    announcements = [each for each in bench.until(1) if not each.is_probe]
    assert [each.link.version for each in announcements] == [4, 6]
    for each in announcements:
        assert addresses(each) == {address.ip.packed for address in ETH0_BOTH.attached}
        assert each.one(NSEC).rdtypes == [TXT, SRV] or each.one(NSEC).rdtypes == [A, AAAA]  # type: ignore[attr-defined]


def test_ipv6_neighbour_gets_a_unicast_answer_at_its_scope() -> None:
    bench = announced(0, ETH0_BOTH, ETH0_V6)
    peer = ("fe80::9%eth0", 40000, 0, 2)
    (said,) = bench.hear(query((TYPE, PTR), id_=1), peer, link=ETH0_V6)
    assert (said.peer, said.link) == (peer, ETH0_V6)


def test_8_3_a_new_link_is_probed_while_the_others_go_on_answering() -> None:
    bench = announced(0, ETH0)
    bench.update(ETH0, WLAN0)
    said = bench.until(10.6)
    assert times(said) == [10.0, 10.25, 10.5]
    assert {each.link for each in said} == {WLAN0}
    assert len(bench.hear(query((INSTANCE, SRV)))) == 1
    assert bench.responder.announced_on == [ETH0]


def test_8_3_a_link_that_comes_back_is_probed_and_announced_again() -> None:
    bench = announced(0)
    bench.update()
    assert bench.until(20) == []
    bench.update(ETH0)
    assert times(bench.until(30)) == [20.0, 20.25, 20.5, 20.75, 21.75]


def test_8_4_new_address_is_announced_and_the_old_one_withdrawn() -> None:
    bench = announced(0)
    moved = replace(ETH0, attached=(ip_interface("192.0.2.8/24"),))
    (withdrawal,) = bench.update(moved)
    assert withdrawal.answers == [address(7)]
    assert withdrawal.answers[0].ttl == 0
    first, second = bench.until(60)
    assert times([first, second]) == [10.0, 11.0]
    assert addresses(first) == {bytes([192, 0, 2, 8])}
    (answer,) = bench.hear(query((HOST, A)))
    assert addresses(answer) == {bytes([192, 0, 2, 8])}


def test_8_4_an_answer_that_waits_does_not_give_an_address_that_has_gone() -> None:
    bench = announced(0.5)
    bench.hear(query((HOST, A), (INSTANCE, SRV)))
    bench.update(replace(ETH0, attached=(ip_interface("192.0.2.8/24"),)))
    assert {bytes([192, 0, 2, 8])} == set.union(*map(addresses, bench.until(20)))


def test_8_4_an_address_that_goes_while_probing_needs_no_withdrawal() -> None:
    bench = Bench(0)
    bench.until(0.3)
    assert bench.update(replace(ETH0, attached=(ip_interface("192.0.2.8/24"),))) == []
    assert addresses(bench.until(0.8)[-1]) == {bytes([192, 0, 2, 8])}


def test_11_every_link_local_address_is_on_the_link() -> None:
    link = replace(ETH0_V6, attached=V6[:1])
    assert [link.is_near(host) for host in ("fe80::9%eth0", "fd00::9", "fd01::9", "192.0.2.9")] == [
        True,
        True,
        False,
        False,
    ]


def test_packets_come_from_the_first_ipv4_address_and_the_link_local_ipv6_one() -> None:
    auto = ip_interface("169.254.3.4/16")
    assert str(replace(ETH0, attached=(*ETH0.attached, auto, *V6)).own[0]) == "192.0.2.7"
    assert str(ETH0_V6.own[0]) == "fe80::7"


def test_9_a_rename_on_one_link_renames_on_all_and_withdraws_the_old_name_where_it_was_ours() -> None:
    bench = announced(0, ETH0)
    bench.update(ETH0, WLAN0)
    bench.until(10.1)
    (withdrawal,) = bench.hear(response(server(80)), ("198.51.100.9", 5353), link=WLAN0)
    assert (withdrawal.link, withdrawal.one(PTR)) == (ETH0, pointer())
    assert withdrawal.one(PTR).ttl == 0
    renamed = f"AiSEG MKN702 (6789ab) (2).{TYPE}"
    announcements = [each for each in bench.until(11) if not each.is_probe]
    assert {each.link.interface for each in announcements} == {"eth0", "wlan0"}
    assert all(each.one(PTR) == pointer(target=renamed) for each in announcements)


def test_a_packet_heard_again_on_another_interface_of_ours_is_no_conflict() -> None:
    bench = announced(0, ETH0, WLAN0)
    bench.update(ETH0, replace(WLAN0, attached=(ip_interface("192.0.2.77/24"),)))
    for each in bench.until(12):
        other = WLAN0 if each.link == ETH0 else ETH0
        bench.hear(each.data, ("192.0.2.77", 5353), link=other)
    assert len(bench.responder.announced_on) == 2


def test_packet_on_a_link_that_has_gone_is_ignored() -> None:
    bench = announced(0)
    bench.update()
    assert bench.hear(query((INSTANCE, SRV))) == []


def test_two_of_one_name_started_together_end_with_two_names() -> None:
    hosts = [ETH0, replace(ETH0, attached=(ip_interface("192.0.2.8/24"),))]
    benches = [Bench(0.5, host) for host in hosts]
    for millisecond in range(6000):
        for here, there in ((0, 1), (1, 0)):
            for said in benches[here].until(millisecond / 1000):
                benches[there].hear(said.data, (str(hosts[here].own[0]), 5353))
    assert {bench.responder.name for bench in benches} == {
        "AiSEG MKN702 (6789ab)",
        "AiSEG MKN702 (6789ab) (2)",
    }
    assert all(bench.responder.announced_on for bench in benches)


WORDS = st.sampled_from([TYPE, INSTANCE, HOST, "_services._dns-sd._udp.local."])
TYPES = st.sampled_from([A, PTR, TXT, AAAA, SRV, NSEC, 255, 41, 65535])
RECORDS = st.sampled_from(
    [server(80), server(8081, ttl=0), address(7), address(99, ttl=1), pointer(), pointer(ttl=1), text(b"")]
)
MESSAGES = st.one_of(
    st.binary(max_size=200),
    st.builds(query, st.tuples(WORDS, TYPES), st.tuples(WORDS, TYPES), truncated=st.booleans()),
    st.builds(lambda record: query((TYPE, PTR), known=(record,)), RECORDS),
    st.builds(probe, WORDS, RECORDS),
    st.builds(response, RECORDS, RECORDS),
)


@st.composite
def damaged(draw: st.DrawFn) -> bytes:
    """Return a message with a few bytes overwritten or the end cut off."""
    message = bytearray(draw(MESSAGES))
    for _ in range(draw(st.integers(0, 4))):
        if message:
            message[draw(st.integers(0, len(message) - 1))] = draw(st.integers(0, 255))
    return bytes(message[: draw(st.integers(0, len(message)))] if draw(st.booleans()) else message)


EVENTS = st.tuples(damaged(), st.sampled_from([ASKER, RESOLVER]), st.booleans(), st.floats(0, 1.5))


@settings(max_examples=200, deadline=None)
@given(st.lists(EVENTS, max_size=30), st.floats(0, 1))
def test_whatever_comes_it_neither_breaks_nor_talks_much_and_comes_to_rest(
    events: list[tuple[bytes, tuple[str, int], bool, float]], fraction: float
) -> None:
    bench = Bench(fraction)
    said = 0
    for data, peer, direct, pause in events:
        said += len(bench.hear(data, peer, direct=direct))
        said += len(bench.until(bench.now + pause))
    assert said <= 10 + 10 * len(events)
    bench.until(bench.now + 60)
    assert bench.responder.announced_on
    assert bench.responder.next_wake == float("inf")


def test_a_name_that_is_not_utf8_and_a_crowded_packet_are_survived() -> None:
    label = b"\x3f" + b"\xff" * 63
    rival = b"\0\0\0\0\0\1\0\0\0\1\0\0" + query((INSTANCE, 255))[12:]
    rival += b"\xc0\x0c\0\x21\0\1\0\0\0\x78" + bytes([0, 6 + len(label) + 1]) + b"\0" * 6 + label + b"\0"
    probing = Bench(0)
    probing.hear(rival)
    probing.until(5)
    assert probing.responder.announced_on
    crowd = b"\0\1\0\0\5\xdc\0\0\0\0\0\0" + query((INSTANCE, 0))[12:]
    crowd += b"".join(b"\xc0\x0c" + type_.to_bytes(2) + b"\0\1" for type_ in range(1, 1500))
    assert len(probing.hear(crowd, RESOLVER)) <= 10


def test_memory_does_not_grow_with_conflicts() -> None:
    bench = announced(0)
    for _ in range(20):
        instance = f"{bench.responder.name}.{TYPE}"
        bench.hear(response(server(80, name=instance)))
        bench.until(bench.now + 0.1)
        bench.hear(response(server(80, name=instance)))
        bench.until(bench.now + 20)
    (on_link,) = bench.responder._on_links.values()
    assert len(on_link._answering.schedule._sent) <= len(on_link.records.all)
