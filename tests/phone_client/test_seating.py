"""How a phone takes a slot, and how it loses it: by link code, nickname, change code, in place of another; deletion."""

from collections.abc import Awaitable, Callable

import pytest

from phone_client.phone import Phone
from phone_client.session import MemoryFile
from protocol.cloud_api import Link, Users
from protocol.codes import in_fours
from protocol.problems import (
    ACCOUNT_DELETED,
    CHANGE_CODE_MALFORMED,
    CODE_MALFORMED,
    LINK_REFUSED,
    NICKNAME_TAKEN,
    NOT_LINKED,
    PHONES_FULL,
    TOO_BUSY,
    Kind,
    Problem,
    UnreachableError,
)
from protocol.rules import APP_TERMS_VERSION
from tests.phone_client.cloud_double import (
    CHANGE_CODE,
    FATHER,
    GRANDMOTHER,
    LINK,
    NOW,
    PERMIT,
    PREVIEW,
    UNREGISTERED,
)
from tests.phone_client.person import DEVICE_CODE, LINK_CODE, World

pytestmark = pytest.mark.adapters

LINKS, PREVIEWS = "POST /api/v1/links", "POST /api/v1/link-previews"
DELETION = "DELETE /api/v1/links/current"
THREE = ("お父さん", DEVICE_CODE, LINK_CODE)


async def _link(phone: Phone) -> Link:
    return (await phone.link(*THREE)).link


Take = Callable[[Phone], Awaitable[Link]]
WAYS: dict[str, Take] = {
    LINKS: _link,
    "POST /api/v1/phones": lambda phone: phone.add_phone("お母さん"),
    "POST /api/v1/phones/moves": lambda phone: phone.move_here(CHANGE_CODE),
    "POST /api/v1/phones/replacements": lambda phone: phone.replace_phone(FATHER.phone_id),
}


async def refusal(world: World, take: Take) -> Problem:
    async with world.phone() as phone:
        with pytest.raises(Problem) as refused:
            await take(phone)
    return refused.value


def ids(world: World, route: str) -> list[object]:
    return [body["request_id"] for body in world.cloud.bodies(route)]


@pytest.mark.req("S-BIND-20")
@pytest.mark.parametrize("route", WAYS)
async def test_a_lost_answer_is_asked_for_again_under_the_same_request(logged_in: World, route: str) -> None:
    logged_in.cloud.answers[route] = [None, Problem(TOO_BUSY, retry_after_s=1), LINK]
    for raised in (UnreachableError, Problem, None):
        async with logged_in.phone() as phone:
            if raised:
                with pytest.raises(raised):
                    await WAYS[route](phone)
                assert (await phone.standing()).link is None
            else:
                assert await WAYS[route](phone) == LINK
                assert (await phone.standing()).link == LINK
                await WAYS[route](phone)
    *same, last = ids(logged_in, route)
    assert len(same) == 3
    assert len(set(same)) == 1
    assert last not in same


@pytest.mark.parametrize("route", WAYS)
async def test_a_refused_request_and_the_next_are_two_and_nothing_is_kept(
    logged_in: World, route: str
) -> None:
    logged_in.cloud.answers[route] = Problem(LINK_REFUSED)
    before = await logged_in.contents()
    for _ in range(2):
        assert (await refusal(logged_in, WAYS[route])).kind is LINK_REFUSED
    assert len(set(ids(logged_in, route))) == 2
    assert await logged_in.contents() == before


async def test_another_request_than_the_lost_one_has_an_id_of_its_own(logged_in: World) -> None:
    route = "POST /api/v1/phones"
    logged_in.cloud.answers[route] = None
    async with logged_in.phone() as phone:
        for nickname in ("お母さん", "おかあさん", "お母さん"):
            with pytest.raises(UnreachableError):
                await phone.add_phone(nickname)
    assert len(set(ids(logged_in, route))) == 3


