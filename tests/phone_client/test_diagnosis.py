from dataclasses import replace

import pytest

from phone_client.advice import ADVICE
from phone_client.answers import Reason, Sighting
from phone_client.diagnosis import Diagnosis, Evidence, Knock, diagnose

LINK = "eth0 192.168.1.5/24"

FIRST_CONTACT = Evidence(
    found_by_mdns=False,
    busy=False,
    links=(LINK,),
    usable=True,
    loopback_only=False,
    denied=False,
    refusals=(),
    sent=12,
    sightings=(),
    off_link=(),
    others=(),
    router="192.168.1.1",
    router_answers=True,
    vpn=None,
    knock=None,
)
WITH_OTHERS = replace(FIRST_CONTACT, others=("192.168.1.20",))
FOUND = replace(WITH_OTHERS, found_by_mdns=True)

SILENT = Knock("192.168.1.9", 80, on_link=True, tcp="timed_out", unicast_mdns=False, arp=False)
ANSWERED = replace(SILENT, tcp="open", arp=True, unicast_mdns=True)
ELSEWHERE = replace(SILENT, address="10.0.0.9", on_link=False, arp=None)


def heard(reason: Reason) -> Evidence:
    sighting = Sighting("AiSEG MKN702 (6789ab)", reason, "why")
    return replace(WITH_OTHERS, sightings=(sighting,))


def knocked(knock: Knock, others: bool = False, **changes: object) -> Evidence:
    base = WITH_OTHERS if others else FIRST_CONTACT
    return replace(base, knock=knock, **changes)  # type: ignore[arg-type]


CASES = [
    ("no_network", replace(FIRST_CONTACT, links=(), usable=False)),
    ("no_address", replace(FIRST_CONTACT, usable=False)),
    ("permission_denied", replace(FIRST_CONTACT, denied=True)),
    ("gateway_busy", replace(FOUND, busy=True)),
    ("gateway_busy", heard("busy")),
    ("gateway_unreachable", heard("unreachable")),
    ("gateway_unreachable", heard("malformed")),
    ("unsupported_model", heard("unsupported_model")),
    ("off_link_answer", heard("off_link")),
    ("off_link_answer", replace(FIRST_CONTACT, off_link=("203.0.113.7",))),
    ("vpn_active", replace(FIRST_CONTACT, vpn="wg0")),
    # the eleven scenes of a remembered gateway, one by one
    ("mdns_blocked", knocked(replace(SILENT, tcp="open", arp=True))),
    ("multicast_not_carried", knocked(ANSWERED)),
    ("client_isolation", knocked(SILENT)),
    ("gateway_firewalled", knocked(replace(SILENT, arp=True), others=True)),
    ("gateway_not_running", knocked(replace(SILENT, tcp="refused", arp=True), others=True)),
    ("gateway_off", knocked(SILENT, others=True)),
    ("gateway_off", knocked(replace(SILENT, tcp="no_route", arp=None), others=True)),
    ("other_subnet", knocked(replace(ELSEWHERE, tcp="open", unicast_mdns=True))),
    ("other_network", knocked(ELSEWHERE)),
    ("other_network", knocked(replace(ELSEWHERE, tcp="no_route"), others=True)),
    ("permission_denied", knocked(replace(SILENT, tcp="open", arp=True), denied=True)),
    # what is certain is not talked away
    ("gateway_not_running", knocked(replace(SILENT, tcp="refused"), vpn="wg0")),
    ("gateway_firewalled", knocked(replace(SILENT, arp=True), vpn="wg0")),
    ("vpn_active", knocked(SILENT, vpn="wg0")),
    ("vpn_active", knocked(replace(ELSEWHERE, tcp="refused"), vpn="wg0")),
    ("gateway_unreachable", replace(heard("unreachable"), knock=ANSWERED)),
    ("other_subnet", replace(heard("unreachable"), knock=replace(ANSWERED, on_link=False))),
    ("multicast_not_carried", knocked(ANSWERED, off_link=("203.0.113.7",))),
    ("gateway_busy", knocked(ANSWERED, busy=True)),
    ("gateway_busy", replace(heard("busy"), others=(), denied=True)),
    # what cannot be known is not claimed
    ("gateway_off_or_elsewhere", knocked(replace(SILENT, arp=None), others=True)),
    ("multicast_blocked_or_isolated", FIRST_CONTACT),
    ("gateway_off_or_elsewhere", WITH_OTHERS),
    ("multicast_blocked_or_isolated", knocked(SILENT, router_answers=False)),
    ("gateway_off_or_elsewhere", knocked(replace(SILENT, tcp="foreign", arp=True), others=True)),
]


@pytest.mark.req("S-DISC-02")
@pytest.mark.parametrize(("code", "evidence"), CASES)
def test_each_code_follows_from_its_evidence(code: str, evidence: Evidence) -> None:
    diagnosis = diagnose(evidence)
    assert diagnosis
    assert diagnosis.code == code
    assert_said_in_both_languages(diagnosis)


def test_every_code_of_the_contract_has_a_case() -> None:
    assert {code for code, _ in CASES} == set(ADVICE)


def test_a_plain_success_needs_no_diagnosis() -> None:
    assert diagnose(FOUND) is None
    assert diagnose(replace(FOUND, vpn="wg0")) is None


@pytest.mark.req("S-DISC-13")
def test_a_refused_permission_has_its_own_text() -> None:
    diagnosis = diagnose(replace(FIRST_CONTACT, denied=True))
    assert diagnosis
    assert "local network access" in diagnosis.advice.en
    assert "ローカルネットワーク" in diagnosis.advice.ja


def test_the_evidence_tells_what_was_sent_heard_and_tried() -> None:
    in_use = ("Address already in use",)
    evidence = knocked(replace(ELSEWHERE, tcp="refused"), others=True, vpn="wg0", refusals=in_use)
    diagnosis = diagnose(evidence)
    assert diagnosis
    assert [line.en for line in diagnosis.evidence] == [
        "Searched on eth0 192.168.1.5/24.",
        "Sent 12 mDNS packets.",
        "The system refused mDNS (Address already in use).",
        "Heard other devices by mDNS: 192.168.1.20.",
        "Tried the last known address 10.0.0.9 port 80: the connection was refused.",
        "It did not answer mDNS sent straight to it.",
        "That address is not on a network this phone is connected to.",
        "The router 192.168.1.1 answers.",
        "A VPN is up (wg0).",
    ]


def test_a_search_of_this_machine_only_says_so() -> None:
    diagnosis = diagnose(replace(FIRST_CONTACT, loopback_only=True))
    assert diagnosis
    assert "--lan" in diagnosis.evidence[0].en
    assert "--lan" in diagnosis.evidence[0].ja


def assert_said_in_both_languages(diagnosis: Diagnosis) -> None:
    assert len(diagnosis.evidence) >= 2
    for words in (*diagnosis.evidence, diagnosis.advice):
        assert words.en.endswith(".")
        assert words.en.isascii()
        assert any(not char.isascii() for char in words.ja)
