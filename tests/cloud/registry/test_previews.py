"""The list of users that a right pair of codes shows before anything is linked, and what may be removed from it (manual p21)."""

import pytest

from cloud.notices import phone_removed_mail
from cloud.registry.sessions import Who
from protocol.cloud_api import User
from protocol.problems import (
    ACCOUNTS_FULL,
    LINK_CODE_EXPIRED,
    LINK_REFUSED,
    NICKNAME_UNUSABLE,
    OTHER_GATEWAY,
    PERMIT_REFUSED,
    PHONE_REMOVED,
    PHONE_UNKNOWN,
    TOO_MANY_TRIES,
    Kind,
)
from tests.cloud.actors import Gateway, World, another_gateway, nicknames, refusal, wrong_code

pytestmark = [pytest.mark.adapters, pytest.mark.usefixtures("cheap_hashing")]


@pytest.fixture
def father(world: World, registered: Gateway) -> Who:
    who = world.person("father")
    world.link(who, registered, world.issue(registered), "お父さん")
    return who


def listed(users: tuple[User, ...]) -> list[tuple[str, bool]]:
    return [(user.nickname, user.own) for user in users]


@pytest.mark.req("S-BIND-15")
def test_the_users_are_listed_by_nickname_and_nothing_is_spent_or_linked(
    world: World, registered: Gateway, father: Who
) -> None:
    """T-12: model, place and users are seen before anything is committed."""
    world.add(world.log_in(father.email, "tablet"), "タブレット")
    mother, code = world.person("mother"), world.issue(registered)
    before = world.contents("permits")
    preview = world.preview(mother, registered, code, "お母さん")
    assert (preview.gateway_id, preview.model) == (registered.gateway_id, "MKN702")
    assert preview.place == "大阪府-大阪府-門真市"
    assert listed(preview.users) == [("お父さん", False), ("タブレット", False)]
    assert world.contents("permits") == before
    assert father.email not in preview.model_dump_json()
    world.link(mother, registered, code, "お母さん")


@pytest.mark.req("S-BIND-15")
def test_without_users_the_list_is_empty(world: World, registered: Gateway) -> None:
    assert world.preview(world.person("father"), registered, world.issue(registered)).users == ()


@pytest.mark.req("S-BIND-08", "S-BIND-09", "S-BIND-15")
def test_no_list_without_the_right_pair_and_a_wrong_one_counts_as_a_try(
    world: World, registered: Gateway, father: Who
) -> None:
    """T-16: the budget of a preview is that of a link, so a preview is no way to guess."""
    mother, code = world.person("mother"), world.issue(registered)
    before = world.contents("wrong_tries")
    assert refusal(world.preview, mother, registered, code, "x" * 11) is NICKNAME_UNUSABLE
    assert world.contents()["wrong_tries"] == []
    for number in range(4):
        assert refusal(world.preview, mother, registered, wrong_code(number)) is LINK_REFUSED
    assert refusal(world.link, mother, registered, wrong_code()) is LINK_REFUSED
    assert refusal(world.preview, mother, registered, code) is TOO_MANY_TRIES
    assert world.contents("wrong_tries") == before
    world.pass_time(hours=1)
    assert refusal(world.preview, mother, registered, code) is LINK_CODE_EXPIRED
    assert world.contents("wrong_tries") == before
    assert len(world.contents()["wrong_tries"]) == 5, "an expired code that was right is no try"


@pytest.mark.req("S-BIND-12")
def test_a_linked_account_has_no_list_of_another_gateway(world: World, registered: Gateway) -> None:
    neighbour = another_gateway()
    world.register(neighbour)
    father = world.person("father")
    world.link(father, neighbour, world.issue(neighbour))
    code = world.issue(registered)
    before = world.contents()
    assert refusal(world.preview, father, registered, code) is OTHER_GATEWAY
    assert world.contents() == before


