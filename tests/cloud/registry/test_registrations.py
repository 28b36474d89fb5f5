"""新規登録: begun, finished, finished again; what it erases and what it may not."""

import json
from datetime import date, datetime, timedelta
from typing import Any

import pytest

from cloud.logins import verify_password
from protocol.areas import Place
from protocol.cloud_api import Renewal
from protocol.problems import (
    FIRMWARE_OUTDATED,
    NOT_LINKED,
    PHONE_REMOVED,
    PLACE_UNKNOWN,
    REGISTRATION_CHANGED,
    REGISTRATION_NOT_BEGUN,
    REQUEST_MALFORMED,
    SERVICE_TERMS_NOT_ACCEPTED,
    UNSUPPORTED_MODEL,
    Kind,
    Problem,
)
from protocol.registering import AtStake, Consent
from tests.cloud.actors import (
    CONSENT,
    LATEST,
    NOON,
    Gateway,
    World,
    another_gateway,
    nicknames,
    refusal,
    sample,
)

pytestmark = pytest.mark.adapters

RUN, OTHER_RUN = "wizard-run-0000001", "wizard-run-0000002"
HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)


def furnished(world: World, gateway: Gateway) -> None:
    """Register, link two accounts with three phones, store samples of two minutes, leave a link code."""
    registered = world.register(gateway)
    for name in ("father", "mother"):
        world.link(world.person(name), gateway, world.issue(gateway), "一台目")
    world.link(world.log_in("father@example.jp", "tablet"), gateway, world.issue(gateway), "二台目")
    world.issue(gateway)
    world.send(registered, [sample(1, world.now - MINUTE), sample(2, world.now)])


@pytest.mark.req("S-REG-09", "S-REG-26")
def test_beginning_gives_a_code_and_registers_nothing(world: World, gateway: Gateway) -> None:
    before = world.contents("registration_runs")
    begun = world.begin(gateway, RUN)
    assert (len(begun.confirmation_code), begun.at_stake) == (6, None)
    assert world.contents("registration_runs") == before
    assert not world.status(gateway).registered


@pytest.mark.req("S-REG-09")
def test_of_a_confirmation_code_only_a_peppered_hash_is_kept(world: World, gateway: Gateway) -> None:
    code = world.begin(gateway, RUN).confirmation_code
    ((*_, kept, _),) = world.contents()["registration_runs"]
    assert world.registry.pepper.verify(code, str(kept))
    world.finish(gateway, RUN)
    assert kept in world.contents()["gateways"][0]
    values = [str(value) for rows in world.contents().values() for row in rows for value in row]
    assert code not in values


@pytest.mark.req("S-REG-09")
def test_beginning_again_gives_another_code_and_the_last_one_is_kept(world: World, gateway: Gateway) -> None:
    codes = [world.begin(gateway, RUN).confirmation_code for _ in range(3)]
    assert len(set(codes)) > 1
    ((*_, kept, _),) = world.contents()["registration_runs"]
    assert world.registry.pepper.verify(codes[-1], str(kept))


def test_a_gateway_has_one_run_and_old_ones_are_forgotten(world: World, gateway: Gateway) -> None:
    world.begin(another_gateway(), RUN)
    world.pass_time(hours=24)
    world.begin(gateway, OTHER_RUN)
    world.begin(gateway, "wizard-run-0000003")
    assert [row[0] for row in world.contents()["registration_runs"]] == ["wizard-run-0000003"]
    assert refusal(world.finish, gateway, OTHER_RUN) is REGISTRATION_NOT_BEGUN


@pytest.mark.req("S-REG-28")
def test_beginning_names_what_is_at_stake(world: World, gateway: Gateway) -> None:
    furnished(world, gateway)
    world.register(another_gateway())
    world.pass_time(days=2)
    before = world.contents("registration_runs")
    assert world.begin(gateway, RUN).at_stake == AtStake(
        epoch=1,
        registered_at=NOON,
        samples=2,
        first_measured_at=NOON - MINUTE,
        last_measured_at=NOON,
        accounts=2,
        phones=3,
    )
    assert world.contents("registration_runs") == before


@pytest.mark.req("S-REG-28")
def test_a_registration_without_data_has_little_at_stake(world: World, gateway: Gateway) -> None:
    world.register(gateway)
    at_stake = world.begin(gateway).at_stake
    assert at_stake
    assert (at_stake.samples, at_stake.first_measured_at, at_stake.accounts, at_stake.phones) == (
        0,
        None,
        0,
        0,
    )


