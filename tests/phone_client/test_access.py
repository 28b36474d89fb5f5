"""Sessions: opened in a browser or a terminal, renewed by themselves, ended here or from afar."""

import asyncio
import os
import stat
import sys
from base64 import urlsafe_b64encode
from datetime import timedelta
from hashlib import sha256
from urllib.parse import parse_qs, urlsplit

import pytest

from phone_client.access import ENDINGS
from phone_client.phone import Phone
from phone_client.session import MAX_LOGGED_OUT, Login, MemoryFile
from phone_client.settings import Cloud
from protocol.cloud_api import Session
from protocol.problems import (
    ACCOUNT_DELETED,
    AUTHORIZATION_REFUSED,
    NOT_LOGGED_IN,
    PHONE_MOVED,
    TOO_BUSY,
    AisegError,
    Kind,
    Problem,
    UnreachableError,
)
from tests.phone_client import cloud_double
from tests.phone_client.cloud_double import CLUB, EMAIL, EVENTS, LINK, NOW, REFRESH, SESSION, TIMELINE, TOKEN
from tests.phone_client.person import PASSWORD, World
from tests.support.waiting import until

pytestmark = pytest.mark.adapters

BACK = "http://127.0.0.1:8082/login/callback"
EVENTS_ROUTE = "GET /api/v1/events"
RENEWALS = "POST /api/v1/sessions/renewals"
AUTHORIZED = "POST /api/v1/sessions/authorized"
LOGOUT = "DELETE /api/v1/sessions/current"
NEXT = SESSION.model_copy(update={"token": "t0ken-number-two", "refresh_token": "refresh-number-two"})


def query_of(url: str) -> dict[str, str]:
    return {name: value for name, (value,) in parse_qs(urlsplit(url).query).items()}


async def refusal(phone: Phone, code: str, state: str) -> Kind:
    with pytest.raises(Problem) as refused:
        await phone.finish_login(code, state)
    return refused.value.kind


@pytest.mark.req("S-2FA-08", "S-APP-07")
async def test_the_browser_is_sent_to_the_club_with_a_digest_only(world: World) -> None:
    async with world.phone() as phone:
        url = await phone.begin_login(BACK, "en")
        begun = (await world.memory()).authorizing
        sign_up = await phone.begin_login(BACK, sign_up=True)
    assert begun
    digest = urlsafe_b64encode(sha256(begun.code_verifier.encode()).digest()).rstrip(b"=").decode()
    assert url.startswith(f"{CLUB}?")
    assert query_of(url) == {
        "response_type": "code",
        "client_id": "aiseg-app",
        "redirect_uri": BACK,
        "state": begun.state,
        "code_challenge": digest,
        "code_challenge_method": "S256",
        "lang": "en",
    }
    assert begun.code_verifier not in url
    assert len(begun.code_verifier) >= 43
    assert query_of(sign_up).items() >= {"tab": "signup", "lang": "ja"}.items()
    assert query_of(sign_up)["state"] != begun.state
    file = world.settings.store.folder / "phone.json"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


@pytest.mark.req("S-2FA-08")
async def test_the_way_back_opens_the_session_once_and_no_password_was_seen(world: World) -> None:
    async with world.phone() as phone:
        state = query_of(await phone.begin_login(BACK))["state"]
        begun = (await world.memory()).authorizing
        session = await phone.finish_login("code-from-the-club", state)
        assert (session.email, (await phone.standing()).email) == (EMAIL, EMAIL)
        assert await refusal(phone, "code-from-the-club", state) is AUTHORIZATION_REFUSED
        assert await phone.events() == EVENTS
    (sent,) = world.cloud.bodies(AUTHORIZED)
    memory = await world.memory()
    assert begun
    assert memory.authorizing is None
    assert sent["code_verifier"] == begun.code_verifier
    assert (sent["code"], sent["redirect_uri"]) == ("code-from-the-club", BACK)
    assert sent["installation_id"] == memory.installation_id
    assert "password" not in "".join(body for _, _, body in world.cloud.requests)


@pytest.mark.req("S-2FA-08")
@pytest.mark.parametrize("state", ["", "another-state", "ｓｔａｔｅ"])
async def test_a_way_back_that_was_not_begun_here_changes_nothing(world: World, state: str) -> None:
    async with world.phone() as phone:
        assert await refusal(phone, "code-from-the-club", state) is AUTHORIZATION_REFUSED
        right = query_of(await phone.begin_login(BACK))["state"]
        before = await world.contents()
        assert await refusal(phone, "code-from-the-club", state) is AUTHORIZATION_REFUSED
        assert await refusal(phone, "code-from-the-club", right[:-1]) is AUTHORIZATION_REFUSED
        assert await world.contents() == before
        assert AUTHORIZED not in world.cloud.routes()
        await phone.finish_login("code-from-the-club", right)


