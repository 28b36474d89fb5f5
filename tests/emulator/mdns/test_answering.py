"""RFC 6762 §5 to §7 and RFC 6763 §12: what is answered, to whom and when. One test for each rule."""

from dataclasses import replace
from ipaddress import ip_address

import pytest

from emulator.mdns.link import Datagram
from tests.emulator.mdns.bench import (
    AAAA,
    ALL_TYPES,
    ANY,
    ASKER,
    ELSEWHERE,
    ETH0,
    HOST,
    INSTANCE,
    NSEC,
    PTR,
    RESOLVER,
    SERVICE,
    SRV,
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

BROWSE = query((TYPE, PTR))


@pytest.mark.parametrize(("fraction", "delay"), [(0.0, 0.020), (0.25, 0.045), (1.0, 0.120)])
def test_6_shared_record_after_20_to_120_ms(fraction: float, delay: float) -> None:
    bench = announced(fraction)
    assert bench.hear(BROWSE) == []
    (said,) = bench.until(20)
    assert times([said]) == [10 + delay]
    assert (said.peer, said.types) == (None, {PTR})


@pytest.mark.parametrize(("name", "type_"), [(INSTANCE, SRV), (INSTANCE, TXT), (HOST, A), (HOST, AAAA)])
def test_6_unique_record_at_once(name: str, type_: int) -> None:
    (said,) = announced().hear(query((name, type_)))
    assert said.peer is None
    assert said.types == ({type_} if type_ != AAAA else {NSEC})


def test_6_3_every_question_of_a_packet_is_answered_in_one_packet_after_a_delay() -> None:
    bench = announced()
    assert bench.hear(query((INSTANCE, SRV), (HOST, A))) == []
    (said,) = bench.until(20)
    assert times([said]) == [10.07]
    assert said.types == {SRV, A}


def test_6_4_answers_to_questions_close_together_go_out_together() -> None:
    bench = announced()
    bench.hear(BROWSE)
    bench.until(10.04)
    bench.hear(query((ALL_TYPES, PTR)), ("192.0.2.10", 5353))
    (said,) = bench.until(20)
    assert {each.name for each in said.answers} == {TYPE, ALL_TYPES}


def test_6_5_anything_is_answered_with_everything() -> None:
    (said,) = announced().hear(query((INSTANCE, ANY)))
    assert said.types == {SRV, TXT}


def test_6_same_record_not_multicast_twice_within_a_second() -> None:
    bench = announced()
    (first,) = bench.hear(query((INSTANCE, SRV)))
    bench.until(10.5)
    assert bench.hear(query((INSTANCE, SRV)), ("192.0.2.10", 5353)) == []
    (second,) = bench.until(20)
    assert times([first, second]) == [10.0, 11.0]


def test_6_additional_records_are_not_multicast_twice_within_a_second_either() -> None:
    bench = announced()
    bench.hear(query((INSTANCE, TXT)))
    bench.hear(BROWSE)
    (said,) = bench.until(20)
    assert {each.type for each in said.message.answers()} == {PTR, SRV, A, NSEC}


def test_6_defence_against_a_probe_after_250_ms_already() -> None:
    bench = announced()
    attack = probe(INSTANCE, server(80))
    assert [each.peer for each in bench.hear(attack)] == [ASKER, None]
    bench.until(10.1)
    assert [each.peer for each in bench.hear(attack)] == [ASKER]
    assert times(bench.until(20)) == [10.25]


def test_6_defence_does_not_wait_for_an_answer_already_planned() -> None:
    bench = announced()
    bench.hear(query((INSTANCE, ANY)))
    bench.until(10.3)
    bench.hear(query((INSTANCE, ANY)))
    bench.until(10.4)
    assert None in [each.peer for each in bench.hear(probe(INSTANCE, server(80)))]


def test_8_1_probe_from_off_the_link_gets_no_unicast_answer() -> None:
    assert [each.peer for each in announced().hear(probe(INSTANCE, server(80)), ELSEWHERE)] == [None]


def test_8_1_probe_that_does_not_welcome_unicast_is_answered_by_multicast() -> None:
    (said,) = announced().hear(probe(INSTANCE, server(80), unicast=False))
    assert said.peer is None
    assert said.types == {SRV, TXT}


@pytest.mark.parametrize(("name", "type_", "has"), [(INSTANCE, A, [TXT, SRV]), (HOST, AAAA, [A])])
def test_6_1_a_type_that_a_name_lacks_is_denied(name: str, type_: int, has: list[int]) -> None:
    (said,) = announced().hear(query((name, type_)))
    (denial,) = said.answers
    assert (denial.name, denial.type, denial.unique) == (name, NSEC, True)
    assert denial.rdtypes == has  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("name", "type_"),
    [("Other." + TYPE, SRV), ("_http._tcp.local.", PTR), (TYPE, TXT), ("other.local.", A)],
)
def test_6_what_is_not_ours_is_not_answered(name: str, type_: int) -> None:
    bench = announced()
    assert bench.hear(query((name, type_))) == []
    assert bench.hear(query((name, type_)), RESOLVER) == []
    assert bench.until(20) == []