@pytest.mark.req("S-BIND-16", "S-BIND-10")
def test_the_permit_of_the_list_makes_room_at_a_full_gateway(world: World, registered: Gateway) -> None:
    """T-08, T-16: who took all four places with codes of their own does not keep the owner out."""
    people = [world.person(f"person{number}") for number in range(4)]
    tokens = [world.session(each.email, f"person{n}").token for n, each in enumerate(people)]
    for number, token in enumerate(tokens):
        world.link(world.who(token), registered, world.issue(registered), f"{number}")
    owner, code = world.person("owner"), world.issue(registered)
    preview = world.preview(owner, registered, code)
    assert refusal(world.link, owner, registered, code) is ACCOUNTS_FULL
    unneeded = preview.users[2]
    left = world.remove(owner, unneeded.phone_id, preview.permit)
    assert listed(left) == [("0", False), ("1", False), ("3", False)]
    assert refusal(world.who, tokens[2]) is PHONE_REMOVED
    mail, *_ = world.registry.inbox()
    assert (mail.recipient, mail.subject) == (people[2].email, phone_removed_mail().subject)
    for each in people:
        who = world.log_in(each.email, "new")
        assert world.registry.events(who, world.now).events[0].kind == "phone_removed"
    assert nicknames(world.link(owner, registered, code)) == ("お父さん",)


@pytest.mark.req("S-BIND-16")
@pytest.mark.parametrize(
    ("seconds", "refused_as"),
    [(599.999, None), (600.0, PERMIT_REFUSED)],
)
def test_a_permit_is_good_for_ten_minutes(
    world: World, registered: Gateway, father: Who, seconds: float, refused_as: Kind | None
) -> None:
    mother, code = world.person("mother"), world.issue(registered)
    preview = world.preview(mother, registered, code)
    world.pass_time(seconds=seconds)
    mother = world.log_in(mother.email, "mother")
    phone_id, before = preview.users[0].phone_id, world.contents()
    if refused_as is None:
        assert world.remove(mother, phone_id, preview.permit) == ()
    else:
        assert refusal(world.remove, mother, phone_id, preview.permit) is refused_as
        assert world.contents() == before


@pytest.mark.req("S-BIND-16")
def test_a_permit_is_its_holders_alone_and_dies_with_the_pair_of_codes(
    world: World, registered: Gateway, father: Who
) -> None:
    """T-16: a permit is what a code that is still good has shown, and nothing more."""
    mother, thief = world.person("mother"), world.person("thief")
    first = world.preview(mother, registered, world.issue(registered))
    phone_id = first.users[0].phone_id
    for permit in (first.permit, "x" * 43):
        before = world.contents()
        assert refusal(world.remove, thief, phone_id, permit) is PERMIT_REFUSED
        assert world.contents() == before
    code = world.issue(registered)
    assert refusal(world.remove, mother, phone_id, first.permit) is PERMIT_REFUSED, "a newer code is out"
    second = world.preview(mother, registered, code)
    third = world.preview(mother, registered, code)
    assert refusal(world.remove, mother, phone_id, second.permit) is PERMIT_REFUSED, "a newer list is out"
    world.link(thief, registered, code, "thief")
    assert refusal(world.remove, mother, phone_id, third.permit) is PERMIT_REFUSED, "the code is spent"
    assert [user.nickname for user in world.registry.users(father).users] == ["お父さん", "thief"]


@pytest.mark.req("S-BIND-16")
def test_a_permit_reaches_no_phone_of_another_gateway(world: World, registered: Gateway, father: Who) -> None:
    neighbour = another_gateway()
    world.register(neighbour)
    link = world.link(world.person("neighbour"), neighbour, world.issue(neighbour))
    mother, code = world.person("mother"), world.issue(registered)
    permit = world.preview(mother, registered, code).permit
    before = world.contents()
    for phone_id in (link.phones[0].phone_id, "x" * 22):
        assert refusal(world.remove, mother, phone_id, permit) is PHONE_UNKNOWN
    assert world.contents() == before
