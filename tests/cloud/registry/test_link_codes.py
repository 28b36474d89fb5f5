"""アプリ設定: who gets a link code, what is asked first, who is told."""

import json

import pytest

from protocol.problems import (
    FAMILY_NEEDED,
    FIRMWARE_OUTDATED,
    GATEWAY_REFUSED,
    NOT_REGISTERED,
    REQUEST_MALFORMED,
    SERVICE_TERMS_NOT_ACCEPTED,
    TOO_MANY_CODES,
    Problem,
)
from protocol.registering import Consent, Family
from tests.cloud.actors import CONSENT, FAMILY, NOON, Gateway, World, another_gateway, refusal

pytestmark = pytest.mark.adapters

ANSWERS = {"household_size": None, "building_type": None, "energy_used": None}
COUPLE = Family(household_size=2, building_type="apartment", energy_used="all_electric")


def forget_answers(world: World, *answers: str) -> None:
    """Have the gateway registered as before schema 0002, when nobody was asked."""
    with world.registry.store.writing() as store:
        for answer in answers:
            store.exec_driver_sql(f"UPDATE gateways SET {answer} = NULL")


def family(world: World) -> tuple[object, ...]:
    return world.contents()["gateways"][0][-3:]


@pytest.mark.req("S-LC-06")
def test_each_issue_records_a_consent(world: World, gateway: Gateway) -> None:
    world.register(gateway)
    for _ in range(2):
        world.pass_time(minutes=1)
        world.issue(gateway)
    consents = world.contents()["consents"]
    assert len(consents) == 3
    assert [row[1:3] for row in consents] == [(gateway.gateway_id, CONSENT.terms_version)] * 3
    assert len({row[4] for row in consents}) == 3


@pytest.mark.req("S-LC-06")
def test_a_consent_to_other_terms_gets_no_code(world: World, gateway: Gateway) -> None:
    world.register(gateway)
    before = world.contents()
    gateway.consent = Consent(terms_version="2015-01", agreed_at=NOON)
    assert refusal(world.issue, gateway) is SERVICE_TERMS_NOT_ACCEPTED
    assert world.contents() == before


@pytest.mark.req("S-LC-06", "S-LC-10")
@pytest.mark.parametrize(
    "change",
    [
        {"consent": None},
        {"family": {"household_size": 4}},
        {"family": {**FAMILY.model_dump(), "household_size": "4"}},
        {"family": {**FAMILY.model_dump(), "household_size": 11}},
        {"family": {**FAMILY.model_dump(), "building_type": "castle"}},
        {"request_id": "request-0000000000"},
    ],
)
def test_an_answer_of_another_shape_is_malformed(
    world: World, gateway: Gateway, change: dict[str, object]
) -> None:
    world.register(gateway)
    before = world.contents()
    document = json.loads(gateway.link_code(world.nonce()).payload) | change
    signed = gateway.sign_text(json.dumps(document))
    assert refusal(world.registry.issue_link_code, signed, world.now) is REQUEST_MALFORMED
    assert world.contents() == before


@pytest.mark.req("S-LC-07", "S-LC-08", "S-LC-10")
@pytest.mark.parametrize("missing", [*([answer] for answer in ANSWERS), list(ANSWERS)])
def test_who_was_never_asked_is_asked_before_the_code(
    world: World, gateway: Gateway, missing: list[str]
) -> None:
    world.register(gateway)
    forget_answers(world, *missing)
    assert world.status(gateway).family_needed
    before = world.contents()
    assert refusal(world.issue, gateway) is FAMILY_NEEDED
    assert world.contents() == before
    assert world.issue(gateway, COUPLE)
    assert family(world) == (2, "apartment", "all_electric")
    assert not world.status(gateway).family_needed
    assert world.issue(gateway)


@pytest.mark.req("S-LC-08")
def test_who_registered_early_is_asked_each_time(world: World, gateway: Gateway) -> None:
    world.now = NOON.replace(year=2014)
    world.register(gateway)
    world.now = NOON
    assert refusal(world.issue, gateway) is FAMILY_NEEDED
    assert world.issue(gateway, COUPLE)
    assert world.status(gateway).family_needed
    assert refusal(world.issue, gateway) is FAMILY_NEEDED