def test_16_names_are_compared_without_case() -> None:
    (said,) = announced().hear(query((INSTANCE.upper(), SRV)))
    assert said.types == {SRV}


def test_6763_12_1_service_comes_with_server_text_and_address() -> None:
    bench = announced()
    bench.hear(BROWSE)
    (said,) = bench.until(20)
    assert {each.type for each in said.message.answers()} == {PTR, SRV, TXT, A, NSEC}
    assert said.message.num_additionals == 4


def test_6763_12_2_server_comes_with_address() -> None:
    (said,) = announced().hear(query((INSTANCE, SRV)))
    assert said.one(A) == address(7)


def test_6763_7_1_a_subtype_is_browsed_for_like_the_type() -> None:
    bench = Bench(service=replace(SERVICE, subtypes=("_gateway",)))
    announcements = [each for each in bench.until(10) if not each.is_probe]
    subtype = f"_gateway._sub.{TYPE}"
    assert all(pointer(name=subtype) in each.answers for each in announcements)
    bench.hear(query((subtype, PTR)))
    (said,) = bench.until(20)
    assert said.answers == [pointer(name=subtype)]
    assert {each.type for each in said.message.answers()} == {PTR, SRV, TXT, A, NSEC}
    assert pointer(name=subtype) in bench.goodbye()[0].answers


def test_6763_9_types_are_enumerated() -> None:
    bench = announced()
    bench.hear(query((ALL_TYPES, PTR)))
    (said,) = bench.until(20)
    assert said.answers == [pointer(name=ALL_TYPES, target=TYPE)]


def test_4_address_maps_back_to_the_host() -> None:
    bench = announced()
    bench.hear(query(("7.2.0.192.in-addr.arpa.", PTR)))
    (said,) = bench.until(20)
    assert said.answers == [pointer(name="7.2.0.192.in-addr.arpa.", target=HOST)]


def test_5_4_unicast_answer_at_once_when_every_cache_has_the_record() -> None:
    bench = announced()
    (said,) = bench.hear(query((TYPE, PTR), unicast=True))
    assert (said.peer, said.types) == (ASKER, {PTR})
    assert bench.until(20) == []


def test_5_4_also_multicast_when_caches_may_have_lost_it() -> None:
    bench = announced()
    bench.until(1000)
    bench.hear(query((INSTANCE, TXT)))
    bench.until(1010)
    assert [each.peer for each in bench.hear(query((INSTANCE, TXT), unicast=True))] == [ASKER]
    bench.until(1010 + 4500 / 4)
    assert [each.peer for each in bench.hear(query((INSTANCE, TXT), unicast=True))] == [ASKER, None]


def test_5_4_also_multicast_for_a_neighbour_that_shares_our_port() -> None:
    bench = announced()
    (said,) = bench.hear(query((TYPE, PTR), unicast=True), ("192.0.2.7", 5353))
    assert said.peer == ("192.0.2.7", 5353)
    assert [(each.peer, each.types) for each in bench.until(20)] == [(None, {PTR})]


