from ipaddress import IPv4Address, IPv4Interface, IPv6Address, IPv6Interface

import pytest
from hypothesis import given
from hypothesis import strategies as st
from zeroconf._dns import DNSAddress, DNSPointer, DNSRecord, DNSService, DNSText
from zeroconf._protocol.incoming import DNSIncoming

from phone_client.printable import printable
from phone_client.searching.answers import (
    AAAA,
    MAX_KNOWN,
    MAX_OF_ONE_SOURCE,
    MAX_QUESTIONS,
    MAX_SOURCES,
    MAX_TXT_BYTES,
    PTR,
    SRV,
    TXT,
    A,
    Answers,
    Question,
    read_answer,
    read_txt,
    write_questions,
)
from phone_client.searching.network import Link
from protocol.discovery import SERVICE_TYPE, Advertisement
from protocol.problems import Problem
from tests.phone_client import mdns_peer as peer

LINK = Link("eth0", 2, (IPv4Interface("192.168.1.5/24"),), (IPv6Interface("fe80::5/64"),))
NEAR = IPv4Address("192.168.1.9")
SAID = Advertisement(gateway_id="0123456789ab", model="MKN702", firmware="2.10", registered=True, busy=False)
NAME = SAID.instance_name


def hear(*records: DNSRecord, into: Answers | None = None) -> Answers:
    """Return what is known after `records` crossed the wire."""
    answers = into or Answers()
    read = read_answer(peer.packet(list(records)))
    assert read
    answers.hear(read.records, NEAR, LINK)
    return answers


def only_reason(answers: Answers) -> tuple[str, str]:
    assert not list(answers.candidates())
    (sighting,) = answers.sightings()
    return sighting.reason, sighting.detail


@pytest.mark.req("S-DISC-14")
def test_one_packet_is_enough() -> None:
    answers = hear(*peer.whole(SAID, 8081, "192.168.1.9"))
    (candidate,) = answers.candidates()
    assert (candidate.name, candidate.address, candidate.port) == (NAME, NEAR, 8081)
    assert candidate.advertisement == SAID
    assert answers.missing() == []


def test_what_is_missing_is_asked_for() -> None:
    instance = f"{NAME}.{SERVICE_TYPE}"
    answers = hear(peer.pointer(NAME))
    assert answers.missing() == [Question(instance, SRV), Question(instance, TXT)]
    hear(peer.service(NAME, 8081, SAID.host_name), into=answers)
    assert answers.missing() == [
        Question(SAID.host_name, A),
        Question(SAID.host_name, AAAA),
        Question(instance, TXT),
    ]
    assert only_reason(answers)[0] == "incomplete"


@pytest.mark.req("S-DISC-12")
def test_a_goodbye_takes_the_gateway_back() -> None:
    answers = hear(*peer.whole(SAID, 8081, "192.168.1.9"))
    hear(peer.pointer(NAME, ttl=0), into=answers)
    assert not list(answers.candidates())
    assert not list(answers.sightings())


@pytest.mark.req("S-GEN-15")
def test_other_services_are_nothing_to_us() -> None:
    printer = [
        DNSPointer("_ipp._tcp.local.", 12, 1, 4500, "AiSEG MKN702._ipp._tcp.local."),
        DNSService("AiSEG MKN702._ipp._tcp.local.", 33, 1, 120, 0, 0, 631, "printer.local."),
        DNSText("AiSEG MKN702._ipp._tcp.local.", 16, 1, 120, peer.txt(SAID.to_txt())),
        peer.address("printer.local.", "192.168.1.9"),
    ]
    answers = hear(*printer)
    assert not list(answers.candidates())
    assert not list(answers.sightings())
    assert answers.missing() == []


@pytest.mark.req("S-GEN-14")
def test_another_model_is_named_and_not_a_candidate() -> None:
    other = SAID.model_copy(update={"model": "MKN7100\x1b[31m"})
    reason, detail = only_reason(hear(*peer.whole(other, 8081, "192.168.1.9")))
    assert reason == "unsupported_model"
    assert detail == "MKN7100[31m"


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "txtvers=None"),
        (b"\xff", "longer than its record"),
        (b"\x09txtvers=2", "txtvers='2'"),
        (peer.txt(SAID.to_txt() | {"id": "../../etc"}), "gateway_id"),
        (peer.txt(SAID.to_txt() | {"busy": "\x1b]0;x\x07"}), "busy="),
    ],
)
def test_a_bad_txt_is_a_named_reason(data: bytes, words: str) -> None:
    name, host = NAME, SAID.host_name
    answers = hear(peer.service(name, 8081, host), peer.text(name, data), peer.address(host, "192.168.1.9"))
    reason, detail = only_reason(answers)
    assert reason == "malformed"
    assert words in detail
    assert detail.isprintable()


