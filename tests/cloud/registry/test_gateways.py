from dataclasses import replace

import pytest

from cloud.logins import verify_password
from protocol.cloud_api import Signed
from protocol.problems import (
    FIRMWARE_OUTDATED,
    GATEWAY_REFUSED,
    NOT_REGISTERED,
    REQUEST_MALFORMED,
    TOO_MANY_CODES,
    UNSUPPORTED_MODEL,
    Kind,
    Problem,
)
from tests.cloud.actors import Gateway, World, another_gateway, sample

pytestmark = pytest.mark.adapters


def refusal(verb: object, *arguments: object) -> Kind:
    with pytest.raises(Problem) as refused:
        verb(*arguments)  # type: ignore[operator]
    return refused.value.kind


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


def test_the_broker_learns_of_every_gateway_and_the_watcher(world: World, gateway: Gateway) -> None:
    registered = world.register(gateway)
    watcher, known = world.registry.logins()
    assert known == registered.login
    assert watcher.may_read == ("#", "$SYS/#"), "what MQTT Explorer asks for"
    assert watcher.may_write == ()
    password = (world.folder / "watcher-password").read_text()
    assert verify_password(password.encode(), watcher.password_hash)


@pytest.mark.req("S-REG-32")
def test_a_repeated_registration_is_the_same_registration(world: World, gateway: Gateway) -> None:
    first = world.register(gateway, "wizard-run-0000001")
    world.send(first, [sample(1)])
    before = world.contents()
    world.pass_time(seconds=9)
    world.restart()
    assert world.register(gateway, "wizard-run-0000001") == first
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
    world: World, gateway: Gateway
) -> None:
    registered = world.register(gateway)
    world.link(world.person("father"), gateway, world.issue(gateway))
    world.send(registered, [sample(1)])
    before = world.contents()
    with world.registry.store.writing() as store:
        store.exec_driver_sql(
            "CREATE TRIGGER power_cut BEFORE UPDATE OF epoch ON gateways BEGIN SELECT RAISE(ABORT, 'cut'); END"
        )
    with pytest.raises(Exception, match="cut"):
        world.register(gateway)
    assert world.contents() == before


@pytest.mark.req("S-REG-33")
def test_the_registration_date_is_kept(world: World, gateway: Gateway) -> None:
    registered = world.register(gateway)
    world.pass_time(days=3)
    world.restart()
    status = world.registry.registration_status(gateway.status(world.nonce()), world.now)
    assert (status.registered, status.epoch, status.registered_at) == (True, 1, registered.registered_at)


@pytest.mark.req("S-ST-09")
def test_asking_for_the_status_changes_nothing(world: World, gateway: Gateway) -> None:
    before = world.contents()
    assert not world.registry.registration_status(gateway.status(world.nonce()), world.now).registered
    world.register(gateway)
    after = world.contents()
    assert world.registry.registration_status(gateway.status(world.nonce()), world.now).registered
    assert before != after == world.contents()


def test_the_first_key_seen_owns_device_code_and_id(world: World, gateway: Gateway) -> None:
    registered = world.register(gateway)
    world.send(registered, [sample(1)])
    before = world.contents()
    phantom = Gateway()
    other = another_gateway()
    for thief in (
        phantom,
        replace(phantom, gateway_id=other.gateway_id),
        replace(phantom, device_code=other.device_code),
        replace(gateway, device_code=other.device_code),
        replace(gateway, gateway_id=other.gateway_id),
    ):
        assert refusal(world.register, thief) is GATEWAY_REFUSED
    assert refusal(world.issue, phantom) is GATEWAY_REFUSED
    assert (
        refusal(world.registry.registration_status, phantom.status(world.nonce()), world.now)
        is GATEWAY_REFUSED
    )
    assert world.contents() == before


def test_what_was_not_signed_is_refused(world: World, gateway: Gateway) -> None:
    signed = gateway.registration(world.nonce())
    before = world.contents()
    for forged in (
        Signed(payload=signed.payload.replace("MKN702", "MKN700"), signature=signed.signature),
        Signed(payload=signed.payload, signature="AAAA"),
        Signed(payload=signed.payload, signature="not base64!"),
        Signed(payload=signed.payload.replace(gateway.public_key, "AAAA"), signature=signed.signature),
    ):
        assert refusal(world.registry.register, forged, world.now) is GATEWAY_REFUSED
    assert world.contents() == before
    assert world.registry.register(signed, world.now).epoch == 1


def test_a_nonce_is_good_once(world: World, gateway: Gateway) -> None:
    signed = gateway.registration(world.nonce())
    world.registry.register(signed, world.now)
    before = world.contents()
    assert refusal(world.registry.register, signed, world.now) is GATEWAY_REFUSED
    assert (
        refusal(world.registry.register, gateway.registration("never-handed-out"), world.now)
        is GATEWAY_REFUSED
    )
    assert world.contents() == before


def test_a_nonce_of_a_refused_request_is_spent_too(world: World, gateway: Gateway) -> None:
    world.register(gateway)
    gateway.firmware = "2.9"
    signed = gateway.link_code(world.nonce())
    assert refusal(world.registry.issue_link_code, signed, world.now) is FIRMWARE_OUTDATED
    assert refusal(world.registry.issue_link_code, signed, world.now) is GATEWAY_REFUSED


def test_a_nonce_lives_300_seconds(world: World, gateway: Gateway) -> None:
    in_time, late = world.nonce(), world.nonce()
    world.pass_time(seconds=299.999)
    world.registry.register(gateway.registration(in_time), world.now)
    world.pass_time(seconds=0.001)
    assert refusal(world.registry.register, gateway.registration(late), world.now) is GATEWAY_REFUSED


@pytest.mark.req("S-GEN-14")
def test_another_model_is_refused(world: World, gateway: Gateway) -> None:
    gateway.model = "MKN704"
    before = world.contents()
    assert refusal(world.register, gateway) is UNSUPPORTED_MODEL
    assert refusal(world.registry.firmware, "MKN704") is UNSUPPORTED_MODEL
    assert world.contents() == before


def test_a_signed_payload_of_another_purpose_is_refused(world: World, gateway: Gateway) -> None:
    world.register(gateway)
    before = world.contents()
    signed = gateway.status(world.nonce())
    assert refusal(world.registry.issue_link_code, signed, world.now) is REQUEST_MALFORMED
    assert refusal(world.registry.register, Signed(payload="{", signature=""), world.now) is REQUEST_MALFORMED
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
    files = b"".join(file.read_bytes() for file in world.folder.glob("cloud.sqlite3*"))
    assert code.encode() not in files
    assert registered.mqtt_password.encode() not in files
    assert gateway.device_code.encode() in files
