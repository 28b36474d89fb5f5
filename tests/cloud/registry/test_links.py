from collections.abc import Callable
from datetime import timedelta
from itertools import permutations

import pytest

from cloud.instants import to_ms
from cloud.notices import phone_added_mail
from cloud.registry.sessions import Who
from protocol.problems import (
    ACCOUNTS_FULL,
    APP_TERMS_NOT_ACCEPTED,
    LINK_CODE_EXPIRED,
    LINK_REFUSED,
    NICKNAME_TAKEN,
    NOT_LINKED,
    OTHER_GATEWAY,
    PHONES_FULL,
    Kind,
    Problem,
)
from protocol.registering import Consent
from protocol.rules import APP_TERMS_VERSION
from tests.cloud.actors import HOME, Gateway, World, another_gateway, link_request, nicknames, wrong_code
from tests.cloud.actors import refusal as refused_kind
from tests.cloud.registry.trying import refusal, tries

pytestmark = pytest.mark.adapters


@pytest.mark.req("S-BIND-03", "S-BIND-06")
def test_nickname_device_code_and_link_code_make_a_link(world: World, registered: Gateway) -> None:
    father = world.person("father")
    link = world.link(father, registered, world.issue(registered), "お父さん")
    assert link == world.registry.current_link(father)
    assert (link.gateway_id, link.model, link.firmware) == (registered.gateway_id, "MKN702", "2.10")
    assert (link.linked_at, link.nickname, nicknames(link)) == (world.now, "お父さん", ("お父さん",))
    assert tries(world) == 0


def test_a_new_login_is_told_of_the_link(world: World, registered: Gateway) -> None:
    world.link(world.person("father"), registered, world.issue(registered))
    other_phone = world.log_in("father@example.jp", "other")
    link = world.registry.current_link(other_phone)
    assert (link.nickname, nicknames(link)) == (None, ("お父さん",))


def test_without_a_link_there_is_none(world: World) -> None:
    with pytest.raises(Problem) as refused:
        world.registry.current_link(world.person("father"))
    assert refused.value.kind is NOT_LINKED


@pytest.mark.req("S-LC-12", "S-LC-13", "S-BIND-09")
@pytest.mark.parametrize(("age_s", "refused_as"), [(3599.999, None), (3600.0, LINK_CODE_EXPIRED)])
def test_a_code_is_good_for_one_hour(
    world: World, registered: Gateway, age_s: float, refused_as: Kind | None
) -> None:
    father = world.person("father")
    code = world.issue(registered)
    world.pass_time(seconds=age_s)
    if refused_as is None:
        world.link(father, registered, code)
    else:
        assert refusal(world, father, registered, code).kind is refused_as
        assert tries(world) == 0


@pytest.mark.req("S-LC-17")
def test_a_code_links_once(world: World, registered: Gateway) -> None:
    code = world.issue(registered)
    world.link(world.person("father"), registered, code)
    assert refusal(world, world.person("mother"), registered, code).kind is LINK_REFUSED


@pytest.mark.req("S-LC-18")
def test_a_newer_code_voids_the_one_before(world: World, registered: Gateway) -> None:
    father = world.person("father")
    old, new = world.issue(registered), world.issue(registered)
    assert refusal(world, father, registered, old).kind is LINK_REFUSED
    world.link(father, registered, new)


