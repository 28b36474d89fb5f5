"""Change of phone, with a change code and without one (manual p25 to p27)."""

from collections.abc import Callable
from dataclasses import dataclass

import pytest

from cloud.notices import phone_moved_mail
from cloud.registry.sessions import Who
from protocol.problems import (
    CHANGE_CODE_EXPIRED,
    CHANGE_REFUSED,
    NOT_LINKED,
    PHONE_MOVED,
    PHONE_NOT_REGISTERED,
    PHONE_REGISTERED,
    PHONE_UNKNOWN,
    TOO_MANY_TRIES,
    Kind,
    Problem,
)
from tests.cloud.actors import Gateway, World, nicknames, refusal, request_id, wrong_code

pytestmark = [pytest.mark.adapters, pytest.mark.usefixtures("cheap_hashing")]

WEEK_S = 604_800


@dataclass
class Old:
    """The phone that gives its place away."""

    world: World
    token: str
    phone_id: str

    @property
    def who(self) -> Who:
        return self.world.who(self.token)


@pytest.fixture
def old(world: World, registered: Gateway) -> Old:
    father = world.person("father")
    link = world.link(father, registered, world.issue(registered), "一台目")
    return Old(world, world.session(father.email, "father").token, link.phones[0].phone_id)


def newcomer(world: World, name: str = "new") -> Who:
    return world.log_in("father@example.jp", name)


def refused(world: World, verb: Callable[..., object], *arguments: object) -> Kind:
    """Return why `verb` was refused, having seen that a wrong try, if anything, is all that was written."""
    before = world.contents("tallies")
    kind = refusal(verb, *arguments)
    assert world.contents("tallies") == before
    return kind


def wrong_tries(world: World) -> int:
    return sum(row[1] == "change_code_wrong" for row in world.contents()["tallies"])


@pytest.mark.req("S-CHG-06", "S-CHG-08", "S-CHG-10", "S-CHG-12", "S-CHG-14", "S-CHG-19", "S-CHG-21")
def test_the_new_phone_takes_slot_name_and_id_and_the_old_one_is_out(
    world: World, registered: Gateway, old: Old
) -> None:
    code, new = world.change_code(old.who), newcomer(world)
    link = world.move(new, code)
    assert (link.gateway_id, link.nickname, nicknames(link)) == (
        registered.gateway_id,
        "一台目",
        ("一台目",),
    )
    assert link.phones[0].phone_id == old.phone_id
    assert refusal(world.who, old.token) is PHONE_MOVED
    assert world.registry.users(new).users[0].nickname == "一台目"
    assert world.registry.events(new, world.now).events[0].kind == "phone_moved"
    mail, *_ = world.registry.inbox()
    assert (mail.recipient, mail.subject) == (new.email, phone_moved_mail().subject)


@pytest.mark.req("S-CHG-01", "S-CHG-03", "S-CHG-22")
def test_issuing_changes_nothing_but_the_code(world: World, old: Old) -> None:
    before = world.contents("change_codes")
    world.change_code(old.who)
    assert world.contents("change_codes") == before
    assert world.registry.current_link(old.who).nickname == "一台目"


@pytest.mark.req("S-CHG-01")
def test_without_an_issued_code_nothing_moves(world: World, old: Old) -> None:
    assert refused(world, world.move, newcomer(world), wrong_code()) is CHANGE_REFUSED


@pytest.mark.req("S-CHG-03", "S-CHG-20")
def test_only_a_registered_phone_issues_a_code(world: World, old: Old) -> None:
    assert refused(world, world.change_code, newcomer(world)) is PHONE_NOT_REGISTERED
    assert refused(world, world.change_code, world.person("mother")) is NOT_LINKED


