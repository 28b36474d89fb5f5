from dataclasses import replace

import pytest

from cloud.logins import verify_password
from protocol.identity import Signed
from protocol.problems import FIRMWARE_OUTDATED, GATEWAY_REFUSED, REQUEST_MALFORMED
from protocol.registering import RegistrationStatus
from tests.cloud.actors import Gateway, World, another_gateway, refusal, sample

pytestmark = pytest.mark.adapters

RUN = "wizard-run-0000001"


def test_the_broker_learns_of_every_gateway_and_the_watcher(world: World, gateway: Gateway) -> None:
    registered = world.register(gateway)
    watcher, known = world.registry.logins()
    assert known == registered.login
    assert watcher.may_read == ("#", "$SYS/#"), "what MQTT Explorer asks for"
    assert watcher.may_write == ()
    password = (world.folder / "watcher-password").read_text()
    assert verify_password(password.encode(), watcher.password_hash)


@pytest.mark.req("S-REG-33")
def test_the_registration_date_is_kept(world: World, gateway: Gateway) -> None:
    registered = world.register(gateway)
    world.pass_time(days=3)
    world.restart()
    assert world.status(gateway) == RegistrationStatus(
        registered=True, epoch=1, registered_at=registered.registered_at, family_needed=False
    )


@pytest.mark.req("S-ST-09")
def test_asking_for_the_status_changes_nothing(world: World, gateway: Gateway) -> None:
    before = world.contents()
    assert not world.status(gateway).registered
    world.register(gateway)
    after = world.contents()
    assert world.status(gateway).registered
    assert before != after == world.contents()


def test_the_first_key_seen_owns_device_code_and_id(world: World, gateway: Gateway) -> None:
    """A phantom that knows every name of the gateway, but not its key, gets nothing and breaks nothing (T-04)."""
    registered = world.register(gateway)
    world.send(registered, [sample(1)])
    world.begin(gateway, RUN)
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
        assert refusal(world.begin, thief) is GATEWAY_REFUSED
        assert refusal(world.finish, thief, RUN, 1) is GATEWAY_REFUSED
    assert refusal(world.issue, phantom) is GATEWAY_REFUSED
    assert refusal(world.status, phantom) is GATEWAY_REFUSED
    assert world.contents() == before


def test_a_stranger_cannot_take_over_a_run(world: World, gateway: Gateway) -> None:
    world.begin(gateway, RUN)
    before = world.contents()
    assert refusal(world.begin, another_gateway(), RUN) is GATEWAY_REFUSED
    assert world.contents() == before
    assert world.finish(gateway, RUN).epoch == 1


def test_what_was_not_signed_is_refused(world: World, gateway: Gateway) -> None:
    world.begin(gateway, RUN)
    signed = gateway.registration(world.nonce(), RUN)
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
    beginning = gateway.beginning(world.nonce(), RUN)
    world.registry.begin_registration(beginning, world.now)
    registration = gateway.registration(world.nonce(), RUN)
    world.registry.register(registration, world.now)
    never = gateway.registration("never-handed-out", RUN)
    before = world.contents()
    assert refusal(world.registry.begin_registration, beginning, world.now) is GATEWAY_REFUSED
    assert refusal(world.registry.register, registration, world.now) is GATEWAY_REFUSED
    assert refusal(world.registry.register, never, world.now) is GATEWAY_REFUSED
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
    world.registry.begin_registration(gateway.beginning(in_time, RUN), world.now)
    world.pass_time(seconds=0.001)
    beginning = gateway.beginning(late, RUN)
    assert refusal(world.registry.begin_registration, beginning, world.now) is GATEWAY_REFUSED


def test_a_signed_payload_of_another_purpose_is_refused(world: World, gateway: Gateway) -> None:
    world.register(gateway)
    before = world.contents()
    signed = gateway.status(world.nonce())
    assert refusal(world.registry.issue_link_code, signed, world.now) is REQUEST_MALFORMED
    assert refusal(world.registry.register, Signed(payload="{", signature=""), world.now) is REQUEST_MALFORMED
    assert world.contents() == before


@pytest.mark.req("S-REG-27")
def test_an_epoch_is_dead_when_another_has_begun_or_nobody_has_it(world: World, gateway: Gateway) -> None:
    other = another_gateway()
    for each in (gateway, gateway, other):
        world.register(each)
    living = {(gateway.gateway_id, 2), (other.gateway_id, 1)}
    dead = {(gateway.gateway_id, 1), (other.gateway_id, 2), ("f" * 12, 1)}
    assert world.registry.dead_epochs(living | dead) == dead
    assert world.registry.dead_epochs(set()) == set()
