"""RFC 6762 §8 and §9: how names are won, kept and lost. One test for each rule."""

from dataclasses import replace
from ipaddress import ip_interface

import pytest
from zeroconf import DNSNsec  # type: ignore[attr-defined]

from emulator.mdns.link import Link
from tests.emulator.mdns.bench import (
    ANY,
    ETH0,
    HOST,
    IN,
    INSTANCE,
    NSEC,
    PTR,
    SERVICE,
    SRV,
    TOP_BIT,
    TXT,
    TYPE,
    A,
    Bench,
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

EARLIER, LATER = server(1), server(60000)


@pytest.mark.parametrize("fraction", [0.0, 0.5, 1.0])
def test_8_1_three_probes_250_ms_apart_after_a_random_wait(fraction: float) -> None:
    said = Bench(fraction).until(0.99 if fraction == 1 else 0.75 + fraction * 0.25 - 0.01)
    start = fraction * 0.25
    assert times(said) == [start, start + 0.25, start + 0.5]
    assert all(each.is_probe and each.peer is None for each in said)


def test_8_1_probes_ask_for_anything_under_both_names_and_welcome_unicast() -> None:
    first = Bench().until(0.2)[0].message
    assert {(each.name, each.type) for each in first.questions} == {(INSTANCE, ANY), (HOST, ANY)}
    assert all(question.unicast for question in first.questions)


def test_8_2_probes_propose_server_and_address_without_cache_flush_bit() -> None:
    first = Bench().until(0.2)[0].message
    assert (first.num_answers, first.num_authorities) == (0, 2)
    assert [(each.name, each.type, each.unique) for each in first.answers()] == [
        (INSTANCE, SRV, False),
        (HOST, A, False),
    ]


def test_8_1_silence_between_the_last_probe_and_the_first_announcement() -> None:
    said = Bench(0).until(0.8)
    assert times(said) == [0.0, 0.25, 0.5, 0.75]
    assert [each.is_probe for each in said] == [True, True, True, False]


def test_one_that_may_not_announce_yet_probes_and_then_says_nothing_until_it_may() -> None:
    bench = Bench(0)
    bench.responder.may_announce = False
    assert times(bench.until(3.0)) == [0.0, 0.25, 0.5]
    assert bench.hear(query((TYPE, PTR), id_=7), ("192.0.2.9", 40000)) == []
    assert bench.responder.announced_on == []
    bench.responder.may_announce = True
    first, second = bench.until(4.5)
    assert first.at == pytest.approx(3.0, abs=0.03)
    assert second.at == pytest.approx(first.at + 1)
    assert not first.is_probe


def test_one_that_may_not_announce_yet_still_gives_way() -> None:
    bench = Bench(0)
    bench.responder.may_announce = False
    bench.until(2.0)
    bench.hear(response(LATER))
    bench.responder.may_announce = True
    bench.until(5.0)
    assert bench.responder.name == f"{SERVICE.instance} (2)"


def test_8_1_nothing_is_answered_before_the_names_are_ours() -> None:
    bench = Bench(0)
    bench.until(0.6)
    assert bench.hear(query((TYPE, PTR), id_=7), ("192.0.2.9", 40000)) == []
    assert bench.hear(query((TYPE, PTR))) == []
    assert times(bench.until(0.7)) == []


def test_8_3_announced_twice_a_second_apart_with_everything() -> None:
    said = [each for each in Bench(0).until(60) if not each.is_probe]
    assert times(said) == [0.75, 1.75]
    for each in said:
        assert each.peer is None
        assert each.types == {PTR, SRV, TXT, A}


def test_10_2_cache_flush_bit_on_unique_records_only() -> None:
    (announcement,) = (each for each in Bench(0).until(1) if not each.is_probe)
    flushing = {record.type: record.unique for record in announcement.message.answers()}
    assert flushing == {PTR: False, SRV: True, TXT: True, A: True, NSEC: True}


def test_10_lives_of_records() -> None:
    (announcement,) = (each for each in Bench(0).until(1) if not each.is_probe)
    assert {each.type: each.ttl for each in announcement.answers} == {PTR: 4500, SRV: 120, TXT: 4500, A: 120}


def test_18_announcements_have_no_id_no_questions_and_are_authoritative() -> None:
    (announcement,) = (each for each in Bench(0).until(1) if not each.is_probe)
    message = announcement.message
    assert (message.id, message.flags, message.num_questions) == (0, 0x8400, 0)


def test_8_2_loser_of_a_simultaneous_probe_waits_a_second_and_probes_again() -> None:
    bench = Bench(0)
    bench.until(0.3)
    assert bench.hear(probe(INSTANCE, LATER)) == []
    assert times(bench.until(2.0)) == [1.3, 1.55, 1.8]
    assert bench.responder.name == SERVICE.instance


def test_8_2_winner_of_a_simultaneous_probe_goes_on() -> None:
    bench = Bench(0)
    bench.until(0.3)
    bench.hear(probe(INSTANCE, EARLIER))
    assert times(bench.until(1.0)) == [0.5, 0.75]


def test_8_2_the_same_records_proposed_elsewhere_are_no_contest() -> None:
    bench = Bench(0)
    bench.until(0.3)
    bench.hear(probe(INSTANCE, server(8081)))
    assert times(bench.until(1.0)) == [0.5, 0.75]


def test_8_2_1_records_are_compared_by_type_before_data() -> None:
    bench = Bench(0)
    bench.until(0.3)
    bench.hear(probe(INSTANCE, LATER, text(b"\1x")))  # TXT (16) comes before our SRV (33): we win
    assert times(bench.until(1.0)) == [0.5, 0.75]


def test_8_2_one_name_decides_when_both_are_contested() -> None:
    bench = Bench(0)
    bench.until(0.3)
    bench.hear(probe(INSTANCE, EARLIER, address(200)))
    assert times(bench.until(1.0)) == [0.5, 0.75]


def test_9_name_taken_while_probing_takes_the_next() -> None:
    bench = Bench(0)
    bench.until(0.3)
    bench.hear(response(server(80, host="other.local.")))
    assert bench.responder.name == "AiSEG MKN702 (6789ab) (2)"
    said = bench.until(3)
    assert times(said) == [0.3, 0.55, 0.8, 1.05, 2.05]
    assert said[0].message.questions[0].name == f"AiSEG MKN702 (6789ab) (2).{TYPE}"
    assert said[0].message.questions[1].name == HOST


def test_9_host_name_taken_while_probing_takes_the_next() -> None:
    bench = Bench(0)
    bench.until(0.3)
    bench.hear(response(address(99)))
    (announcement, _) = (each for each in bench.until(3) if not each.is_probe)
    assert bench.responder.name == SERVICE.instance
    assert announcement.one(A).name == "aiseg-0123456789ab-2.local."
    assert announcement.one(SRV) == server(8081, host="aiseg-0123456789ab-2.local.")


def test_9_third_name_after_the_second() -> None:
    bench = Bench(0)
    bench.until(0.3)
    bench.hear(response(server(80)))
    bench.until(0.4)
    bench.hear(response(server(80, name=f"AiSEG MKN702 (6789ab) (2).{TYPE}")))
    assert bench.responder.name == "AiSEG MKN702 (6789ab) (3)"


@pytest.mark.parametrize(
    "harmless",
    [
        response(server(8081)),
        response(server(80, ttl=0)),
        response(server(80, name=f"Other.{TYPE}")),
        response(pointer(target=f"Other.{TYPE}")),
        response(DNSNsec(INSTANCE, NSEC, IN, 120, INSTANCE, [TXT])),
        query((INSTANCE, SRV), known=(server(80),)),
    ],
    ids=["identical", "goodbye", "other name", "shared", "denial", "known answer"],
)
def test_9_no_conflict(harmless: bytes) -> None:
    probing, holding = Bench(0), announced()
    probing.until(0.3)
    for bench in (probing, holding):
        bench.hear(harmless)
        assert not any(each.is_probe and each.at > 0.6 for each in bench.until(bench.now + 2))
        assert bench.responder.name == SERVICE.instance


@pytest.mark.parametrize("rival", [server(80), text(b"\1x"), address(99)], ids=["server", "text", "address"])
def test_9_conflict_later_on_goes_back_to_probing_and_keeps_the_name_if_nobody_defends_it(
    rival: server,  # type: ignore[valid-type]
) -> None:
    bench = announced(0)
    bench.hear(response(rival))
    assert bench.responder.announced_on == []
    said = bench.until(20)
    assert times(said) == [10.0, 10.25, 10.5, 10.75, 11.75]
    assert bench.responder.name == SERVICE.instance


def test_9_answers_that_waited_are_not_given_while_the_name_is_in_doubt() -> None:
    bench = announced(0.5)
    bench.hear(query((TYPE, PTR)))
    bench.hear(response(server(80)))
    assert all(each.is_probe for each in bench.until(10.8))


def test_9_conflict_later_on_yields_a_defended_name() -> None:
    bench = announced(0)
    bench.hear(response(server(80)))
    bench.until(10.1)
    bench.hear(response(server(80)))
    assert bench.responder.name == "AiSEG MKN702 (6789ab) (2)"


def test_9_a_type_that_we_do_not_have_is_a_conflict_while_probing_only() -> None:
    ipv6 = response(type(address(1))(HOST, 28, 1 | TOP_BIT, 120, b"\xfd" + b"\0" * 15))
    holding = announced(0)
    holding.hear(ipv6)
    assert holding.responder.announced_on
    probing = Bench(0)
    probing.until(0.3)
    probing.hear(ipv6)
    assert "aiseg-0123456789ab-2" in str(probing.until(0.4)[0].message.questions)


def test_9_own_packets_coming_back_are_no_conflict_even_when_outdated() -> None:
    bench = Bench(0)
    said = bench.until(3)
    bench.update(ETH0, service=type(SERVICE)(TYPE, SERVICE.instance, HOST, 8081, {"txtvers": "2"}))
    said += bench.until(4)
    for each in said:
        assert bench.hear(each.data, ("192.0.2.7", 5353)) == []
    assert not any(each.is_probe for each in bench.until(10))


def test_8_1_fifteen_conflicts_in_ten_seconds_slow_it_down() -> None:
    bench = Bench(0)
    for number in range(1, 15):
        suffix = f" ({number})" if number > 1 else ""
        bench.hear(response(server(80, name=f"{SERVICE.instance}{suffix}.{TYPE}")))
        assert bench.responder.next_wake == 0
    bench.hear(response(server(80, name=f"{SERVICE.instance} (15).{TYPE}")))
    assert bench.responder.name == f"{SERVICE.instance} (16)"
    assert bench.responder.next_wake == 5


def test_8_1_once_slow_it_stays_slow_until_a_name_was_held_for_a_while() -> None:
    bench = Bench(0)

    def contest() -> float:
        bench.hear(response(server(80, name=f"{bench.responder.name}.{TYPE}")))
        return round(bench.responder.next_wake - bench.now, 6)

    assert [contest() for _ in range(15)] == [0.0] * 14 + [5.0]
    for _ in range(5):
        bench.until(bench.now + 5.1)
        assert contest() == 5.0
    bench.until(bench.now + 16)
    assert bench.responder.announced_on
    bench.hear(response(server(80, name=f"{bench.responder.name}.{TYPE}")))
    assert bench.responder.next_wake == bench.now


def test_8_1_fifteen_conflicts_in_more_than_ten_seconds_do_not() -> None:
    bench = announced(0)
    for _ in range(20):
        bench.hear(response(server(80)))
        assert times(bench.until(bench.now + 1))
    assert bench.responder.announced_on


def test_8_4_changed_text_is_announced_twice() -> None:
    bench = announced(0)
    bench.update(ETH0, service=type(SERVICE)(TYPE, SERVICE.instance, HOST, 8081, {"reg": "1"}))
    said = bench.until(60)
    assert times(said) == [10.0, 11.0]
    assert all(each.one(TXT) == text(b"\5reg=1") and each.one(TXT).unique for each in said)


def test_8_4_changes_are_announced_once_a_second_at_most() -> None:
    bench = announced(0)
    said = []
    for number in range(20):
        bench.update(ETH0, service=type(SERVICE)(TYPE, SERVICE.instance, HOST, 8081, {"n": str(number)}))
        said += bench.until(bench.now + 0.1)
    assert times(said) == [10.0, 11.0]


def test_6763_d_a_new_name_is_probed_and_announced_and_the_old_one_withdrawn() -> None:
    bench = announced(0)
    renamed = replace(SERVICE, instance="AiSEG MKN713 (6789ab)")
    (withdrawal,) = bench.update(ETH0, service=renamed)
    assert pointer(ttl=0) in withdrawal.answers
    assert {each.ttl for each in withdrawal.answers} == {0}
    assert bench.responder.announced_on == []
    said = bench.until(60)
    assert times(said) == [10.0, 10.25, 10.5, 10.75, 11.75]
    assert pointer(target=f"AiSEG MKN713 (6789ab).{TYPE}") in said[-1].answers


def test_8_4_nothing_is_said_when_nothing_changed() -> None:
    bench = announced(0)
    bench.update(ETH0)
    assert bench.until(60) == []


def test_10_1_goodbye_withdraws_everything_announced() -> None:
    (said,) = announced().goodbye()
    assert said.peer is None
    assert said.types == {PTR, SRV, TXT, A}
    assert {each.ttl for each in said.answers} == {0}


def test_10_1_no_goodbye_for_what_was_never_announced() -> None:
    bench = Bench(0)
    bench.until(0.6)
    assert bench.goodbye() == []


def test_probes_on_loopback_ask_for_multicast_because_programs_share_address_and_port() -> None:
    bench = Bench(0, Link("lo", 1, 4, (ip_interface("127.0.0.1/8"),)))
    assert not any(question.unicast for question in bench.until(0.1)[0].message.questions)