async def test_a_login_that_was_given_up_has_no_way_back(world: World) -> None:
    async with world.phone() as phone:
        state = query_of(await phone.begin_login(BACK))["state"]
        await phone.cancel_login()
        assert await refusal(phone, "code-from-the-club", state) is AUTHORIZATION_REFUSED
    assert AUTHORIZED not in world.cloud.routes()


async def test_a_way_back_is_never_told_to_another_cloud(world: World) -> None:
    async with world.phone() as phone, cloud_double.running() as other:
        state = query_of(await phone.begin_login(BACK))["state"]
        async with Phone(world.settings.model_copy(update={"cloud": Cloud(url=other.url)})) as elsewhere:
            assert await refusal(elsewhere, "code-from-the-club", state) is AUTHORIZATION_REFUSED
    assert other.requests == []


async def test_a_club_that_cannot_be_asked_begins_nothing(world: World) -> None:
    world.cloud.answers["GET /api/v1/club"] = None
    async with world.phone() as phone:
        with pytest.raises(UnreachableError):
            await phone.begin_login(BACK)
    assert (await world.memory()).authorizing is None


async def test_a_token_is_renewed_before_it_expires_and_the_pair_is_kept(logged_in: World) -> None:
    logged_in.cloud.answers[RENEWALS] = NEXT
    async with logged_in.phone() as phone:
        await phone.events()
        logged_in.clock.instant += timedelta(seconds=3569)
        await phone.events()
        logged_in.clock.instant += timedelta(seconds=1)
        await phone.events()
        await phone.timeline()
    assert logged_in.cloud.tokens(EVENTS_ROUTE) == [TOKEN, TOKEN, NEXT.token]
    assert logged_in.cloud.tokens("GET /api/v1/timeline") == [NEXT.token]
    assert logged_in.cloud.bodies(RENEWALS) == [{"refresh_token": REFRESH}]
    kept = (await logged_in.memory()).login
    assert kept
    assert (kept.token, kept.refresh_token) == (NEXT.token, NEXT.refresh_token)
    assert kept.expires_at == NOW + timedelta(seconds=3570 + 3600)


async def test_a_token_that_is_refused_is_renewed_and_the_question_asked_again(logged_in: World) -> None:
    logged_in.cloud.answers[EVENTS_ROUTE] = [Problem(NOT_LOGGED_IN), EVENTS]
    logged_in.cloud.answers[RENEWALS] = NEXT
    async with logged_in.phone() as phone:
        assert await phone.events() == EVENTS
    assert logged_in.cloud.tokens(EVENTS_ROUTE) == [TOKEN, NEXT.token]


async def test_many_questions_at_once_renew_once(logged_in: World) -> None:
    logged_in.cloud.answers[RENEWALS] = [NEXT, Problem(ENDINGS[-1])]
    logged_in.clock.instant += timedelta(hours=2)
    async with logged_in.phone() as phone, asyncio.TaskGroup() as tasks:
        for _ in range(20):
            tasks.create_task(phone.events())
    assert logged_in.cloud.bodies(RENEWALS) == [{"refresh_token": REFRESH}]
    assert set(logged_in.cloud.tokens(EVENTS_ROUTE)) == {NEXT.token}


async def test_processes_that_share_a_folder_renew_once(world: World) -> None:
    login = Login(
        cloud_url=world.cloud.url,
        email=EMAIL,
        token=TOKEN,
        expires_at=NOW - timedelta(days=10_000),
        refresh_token=REFRESH,
    )
    await MemoryFile(world.settings.store.folder).remember(login=login)
    world.cloud.answers[RENEWALS] = [NEXT, Problem(ENDINGS[-1])]
    words = ("events", "--state", str(world.settings.store.folder), "--cloud", world.cloud.url)

    async def events() -> int:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "phone_client", *words), stdout=asyncio.subprocess.DEVNULL
        )
        return await process.wait()

    async with asyncio.TaskGroup() as tasks:
        ended = [tasks.create_task(events()) for _ in range(3)]
    assert [each.result() for each in ended] == [0, 0, 0]
    assert world.cloud.bodies(RENEWALS) == [{"refresh_token": REFRESH}]
    assert world.cloud.tokens(EVENTS_ROUTE) == [NEXT.token] * 3


async def test_a_renewal_whose_answer_was_lost_is_repeated_with_the_same_token(logged_in: World) -> None:
    logged_in.cloud.answers[RENEWALS] = [None, NEXT]
    logged_in.clock.instant += timedelta(hours=2)
    async with logged_in.phone() as phone:
        with pytest.raises(UnreachableError):
            await phone.events()
        assert await phone.events() == EVENTS
    assert logged_in.cloud.bodies(RENEWALS) == [{"refresh_token": REFRESH}] * 2