@pytest.mark.req("S-REG-07", "S-REG-08")
@pytest.mark.usefixtures("process_zone")
@pytest.mark.parametrize(
    ("purchased_on", "firmware", "begins"),
    [
        (date(2016, 6, 20), "2.9", False),
        (date(2016, 6, 20), "2.10", True),
        (date(2016, 6, 21), "2.9", True),
        (date(2016, 6, 21), "2.10", True),
        (None, "2.9", False),
        (None, "2.10", True),
    ],
)
def test_old_and_early_has_to_update_first(
    world: World, gateway: Gateway, purchased_on: date | None, firmware: str, begins: bool
) -> None:
    gateway.purchased_on, gateway.firmware = purchased_on, firmware
    before = world.contents()
    if begins:
        assert world.register(gateway).epoch == 1
        return
    with pytest.raises(Problem) as refused:
        world.begin(gateway)
    assert refused.value.kind is FIRMWARE_OUTDATED
    assert refused.value.facts == {"installed": "2.9", "latest": "2.10"}
    assert world.contents() == before


@pytest.mark.parametrize("held_up_s", [None, 24 * 3600])
def test_without_a_live_run_nothing_is_registered(
    world: World, gateway: Gateway, held_up_s: float | None
) -> None:
    if held_up_s:
        world.begin(gateway, RUN)
        world.pass_time(seconds=held_up_s)
    before = world.contents()
    assert refusal(world.finish, gateway, RUN) is REGISTRATION_NOT_BEGUN
    assert world.contents() == before


def test_a_run_is_good_until_its_last_millisecond(world: World, gateway: Gateway) -> None:
    world.begin(gateway, RUN)
    world.pass_time(hours=24, milliseconds=-1)
    assert world.finish(gateway, RUN).epoch == 1


@pytest.mark.req("S-REG-27")
@pytest.mark.parametrize("replacing", [0, 2])
def test_what_the_person_was_not_told_of_is_not_erased(
    world: World, gateway: Gateway, replacing: int
) -> None:
    furnished(world, gateway)
    world.begin(gateway, RUN)
    before = world.contents()
    assert refusal(world.finish, gateway, RUN, replacing) is REGISTRATION_CHANGED
    assert world.contents() == before
    assert world.finish(gateway, RUN, 1).epoch == 2


@pytest.mark.req("S-REG-27")
def test_a_stale_wizard_erases_nothing(world: World, gateway: Gateway) -> None:
    """A second browser has registered meanwhile; what came since is not the first one's to erase (T-07)."""
    world.begin(gateway, RUN)
    furnished(world, gateway)
    before = world.contents()
    assert refusal(world.finish, gateway, RUN) is REGISTRATION_NOT_BEGUN
    assert world.contents() == before


@pytest.mark.req("S-REG-05", "S-REG-18")
@pytest.mark.parametrize(
    ("field", "value", "kind"),
    [
        ("consent", Consent(terms_version="2015-01", agreed_at=NOON), SERVICE_TERMS_NOT_ACCEPTED),
        ("place", Place(prefecture="大阪府", area="大阪府", municipality="横浜市"), PLACE_UNKNOWN),
        ("place", Place(prefecture="京都府", area="大阪府", municipality="門真市"), PLACE_UNKNOWN),
        ("place", Place(prefecture="", area="", municipality=""), PLACE_UNKNOWN),
    ],
)
def test_an_answer_that_cannot_be_right_is_refused(
    world: World, gateway: Gateway, field: str, value: object, kind: Kind
) -> None:
    furnished(world, gateway)
    world.begin(gateway, RUN)
    before = world.contents()
    setattr(gateway, field, value)
    assert refusal(world.finish, gateway, RUN, 1) is kind
    assert world.contents() == before


WRONG = ("missing", None, 4.5, 27, 0, True)
SIX = [
    *(("place", name, wrong) for name in ("prefecture", "area", "municipality") for wrong in WRONG),
    *(("family", name, wrong) for name in ("building_type", "energy_used") for wrong in (*WRONG, "")),
    *(("family", "household_size", wrong) for wrong in ("missing", None, 4.5, 11, 0, True, "4")),
]


@pytest.mark.req("S-REG-16", "S-REG-26")
@pytest.mark.parametrize(("part", "answer", "wrong"), SIX)
def test_all_six_answers_are_needed_in_their_own_type(
    world: World, gateway: Gateway, part: str, answer: str, wrong: object
) -> None:
    world.begin(gateway, RUN)
    before = world.contents()
    document: dict[str, Any] = json.loads(gateway.registration(world.nonce(), RUN).payload)
    if wrong == "missing":
        del document[part][answer]
    else:
        document[part][answer] = wrong
    signed = gateway.sign_text(json.dumps(document))
    assert refusal(world.registry.register, signed, world.now) is REQUEST_MALFORMED
    assert world.contents() == before