@pytest.mark.req("S-LC-18")
def test_a_code_that_is_voided_while_it_is_compared_does_not_link(
    world: World, registered: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    father, code, verify = world.person("father"), world.issue(registered), type(world.registry.pepper).verify

    def compared_slowly(_self: object, secret: str, kept: str | None) -> bool:
        world.issue(registered)
        return verify(world.registry.pepper, secret, kept)

    monkeypatch.setattr("cloud.pepper.Pepper.verify", compared_slowly)
    with pytest.raises(Problem) as refused:
        world.link(father, registered, code)
    assert refused.value.kind is LINK_REFUSED
    assert world.contents()["links"] == []


@pytest.mark.req("S-LC-19")
def test_a_code_works_with_its_own_gateway_only(world: World, registered: Gateway) -> None:
    neighbour = another_gateway()
    world.register(neighbour)
    world.issue(neighbour)
    code = world.issue(registered)
    assert refusal(world, world.person("father"), neighbour, code).kind is LINK_REFUSED


@pytest.mark.req("S-GEN-17", "S-BIND-10", "S-BIND-21", "S-LC-23")
def test_four_accounts_a_gateway_and_the_fifth_spends_nothing(world: World, registered: Gateway) -> None:
    for number in range(4):
        world.link(world.person(f"person{number}"), registered, world.issue(registered))
    code = world.issue(registered)
    assert refusal(world, world.person("fifth"), registered, code).kind is ACCOUNTS_FULL
    assert tries(world) == 0
    second_phone = world.log_in("person2@example.jp", "second")
    link = world.link(second_phone, registered, code, "二台目")
    assert nicknames(link) == ("お父さん", "二台目")


@pytest.mark.req("S-GEN-18", "S-BIND-11", "S-BIND-21")
def test_the_second_phone_takes_slot_two_and_the_third_spends_nothing(
    world: World, registered: Gateway
) -> None:
    world.link(world.person("father"), registered, world.issue(registered), "一台目")
    second, third = (world.log_in("father@example.jp", name) for name in ("second", "third"))
    link = world.link(second, registered, world.issue(registered), "二台目")
    assert (link.nickname, nicknames(link)) == ("二台目", ("一台目", "二台目"))
    assert len(world.contents()["links"]) == 1
    code = world.issue(registered)
    assert refusal(world, third, registered, code, "三台目").kind is PHONES_FULL
    assert tries(world) == 0
    world.link(world.person("mother"), registered, code)


@pytest.mark.req("S-GEN-12")
def test_the_same_installation_never_takes_a_second_slot(world: World, registered: Gateway) -> None:
    father = world.person("father")
    world.link(father, registered, world.issue(registered), "一台目")
    link = world.link(father, registered, world.issue(registered), "新しい名")
    assert nicknames(link) == ("新しい名",)


@pytest.mark.req("S-BIND-14", "S-BIND-21")
def test_nicknames_differ_within_an_account_and_may_repeat_across(world: World, registered: Gateway) -> None:
    world.link(world.person("father"), registered, world.issue(registered), "Papa")
    second = world.log_in("father@example.jp", "second")
    code = world.issue(registered)
    assert refusal(world, second, registered, code, "ｐａｐａ").kind is NICKNAME_TAKEN
    world.link(world.person("mother"), registered, code, "Papa")


@pytest.mark.req("S-GEN-13", "S-BIND-12", "S-BIND-21")
def test_a_linked_account_or_app_is_refused_at_another_gateway(world: World, registered: Gateway) -> None:
    neighbour = another_gateway()
    world.register(neighbour)
    world.link(world.person("father", "phone"), registered, world.issue(registered))
    code = world.issue(neighbour)
    same_account = world.log_in("father@example.jp", "second")
    same_app = world.person("mother", "phone")
    assert refusal(world, same_account, neighbour, code, "二台目").kind is OTHER_GATEWAY
    assert refusal(world, same_app, neighbour, code).kind is OTHER_GATEWAY
    world.link(world.person("other"), neighbour, code)


@pytest.mark.req("S-BIND-20")
def test_a_resent_request_returns_the_same_success_once(world: World, registered: Gateway) -> None:
    father, code = world.person("father"), world.issue(registered)
    first = world.link(father, registered, code, request="request-lost-answer")
    before = world.contents()
    world.pass_time(hours=2)
    world.restart()
    assert world.link(father, registered, code, request="request-lost-answer") == first
    assert world.contents() == before


def test_another_account_cannot_repeat_a_request(world: World, registered: Gateway) -> None:
    code = world.issue(registered)
    world.link(world.person("father"), registered, code, request="request-lost-answer")
    mother = world.person("mother")
    assert refusal(world, mother, registered, code, request="request-lost-answer").kind is LINK_REFUSED


def test_everything_survives_a_restart(world: World, registered: Gateway) -> None:
    father, code = world.person("father"), world.issue(registered)
    refusal(world, father, registered, wrong_code())
    before = world.contents()
    world.restart()
    assert world.contents() == before
    world.link(father, registered, code)


@pytest.mark.req("S-LC-22")
def test_a_code_stays_redeemable_when_the_gateway_falls_silent(world: World, registered: Gateway) -> None:
    code = world.issue(registered)
    world.restart()
    world.pass_time(minutes=59)
    world.link(world.person("father"), registered, code)


@pytest.mark.req("S-FLOW-04", "S-GEN-02")
@pytest.mark.parametrize("order", list(permutations(("register", "begin", "sign up", "link"))))
def test_without_an_issued_code_no_order_of_steps_binds_a_phone(
    world: World, gateway: Gateway, order: tuple[str, ...]
) -> None:
    people: list[Who] = []

    def link_in_vain() -> None:
        for who in people:
            assert refused_kind(world.link, who, gateway, wrong_code()) is LINK_REFUSED

    steps: dict[str, Callable[[], object]] = {
        "register": lambda: world.register(gateway),
        "begin": lambda: world.begin(gateway),
        "sign up": lambda: people.append(world.person("father")),
        "link": link_in_vain,
    }
    for name in (*order, "link"):
        steps[name]()
    assert people
    assert world.contents()["links"] == []


@pytest.mark.req("S-BIND-02")
def test_a_consent_to_the_apps_terms_is_needed_and_kept_with_its_version(
    world: World, registered: Gateway
) -> None:
    father, code = world.person("father"), world.issue(registered)
    agreed_at = world.now - timedelta(minutes=3)
    asked = link_request(registered, code)
    before = world.contents()
    stale = asked.model_copy(update={"consent": Consent(terms_version="2013-03", agreed_at=agreed_at)})
    for verb in (world.registry.link, world.registry.preview_link):
        assert refused_kind(verb, father, stale, HOME, world.now) is APP_TERMS_NOT_ACCEPTED
    assert world.contents() == before
    present = Consent(terms_version=APP_TERMS_VERSION, agreed_at=agreed_at)
    world.registry.link(father, asked.model_copy(update={"consent": present}), HOME, world.now)
    ((*_, account_id, version, at_ms, recorded_ms),) = world.contents()["app_consents"]
    assert (account_id, version) == (father.account_id, APP_TERMS_VERSION)
    assert (at_ms, recorded_ms) == (to_ms(agreed_at), to_ms(world.now))


@pytest.mark.req("S-BIND-17")
def test_a_link_says_which_firmware_is_the_latest(world: World, registered: Gateway) -> None:
    father = world.person("father")
    link = world.link(father, registered, world.issue(registered))
    assert (link.firmware, link.latest_firmware, link.is_outdated) == ("2.10", "2.10", False)
    world.registry.publish_release("MKN702", "2.11", "新機能", "New", world.now)
    link = world.registry.current_link(father)
    assert (link.firmware, link.latest_firmware, link.is_outdated) == ("2.10", "2.11", True)


def events_of(world: World, who: Who) -> list[str]:
    return [event.kind for event in world.registry.events(who, world.now).events]


def test_everybody_at_the_gateway_is_told_of_a_link(world: World, registered: Gateway) -> None:
    """T-11: nobody comes in unnoticed."""
    father, mother = world.person("father"), world.person("mother")
    world.link(father, registered, world.issue(registered))
    assert events_of(world, father) == ["linked"]
    world.link(mother, registered, world.issue(registered))
    assert events_of(world, father) == ["linked", "link_code_issued", "linked"]
    assert events_of(world, mother) == ["linked"]


@pytest.mark.req("S-BIND-11", "S-ADD-13")
def test_the_first_phone_is_told_of_a_second_that_came_by_a_code(world: World, registered: Gateway) -> None:
    father = world.person("father")
    world.link(father, registered, world.issue(registered), "一台目")
    mails = len(world.registry.inbox())
    world.link(world.log_in(father.email, "second"), registered, world.issue(registered), "二台目")
    assert events_of(world, father)[0] == "phone_added"
    mail, *_ = world.registry.inbox()
    assert len(world.registry.inbox()) == mails + 1
    assert (mail.recipient, mail.subject) == (father.email, phone_added_mail().subject)


@pytest.mark.req("S-GEN-19")
def test_eight_phones_a_gateway(world: World, registered: Gateway) -> None:
    for number in range(4):
        world.link(world.person(f"person{number}"), registered, world.issue(registered), "一台目")
        world.add(world.log_in(f"person{number}@example.jp", f"b{number}"), "二台目")
    assert len(world.registry.users(world.log_in("person0@example.jp", "person0")).users) == 8
    assert len({row[1:3] for row in world.contents()["links"]}) == 4
    for number in range(4):
        third = world.log_in(f"person{number}@example.jp", f"c{number}")
        assert refused_kind(world.add, third, "三台目") is PHONES_FULL
    assert refusal(world, world.person("fifth"), registered, world.issue(registered)).kind is ACCOUNTS_FULL