async def test_a_renewal_that_nobody_waits_for_any_more_is_kept_all_the_same(logged_in: World) -> None:
    logged_in.cloud.answers[RENEWALS] = NEXT
    logged_in.cloud.held[RENEWALS] = asyncio.Event()
    logged_in.clock.instant += timedelta(hours=2)
    async with logged_in.phone() as phone, asyncio.TaskGroup() as tasks:
        asked = tasks.create_task(phone.events())
        await until(lambda: RENEWALS in logged_in.cloud.routes(), "the renewal")
        asked.cancel()
        logged_in.cloud.held[RENEWALS].set()

    async def token() -> bool:
        login = (await logged_in.memory()).login
        return login is not None and login.token == NEXT.token

    await until(token, "the next pair")


@pytest.mark.req("S-CHG-14", "S-DEL-12")
@pytest.mark.parametrize("kind", ENDINGS)
@pytest.mark.parametrize("route", [EVENTS_ROUTE, RENEWALS])
async def test_a_session_that_ended_from_afar_is_over_here_and_says_why(
    logged_in: World, kind: Kind, route: str
) -> None:
    await MemoryFile(logged_in.settings.store.folder).remember(link=LINK, introduced=True)
    logged_in.cloud.answers[route] = Problem(kind)
    if route == RENEWALS:
        logged_in.clock.instant += timedelta(hours=2)
    async with logged_in.phone() as phone:
        for _ in range(2):
            with pytest.raises(Problem) as refused:
                await phone.events()
            assert refused.value.kind is kind
        standing = await phone.standing()
        assert (standing.place, standing.ended, standing.link) == ("login", kind, None)
        assert logged_in.cloud.routes().count(route) == 1
        await phone.log_in(EMAIL, PASSWORD)
        assert (await phone.standing()).ended is None
    assert LOGOUT not in logged_in.cloud.routes()


async def test_a_refresh_token_out_of_time_ends_in_the_login(logged_in: World) -> None:
    logged_in.cloud.answers[RENEWALS] = Problem(NOT_LOGGED_IN)
    logged_in.clock.instant += timedelta(days=31)
    async with logged_in.phone() as phone:
        with pytest.raises(Problem) as refused:
            await phone.timeline()
        assert refused.value.kind is NOT_LOGGED_IN
        assert ((await phone.standing()).email, (await phone.standing()).ended) == (None, None)


async def test_the_end_of_an_old_session_does_not_end_a_new_one(logged_in: World) -> None:
    logged_in.cloud.answers[EVENTS_ROUTE] = Problem(PHONE_MOVED)
    logged_in.cloud.held[EVENTS_ROUTE] = asyncio.Event()
    logged_in.cloud.answers["POST /api/v1/sessions"] = NEXT
    async with logged_in.phone() as phone, asyncio.TaskGroup() as tasks:
        asked = tasks.create_task(failure(phone))
        await until(lambda: EVENTS_ROUTE in logged_in.cloud.routes(), "the question")
        await phone.log_in(EMAIL, PASSWORD)
        logged_in.cloud.held[EVENTS_ROUTE].set()
    assert isinstance(asked.result(), Problem)
    login = (await logged_in.memory()).login
    assert login
    assert login.token == NEXT.token


async def failure(phone: Phone) -> AisegError:
    with pytest.raises(AisegError) as failed:
        await phone.events()
    return failed.value


@pytest.mark.req("S-OUT-03", "S-OUT-04")
async def test_logging_out_ends_the_session_there_and_here(logged_in: World) -> None:
    installation_id = (await logged_in.memory()).installation_id
    async with logged_in.phone() as phone:
        await phone.log_out()
        await phone.log_out()
        with pytest.raises(Problem) as refused:
            await phone.timeline()
    assert refused.value.kind is NOT_LOGGED_IN
    assert logged_in.cloud.routes() == [LOGOUT]
    assert logged_in.cloud.tokens(LOGOUT) == [REFRESH]
    for secret in (TOKEN, REFRESH):
        assert secret not in await logged_in.contents()
    assert (await logged_in.memory()).installation_id == installation_id


