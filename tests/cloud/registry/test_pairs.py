"""Pairs of device code and link code: what a wrong one is told, and how many there may be (security §3)."""

from dataclasses import dataclass

import pytest

from protocol.problems import LINK_REFUSED, NICKNAME_UNUSABLE, TOO_MANY_TRIES, Problem
from tests.cloud.actors import Gateway, World, another_gateway, wrong_code
from tests.cloud.registry.trying import refusal, tries

pytestmark = pytest.mark.adapters


@pytest.mark.req("S-BIND-09")
def test_only_who_knows_the_code_is_told_that_it_expired(world: World, registered: Gateway) -> None:
    world.issue(registered)
    world.pass_time(hours=2)
    assert refusal(world, world.person("father"), registered, wrong_code()).kind is LINK_REFUSED


@pytest.mark.req("S-BIND-08")
def test_every_wrong_pair_is_one_answer_and_verifies_exactly_once(
    world: World, registered: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    neighbour, codeless = another_gateway(1), another_gateway(2)
    world.register(neighbour)
    world.register(codeless)
    spent = world.issue(neighbour)
    world.link(world.person("first"), neighbour, spent)
    code, father = world.issue(registered), world.person("father")
    seen = count_verifications(world, monkeypatch)
    wrong_pairs = [
        (another_gateway(99), code),  # nobody's device code
        (registered, wrong_code()),
        (codeless, code),  # another gateway's code
        (neighbour, spent),
        (codeless, wrong_code()),
    ]
    answers = [refusal(world, father, *pair).document() for pair in wrong_pairs]
    assert answers == [Problem(LINK_REFUSED).document()] * 5
    assert seen.verifications == 5
    assert tries(world) == 5


@dataclass
class Seen:
    verifications: int = 0


def count_verifications(world: World, monkeypatch: pytest.MonkeyPatch) -> Seen:
    seen, verify = Seen(), type(world.registry.pepper).verify

    def counted(_self: object, secret: str, kept: str | None) -> bool:
        seen.verifications += 1
        return verify(world.registry.pepper, secret, kept)

    monkeypatch.setattr("cloud.pepper.Pepper.verify", counted)
    return seen


@pytest.mark.req("S-BIND-04", "S-BIND-13")
@pytest.mark.parametrize("nickname", ["", "\u3000", "a\x07", "x" * 11])
def test_an_unusable_nickname_spends_neither_code_nor_try(
    world: World, registered: Gateway, nickname: str
) -> None:
    father, code = world.person("father"), world.issue(registered)
    assert refusal(world, father, registered, code, nickname).kind is NICKNAME_UNUSABLE
    assert tries(world) == 0
    world.link(father, registered, code)


def test_an_account_has_five_wrong_tries_an_hour_then_not_even_the_right_code(
    world: World, registered: Gateway
) -> None:
    father, code = world.person("father"), world.issue(registered)
    for number in range(5):
        assert refusal(world, father, another_gateway(number), wrong_code(number)).kind is LINK_REFUSED
    world.pass_time(seconds=1)
    problem = refusal(world, father, registered, code)
    assert problem.kind is TOO_MANY_TRIES
    assert problem.facts == {"retry_after_s": 3599}
    assert tries(world) == 5
    world.pass_time(seconds=3599)
    world.link(father, registered, world.issue(registered))


def test_an_account_has_twenty_wrong_tries_a_day(world: World, registered: Gateway) -> None:
    father = world.person("father")
    for number in range(20):
        assert refusal(world, father, registered, wrong_code(), peer=f"192.0.2.{number}").kind is LINK_REFUSED
        world.pass_time(minutes=12)
    problem = refusal(world, father, registered, wrong_code())
    assert problem.kind is TOO_MANY_TRIES
    assert problem.facts == {"retry_after_s": 20 * 3600}


def test_an_address_has_twenty_wrong_tries_an_hour(world: World, registered: Gateway) -> None:
    people = [world.person(f"person{number}") for number in range(5)]
    for person in people[:4]:
        for number in range(5):
            refusal(world, person, another_gateway(number), wrong_code(), peer=f"2001:db8::{number}")
    code = world.issue(registered)
    assert refusal(world, people[4], registered, code, peer="2001:db8::ffff").kind is TOO_MANY_TRIES
    world.link(people[4], registered, code, peer="2001:db8:0:1::1")


@pytest.mark.parametrize(("wrong", "survives"), [(19, True), (20, False)])
def test_a_code_survives_nineteen_wrong_tries(
    world: World, registered: Gateway, wrong: int, survives: bool
) -> None:
    people = [world.person(f"person{number}") for number in range(5)]
    code = world.issue(registered)
    for number in range(wrong):
        person = people[number % 4]
        assert (
            refusal(world, person, registered, wrong_code(number), peer=f"192.0.2.{number}").kind
            is LINK_REFUSED
        )
    if survives:
        world.link(people[4], registered, code)
    else:
        assert refusal(world, people[4], registered, code).kind is LINK_REFUSED
        world.link(people[4], registered, world.issue(registered))


def test_a_gateway_has_sixty_wrong_tries_a_day_then_no_codes_either(
    world: World, registered: Gateway
) -> None:
    people = [world.person(f"person{number}") for number in range(13)]
    for number in range(60):
        refusal(world, people[number // 5], registered, wrong_code(), peer=f"192.0.2.{number}")
    assert refusal(world, people[12], registered, wrong_code()).kind is TOO_MANY_TRIES
    before = world.contents()
    with pytest.raises(Problem) as refused:
        world.issue(registered)
    assert refused.value.kind is TOO_MANY_TRIES
    assert world.contents() == before
    world.pass_time(days=1)
    world.link(people[12], registered, world.issue(registered))


@pytest.mark.parametrize("attackers", [3, 4])
def test_three_accounts_cannot_void_a_code_within_its_hour(
    world: World, registered: Gateway, attackers: int
) -> None:
    """T-08: with four it takes all their tries, and the owner has the next code at once."""
    people = [world.person(f"attacker{number}") for number in range(attackers)]
    owner, code = world.person("owner"), world.issue(registered)
    for number in range(attackers * 6):
        peer = f"192.0.2.{number}"
        kind = refusal(world, people[number % attackers], registered, wrong_code(number), peer=peer).kind
        assert kind is (LINK_REFUSED if number < attackers * 5 else TOO_MANY_TRIES)
    if attackers == 4:
        assert refusal(world, owner, registered, code).kind is LINK_REFUSED
        code = world.issue(registered)
    world.link(owner, registered, code)