@given(st.binary(max_size=400))
def test_any_txt_is_read_or_refused(data: bytes) -> None:
    try:
        values = read_txt(data)
    except Problem:
        return
    assert all(key == key.lower() for key in values)


@given(st.binary(max_size=600))
def test_any_packet_is_read_or_dropped(data: bytes) -> None:
    answers = Answers()
    for packet in (data, b"\x00\x00\x84\x00\x00\x00\x00\x03\x00\x00\x00\x00" + data):
        read = read_answer(packet)
        if read:
            answers.hear(read.records, NEAR, LINK)
            write_questions(answers.missing(), 1)
    list(answers.sightings())


def test_a_question_is_not_an_answer() -> None:
    (packet,) = write_questions([Question(SERVICE_TYPE, 12)], 7)
    assert read_answer(packet) is None


def test_an_address_that_is_not_on_the_link_is_never_connected_to() -> None:
    assert only_reason(hear(*peer.whole(SAID, 80, "203.0.113.7"))) == ("off_link", "203.0.113.7")


def test_every_near_address_is_a_way_and_one_that_holds_everywhere_the_first() -> None:
    others = [peer.address(SAID.host_name, each) for each in ("192.168.1.77", "203.0.113.7", "192.168.1.8")]
    link_local = DNSAddress(SAID.host_name, AAAA, peer.UNIQUE, 120, IPv6Address("fe80::9").packed)
    answers = hear(link_local, *others, *peer.whole(SAID, 8081, "192.168.1.9"))
    ways = [str(each.address) for each in answers.candidates()]
    assert ways == ["192.168.1.77", "192.168.1.8", "192.168.1.9", "fe80::9%eth0"]


@pytest.mark.req("S-DISC-12")
def test_an_address_that_says_goodbye_is_none_any_more() -> None:
    answers = hear(peer.address(SAID.host_name, "192.168.1.77", ttl=0), *peer.whole(SAID, 8081, str(NEAR)))
    assert [each.address for each in answers.candidates()] == [NEAR]
    hear(peer.address(SAID.host_name, str(NEAR), ttl=0), into=answers)
    assert only_reason(answers)[0] == "incomplete"
    assert Question(SAID.host_name, A) in answers.missing()


def test_a_link_local_address_names_its_interface() -> None:
    answers = hear(*peer.whole(SAID, 8081, "192.168.1.9")[:3])
    far = DNSAddress(SAID.host_name, AAAA, peer.UNIQUE, 120, IPv6Address("fe80::9").packed)
    hear(far, into=answers)
    assert answers.candidates()[0].address == IPv6Address("fe80::9%eth0")


def test_a_flood_of_instances_is_capped() -> None:
    answers = Answers()
    for number in range(MAX_SOURCES * 3):
        names = [peer.pointer(f"AiSEG {number} {each}") for each in range(MAX_OF_ONE_SOURCE * 3)]
        answers.hear(names, NEAR + number, LINK)
    assert len(answers.sightings()) == MAX_SOURCES * MAX_OF_ONE_SOURCE


def test_one_flooding_host_does_not_hide_a_gateway() -> None:
    answers, flooder = Answers(), NEAR + 1
    answers.hear([peer.pointer(f"AiSEG {number}") for number in range(200)], flooder, LINK)
    answers.hear([peer.address(f"{number}.local.", str(flooder)) for number in range(200)], flooder, LINK)
    hear(*peer.whole(SAID, 8081, str(NEAR)), into=answers)
    assert [each.name for each in answers.candidates()] == [NAME]


