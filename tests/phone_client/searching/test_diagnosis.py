from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from phone_client.searching.advice import ADVICE, CAUSES, GROUPS
from phone_client.searching.answers import Reason, Sighting
from phone_client.searching.diagnosis import Diagnosis, diagnose, sweep_may_help
from phone_client.searching.evidence import Evidence, Knock, Reached, SeenLink, Swept

ROUTER = "192.168.1.1"
LINK = SeenLink("eth0", "192.168.1.5/24", routers=(ROUTER,), router_answers=True, router_speaks=True)
WITH_OTHERS = replace(LINK, others=("192.168.1.20",))
WIFI = SeenLink("wlan0", "100.64.0.9/16", routers=("100.64.0.1",), router_answers=True)

ALONE = Evidence(
    found_by_mdns=False,
    busy=False,
    reached=None,
    links=(LINK,),
    loopback_only=False,
    denied=False,
    refusals=(),
    sent=12,
    sightings=(),
    off_link=(),
    vpn=None,
    vpn_takes_link=False,
    knock=None,
)
COMPANY = replace(ALONE, links=(WITH_OTHERS,))
FOUND = replace(COMPANY, found_by_mdns=True)

SILENT = Knock("192.168.1.9", 80, link="eth0", tcp="timed_out", unicast_mdns=False, arp=False)
FOREIGN = replace(SILENT, tcp="foreign", arp=True)
ELSEWHERE = replace(SILENT, address="10.0.0.9", link=None, arp=None)
REMEMBERED = replace(ALONE, knock=SILENT, same_network=True)
BUSY_HOME = replace(COMPANY, knock=SILENT, same_network=True)

EMPTY = Swept(("192.168.1.0/24",), asked=254, whole=True)
INHABITED = replace(EMPTY, present=("192.168.1.20",), mute=True)

DEAD_MULTICAST = ("multicast_not_carried", "mdns_blocked")
ALL_OFF = ("gateway_off", "gateway_not_running", "gateway_firewalled")
MOVED = "other_network"


def heard(reason: Reason, source: str = "192.168.1.9") -> Evidence:
    return replace(COMPANY, sightings=(Sighting("AiSEG MKN702 (6789ab)", reason, "why", source),))


def reached(on_link: bool = True, unicast_mdns: bool = False, base: Evidence = ALONE) -> Evidence:
    return replace(base, reached=Reached(on_link, unicast_mdns))


def on(*links: SeenLink, base: Evidence = ALONE) -> Evidence:
    return replace(base, links=links)


def swept(result: Swept, base: Evidence = ALONE) -> Evidence:
    return on(*(replace(each, swept=result) for each in base.links), base=base)


def knocked(base: Evidence = REMEMBERED, knock: Knock = SILENT, **changes: object) -> Evidence:
    return replace(base, knock=replace(knock, **changes))  # type: ignore[arg-type]


