"""Accounts and sessions over HTTP."""

import asyncio
import logging
import re
from typing import Any

import pytest
from sqlalchemy import select

from cloud.pepper import s256
from cloud.store.schema import texts, tokens
from protocol.cloud_api import App
from protocol.problems import MEDIA_TYPE, read_problem
from tests.cloud.actors import PASSWORD
from tests.cloud.serving import Answer, Served

pytestmark = pytest.mark.adapters

EMAIL = "father@example.jp"
PHONE = {"installation_id": "installation-father"}
VERIFIER = "v" * 43
REDIRECT = "http://127.0.0.1:8082/login/callback"


def assert_problem(answer: Answer, status: int, code: str) -> None:
    assert (answer.status, answer.document["code"]) == (status, code), answer.text
    assert answer.headers["Content-Type"].startswith(MEDIA_TYPE)
    assert "?" not in answer.document["detail"] + answer.document["detail_ja"].replace("？", "")


async def log_in(cloud: Served, **other: object) -> Answer:
    return await cloud.post("/api/v1/sessions", {"email": EMAIL, "password": PASSWORD} | PHONE | other)


async def renew(cloud: Served, refresh_token: str) -> Answer:
    return await cloud.post("/api/v1/sessions/renewals", {"refresh_token": refresh_token})


async def log_out(cloud: Served, token: str) -> Answer:
    bearer = {"Authorization": f"Bearer {token}"}
    return await cloud.ask("DELETE", "/api/v1/sessions/current", headers=bearer)


async def is_logged_in(cloud: Served, token: str) -> bool:
    return (await cloud.get("/api/v1/events", token)).status == 200


async def account_id(cloud: Served, token: str) -> int:
    who = await asyncio.to_thread(cloud.cloud.registry.authenticate, token, cloud.clock.now())
    return who.account_id


async def authorization_code(cloud: Served, token: str) -> str:
    """Return one for the account that is logged in by `token`."""
    registry, now = cloud.cloud.registry, cloud.clock.now()
    visitor = await asyncio.to_thread(registry.visitor, await account_id(cloud, token))
    assert visitor is not None
    return await asyncio.to_thread(registry.authorize, visitor, s256(VERIFIER), REDIRECT, now)


async def texted_code(cloud: Served) -> str:
    def read() -> str:
        with cloud.cloud.registry.store.reading() as store:
            return str(store.scalars(select(texts.c.body).order_by(texts.c.text_id.desc()).limit(1)).one())

    code = re.search(r"[0-9]{6}", await asyncio.to_thread(read))
    assert code is not None
    return code[0]


async def turn_on_two_step(cloud: Served) -> None:
    owner, registry, now = (
        await account_id(cloud, await cloud.person("father")),
        cloud.cloud.registry,
        cloud.clock.now(),
    )
    sent = await asyncio.to_thread(registry.begin_two_step, owner, "090-1234-5678", now)
    await asyncio.to_thread(registry.answer_code, sent.challenge, await texted_code(cloud), now)


async def token_rows(cloud: Served) -> list[Any]:
    def read() -> list[Any]:
        with cloud.cloud.registry.store.reading() as store:
            return [tuple(row) for row in store.execute(select(tokens).order_by(tokens.c.token_digest))]

    return await asyncio.to_thread(read)


@pytest.mark.req("S-2FA-08")
async def test_the_club_is_an_origin_of_its_own(cloud: Served) -> None:
    club = (await cloud.get("/api/v1/club")).document
    assert club == {
        "authorize_url": f"{cloud.cloud.club_url}/authorize",
        "account_url": f"{cloud.cloud.club_url}/account",
    }
    assert cloud.cloud.club_url != cloud.cloud.public_url


@pytest.mark.req("S-ACC-10")
async def test_a_known_and_an_unknown_address_have_byte_equal_answers(cloud: Served) -> None:
    await cloud.person("father")
    seen = set()
    for email in (EMAIL, "mother@example.jp"):
        asked = {"email": email, "password": PASSWORD, "terms_accepted": True}
        answer = await cloud.post("/api/v1/accounts", asked)
        headers = tuple((k, v) for k, v in answer.headers.items() if k not in ("Date", "Content-Length"))
        seen.add((answer.status, answer.text.replace(email, "…"), headers))
    assert len(seen) == 1
    refused = set()
    for email in (EMAIL, "nobody@example.jp", "nonsense"):
        answer = await log_in(cloud, email=email, password="wrong password")
        assert_problem(answer, 403, "login_refused")
        refused.add((answer.text, tuple((k, v) for k, v in answer.headers.items() if k != "Date")))
    assert len(refused) == 1


