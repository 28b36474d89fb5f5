"""A further phone of an account, and the users of a gateway (manual p21, p23, p24)."""

from collections.abc import Callable

import pytest

from cloud.notices import phone_added_mail, phone_removed_mail
from cloud.registry.sessions import Who
from protocol.cloud_api import Link, OwnPhone
from protocol.problems import (
    LINK_REFUSED,
    NICKNAME_TAKEN,
    NICKNAME_UNUSABLE,
    NOT_LINKED,
    OTHER_GATEWAY,
    PHONE_NOT_REGISTERED,
    PHONE_REGISTERED,
    PHONE_REMOVED,
    PHONE_UNKNOWN,
    PHONES_FULL,
    Kind,
    Problem,
)
from tests.cloud.actors import Gateway, World, another_gateway, nicknames, refusal, request_id

pytestmark = [pytest.mark.adapters, pytest.mark.usefixtures("cheap_hashing")]


@pytest.fixture
def father(world: World, registered: Gateway) -> Who:
    who = world.person("father")
    world.link(who, registered, world.issue(registered), "一台目")
    return who


def refused(world: World, verb: Callable[..., object], *arguments: object) -> Kind:
    """Return why `verb` was refused, having seen that nothing was changed."""
    before = world.contents()
    kind = refusal(verb, *arguments)
    assert world.contents() == before
    return kind


@pytest.mark.req("S-ADD-02", "S-ADD-04", "S-ADD-08", "S-ADD-10", "S-ADD-12")
def test_a_second_phone_needs_a_nickname_only_and_sees_the_same_gateway_at_once(
    world: World, registered: Gateway, father: Who
) -> None:
    second = world.log_in(father.email, "second")
    assert refusal(world.registry.users, second) is PHONE_NOT_REGISTERED
    link = world.add(second, "二台目")
    assert (link.gateway_id, link.nickname) == (registered.gateway_id, "二台目")
    assert nicknames(link) == ("一台目", "二台目")
    assert [user.own for user in world.registry.users(second).users] == [True, True]


@pytest.mark.req("S-ADD-13")
def test_the_first_phone_is_told_of_the_second_before_that_sees_anything(world: World, father: Who) -> None:
    """T-15, A-05: in the commit that registers it."""
    mails = len(world.registry.inbox())
    world.add(world.log_in(father.email, "second"), "二台目")
    assert world.registry.events(father, world.now).events[0].kind == "phone_added"
    mail, *_ = world.registry.inbox()
    assert len(world.registry.inbox()) == mails + 1
    assert (mail.recipient, mail.subject) == (father.email, phone_added_mail().subject)


@pytest.mark.req("S-ADD-05", "S-GEN-18", "S-UI-02", "S-CHG-13")
def test_the_third_phone_is_told_in_the_manuals_words_and_may_still_change(world: World, father: Who) -> None:
    """A-05b: it logs in, cannot be registered as new, and can take the place of another."""
    world.add(world.log_in(father.email, "second"), "二台目")
    third = world.log_in(father.email, "third")
    assert refused(world, world.add, third, "三台目") is PHONES_FULL
    assert Problem(PHONES_FULL).sentence("ja") == "上限に達しています"
    code = world.change_code(father)
    assert nicknames(world.move(third, code)) == ("一台目", "二台目")


@pytest.mark.req("S-ADD-06", "S-BIND-14")
@pytest.mark.parametrize("nickname", ["一台目", " 一台目　", "ﾊﾟﾊﾟ", "Ｐａｐａ", "PAPA"])
def test_the_same_nickname_as_the_first_phones_is_refused(
    world: World, registered: Gateway, nickname: str
) -> None:
    father, mother = world.person("father"), world.person("mother")
    first = {"ﾊﾟﾊﾟ": "パパ", "Ｐａｐａ": "papa", "PAPA": "papa"}.get(nickname, "一台目")
    world.link(father, registered, world.issue(registered), first)
    world.link(mother, registered, world.issue(registered), "お母さん")
    second = world.log_in(father.email, "second")
    assert refused(world, world.add, second, nickname) is NICKNAME_TAKEN
    assert world.add(second, "お母さん").nickname == "お母さん", "another account's may be the same"


@pytest.mark.req("S-ADD-07")
@pytest.mark.parametrize("nickname", ["", "　", "x" * 11, "👨‍👩‍👧‍👦" * 11, "a\u202eb"])
def test_an_unusable_nickname_registers_nothing(world: World, father: Who, nickname: str) -> None:
    second = world.log_in(father.email, "second")
    assert refused(world, world.add, second, nickname) is NICKNAME_UNUSABLE
    assert world.add(second, "x" * 10).nickname == "x" * 10


@pytest.mark.req("S-ADD-14")
def test_an_account_without_a_gateway_has_to_link_first(world: World) -> None:
    assert refused(world, world.add, world.person("father"), "二台目") is NOT_LINKED


@pytest.mark.req("S-ADD-01")
def test_another_account_goes_the_whole_way_with_a_code_of_its_own(
    world: World, registered: Gateway, father: Who
) -> None:
    mother = world.person("mother")
    assert refused(world, world.add, mother, "お母さん") is NOT_LINKED
    spent = world.issue(registered)
    world.link(father, registered, spent, "一台目")
    assert refusal(world.link, mother, registered, spent, "お母さん") is LINK_REFUSED
    world.link(mother, registered, world.issue(registered), "お母さん")