CASES: list[tuple[str, tuple[str, ...], Evidence]] = [
    # certain whatever is remembered
    ("no_network", (), on()),
    ("no_address", (), on(replace(LINK, usable=False))),
    ("permission_denied", (), replace(ALONE, denied=True)),
    ("permission_denied", (), on(replace(LINK, own_heard=False))),
    ("vpn_active", ("permission_denied",), replace(ALONE, denied=True, vpn="wg0")),
    ("gateway_busy", (), replace(FOUND, busy=True)),
    ("gateway_busy", (), heard("busy")),
    ("gateway_unreachable", (), heard("unreachable")),
    ("gateway_unreachable", (), heard("malformed")),
    ("unsupported_model", (), heard("unsupported_model")),
    ("off_link_answer", (), heard("off_link")),
    ("off_link_answer", (), replace(ALONE, off_link=("203.0.113.7",))),
    ("off_link_answer", ("gateway_unreachable",), heard("incomplete", source=ROUTER)),
    ("off_link_answer", ("gateway_unreachable",), replace(heard("unreachable"), off_link=("10.0.0.9",))),
    # found, but not by mDNS
    ("mdns_blocked", (), reached()),
    ("multicast_not_carried", (), reached(unicast_mdns=True)),
    ("multicast_not_carried", (), reached(unicast_mdns=True, base=COMPANY)),
    ("other_subnet", (), reached(on_link=False, unicast_mdns=True)),
    ("permission_denied", (), reached(base=replace(ALONE, denied=True))),
    ("gateway_unreachable", (), reached(base=heard("unreachable"))),
    ("other_subnet", (), reached(on_link=False, base=heard("unreachable"))),
    ("multicast_not_carried", (), reached(unicast_mdns=True, base=replace(ALONE, off_link=("10.0.0.9",)))),
    ("gateway_busy", (), replace(reached(), busy=True)),
    # a remembered gateway, on its own network
    ("gateway_firewalled", (), knocked(BUSY_HOME, arp=True)),
    ("gateway_not_running", (), knocked(BUSY_HOME, tcp="refused", arp=True)),
    ("gateway_off", (MOVED,), BUSY_HOME),
    ("gateway_off", (MOVED,), knocked(BUSY_HOME, tcp="no_route", arp=None)),
    ("gateway_off_or_elsewhere", ("gateway_off", "gateway_firewalled", MOVED), knocked(BUSY_HOME, arp=None)),
    ("client_isolation", ("gateway_off", *DEAD_MULTICAST, MOVED), REMEMBERED),
    ("client_isolation", ("gateway_off", "multicast_not_carried", MOVED), knocked(constant=True)),
    ("client_isolation", ("gateway_off", MOVED), on(replace(LINK, others=(ROUTER,)), base=REMEMBERED)),
    (
        "multicast_blocked_or_isolated",
        ("client_isolation", "gateway_off", *DEAD_MULTICAST, MOVED),
        on(replace(LINK, router_answers=False), base=REMEMBERED),
    ),
    ("gateway_off", (*DEAD_MULTICAST, MOVED), on(replace(LINK, present=("192.168.1.20",)), base=REMEMBERED)),
    # and on a network of which it is known that it is another
    ("other_network", ("gateway_off",), replace(BUSY_HOME, same_network=False)),
    ("other_network", (), knocked(knock=ELSEWHERE)),
    ("other_network", (), knocked(BUSY_HOME, ELSEWHERE, tcp="no_route")),
    # another machine has the address now
    ("gateway_off_or_elsewhere", (*ALL_OFF, MOVED), knocked(BUSY_HOME, FOREIGN)),
    ("gateway_off_or_elsewhere", (*ALL_OFF, MOVED, *DEAD_MULTICAST), knocked(knock=FOREIGN)),
    ("gateway_off_or_elsewhere", (*ALL_OFF, MOVED), knocked(BUSY_HOME, tcp="refused", arp=True, moved=True)),
    # first contact
    (
        "multicast_blocked_or_isolated",
        (*DEAD_MULTICAST, "client_isolation", *ALL_OFF, MOVED),
        ALONE,
    ),
    ("gateway_off_or_elsewhere", (*ALL_OFF, MOVED), COMPANY),
    (
        "gateway_off_or_elsewhere",
        (*ALL_OFF, MOVED, "client_isolation"),
        on(replace(LINK, others=(ROUTER,))),
    ),
    (
        "gateway_off_or_elsewhere",
        (*ALL_OFF, MOVED, *DEAD_MULTICAST, "client_isolation"),
        on(WITH_OTHERS, WIFI),
    ),
    # a sweep
    ("gateway_off_or_elsewhere", ("gateway_off", "gateway_firewalled", MOVED), swept(INHABITED)),
    (
        "gateway_off_or_elsewhere",
        ("gateway_off", "gateway_not_running", MOVED),
        swept(replace(INHABITED, refused=True, mute=False)),
    ),
    ("client_isolation", ("gateway_off", MOVED), swept(EMPTY)),
    ("gateway_off", (MOVED,), swept(INHABITED, REMEMBERED)),
    ("client_isolation", ("gateway_off", MOVED), swept(EMPTY, REMEMBERED)),
    ("gateway_off", (*DEAD_MULTICAST, MOVED), swept(replace(INHABITED, whole=False), REMEMBERED)),
    # a VPN: what is certain is not talked away, and what was heard on the link clears it
    ("vpn_active", (), replace(ALONE, vpn="wg0", vpn_takes_link=True)),
    ("gateway_not_running", (), replace(knocked(tcp="refused"), vpn="wg0")),
    ("gateway_firewalled", (), replace(knocked(arp=True), vpn="wg0")),
    ("gateway_off", (MOVED,), replace(BUSY_HOME, vpn="wg0")),
    ("client_isolation", ("gateway_off", *DEAD_MULTICAST, MOVED), replace(REMEMBERED, vpn="wg0")),
    (
        "vpn_active",
        ("client_isolation", "gateway_off", *DEAD_MULTICAST, MOVED),
        replace(on(replace(LINK, router_speaks=False), base=REMEMBERED), vpn="wg0"),
    ),
]