@pytest.mark.req("S-ACC-02", "S-ACC-12", "S-ACC-13")
async def test_a_sign_up_is_refused_with_a_reason(cloud: Served) -> None:
    asked = {"email": EMAIL, "password": PASSWORD, "terms_accepted": True}
    for wrong, code in (
        ({"terms_accepted": False}, "terms_not_accepted"),
        ({"password": "password1"}, "password_unusable"),
        ({"email": "nonsense"}, "email_unusable"),
        ({"password": 12345678}, "request_malformed"),
    ):
        assert_problem(await cloud.post("/api/v1/accounts", asked | wrong), 400, code)
    for _ in range(5):
        assert (await cloud.post("/api/v1/accounts", asked)).status == 202
    answer = await cloud.post("/api/v1/accounts", asked)
    assert_problem(answer, 429, "too_many_messages")
    assert answer.headers["Retry-After"] == "3600"


@pytest.mark.req("S-OUT-03")
async def test_tokens_are_renewed_and_die_with_the_session(cloud: Served) -> None:
    await cloud.person("father")
    first = (await log_in(cloud)).document
    assert (first["email"], first["expires_in_s"], first["link"]) == (EMAIL, 900, None)
    cloud.clock.pass_time(minutes=15)
    assert_problem(await cloud.get("/api/v1/events", first["token"]), 401, "not_logged_in")
    answer = await renew(cloud, first["refresh_token"])
    assert answer.status == 201
    assert await is_logged_in(cloud, answer.document["token"])
    again = await renew(cloud, first["refresh_token"])  # the answer was lost
    assert again.document == answer.document
    second = again.document
    assert (await log_out(cloud, second["refresh_token"])).status == 204
    assert_problem(await renew(cloud, second["refresh_token"]), 401, "not_logged_in")
    assert_problem(await cloud.get("/api/v1/events", second["token"]), 401, "not_logged_in")
    assert_problem(await log_out(cloud, second["token"]), 401, "not_logged_in")
    assert await token_rows(cloud) == []


async def test_a_stolen_refresh_token_ends_the_session_for_both(cloud: Served) -> None:
    await cloud.person("father")
    first = (await log_in(cloud)).document
    second = (await renew(cloud, first["refresh_token"])).document
    third = (await renew(cloud, second["refresh_token"])).document
    assert_problem(await renew(cloud, first["refresh_token"]), 401, "session_ended")
    assert_problem(await renew(cloud, third["refresh_token"]), 401, "session_ended")
    assert_problem(await cloud.get("/api/v1/events", third["token"]), 401, "session_ended")


@pytest.mark.req("S-2FA-04", "S-2FA-05", "S-2FA-10")
async def test_a_login_that_needs_a_code(cloud: Served) -> None:
    await turn_on_two_step(cloud)
    before = await token_rows(cloud)
    answer = await log_in(cloud)
    assert_problem(answer, 403, "sms_code_needed")
    facts = answer.document["facts"]
    assert facts["sent_to"] == "***-****-5678"
    assert await token_rows(cloud) == before
    code = await texted_code(cloud)

    async def answer_code(typed: str) -> Answer:
        asked = {"challenge": facts["challenge"], "code": typed} | PHONE
        return await cloud.post("/api/v1/sessions/codes", asked)

    assert_problem(await answer_code("１２３４５６"), 400, "sms_code_malformed")
    wrong = await answer_code(f"{(int(code) + 1) % 1_000_000:06}")
    assert_problem(wrong, 403, "sms_code_wrong")
    assert wrong.document["facts"] == {"tries_left": 4}
    opened = await answer_code(code)
    assert opened.status == 201
    assert await is_logged_in(cloud, opened.document["token"])
    assert_problem(await answer_code(code), 410, "sms_code_spent")