@pytest.mark.req("S-DISC-09")
@pytest.mark.parametrize("rogue_first", [True, False])
def test_who_speaks_under_anothers_name_changes_nothing_about_it(rogue_first: bool) -> None:
    rogue = SAID.model_copy(update={"gateway_id": "bad0bad0bad0", "firmware": "9.9"})
    forged = [
        peer.pointer(NAME),
        peer.service(NAME, 666, SAID.host_name),
        peer.text(NAME, peer.txt(rogue.to_txt())),
        peer.address(SAID.host_name, "192.168.1.66"),
        peer.address(SAID.host_name, str(NEAR), ttl=0),
    ]
    true, false = (peer.whole(SAID, 8081, str(NEAR)), NEAR), (forged, IPv4Address("192.168.1.66"))
    answers = Answers()
    for records, source in (false, true) if rogue_first else (true, false):
        answers.hear(records, source, LINK)
    answers.hear([peer.pointer(NAME, ttl=0)], false[1], LINK)
    (candidate,) = answers.candidates()
    assert (candidate.advertisement, candidate.address, candidate.port) == (SAID, NEAR, 8081)


def test_what_is_said_twice_by_one_gateway_is_one_way() -> None:
    answers = hear(*peer.whole(SAID, 8081, str(NEAR)))
    answers.hear(peer.whole(SAID, 8081, str(NEAR)), IPv6Address("fe80::9%eth0"), LINK)
    assert len({*answers.candidates()}) == 1


def test_nothing_is_asked_about_who_has_been_told_by_another_source() -> None:
    answers = hear(peer.pointer(NAME))
    assert answers.missing()
    answers.hear(peer.whole(SAID, 8081, str(NEAR)), IPv6Address("fe80::9%eth0"), LINK)
    assert answers.missing() == []


def test_a_txt_beyond_every_measure_is_no_advertisement() -> None:
    swollen = peer.txt(SAID.to_txt()) + b"\xffx" + b"y" * MAX_TXT_BYTES
    answers, (_, srv, __, a) = Answers(), peer.whole(SAID, 8081, str(NEAR))
    answers.hear([srv, peer.text(NAME, swollen), a], NEAR, LINK)
    assert only_reason(answers) == ("malformed", "a TXT string is longer than its record")


@pytest.mark.req("S-DISC-15")
def test_what_is_wholly_known_by_multicast_need_not_be_said_again() -> None:
    answers = hear(*peer.whole(SAID, 8081, str(NEAR)), peer.pointer("AiSEG half known"))
    (known,) = answers.known(LINK)
    assert known.alias == f"{NAME}.{SERVICE_TYPE}"
    (packet,) = write_questions([Question(SERVICE_TYPE, PTR)], 0, [known])
    (listed,) = DNSIncoming(packet).answers()
    assert listed == known
    assert 4490 <= listed.ttl <= 4500


def test_an_answer_cut_short_for_a_one_shot_question_is_no_known_answer() -> None:
    assert hear(*peer.whole(SAID, 8081, str(NEAR))[1:], peer.pointer(NAME, ttl=10)).known(LINK) == []


def test_a_name_that_cannot_be_asked_for_is_ignored() -> None:
    answers = Answers()
    swollen = "\ufffd" * 60  # what 60 bytes of nonsense become when decoded
    answers.hear([peer.pointer(swollen)], NEAR, LINK)
    assert answers.missing() == []


@pytest.mark.parametrize("hostile", ["\x1b[2J", "\u202egnp", "a\nb", "\u2028", "\x07\x9b"])
def test_nothing_that_moves_a_terminal_passes(hostile: str) -> None:
    assert printable("x" + hostile).isprintable()
    assert len(printable(hostile * 100)) <= 80


def test_a_flood_of_instances_makes_nobody_ask_or_list_without_end() -> None:
    answers = Answers()
    for number in range(MAX_SOURCES):
        half = [peer.pointer(f"AiSEG {number} {each}") for each in range(MAX_OF_ONE_SOURCE)]
        answers.hear(half, NEAR + number, LINK)
    assert len(answers.missing()) == MAX_QUESTIONS
    for number in range(MAX_SOURCES * MAX_OF_ONE_SOURCE):
        said = SAID.model_copy(update={"gateway_id": f"{number:012x}"})
        answers.hear(peer.whole(said, 8081, str(NEAR)), NEAR + number // MAX_OF_ONE_SOURCE, LINK)
    assert len(answers.known(LINK)) <= MAX_KNOWN


def test_what_is_known_for_more_than_half_its_life_is_asked_for_again() -> None:
    answers = hear(*peer.whole(SAID, 8081, str(NEAR)))
    (known,) = answers.known(LINK)
    known.created -= 1000 * known.ttl * 0.6
    assert answers.known(LINK) == []