@pytest.mark.req("S-DISC-02")
@pytest.mark.parametrize(("code", "could_also_be", "evidence"), CASES)
def test_each_code_follows_from_its_evidence(
    code: str, could_also_be: tuple[str, ...], evidence: Evidence
) -> None:
    diagnosis = diagnose(evidence)
    assert diagnosis
    assert (diagnosis.code, diagnosis.could_also_be) == (code, could_also_be)
    assert_said_in_both_languages(diagnosis)


def test_every_code_of_the_contract_has_a_case() -> None:
    assert {code for code, _, _ in CASES} == set(ADVICE)


def test_a_cause_has_a_name_within_a_sentence_and_a_group_has_causes_instead() -> None:
    assert set(CAUSES) < set(ADVICE)
    assert set(GROUPS) <= set(ADVICE) - set(CAUSES)


def test_a_plain_success_needs_no_diagnosis() -> None:
    assert diagnose(FOUND) is None
    assert diagnose(replace(FOUND, vpn="wg0", vpn_takes_link=True)) is None


@pytest.mark.req("S-DISC-13")
def test_a_refused_permission_has_its_own_text() -> None:
    diagnosis = diagnose(replace(ALONE, denied=True))
    assert diagnosis
    assert "local network access" in diagnosis.advice.en
    assert "ローカルネットワーク" in diagnosis.advice.ja


def test_what_cannot_be_told_apart_is_said() -> None:
    stopped = knocked(BUSY_HOME, tcp="refused", arp=True)
    sure, unsure, group = (diagnose(each) for each in (stopped, knocked(constant=True), COMPANY))
    assert sure
    assert unsure
    assert group
    assert sure.doubt is None
    assert unsure.doubt
    assert unsure.doubt.en == (
        "From here, it cannot be ruled out that the AiSEG is off or unplugged; the network does not carry multicast; "
        "the AiSEG is on another network."
    )
    assert group.doubt
    assert group.doubt.en.startswith("From here, these cannot be told apart: the AiSEG is off or unplugged; ")


tcp = st.sampled_from(["open", "foreign", "refused", "timed_out", "no_route"])
maybe = st.sampled_from([None, False, True])
texts = st.sampled_from([(), ("192.168.1.20",), (ROUTER,), (ROUTER, "192.168.1.20")])
sweeps = st.none() | st.builds(
    Swept,
    networks=st.just(("192.168.1.0/24",)),
    asked=st.just(254),
    whole=st.booleans(),
    present=texts,
    speaking=texts,
    refused=st.booleans(),
    mute=st.booleans(),
)


def seen(name: str) -> st.SearchStrategy[SeenLink]:
    return st.builds(
        SeenLink,
        name=st.just(name),
        addresses=st.just("192.168.1.5/24"),
        usable=st.booleans(),
        own_heard=maybe,
        others=texts,
        routers=st.sampled_from([(), (ROUTER,)]),
        router_answers=maybe,
        router_speaks=st.booleans(),
        present=texts,
        swept=sweeps,
    )


knocks = st.builds(
    Knock,
    address=st.just("192.168.1.9"),
    port=st.just(80),
    link=st.sampled_from([None, "eth0", "wlan0"]),
    tcp=tcp,
    unicast_mdns=st.booleans(),
    arp=maybe,
    moved=st.booleans(),
    constant=st.booleans(),
)
reasons = st.sampled_from(["incomplete", "malformed", "unsupported_model", "off_link", "unreachable", "busy"])
sightings = st.builds(
    Sighting, st.just("AiSEG"), reasons, st.just("why"), st.sampled_from([None, ROUTER, "192.168.1.9"])
)
evidences = st.builds(
    Evidence,
    found_by_mdns=st.just(value=False),
    busy=st.booleans(),
    reached=st.none() | st.builds(Reached, st.booleans(), st.booleans()),
    links=st.sampled_from([0, 1, 2]).flatmap(
        lambda count: st.tuples(seen("eth0"), seen("wlan0")).map(lambda both: both[:count])
    ),
    loopback_only=st.booleans(),
    denied=st.booleans(),
    refusals=st.sampled_from([(), ("Operation not permitted",)]),
    sent=st.sampled_from([0, 12]),
    sightings=st.lists(sightings, max_size=2).map(tuple),
    off_link=st.sampled_from([(), ("203.0.113.7",)]),
    vpn=st.sampled_from([None, "wg0"]),
    vpn_takes_link=st.booleans(),
    knock=st.none() | knocks,
    same_network=maybe,
    no_way_to=st.sampled_from([None, "192.168.1.9"]),
)


