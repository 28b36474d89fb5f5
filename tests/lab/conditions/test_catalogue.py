"""Every verb is there, with words in both languages; what is wrong in a call is said with what would be right."""

import re

import pytest

from lab.conditions.catalogue import CATALOGUE, Entry, entries, prepare
from lab.conditions.words import PARAMETERS, TEXTS
from protocol.problems import CONDITION_UNKNOWN, NODE_UNKNOWN, PARAMETER_UNKNOWN, PARAMETER_WRONG, Problem

NODES = ("gateway", "phone", "cloud", "neighbour")
VERBS = [
    "mdns_blocked",
    "ap_isolation",
    "guest_wifi",
    "other_router",
    "other_network",
    "multicast_lost",
    "loss",
    "delay",
    "reorder",
    "duplicate",
    "rate",
    "igmp_snooping_no_querier",
    "multicast_to_unicast",
    "reflector",
    "reflector_damaged",
    "ipv6_only",
    "ipv4_only",
    "two_nics_wrong_one",
    "vpn_on_phone",
    "address_changes",
    "address_conflict",
    "router_reboots",
    "wifi_drops",
    "uplink_down",
    "broker_down",
    "cloud_down",
    "dns_broken",
    "mtu_blackhole",
    "clock_wrong",
    "power_cut",
    "gateway_off",
    "busy_neighbourhood",
    "rogue_gateway",
    "name_taken",
    "wifi_air",
    "phone_firewalled",
    "gateway_firewalled",
    "gateway_not_running",
]
JAPANESE = re.compile(r"[ぁ-んァ-ヶ一-龠]")


def test_all_verbs_are_there() -> None:
    assert sorted(CATALOGUE) == sorted(VERBS)


def test_every_condition_has_words_and_all_words_have_a_condition() -> None:
    assert sorted(TEXTS) == sorted(CATALOGUE)
    used = {parameter.name for entry in entries() for parameter in entry.parameters}
    assert sorted(PARAMETERS) == sorted(used)


@pytest.mark.parametrize("entry", entries(), ids=lambda each: each.name)
def test_the_words_are_whole_sentences_in_their_language(entry: Entry) -> None:
    for words in entry.text[:4]:
        assert words.say("en") == words.en
        assert words.say("ja") == words.ja
        assert not words.en[0].islower()
        assert words.en.endswith(".")
        assert not JAPANESE.search(words.en)
        assert words.ja.endswith("。")
        assert JAPANESE.search(words.ja)
    assert len({*entry.text[:4]}) == 4
    assert all("#" in each or "release notes" in each for each in entry.text.evidence)


@pytest.mark.parametrize("entry", entries(), ids=lambda each: each.name)
def test_every_condition_can_be_had_with_nothing_said_and_with_its_defaults(entry: Entry) -> None:
    said = {each.name: each.default for each in entry.parameters}
    assert prepare(entry.name, {}, NODES) == prepare(entry.name, said, NODES)
    for each in entry.parameters:
        if each.least is not None and each.most is not None:
            assert each.default is None or each.least <= each.default <= each.most


def test_what_was_typed_is_read() -> None:
    condition = prepare("loss", {"p": "0.25", "on": "router"}, NODES)
    assert condition.model_dump() == {"p": 0.25, "on": "router"}
    assert prepare("wifi_air", {"broadcast": "true"}, NODES).model_dump()["broadcast"] is True


def refused(name: str, **args: object) -> Problem:
    with pytest.raises(Problem) as caught:
        prepare(name, args, NODES)
    return caught.value


def test_an_unknown_condition_brings_its_likes() -> None:
    problem = refused("multicast_los")
    assert problem.kind == CONDITION_UNKNOWN
    assert str(problem.facts["near"]).startswith("multicast_lost")
    assert "mdns_blocked" in str(refused("zzz").facts["near"])


def test_an_unknown_parameter_brings_its_likes() -> None:
    problem = refused("igmp_snooping_no_querier", age=3)
    assert (problem.kind, problem.facts["near"]) == (PARAMETER_UNKNOWN, "age_s")
    assert refused("uplink_down", p=1).facts["near"] == "-"


@pytest.mark.parametrize(
    ("name", "args", "takes"),
    [
        ("loss", {"p": 1.5}, "0 … 1"),
        ("loss", {"p": -0.1}, "0 … 1"),
        ("loss", {"p": "much"}, "0 … 1"),
        ("loss", {"p": float("nan")}, "0 … 1"),
        ("loss", {"p": None}, "0 … 1"),
        ("delay", {"ms": float("inf")}, "0 … 10000"),
        ("mtu_blackhole", {"mtu": 1500}, "576 … 1499"),
        ("broker_down", {"port": 0}, "1 … 65535"),
        ("dns_broken", {"how": "loud"}, "silent | servfail"),
        ("reflector", {"routed": "perhaps"}, "true | false"),
        ("rogue_gateway", {"gateway_id": "XYZ"}, "^[0-9a-f]{12}$"),
        ("power_cut", {"order": "phone, router ,phone"}, "router,gateway,phone"),
        ("multicast_to_unicast", {"forgets_s": 0}, "0.1 … 86400"),
        ("busy_neighbourhood", {"n": 201}, "0 … 200"),
    ],
)
def test_a_wrong_value_is_told_what_would_be_right(name: str, args: dict[str, object], takes: str) -> None:
    problem = refused(name, **args)
    assert (problem.kind, problem.facts["takes"]) == (PARAMETER_WRONG, takes)
    assert takes in problem.sentence("ja")


def test_an_unknown_machine_brings_its_likes() -> None:
    problem = refused("wifi_drops", on="phnoe")
    assert (problem.kind, problem.facts["near"]) == (NODE_UNKNOWN, "phone")
    assert refused("wifi_drops", on="router").kind == NODE_UNKNOWN  # a router is no machine with a carrier
    with pytest.raises(Problem):
        prepare("cloud_down", {}, ["h1", "h2"])  # a home without a cloud