@pytest.mark.req("S-GEN-12")
def test_a_registered_phone_is_not_registered_again(world: World, father: Who) -> None:
    assert refused(world, world.add, father, "新しい名") is PHONE_REGISTERED


def test_a_resent_request_registers_one_phone(world: World, father: Who) -> None:
    """T-48."""
    second, asked = world.log_in(father.email, "second"), request_id()
    first = world.add(second, "二台目", asked)
    before = world.contents()
    world.restart()
    assert world.add(second, "二台目", asked) == first
    assert world.contents() == before


@pytest.mark.req("S-OUT-06", "S-GEN-13")
def test_another_account_on_the_same_phone_needs_its_own_registration(
    world: World, registered: Gateway, father: Who
) -> None:
    neighbour = another_gateway()
    world.register(neighbour)
    mother, stranger = world.person("mother", "father"), world.person("stranger")
    assert mother.installation_id == father.installation_id
    assert refusal(world.registry.current_link, mother) is NOT_LINKED
    world.link(mother, registered, world.issue(registered), "お母さん")
    assert nicknames(world.registry.current_link(father)) == ("一台目",)
    assert nicknames(world.registry.current_link(mother)) == ("お母さん",)
    phone_id = world.link(stranger, neighbour, world.issue(neighbour)).phones[0].phone_id
    change_code = world.change_code(stranger)
    same_app = world.log_in(stranger.email, "father")
    assert refused(world, world.add, same_app, "二台目") is OTHER_GATEWAY
    assert refused(world, world.replace, same_app, phone_id) is OTHER_GATEWAY
    assert refused(world, world.move, same_app, change_code) is OTHER_GATEWAY


@pytest.fixture
def mothers(world: World, registered: Gateway, father: Who) -> Link:
    return world.link(world.person("mother"), registered, world.issue(registered), "お母さん")


@pytest.mark.req("S-BIND-15")
def test_users_are_told_by_nickname_in_the_order_of_their_places(
    world: World, father: Who, mothers: Link
) -> None:
    users = world.registry.users(father).users
    assert [(user.nickname, user.own) for user in users] == [("一台目", True), ("お母さん", False)]
    assert users[1].phone_id == mothers.phones[0].phone_id
    assert "@" not in world.registry.users(father).model_dump_json()


@pytest.mark.req("S-BIND-16")
def test_a_removed_phone_is_out_at_once_and_its_owner_is_told(
    world: World, registered: Gateway, father: Who, mothers: Link
) -> None:
    tablet = world.session("mother@example.jp", "tablet")
    removed = world.add(world.who(tablet.token), "タブレット").phones[1].phone_id
    users = world.remove(father, removed)
    assert [user.nickname for user in users] == ["一台目", "お母さん"]
    assert refusal(world.who, tablet.token) is PHONE_REMOVED
    mail, *_ = world.registry.inbox()
    assert (mail.recipient, mail.subject) == ("mother@example.jp", phone_removed_mail().subject)
    for name in ("father", "mother"):
        events = world.registry.events(world.log_in(f"{name}@example.jp", name), world.now).events
        assert (events[0].kind, events[0].gateway_id) == ("phone_removed", registered.gateway_id)
    assert nicknames(world.registry.current_link(world.log_in("mother@example.jp", "mother"))) == (
        "お母さん",
    )


@pytest.mark.req("S-BIND-16", "S-GEN-17")
def test_with_its_last_phone_an_account_leaves_its_place(
    world: World, registered: Gateway, father: Who, mothers: Link
) -> None:
    world.remove(father, mothers.phones[0].phone_id)
    mother = world.log_in("mother@example.jp", "mother")
    assert refusal(world.registry.current_link, mother) is NOT_LINKED
    assert len(world.contents()["links"]) == 1
    neighbour = another_gateway()
    world.register(neighbour)
    world.link(mother, neighbour, world.issue(neighbour))


def test_who_is_no_phone_of_the_gateway_removes_none(
    world: World, registered: Gateway, father: Who, mothers: Link
) -> None:
    neighbour = another_gateway()
    world.register(neighbour)
    stranger, nobody = world.person("stranger"), world.person("nobody")
    theirs = world.link(stranger, neighbour, world.issue(neighbour)).phones[0]
    unregistered = world.log_in(father.email, "new")
    for who, phone, kind in (
        (stranger, mothers.phones[0], PHONE_UNKNOWN),
        (father, theirs, PHONE_UNKNOWN),
        (father, OwnPhone(phone_id="x" * 22, nickname="x"), PHONE_UNKNOWN),
        (nobody, mothers.phones[0], NOT_LINKED),
        (unregistered, mothers.phones[0], PHONE_NOT_REGISTERED),
    ):
        assert refused(world, world.remove, who, phone.phone_id) is kind


def test_a_phone_may_remove_itself(world: World, registered: Gateway, father: Who, mothers: Link) -> None:
    here = world.session(father.email, "father")
    own = world.registry.current_link(world.who(here.token)).phones[0].phone_id
    assert [user.nickname for user in world.remove(world.who(here.token), own)] == ["お母さん"]
    assert refusal(world.who, here.token) is PHONE_REMOVED