@settings(max_examples=2000)
@given(evidences)
def test_every_evidence_of_a_failure_has_one_code_and_names_no_cause_twice(evidence: Evidence) -> None:
    diagnosis = diagnose(evidence)
    assert diagnosis
    assert diagnosis.code in ADVICE
    assert diagnosis.code not in diagnosis.could_also_be
    assert set(diagnosis.could_also_be) <= set(CAUSES)
    assert len(set(diagnosis.could_also_be)) == len(diagnosis.could_also_be)
    assert (diagnosis.doubt is None) == (not diagnosis.could_also_be)
    assert_said_in_both_languages(diagnosis)


@given(evidences)
def test_a_group_names_the_causes_it_stands_for(evidence: Evidence) -> None:
    diagnosis = diagnose(evidence)
    if diagnosis and diagnosis.code in ("multicast_blocked_or_isolated", "gateway_off_or_elsewhere"):
        assert len(diagnosis.could_also_be) >= 2


@given(evidences, texts)
def test_company_clears_the_network_of_keeping_devices_apart(
    evidence: Evidence, others: tuple[str, ...]
) -> None:
    """Whoever was heard on every link, be it by ARP, is no witness of isolation."""
    links = tuple(replace(each, present=("192.168.1.77",)) for each in evidence.links)
    diagnosis = diagnose(replace(evidence, links=links))
    assert diagnosis
    assert "client_isolation" not in (diagnosis.code, *diagnosis.could_also_be)


def test_a_sweep_is_offered_only_where_it_may_help() -> None:
    assert sweep_may_help("multicast_blocked_or_isolated")
    useless = ("no_network", "no_address", "gateway_busy", "other_network", "other_subnet", "vpn_active")
    assert not any(map(sweep_may_help, useless))


def test_the_evidence_tells_what_was_sent_heard_and_tried() -> None:
    in_use = ("Address already in use",)
    evidence = replace(knocked(BUSY_HOME, ELSEWHERE, tcp="refused"), vpn="wg0", refusals=in_use)
    diagnosis = diagnose(replace(evidence, same_network=False))
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
        "The router is another one than where the AiSEG was found last.",
        "A VPN is up (wg0).",
    ]


def test_the_evidence_tells_what_a_sweep_brought() -> None:
    partly = replace(INHABITED, whole=False, speaking=("192.168.1.20",))
    diagnosis = diagnose(swept(partly, on(replace(LINK, own_heard=False))))
    assert diagnosis
    said = [line.en for line in diagnosis.evidence]
    assert "The phone did not even hear its own question (eth0): it is kept from hearing." in said
    assert "Asked 254 addresses of 192.168.1.0/24 one by one (not all of them)." in said
    assert "Devices there: 192.168.1.20." in said
    assert "Of these, 192.168.1.20 answered mDNS sent straight to them." in said


def test_a_search_of_this_machine_only_says_so() -> None:
    diagnosis = diagnose(replace(ALONE, loopback_only=True))
    assert diagnosis
    assert "--lan" in diagnosis.evidence[0].en
    assert "--lan" in diagnosis.evidence[0].ja


def assert_said_in_both_languages(diagnosis: Diagnosis) -> None:
    assert len(diagnosis.evidence) >= 2
    doubt = (diagnosis.doubt,) if diagnosis.doubt else ()
    for words in (*diagnosis.evidence, diagnosis.advice, *doubt):
        assert words.en.endswith(".")
        assert words.en.isascii()
        assert any(not char.isascii() for char in words.ja)