@pytest.mark.req("S-LC-08")
def test_answers_that_were_not_needed_are_kept_too(world: World, gateway: Gateway) -> None:
    world.register(gateway)
    assert family(world) == (4, "detached", "electricity_and_gas")
    world.issue(gateway, COUPLE)
    assert family(world) == (2, "apartment", "all_electric")


@pytest.mark.req("S-LC-04", "S-GEN-16")
def test_a_release_closes_the_gate_at_once(world: World, gateway: Gateway) -> None:
    world.register(gateway)
    assert world.issue(gateway)
    world.registry.publish_release("MKN702", "2.11", "新", "new", world.now)
    before = world.contents()
    with pytest.raises(Problem) as refused:
        world.issue(gateway)
    assert refused.value.kind is FIRMWARE_OUTDATED
    assert refused.value.facts == {"installed": "2.10", "latest": "2.11"}
    assert world.contents() == before
    gateway.firmware = "2.11"
    assert world.issue(gateway)


def test_each_issue_tells_everybody_who_is_linked(world: World, gateway: Gateway) -> None:
    """Somebody at the panel, perhaps a guest, has made a code (T-32)."""
    world.register(gateway)
    father, mother, other = (world.person(name) for name in ("father", "mother", "other"))
    world.link(father, gateway, world.issue(gateway))
    world.link(mother, gateway, world.issue(gateway))
    world.register(another_gateway())
    world.link(other, another := another_gateway(2), _registered_code(world, another))
    world.pass_time(minutes=1)
    world.issue(gateway)
    for who in (father, mother):
        newest = world.registry.events(who, world.now).events[0]
        assert (newest.kind, newest.gateway_id, newest.at) == (
            "link_code_issued",
            gateway.gateway_id,
            world.now,
        )
    assert [event.kind for event in world.registry.events(other, world.now).events] == ["linked"]


def _registered_code(world: World, gateway: Gateway) -> str:
    world.register(gateway)
    return world.issue(gateway)


def test_a_replayed_request_gets_no_code(world: World, gateway: Gateway) -> None:
    world.register(gateway)
    signed = gateway.link_code(world.nonce())
    world.registry.issue_link_code(signed, world.now)
    before = world.contents()
    assert refusal(world.registry.issue_link_code, signed, world.now) is GATEWAY_REFUSED
    assert world.contents() == before


@pytest.mark.req("S-GEN-02")
def test_without_a_registration_there_is_no_link_code(world: World, gateway: Gateway) -> None:
    before = world.contents()
    assert refusal(world.issue, gateway) is NOT_REGISTERED
    assert world.contents() == before


@pytest.mark.req("S-LC-04", "S-GEN-16")
@pytest.mark.parametrize(
    ("installed", "issued"), [("2.9", False), ("2.10", True), ("2.10.1", True), ("10.0", True)]
)
def test_only_the_latest_firmware_gets_a_link_code(
    world: World, gateway: Gateway, installed: str, issued: bool
) -> None:
    world.register(gateway)
    gateway.firmware = installed
    if issued:
        assert world.issue(gateway)
    else:
        assert refusal(world.issue, gateway) is FIRMWARE_OUTDATED
    assert len(world.contents()["link_codes"]) == issued


@pytest.mark.req("S-LC-25")
def test_ten_link_codes_an_hour(world: World, gateway: Gateway) -> None:
    world.register(gateway)
    for _ in range(10):
        world.issue(gateway)
        world.pass_time(minutes=1)
    before = world.contents()
    with pytest.raises(Problem) as refused:
        world.issue(gateway)
    assert refused.value.kind is TOO_MANY_CODES
    assert refused.value.facts == {"retry_after_s": 50 * 60}
    assert world.contents() == before
    world.pass_time(minutes=50)
    assert world.issue(gateway)


def test_link_codes_are_not_in_the_database(world: World, gateway: Gateway) -> None:
    registered = world.register(gateway)
    code = world.issue(gateway)
    kept = world.kept()
    assert code.encode() not in kept
    assert registered.mqtt_password.encode() not in kept
    assert gateway.device_code.encode() in kept