@pytest.mark.req("S-BIND-02", "S-DISC-11")
async def test_the_consent_goes_with_the_codes_whether_it_was_found_or_not(logged_in: World) -> None:
    async with logged_in.phone() as phone:
        await phone.link(*THREE)
    (sent,) = logged_in.cloud.bodies(LINKS)
    assert sent["consent"] == {
        "terms_version": APP_TERMS_VERSION,
        "agreed_at": NOW.isoformat().replace("+00:00", "Z"),
    }


@pytest.mark.req("S-BIND-15", "S-BIND-16")
async def test_a_preview_tells_who_uses_it_and_its_permit_removes_them(logged_in: World) -> None:
    logged_in.cloud.answers[PREVIEWS] = PREVIEW.model_copy(update={"users": (GRANDMOTHER,)})
    before = await logged_in.contents()
    async with logged_in.phone() as phone:
        preview = await phone.preview("お父さん", "1234-567890", in_fours(LINK_CODE))
        assert preview.users == (GRANDMOTHER,)
        assert await phone.remove_user(GRANDMOTHER.phone_id, preview.permit) == Users(users=())
    (sent,) = logged_in.cloud.bodies(PREVIEWS)
    assert (sent["device_code"], sent["link_code"]) == (DEVICE_CODE, LINK_CODE)
    (removal,) = logged_in.cloud.bodies("POST /api/v1/users/removals")
    assert removal == {"phone_id": GRANDMOTHER.phone_id, "permit": PERMIT}
    assert await logged_in.contents() == before
    assert LINKS not in logged_in.cloud.routes()


async def test_only_a_link_that_was_sent_and_not_answered_was_sent(logged_in: World) -> None:
    async with logged_in.phone() as phone:
        await phone.preview(*THREE)
        assert not await phone.was_sent(*THREE)
        logged_in.cloud.answers[LINKS] = None
        with pytest.raises(UnreachableError):
            await phone.link(*THREE)
        assert await phone.was_sent("お父さん", f" {DEVICE_CODE}", in_fours(LINK_CODE))
        assert not await phone.was_sent("お母さん", DEVICE_CODE, LINK_CODE)
        logged_in.cloud.answers[LINKS] = LINK
        await phone.link(*THREE)
        assert not await phone.was_sent(*THREE)


@pytest.mark.req("S-CHG-04")
async def test_neither_a_link_code_nor_a_change_code_is_ever_on_the_disk(logged_in: World) -> None:
    async with logged_in.phone() as phone:
        issued = await phone.issue_change_code()
        assert issued.change_code == CHANGE_CODE
        for route in (LINKS, "POST /api/v1/phones/moves"):
            logged_in.cloud.answers[route] = None
            with pytest.raises(UnreachableError):
                await WAYS[route](phone)
            contents = await logged_in.contents()
            for code in (CHANGE_CODE, LINK_CODE):
                assert code not in contents
                assert in_fours(code) not in contents


async def test_codes_that_cannot_be_right_are_refused_before_anything_is_sent(logged_in: World) -> None:
    async def preview(phone: Phone) -> Link:
        await phone.preview("お父さん", DEVICE_CODE, CHANGE_CODE[:-1])
        raise AssertionError

    wrong = CHANGE_CODE[:-1] + str((int(CHANGE_CODE[-1]) + 1) % 10)
    assert (await refusal(logged_in, lambda phone: phone.move_here(wrong))).kind is CHANGE_CODE_MALFORMED
    assert (await refusal(logged_in, preview)).kind is CODE_MALFORMED
    assert logged_in.cloud.requests == []


@pytest.mark.req("S-CHG-10", "S-LC-24")
async def test_a_change_code_may_be_typed_as_it_is_shown(logged_in: World) -> None:
    async with logged_in.phone() as phone:
        assert await phone.move_here(in_fours(CHANGE_CODE)) == LINK
    (sent,) = logged_in.cloud.bodies("POST /api/v1/phones/moves")
    assert sent["change_code"] == CHANGE_CODE