def test_10_2_no_cache_flush_bit_in_a_unicast_answer_and_18_1_its_id() -> None:
    (said,) = announced().hear(query((INSTANCE, SRV), unicast=True, id_=77), ASKER, direct=True)
    assert not any(record.unique for record in said.message.answers())
    assert said.message.id == 77


def test_5_5_question_sent_straight_to_us_is_answered_straight() -> None:
    (said,) = announced().hear(BROWSE, direct=True)
    assert (said.peer, said.types) == (ASKER, {PTR})


def test_5_5_question_sent_straight_to_one_of_our_addresses_is_answered_from_there() -> None:
    second = ip_address("192.0.2.70")
    bench = announced()
    (packet,) = bench.responder.receive(bench.now, ETH0.key, Datagram(BROWSE, ASKER, second))
    assert (packet.peer, packet.source) == (ASKER, second)


@pytest.mark.parametrize("peer", [ELSEWHERE, ("198.51.100.1", 40000)])
def test_5_5_question_sent_straight_to_us_from_off_the_link_is_ignored(peer: tuple[str, int]) -> None:
    bench = announced()
    assert bench.hear(query((INSTANCE, SRV), unicast=True), peer, direct=True) == []
    assert bench.until(20) == []


def test_11_multicast_question_from_off_the_link_gets_no_unicast_answer() -> None:
    bench = announced()
    (said,) = bench.hear(query((INSTANCE, SRV), unicast=True), ELSEWHERE)
    assert said.peer is None
    assert bench.hear(query((INSTANCE, SRV)), ("198.51.100.1", 40000)) == []


def test_11_unicast_response_from_off_the_link_is_ignored() -> None:
    bench = announced()
    bench.hear(response(server(80)), ELSEWHERE, direct=True)
    assert bench.responder.announced_on


def test_6_response_from_another_port_is_ignored() -> None:
    bench = announced()
    bench.hear(response(server(80)), RESOLVER)
    assert bench.responder.announced_on


def test_6_7_one_shot_question_is_answered_at_once_as_plain_dns_would() -> None:
    bench = announced()
    (said,) = bench.hear(query((TYPE, PTR), id_=4711), RESOLVER)
    assert (said.peer, said.message.id, said.message.flags) == (RESOLVER, 4711, 0x8400)
    assert [(each.name, each.type, each.unicast) for each in said.message.questions] == [(TYPE, PTR, False)]
    assert {each.type for each in said.message.answers()} == {PTR, SRV, TXT, A, NSEC}
    assert all(each.ttl <= 10 and not each.unique for each in said.message.answers())


def test_what_was_asked_one_shot_of_the_group_is_told_the_group_too() -> None:
    bench = announced()
    bench.hear(query((TYPE, PTR), id_=4711), RESOLVER)
    bench.hear(query((TYPE, PTR)))
    (told,) = bench.until(10.2)
    assert told.peer is None
    assert 10.02 <= told.at <= 10.12
    assert (told.one(PTR).ttl, told.one(SRV).ttl) == (4500, 120)
    bench.hear(query((TYPE, PTR), id_=4712), RESOLVER)
    (again,) = bench.until(20)
    assert again.at == pytest.approx(told.at + 1)


def test_what_was_asked_one_shot_of_us_alone_is_nobody_elses() -> None:
    bench = announced()
    assert bench.hear(query((TYPE, PTR), id_=4711), RESOLVER, direct=True)
    assert bench.until(20) == []


def test_7_1_known_answer_is_not_repeated() -> None:
    bench = announced()
    bench.hear(query((TYPE, PTR), known=(pointer(ttl=2250),)))
    assert bench.until(20) == []
    assert bench.hear(query((TYPE, PTR), known=(pointer(ttl=2250),), unicast=True)) == []


def test_7_1_known_answer_with_less_than_half_its_life_is_repeated() -> None:
    bench = announced()
    bench.hear(query((TYPE, PTR), known=(pointer(ttl=2249),)))
    assert len(bench.until(20)) == 1


def test_7_1_another_ones_answer_does_not_count() -> None:
    bench = announced()
    bench.hear(query((TYPE, PTR), known=(pointer(target=f"Other.{TYPE}"),)))
    assert len(bench.until(20)) == 1