@pytest.mark.req("S-CHG-05", "S-CHG-17", "S-CHG-22")
@pytest.mark.parametrize(("age_s", "kind"), [(WEEK_S - 0.001, None), (WEEK_S, CHANGE_CODE_EXPIRED)])
def test_a_code_is_good_for_a_week_and_the_old_phone_works_on_after_it(
    world: World, old: Old, age_s: float, kind: Kind | None
) -> None:
    code = world.change_code(old.who)
    world.pass_time(seconds=age_s)
    new = newcomer(world)
    if kind is None:
        assert world.move(new, code).nickname == "一台目"
        return
    assert refused(world, world.move, new, code) is kind
    assert wrong_tries(world) == 0, "a right code is no try"
    still = world.log_in("father@example.jp", "father")
    assert world.registry.current_link(still).nickname == "一台目"


@pytest.mark.req("S-CHG-16")
def test_a_code_works_once(world: World, old: Old) -> None:
    code = world.change_code(old.who)
    world.move(newcomer(world), code)
    assert refused(world, world.move, newcomer(world, "newer"), code) is CHANGE_REFUSED


@pytest.mark.req("S-CHG-18")
def test_a_newer_code_of_the_phone_voids_the_one_before(world: World, old: Old) -> None:
    first, second = world.change_code(old.who), world.change_code(old.who)
    assert refused(world, world.move, newcomer(world), first) is CHANGE_REFUSED
    world.move(newcomer(world), second)


@pytest.mark.req("S-CHG-15")
def test_another_accounts_code_is_answered_as_a_wrong_one(
    world: World, registered: Gateway, old: Old
) -> None:
    """T-14."""
    mother = world.person("mother")
    world.link(mother, registered, world.issue(registered), "お母さん")
    code, her_new = world.change_code(old.who), world.log_in(mother.email, "hers")
    answers = []
    for wrong in (code, wrong_code()):
        with pytest.raises(Problem) as problem:
            world.move(her_new, wrong)
        answers.append(problem.value.document())
    assert answers == [Problem(CHANGE_REFUSED).document()] * 2
    assert world.move(newcomer(world), code).nickname == "一台目"


@pytest.mark.req("S-CHG-23")
def test_both_phones_of_an_account_change_at_the_same_time(world: World, old: Old) -> None:
    second = newcomer(world, "second")
    world.add(second, "二台目")
    codes = [world.change_code(old.who), world.change_code(second)]
    assert nicknames(world.move(newcomer(world, "new2"), codes[1])) == ("一台目", "二台目")
    link = world.move(newcomer(world, "new1"), codes[0])
    assert (link.nickname, nicknames(link)) == ("一台目", ("一台目", "二台目"))


@pytest.mark.req("S-GEN-12")
def test_a_registered_phone_takes_no_other_slot(world: World, old: Old) -> None:
    second = newcomer(world, "second")
    other = world.add(second, "二台目")
    code = world.change_code(old.who)
    assert refused(world, world.move, second, code) is PHONE_REGISTERED
    assert refused(world, world.replace, second, other.phones[0].phone_id) is PHONE_REGISTERED
    assert wrong_tries(world) == 0
    world.move(newcomer(world), code)


def test_five_wrong_codes_an_hour_and_then_not_even_the_right_one(world: World, old: Old) -> None:
    code, new = world.change_code(old.who), newcomer(world)
    for number in range(5):
        assert refused(world, world.move, new, wrong_code(number)) is CHANGE_REFUSED
    world.pass_time(seconds=1)
    with pytest.raises(Problem) as problem:
        world.move(newcomer(world, "other"), code)
    assert (problem.value.kind, problem.value.facts) == (TOO_MANY_TRIES, {"retry_after_s": 3599})
    world.pass_time(seconds=3599)
    world.move(newcomer(world), code)


@pytest.mark.parametrize(("wrong", "survives"), [(9, True), (10, False)])
def test_a_code_survives_nine_wrong_tries_in_its_week(
    world: World, old: Old, wrong: int, survives: bool
) -> None:
    code = world.change_code(old.who)
    for number in range(wrong):
        assert refused(world, world.move, newcomer(world), wrong_code(number)) is CHANGE_REFUSED
        world.pass_time(hours=12)
    if survives:
        world.move(newcomer(world), code)
        return
    assert refused(world, world.move, newcomer(world), code) is CHANGE_REFUSED
    fresh = world.change_code(world.log_in("father@example.jp", "father"))
    world.move(newcomer(world), fresh)