@pytest.mark.req("S-ADD-05", "S-ADD-06", "S-UI-02")
@pytest.mark.parametrize(
    ("kind", "words"),
    [(PHONES_FULL, "上限に達しています"), (NICKNAME_TAKEN, "1台目と違うニックネームを入力してください。")],
)
async def test_a_further_phone_is_refused_in_the_manuals_words(
    logged_in: World, kind: Kind, words: str
) -> None:
    logged_in.cloud.answers["POST /api/v1/phones"] = Problem(kind)
    refused = await refusal(logged_in, WAYS["POST /api/v1/phones"])
    assert refused.sentence("ja") == words
    assert (await logged_in.memory()).link is None


@pytest.mark.req("S-ADD-08", "S-ADD-12", "S-CHG-21")
async def test_a_further_phone_and_a_new_one_send_no_code_of_the_gateway(logged_in: World) -> None:
    async with logged_in.phone() as phone:
        await phone.add_phone("お母さん")
        await phone.move_here(CHANGE_CODE)
        await phone.replace_phone(FATHER.phone_id)
    assert logged_in.cloud.routes() == [route for route in WAYS if route != LINKS]
    sent = [set(logged_in.cloud.bodies(route)[0]) - {"request_id"} for route in WAYS if route != LINKS]
    assert sent == [{"nickname"}, {"change_code"}, {"phone_id"}]


async def test_a_link_that_is_gone_at_the_cloud_is_gone_here(logged_in: World) -> None:
    for ask in (Phone.current_link, Phone.users, Phone.timeline):
        await MemoryFile(logged_in.settings.store.folder).remember(link=UNREGISTERED)
        for route in ("GET /api/v1/links/current", "GET /api/v1/users", "GET /api/v1/timeline"):
            logged_in.cloud.answers[route] = Problem(NOT_LINKED)
        async with logged_in.phone() as phone:
            with pytest.raises(Problem) as refused:
                await ask(phone)
            assert refused.value.kind is NOT_LINKED
            assert (await phone.standing()).link is None


@pytest.mark.req("S-DEL-03", "S-DEL-15")
async def test_a_deletion_that_was_not_answered_is_none_until_it_is(logged_in: World) -> None:
    file = MemoryFile(logged_in.settings.store.folder)
    before = await file.remember(link=LINK)
    async with logged_in.phone() as phone:
        for no_answer in (None, "<html>"):
            logged_in.cloud.answers[DELETION] = no_answer
            with pytest.raises(UnreachableError):
                await phone.delete_account()
            assert await file.recall() == before
        logged_in.cloud.answers[DELETION] = Problem(ACCOUNT_DELETED)
        await phone.delete_account()
        standing = await phone.standing()
    assert (standing.email, standing.link, standing.ended) == (None, None, None)
    after = await file.recall()
    assert after == before.model_copy(update={"login": None, "link": None})


@pytest.mark.req("S-DEL-01", "S-DEL-05")
async def test_a_deleted_account_can_log_in_again_and_starts_at_the_search(logged_in: World) -> None:
    await MemoryFile(logged_in.settings.store.folder).remember(link=LINK, introduced=True)
    async with logged_in.phone() as phone:
        await phone.delete_account()
        assert (await phone.standing()).place == "login"
        await phone.log_in("father@example.com", "correct horse battery")
        assert (await phone.standing()).place == "search"
    assert logged_in.cloud.routes() == [DELETION, "POST /api/v1/sessions"]


async def test_without_a_link_there_is_nothing_to_delete(logged_in: World) -> None:
    logged_in.cloud.answers[DELETION] = Problem(NOT_LINKED)
    before = await logged_in.contents()
    async with logged_in.phone() as phone:
        with pytest.raises(Problem) as refused:
            await phone.delete_account()
    assert refused.value.kind is NOT_LINKED
    assert await logged_in.contents() == before
