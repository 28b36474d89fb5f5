"""アカウント削除: everything of one account at its gateway, and nothing else (manual p28, A-12)."""

import pytest

from cloud.registry.sessions import Who
from protocol.problems import ACCOUNT_DELETED, CHANGE_REFUSED, LINK_REFUSED, NOT_LINKED
from tests.cloud.actors import Gateway, World, nicknames, refusal, sample, wrong_code

pytestmark = [pytest.mark.adapters, pytest.mark.usefixtures("cheap_hashing")]


@pytest.fixture
def tokens(world: World, registered: Gateway) -> list[str]:
    """Return the tokens of father's two phones and of a third that is not registered; mother is linked, too."""
    father = world.person("father", "one")
    world.link(father, registered, world.issue(registered), "一台目")
    world.add(world.log_in(father.email, "two"), "二台目")
    world.link(world.person("mother"), registered, world.issue(registered), "お母さん")
    return [world.session(father.email, name).token for name in ("one", "two", "three")]


@pytest.mark.req("S-DEL-08", "S-DEL-12", "S-DEL-02", "S-DEL-03")
def test_all_phones_lose_access_and_all_places_are_free_at_once(
    world: World, registered: Gateway, tokens: list[str]
) -> None:
    left = world.registry.delete_account(world.who(tokens[0]), world.now)
    assert (left.gateway_id, left.epoch) == (registered.gateway_id, 1)
    assert [refusal(world.who, token) for token in tokens] == [ACCOUNT_DELETED] * 3
    assert [row[2] for row in world.contents()["links"]] == [2]
    for number in range(3):
        world.link(world.person(f"person{number}"), registered, world.issue(registered))


@pytest.mark.req("S-DEL-09")
def test_the_gateway_its_data_and_its_other_accounts_stay(
    world: World, registered: Gateway, tokens: list[str]
) -> None:
    epoch = world.register(registered)
    world.link(world.log_in("father@example.jp", "one"), registered, world.issue(registered))
    mother = world.log_in("mother@example.jp", "mother")
    world.link(mother, registered, world.issue(registered), "お母さん")
    world.send(epoch, [sample(1), sample(2)])
    kept = ("gateways", "samples", "link_codes", "consents", "app_consents", "mails", "accounts")
    before = world.contents()
    world.registry.delete_account(world.log_in("father@example.jp", "one"), world.now)
    after = world.contents()
    assert {table: after[table] for table in kept} == {table: before[table] for table in kept}
    assert nicknames(world.registry.current_link(mother)) == ("お母さん",)
    assert world.registry.events(mother, world.now).events[0].kind == "account_deleted"
    world.registry.delete_account(mother, world.now)
    assert world.contents()["samples"] == before["samples"], "the last account leaving changes nothing for it"
    assert world.status(registered).registered


@pytest.mark.req("S-DEL-10")
def test_change_codes_die_and_a_link_code_does_not(
    world: World, registered: Gateway, tokens: list[str]
) -> None:
    change_code, link_code = world.change_code(world.who(tokens[0])), world.issue(registered)
    world.registry.delete_account(world.who(tokens[1]), world.now)
    assert world.contents()["change_codes"] == []
    again = world.log_in("father@example.jp", "one")
    assert refusal(world.move, again, change_code) is NOT_LINKED
    world.link(again, registered, link_code)
    new = world.log_in("father@example.jp", "four")
    assert refusal(world.move, new, change_code) is CHANGE_REFUSED


@pytest.mark.req("S-DEL-04", "S-DEL-05", "S-DEL-11")
def test_the_club_id_logs_in_again_and_needs_a_new_link_code(
    world: World, registered: Gateway, tokens: list[str]
) -> None:
    spent = world.issue(registered)
    world.link(world.who(tokens[0]), registered, spent, "一台目")
    world.registry.delete_account(world.who(tokens[0]), world.now)
    again = world.session("father@example.jp", "one")
    assert again.link is None
    father = world.who(again.token)
    assert refusal(world.link, father, registered, spent) is LINK_REFUSED
    assert refusal(world.add, father, "一台目") is NOT_LINKED
    world.link(father, registered, world.issue(registered))


def test_a_phone_that_was_lost_can_be_left_behind(
    world: World, registered: Gateway, tokens: list[str]
) -> None:
    """A-11: who can log in can delete the account and start again."""
    world.registry.delete_account(world.who(tokens[2]), world.now)
    assert refusal(world.who, tokens[0]) is ACCOUNT_DELETED


def test_without_a_link_there_is_nothing_to_delete(world: World) -> None:
    stranger: Who = world.person("stranger")
    before = world.contents()
    assert refusal(world.registry.delete_account, stranger, world.now) is NOT_LINKED
    assert world.contents() == before


@pytest.mark.req("S-DEL-12")
def test_the_other_phone_that_asks_in_the_same_moment_gets_the_same_answer(
    world: World, registered: Gateway, tokens: list[str]
) -> None:
    """S-DEL-13: who was let in before the deletion changes nothing after it."""
    code, late = world.issue(registered), [world.who(token) for token in tokens]
    world.registry.delete_account(late[0], world.now)
    before = world.contents("wrong_tries", "tallies")
    for verb, arguments in (
        (world.link, (late[1], registered, code, "一台目")),
        (world.preview, (late[1], registered, code)),
        (world.add, (late[2], "二台目")),
        (world.change_code, (late[0],)),
        (world.move, (late[2], wrong_code())),
        (world.replace, (late[2], "x" * 22)),
        (world.remove, (late[0], "x" * 22)),
        (world.registry.delete_account, (late[1], world.now)),
    ):
        assert refusal(verb, *arguments) is ACCOUNT_DELETED
    assert world.contents("wrong_tries", "tallies") == before


def test_nothing_keeps_the_names_of_the_phones(world: World, registered: Gateway) -> None:
    """T-51: neither a table nor a mail that was sent meanwhile."""
    father, mother = world.person("father"), world.person("mother")
    world.link(mother, registered, world.issue(registered), "お母さん")
    world.link(father, registered, world.issue(registered), "ひみつ")
    second = world.log_in(father.email, "second")
    world.add(second, "ないしょ")
    world.move(world.log_in(father.email, "third"), world.change_code(second))
    world.remove(mother, world.registry.current_link(father).phones[1].phone_id)
    assert "ひみつ" in str(world.contents())
    world.registry.delete_account(father, world.now)
    kept = str(world.contents())
    assert "ひみつ" not in kept
    assert "ないしょ" not in kept