def test_7_2_truncated_question_waits_for_the_rest_of_the_known_answers() -> None:
    bench = announced()
    bench.hear(query((TYPE, PTR), truncated=True))
    assert times(bench.until(20)) == [10.45]
    bench.hear(query((TYPE, PTR), truncated=True))
    bench.hear(query(known=(pointer(),)))
    assert bench.until(30) == []


def test_7_2_known_answers_of_one_asker_do_not_silence_the_answer_to_another() -> None:
    bench = announced()
    bench.hear(query((TYPE, PTR), truncated=True))
    bench.hear(query((TYPE, PTR), truncated=True), ("192.0.2.10", 5353))
    bench.hear(query(known=(pointer(),)))
    assert len(bench.until(20)) == 1


def test_7_2_known_answers_that_go_on_are_waited_for_again() -> None:
    bench = announced()
    bench.hear(query((TYPE, PTR), truncated=True))
    bench.until(10.4)
    bench.hear(query(known=(pointer(target=f"Other.{TYPE}"),), truncated=True))
    assert times(bench.until(20)) == [10.85]


def test_7_2_others_do_not_wait_longer_because_one_askers_known_answers_go_on() -> None:
    bench = announced()
    bench.hear(BROWSE, ("192.0.2.10", 5353))
    bench.hear(query(known=(pointer(target=f"Other.{TYPE}"),), truncated=True))
    assert times(bench.until(20)) == [10.07]


def test_7_2_an_answer_that_others_wait_for_is_not_put_off_by_a_truncated_question() -> None:
    bench = announced()
    bench.hear(BROWSE, ("192.0.2.10", 5353))
    bench.hear(query((TYPE, PTR), truncated=True))
    assert times(bench.until(20)) == [10.07]


def test_7_2_truncated_question_is_not_answered_by_unicast_at_once() -> None:
    assert announced().hear(query((TYPE, PTR), unicast=True, truncated=True)) == []


def test_7_4_answer_given_to_us_alone_does_not_count() -> None:
    bench = announced()
    bench.hear(BROWSE)
    bench.hear(response(pointer()), ("192.0.2.10", 5353), direct=True)
    assert len(bench.until(20)) == 1


def test_7_4_answer_that_another_just_gave_is_dropped() -> None:
    bench = announced()
    bench.hear(BROWSE)
    bench.hear(response(pointer()), ("192.0.2.10", 5353))
    assert bench.until(20) == []


def test_7_4_answer_that_another_gave_with_a_shorter_life_is_not_dropped() -> None:
    bench = announced()
    bench.hear(BROWSE)
    bench.hear(response(pointer(ttl=4499)), ("192.0.2.10", 5353))
    assert len(bench.until(20)) == 1


@pytest.mark.parametrize("ttl", [0, 2249])
def test_6_6_record_that_another_cuts_short_is_restored(ttl: int) -> None:
    bench = announced()
    bench.hear(response(pointer(ttl=ttl)), ("192.0.2.10", 5353))
    (said,) = bench.until(20)
    assert said.one(PTR).ttl == 4500


def test_18_other_opcodes_and_error_codes_are_ignored() -> None:
    bench = announced()
    for flags in (b"\x08\x00", b"\x00\x03"):
        assert bench.hear(BROWSE[:2] + flags + BROWSE[4:], RESOLVER) == []


def test_questions_and_answers_of_other_classes_are_ignored() -> None:
    chaos = BROWSE[:-2] + b"\0\3"
    assert announced().hear(chaos, RESOLVER) == []


def test_no_record_twice_in_a_packet() -> None:
    bench = announced()
    (said,) = bench.hear(
        query((TYPE, PTR), (INSTANCE, SRV), (INSTANCE, ANY), (HOST, A), (TYPE, PTR), id_=1), RESOLVER
    )
    records = said.message.answers()
    assert len(records) == len(set(records))
    assert text(b"\x09txtvers=1\x0fid=0123456789ab") in records


def test_6763_6_1_text_without_keys_is_one_zero_byte() -> None:
    bench = Bench(0.5, service=replace(SERVICE, txt={}))
    bench.until(10)
    (said,) = bench.hear(query((INSTANCE, TXT)))
    assert said.one(TXT) == text(b"\0")