@pytest.mark.req("S-2FA-08")
async def test_the_app_turns_an_authorization_code_into_a_session(cloud: Served) -> None:
    code = await authorization_code(cloud, await cloud.person("father"))
    asked = {"code": code, "code_verifier": VERIFIER, "redirect_uri": REDIRECT} | PHONE
    path = "/api/v1/sessions/authorized"
    stolen = await cloud.post(path, asked | {"code_verifier": "w" * 43})
    assert_problem(stolen, 403, "authorization_refused")
    assert_problem(await cloud.post(path, asked | {"code_verifier": "short"}), 400, "request_malformed")
    opened = await cloud.post(path, asked)
    assert (opened.status, opened.document["email"]) == (201, EMAIL)
    assert await is_logged_in(cloud, opened.document["token"])
    assert_problem(await cloud.post(path, asked), 403, "authorization_refused")


@pytest.mark.req("S-GEN-04", "S-GEN-10", "S-GEN-11")
async def test_an_app_says_what_it_runs_on_and_an_old_one_is_refused(cloud: Served) -> None:
    await cloud.person("father")
    assert (await log_in(cloud, platform="ios", os_version="18.1", form_factor="tablet")).status == 201
    before = await token_rows(cloud)
    old = await log_in(cloud, platform="android", os_version="5.1.1")
    assert_problem(old, 403, "os_unsupported")
    assert old.document["facts"] == {"oldest": "Android 6.0", "version": "Android 5.1.1"}
    for wrong in (
        {"platform": "windows"},
        {"os_version": "6.x"},
        {"os_version": 14},
        {"form_factor": "watch"},
    ):
        assert_problem(await log_in(cloud, **wrong), 400, "request_malformed")
    assert await token_rows(cloud) == before
    assert App.model_validate(PHONE).platform == "android"


async def test_headers_of_a_proxy_neither_ask_for_a_code_nor_make_another_peer(cloud: Served) -> None:
    await cloud.person("father")
    await cloud.person("mother")
    asked = {"email": "nobody@example.jp", "password": PASSWORD} | PHONE
    for number in range(6):
        forged = {"X-Forwarded-For": f"192.0.2.{number}", "Via": "1.1 proxy", "Forwarded": "for=192.0.2.9"}
        assert_problem(await cloud.post("/api/v1/sessions", asked, None, **forged), 403, "login_refused")
    refused = await cloud.post("/api/v1/sessions", asked, None, **{"X-Forwarded-For": "192.0.2.200"})
    assert_problem(refused, 429, "too_many_tries")
    assert refused.headers["Retry-After"] == "30"
    proxied = {"email": EMAIL, "password": PASSWORD} | PHONE
    assert (await cloud.post("/api/v1/sessions", proxied, None, Via="1.1 proxy")).status == 201


async def test_every_no_of_a_login_is_one_that_apps_can_read(cloud: Served) -> None:
    answer = await log_in(cloud)
    problem = read_problem(answer.document)
    assert problem is not None
    assert problem.sentence("ja") == answer.document["detail_ja"]


async def test_no_secret_of_a_login_is_ever_logged(cloud: Served, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    await turn_on_two_step(cloud)
    registry, now = cloud.cloud.registry, cloud.clock.now()
    challenge = (await log_in(cloud)).document["facts"]["challenge"]
    code = await texted_code(cloud)
    session = (
        await cloud.post("/api/v1/sessions/codes", {"challenge": challenge, "code": code} | PHONE)
    ).document
    newer = (await renew(cloud, session["refresh_token"])).document
    authorization = await authorization_code(cloud, newer["token"])
    asked = {"code": authorization, "code_verifier": VERIFIER, "redirect_uri": REDIRECT} | PHONE
    await cloud.post("/api/v1/sessions/authorized", asked)
    await asyncio.to_thread(registry.ask_new_password, EMAIL, cloud.cloud.club_url, now)
    mailed = (await asyncio.to_thread(registry.inbox))[0].body.partition("token=")[2].strip()
    await asyncio.to_thread(registry.set_new_password, mailed, "a new password 電池", now)
    await log_in(cloud, password="wrong password")
    secrets = [session["token"], session["refresh_token"], newer["token"], newer["refresh_token"], challenge]
    secrets += [authorization, VERIFIER, mailed, PASSWORD, "a new password 電池", "wrong password"]
    for secret in secrets:
        assert secret not in caplog.text
    assert not re.search(rf"\b{code}\b", caplog.text)