@pytest.mark.req("S-CHG-04")
def test_of_a_code_only_a_peppered_hash_is_kept(world: World, old: Old) -> None:
    code = world.change_code(old.who)
    ((_, _, _, kept, *_),) = world.contents()["change_codes"]
    assert world.registry.pepper.verify(code, str(kept))
    values = [str(value) for rows in world.contents().values() for row in rows for value in row]
    assert code not in values


def test_a_code_that_is_not_issued_is_not_hashed(
    world: World, old: Old, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Security T-49."""
    assert old.phone_id
    new = newcomer(world)
    monkeypatch.setattr("cloud.pepper.Pepper.hash", None)
    assert refusal(world.change_code, new) is PHONE_NOT_REGISTERED


def test_every_wrong_code_takes_as_many_comparisons(
    world: World, old: Old, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whether the account has no code, one or two, or a spent one, cannot be told by the time it takes."""
    seen, verify = [], type(world.registry.pepper).verify

    def counted(_self: object, secret: str, kept: str | None) -> bool:
        seen.append(kept)
        return verify(world.registry.pepper, secret, kept)

    new = newcomer(world)
    monkeypatch.setattr("cloud.pepper.Pepper.verify", counted)
    refusal(world.move, new, wrong_code(1))
    code = world.change_code(old.who)
    refusal(world.move, new, wrong_code(2))
    assert [kept is None for kept in seen] == [True, True, False, True]
    world.move(new, code)
    assert len(seen) == 6


def test_a_code_that_is_voided_while_it_is_compared_moves_nothing(
    world: World, old: Old, monkeypatch: pytest.MonkeyPatch
) -> None:
    code, new, verify = world.change_code(old.who), newcomer(world), type(world.registry.pepper).verify

    def compared_slowly(_self: object, secret: str, kept: str | None) -> bool:
        world.change_code(old.who)
        return verify(world.registry.pepper, secret, kept)

    monkeypatch.setattr("cloud.pepper.Pepper.verify", compared_slowly)
    assert refusal(world.move, new, code) is CHANGE_REFUSED
    assert world.registry.current_link(old.who).nickname == "一台目"


def test_a_resent_request_moves_once(world: World, old: Old) -> None:
    """T-48."""
    code, new, asked = world.change_code(old.who), newcomer(world), request_id()
    first = world.move(new, code, asked)
    before = world.contents()
    world.pass_time(minutes=14)
    world.restart()
    assert world.move(new, code, asked) == first
    assert world.contents() == before


@pytest.mark.req("S-CHG-20", "S-CHG-12", "S-GEN-12")
def test_a_lost_phone_is_replaced_without_a_code(world: World, old: Old) -> None:
    """A-09, A-11: by who can log in; the code that the lost phone may have shown dies with it."""
    code, new, asked = world.change_code(old.who), newcomer(world), request_id()
    link = world.replace(new, old.phone_id, asked)
    assert (link.nickname, link.phones[0].phone_id) == ("一台目", old.phone_id)
    assert refusal(world.who, old.token) is PHONE_MOVED
    mail, *_ = world.registry.inbox()
    assert (mail.recipient, mail.subject) == (new.email, phone_moved_mail().subject)
    before = world.contents()
    assert world.replace(new, old.phone_id, asked) == link
    assert world.contents() == before
    assert refused(world, world.move, newcomer(world, "newer"), code) is CHANGE_REFUSED


def test_only_an_own_phone_can_be_replaced(world: World, registered: Gateway, old: Old) -> None:
    """T-17: ownership comes from the token, not from the id in the request."""
    mother = world.person("mother")
    world.link(mother, registered, world.issue(registered), "お母さん")
    her_new, stranger = world.log_in(mother.email, "hers"), world.person("stranger")
    assert refused(world, world.replace, her_new, old.phone_id) is PHONE_UNKNOWN
    assert refused(world, world.replace, newcomer(world), "x" * 22) is PHONE_UNKNOWN
    assert refused(world, world.replace, stranger, old.phone_id) is NOT_LINKED