@pytest.mark.req("S-REG-05", "S-REG-16", "S-REG-26")
@pytest.mark.parametrize(
    ("field", "wrong"),
    [
        ("consent", None),
        ("place", None),
        ("family", None),
        ("replacing", None),
        ("replacing", "0"),
        ("device_code", 1234567890),
        ("device_code", "123456789"),
        ("device_code", "１２３４５６７８９０"),
        ("run_id", "short"),
    ],
)
def test_a_field_of_another_shape_is_malformed(
    world: World, gateway: Gateway, field: str, wrong: object
) -> None:
    world.begin(gateway, RUN)
    before = world.contents()
    document = json.loads(gateway.registration(world.nonce(), RUN).payload) | {field: wrong}
    signed = gateway.sign_text(json.dumps(document))
    assert refusal(world.registry.register, signed, world.now) is REQUEST_MALFORMED
    assert world.contents() == before


@pytest.mark.req("S-REG-26")
def test_leading_zeros_of_a_device_code_are_kept(world: World) -> None:
    world.register(Gateway(device_code="0000000017"))
    assert "0000000017" in world.contents()["gateways"][0]


@pytest.mark.req("S-REG-05", "S-REG-16")
def test_answers_and_consent_are_kept(world: World, gateway: Gateway) -> None:
    agreed_at = NOON - timedelta(minutes=7)
    gateway.consent = Consent(terms_version=CONSENT.terms_version, agreed_at=agreed_at)
    world.register(gateway)
    ((_, *consent),) = world.contents()["consents"]
    ms = [int(at.timestamp() * 1000) for at in (agreed_at, NOON)]
    assert consent == [gateway.gateway_id, CONSENT.terms_version, *ms]
    kept = world.contents()["gateways"][0]
    assert kept[-6:] == ("大阪府", "大阪府", "門真市", 4, "detached", "electricity_and_gas")
    world.register(gateway)
    assert len(world.contents()["consents"]) == 2


@pytest.mark.req("S-REG-24")
def test_a_code_issued_after_the_registration_is_good_for_one_hour(world: World, gateway: Gateway) -> None:
    world.register(gateway)
    issued = world.registry.issue_link_code(gateway.link_code(world.nonce()), world.now)
    assert issued.expires_in_s == 3600
    world.pass_time(seconds=3599.999)
    father = world.person("father")
    assert world.link(father, gateway, issued.link_code) == world.registry.current_link(father)


@pytest.mark.req("S-REG-27")
def test_everybody_who_was_linked_is_told_of_a_new_registration(world: World, gateway: Gateway) -> None:
    furnished(world, gateway)
    world.person("neighbour")
    world.pass_time(days=1)
    world.register(gateway)
    mails = [mail for mail in world.registry.inbox() if mail.sent_at == world.now]
    assert {mail.recipient for mail in mails} == {"father@example.jp", "mother@example.jp"}
    assert all("再登録" in mail.subject and "registered again" in mail.subject for mail in mails)
    for name, told in (("father", True), ("mother", True), ("neighbour", False)):
        who = world.log_in(f"{name}@example.jp", name)
        newest = next(iter(world.registry.events(who, world.now).events), None)
        assert (newest is not None and newest.kind == "registered_anew" and newest.at == world.now) is told


@pytest.mark.req("S-REG-27")
def test_a_first_registration_tells_nobody(world: World, gateway: Gateway) -> None:
    before = world.contents("gateways", "consents", "registration_runs")
    world.register(gateway)
    assert world.contents("gateways", "consents", "registration_runs") == before


@pytest.mark.req("S-REG-27")
def test_every_token_of_the_old_registrations_phones_is_dead_and_nothing_old_is_seen(
    world: World, gateway: Gateway
) -> None:
    """INV-5, T-06, T-24: who was not a phone of it stays logged in, and sees nothing of it."""
    furnished(world, gateway)
    phone = world.session("father@example.jp", "father")
    unregistered = world.session("father@example.jp", "new")
    assert world.registry.current_link(world.who(phone.token)).nickname == "一台目"
    change_code = world.change_code(world.who(phone.token))
    asked = "request-0000000000x"
    world.link(world.who(phone.token), gateway, world.issue(gateway), "一台目", request=asked)
    new = world.register(gateway)
    world.send(new, [sample(1)])
    assert refusal(world.who, phone.token) is PHONE_REMOVED
    renewal = Renewal(refresh_token=phone.refresh_token)
    assert refusal(world.registry.renew, renewal, world.now) is PHONE_REMOVED
    father = world.who(unregistered.token)
    assert refusal(world.registry.current_link, father) is NOT_LINKED
    assert refusal(world.move, father, change_code) is NOT_LINKED
    again, code = world.log_in("father@example.jp", "father"), world.issue(gateway)
    assert nicknames(world.link(again, gateway, code, "一台目", request=asked)) == ("一台目",)