@pytest.mark.req("S-OUT-05")
@pytest.mark.parametrize("away", [None, "<html>", Problem(TOO_BUSY, retry_after_s=1)])
async def test_logging_out_without_the_cloud_is_made_good_at_the_next_chance(
    logged_in: World, away: Problem | str | None
) -> None:
    await MemoryFile(logged_in.settings.store.folder).remember(link=LINK)
    logged_in.cloud.answers[LOGOUT] = away
    async with logged_in.phone() as phone:
        await phone.log_out()
        standing = await phone.standing()
        assert (standing.email, standing.link, standing.ended) == (None, None, None)
        with pytest.raises(Problem) as refused:
            await phone.events()
        assert refused.value.kind is NOT_LOGGED_IN
    file = logged_in.settings.store.folder / "phone.json"
    assert stat.S_IMODE((await asyncio.to_thread(os.stat, file)).st_mode) == 0o600
    logged_in.cloud.requests.clear()
    logged_in.cloud.answers[LOGOUT] = ""
    async with logged_in.phone() as phone:
        await phone.begin_login(BACK)
        await phone.settle()
    assert logged_in.cloud.routes() == ["GET /api/v1/club", LOGOUT]
    assert logged_in.cloud.tokens(LOGOUT) == [REFRESH]
    assert REFRESH not in await logged_in.contents()


@pytest.mark.req("S-OUT-05")
async def test_a_late_log_out_of_a_session_that_ended_meanwhile_is_done(logged_in: World) -> None:
    logged_in.cloud.answers[LOGOUT] = [None, Problem(ACCOUNT_DELETED)]
    async with logged_in.phone() as phone:
        await phone.log_out()
        await phone.settle()
        await phone.settle()
        assert (await phone.standing()).ended is None
    assert logged_in.cloud.routes() == [LOGOUT] * 2


@pytest.mark.req("S-OUT-05")
async def test_logging_out_does_not_wait_for_a_cloud_that_hangs(logged_in: World) -> None:
    logged_in.cloud.held[LOGOUT] = asyncio.Event()
    async with logged_in.phone() as phone, asyncio.timeout(8), asyncio.TaskGroup() as tasks:
        tasks.create_task(phone.log_out())

        async def is_out() -> bool:
            return (await logged_in.memory()).login is None

        await until(is_out, "the memory to be cleared", within_s=2)
    assert [each.refresh_token for each in (await logged_in.memory()).logged_out] == [REFRESH]


async def test_a_token_is_never_sent_to_another_cloud(logged_in: World) -> None:
    logged_in.cloud.answers[LOGOUT] = None
    async with cloud_double.running() as other:
        elsewhere = logged_in.settings.model_copy(update={"cloud": Cloud(url=other.url)})
        async with Phone(elsewhere, logged_in.clock) as phone, logged_in.phone() as here:
            with pytest.raises(Problem) as refused:
                await phone.current_link()
            assert refused.value.kind is NOT_LOGGED_IN
            await here.log_out()
            await phone.settle()
            assert other.requests == []
            await phone.log_in(EMAIL, PASSWORD)
    assert other.routes() == ["POST /api/v1/sessions"]


@pytest.mark.req("S-OUT-06")
async def test_another_login_ends_the_session_before_it(logged_in: World) -> None:
    mother = NEXT.model_copy(update={"email": "mother@example.com"})
    logged_in.cloud.answers["POST /api/v1/sessions"] = mother
    await MemoryFile(logged_in.settings.store.folder).remember(link=LINK)
    async with logged_in.phone() as phone:
        await phone.log_in("mother@example.com", PASSWORD)
        standing = await phone.standing()
    assert (standing.email, standing.link) == ("mother@example.com", None)
    assert logged_in.cloud.tokens(LOGOUT) == [REFRESH]


async def test_what_is_left_to_be_ended_does_not_pile_up(world: World) -> None:
    world.cloud.answers[LOGOUT] = None
    sessions: list[cloud_double.Answer] = [
        Session(
            token=f"t0ken-{number:016}",
            refresh_token=f"refresh-{number:016}",
            expires_in_s=60,
            email=EMAIL,
            link=None,
        )
        for number in range(MAX_LOGGED_OUT + 3)
    ]
    world.cloud.answers["POST /api/v1/sessions"] = [*sessions]
    async with world.phone() as phone:
        for _ in sessions:
            await phone.log_in(EMAIL, PASSWORD)
    left = (await world.memory()).logged_out
    assert len(left) == MAX_LOGGED_OUT
    assert left[0].token == f"t0ken-{MAX_LOGGED_OUT + 1:016}"


async def test_a_password_and_a_code_stay_on_no_disk_and_in_no_log(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(0)
    async with world.phone() as phone:
        await phone.sign_up(EMAIL, PASSWORD, terms_accepted=True)
        await phone.log_in(EMAIL, PASSWORD)
        await phone.log_in_with_code("challenge-of-this-login", "271828")
        assert await phone.timeline() == TIMELINE
    contents = await world.contents()
    for secret in (PASSWORD, "271828", "challenge-of-this-login"):
        assert secret not in contents
    for secret in (PASSWORD, "271828", TOKEN, REFRESH):
        assert secret not in caplog.text