@pytest.mark.req("S-REG-33", "S-LC-08", "S-LC-09")
@pytest.mark.usefixtures("process_zone")
@pytest.mark.parametrize(
    ("registered_at", "needed"), [("2015-12-20T23:59:59+09:00", True), ("2015-12-21T00:00:00+09:00", False)]
)
def test_the_registration_date_decides_whether_the_family_is_asked_for(
    world: World, gateway: Gateway, registered_at: str, needed: bool
) -> None:
    world.now = datetime.fromisoformat(registered_at)
    world.register(gateway)
    world.now = NOON
    status = world.status(gateway)
    assert status.registered_at == datetime.fromisoformat(registered_at)
    assert status.family_needed is needed


def test_the_catalogue_decides_which_models_there_are(world: World, gateway: Gateway) -> None:
    assert {release.manifest.model for release in world.registry.catalogue()} == set(LATEST)
    gateway.model = "MKN701"
    assert refusal(world.begin, gateway) is UNSUPPORTED_MODEL


def test_a_registration_gives_epoch_date_and_a_login_of_its_own_topics(
    world: World, gateway: Gateway
) -> None:
    registered = world.register(gateway)
    assert (registered.epoch, registered.registered_at) == (1, world.now)
    login = registered.login
    assert verify_password(registered.mqtt_password.encode(), login.password_hash)
    assert login.gateway
    assert login.username == gateway.gateway_id
    assert login.may_write == (
        f"aiseg/{gateway.gateway_id}/1/telemetry",
        f"aiseg/{gateway.gateway_id}/1/status",
    )
    assert login.may_read == (f"aiseg/{gateway.gateway_id}/1/receipt", f"aiseg/{gateway.gateway_id}/1/notice")


@pytest.mark.req("S-REG-32")
def test_a_repeated_registration_is_the_same_registration(world: World, gateway: Gateway) -> None:
    first = world.register(gateway, RUN)
    world.send(first, [sample(1)])
    before = world.contents()
    world.pass_time(seconds=9)
    world.restart()
    assert world.finish(gateway, RUN) == first
    assert world.contents() == before


@pytest.mark.req("S-REG-27", "S-REG-29", "S-TEL-02")
def test_registering_again_erases_everything_of_the_old_epoch(world: World, gateway: Gateway) -> None:
    old = world.register(gateway)
    father = world.person("father")
    world.link(father, gateway, world.issue(gateway))
    unspent = world.issue(gateway)
    world.send(old, [sample(1), sample(2)])
    world.pass_time(seconds=1)
    new = world.register(gateway)
    assert new.epoch == 2
    assert new.mqtt_password != old.mqtt_password
    assert [login for login in world.registry.logins() if login.gateway] == [new.login]
    contents = world.contents()
    for table in ("samples", "links", "phones", "link_codes"):
        assert contents[table] == []
    assert world.send(old, [sample(3)]) is None
    assert world.contents()["samples"] == []
    with pytest.raises(Problem):
        world.link(father, gateway, unspent)
    assert world.contents()["links"] == []


@pytest.mark.req("S-REG-29")
def test_an_erasure_that_cannot_be_finished_leaves_the_old_registration_whole(
    world_in_a_file: World, gateway: Gateway
) -> None:
    world = world_in_a_file
    registered = world.register(gateway)
    world.link(world.person("father"), gateway, world.issue(gateway))
    world.send(registered, [sample(1)])
    world.begin(gateway, RUN)
    before = world.contents()
    with world.registry.store.writing() as store:
        store.exec_driver_sql(
            "CREATE TRIGGER power_cut BEFORE UPDATE OF epoch ON gateways BEGIN SELECT RAISE(ABORT, 'cut'); END"
        )
    with pytest.raises(Exception, match="cut"):
        world.finish(gateway, RUN, replacing=1)
    assert world.contents() == before


@pytest.mark.req("S-GEN-14")
def test_another_model_is_refused(world: World, gateway: Gateway) -> None:
    gateway.model = "MKN704"
    before = world.contents()
    assert refusal(world.begin, gateway) is UNSUPPORTED_MODEL
    assert refusal(world.finish, gateway, RUN) is UNSUPPORTED_MODEL
    assert refusal(world.registry.firmware, "MKN704") is UNSUPPORTED_MODEL
    assert world.contents() == before
