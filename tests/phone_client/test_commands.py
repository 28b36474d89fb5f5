"""`aiseg phone` as a process, the way a script or a person calls it."""

import asyncio
import json
import os
import signal
import sys
from datetime import timedelta
from pathlib import Path
from typing import NamedTuple

import aiohttp
import pytest

from phone_client.places import PlacesFile, Remembered
from phone_client.session import Login, MemoryFile
from protocol.cloud_api import OwnPhone, User, Users
from protocol.codes import in_fours
from protocol.problems import LINK_REFUSED, PHONE_MOVED, PHONE_UNKNOWN, PHONES_FULL, SMS_CODE_NEEDED, Problem
from tests.phone_client import cloud_double, mdns_peer
from tests.phone_client.cloud_double import (
    CHANGE_CODE,
    EMAIL,
    FATHER,
    GRANDMOTHER,
    NOW,
    OUTDATED,
    PREVIEW,
    REFRESH,
    TOKEN,
    UNREGISTERED,
    CloudDouble,
)
from tests.phone_client.gateway_double import GATEWAY_ID, GatewayDouble, announced
from tests.phone_client.person import LINK_CODE, PASSWORD
from tests.support.ports import free_port
from tests.support.terminal import terminal
from tests.support.waiting import until

pytestmark = pytest.mark.journeys

LINK = ("link", "--nickname", "お父さん", "--device-code", "1234567890")


class Ended(NamedTuple):
    code: int
    out: str
    err: str


async def phone(
    state: Path,
    *words: str,
    stdin: str | None = None,
    closed: bool = False,
    environment: dict[str, str] | None = None,
) -> Ended:
    """Run a verb; without `stdin` there is no terminal and nothing to read, `closed` closes it altogether."""
    call = [sys.executable, "-m", "phone_client", *words, "--state", str(state)]
    if closed:
        call = ["sh", "-c", '"$@" <&-', "sh", *call]
    process = await asyncio.create_subprocess_exec(
        *call,
        stdin=asyncio.subprocess.DEVNULL if stdin is None else asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env=os.environ | {"LC_ALL": "C.UTF-8"} | (environment or {}),
    )
    out, err = await process.communicate(None if stdin is None else stdin.encode())
    ended = Ended(process.returncode or 0, out.decode(), err.decode())
    assert "Traceback" not in ended.err
    return ended


@pytest.mark.req("S-DISC-01", "S-DISC-09")
async def test_search_prints_the_contracts_json(tmp_path: Path) -> None:
    async with announced(GatewayDouble()) as gateway:
        ended = await phone(tmp_path, "search", "--json")
        shown = await phone(tmp_path, "search")
    assert (ended.code, shown.code) == (0, 0)
    document = json.loads(ended.out)
    assert list(document) == ["found", "diagnosis"]
    assert document["diagnosis"] is None
    (hit,) = [each for each in document["found"] if each["gateway_id"] == GATEWAY_ID]
    elapsed_ms = hit.pop("elapsed_ms")
    assert 0 < elapsed_ms < 1000
    assert hit == {
        "gateway_id": GATEWAY_ID,
        "model": "MKN702",
        "firmware": "2.10",
        "address": "127.0.0.1",
        "port": gateway.port,
        "name": "AiSEG MKN702 (6789ab)",
        "found_by": "mdns",
    }
    assert "AiSEG MKN702 (6789ab)" in shown.out


async def test_the_whole_way_from_sign_up_to_log_out(tmp_path: Path) -> None:
    environment = {"AISEG_PHONE__PASSWORD": PASSWORD}
    async with cloud_double.running() as cloud, announced(GatewayDouble(shown_link_code=LINK_CODE)):
        ways = [
            ("signup", "--email", EMAIL, "--accept-terms"),
            ("verify", f"{cloud.url}/verify?token=abc"),
            ("login", "--email", EMAIL, "--json"),
            LINK,
            ("list",),
            ("users", "list"),
            ("timeline", "--by", "day", "--on", "2026-11-20"),
            ("events",),
            ("logout",),
        ]
        ended = [await phone(tmp_path, *way, "--cloud", cloud.url, environment=environment) for way in ways]
    assert [each.code for each in ended] == [0] * len(ways)
    assert "The link code was read from AiSEG MKN702 (6789ab)." in ended[3].out
    assert "Linked to AiSEG MKN702 (6789ab). Phones: お父さん" in ended[3].out
    assert GRANDMOTHER.phone_id in ended[5].out
    assert "AiSEG 6789ab: " in ended[7].out
    assert ended[8].out == "You are logged out\n"
    for secret in (TOKEN, REFRESH, LINK_CODE, PASSWORD):
        assert secret not in "".join(each.out + each.err for each in ended)
    (sent,) = cloud.bodies("POST /api/v1/sessions")
    assert sent["password"] == PASSWORD
    (asked,) = [headers for route, headers, _ in cloud.requests if route == "GET /api/v1/timeline"]
    assert (asked["by"], asked["on"]) == ("day", "2026-11-20")


async def test_the_password_may_come_from_stdin(tmp_path: Path) -> None:
    async with cloud_double.running() as cloud:
        words = ("login", "--email", EMAIL, "--password-stdin", "--cloud", cloud.url)
        assert (await phone(tmp_path, *words, stdin=f"{PASSWORD}\n")).code == 0
        assert (await phone(tmp_path, *words, stdin="")).code == 2
    (sent,) = cloud.bodies("POST /api/v1/sessions")
    assert sent["password"] == PASSWORD


async def test_without_a_terminal_what_is_missing_is_named(tmp_path: Path) -> None:
    for words, missing in [
        (("signup",), "--email"),
        (("login", "--email", EMAIL), "AISEG_PHONE__PASSWORD"),
        (("login", "--email", EMAIL, "--password-stdin"), "--password-stdin"),
        (("link", "--nickname", "x"), "--device-code"),
        (("verify",), "TOKEN_OR_URL"),
        (("add",), "--nickname"),
        (("change-code", "redeem"), "CODE"),
        (("start",), "VERB"),
    ]:
        ended = await phone(tmp_path, *words, closed=len(words) > 1)
        assert ended.code == 2
        assert missing in ended.err
        assert ended.err.count("\n") == 1
    assert not await asyncio.to_thread((tmp_path / "phone.json").exists)


async def test_a_search_lives_with_closed_stdin(tmp_path: Path) -> None:
    async with announced(GatewayDouble()):
        ended = await phone(tmp_path, "search", "--json", closed=True)
    assert ended.code == 0
    assert GATEWAY_ID in ended.out


async def test_exit_codes_tell_refused_from_unreachable(tmp_path: Path) -> None:
    environment = {"AISEG_PHONE__PASSWORD": PASSWORD}
    away = f"http://127.0.0.1:{free_port()}"
    ended = await phone(tmp_path, "login", "--email", EMAIL, "--cloud", away, environment=environment)
    assert (ended.code, ended.err.count("\n")) == (4, 1)
    assert "cannot be reached (Connection refused)" in ended.err
    async with cloud_double.running() as cloud:
        at = ("--cloud", cloud.url)
        assert (await phone(tmp_path, "timeline", *at)).err == "Log in first.\n"
        await phone(tmp_path, "login", "--email", EMAIL, *at, environment=environment)
        cloud.answers["POST /api/v1/link-previews"] = Problem(LINK_REFUSED)
        ended = await phone(
            tmp_path, *LINK, "--link-code", LINK_CODE, *at, environment={"LC_ALL": "ja_JP.UTF-8"}
        )
    assert (ended.code, ended.err) == (1, f"{LINK_REFUSED.ja}\n")


async def test_a_damaged_state_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "phone.json").write_text("{")
    ended = await phone(tmp_path, "search")
    assert ended.code == 1
    assert str(tmp_path / "phone.json") in ended.err
    assert ended.err.count("\n") == 1


async def test_a_wrong_setting_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "phone.toml").write_text("[search]\nlimit = 3\n")
    ended = await phone(tmp_path, "search", "--config", str(tmp_path / "phone.toml"))
    assert ended.code == 2
    assert "search.limit" in ended.err
    assert (await phone(tmp_path, "search", "--cloud", "nowhere")).code == 2
    for timeout in ("0", "nan", "inf"):
        assert (await phone(tmp_path, "search", "--timeout", timeout)).code == 2
    assert "eht0" in (await phone(tmp_path, "search", "--interface", "eht0")).out


async def test_options_may_stand_before_the_verb(tmp_path: Path) -> None:
    await asyncio.to_thread((tmp_path / "phone.json").write_text, "{")
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "phone_client", "--state", str(tmp_path), "search"),
        stderr=asyncio.subprocess.PIPE,
    )
    _, err = await process.communicate()
    assert str(tmp_path) in err.decode()


async def logged_in(state: Path, cloud: CloudDouble) -> tuple[str, str]:
    """Have a phone that is logged in, and return the option that names the cloud."""
    login = Login(
        cloud_url=cloud.url,
        email=EMAIL,
        token=TOKEN,
        expires_at=NOW + timedelta(days=10_000),
        refresh_token=REFRESH,
    )
    await MemoryFile(state).remember(login=login, ended=None)
    return ("--cloud", cloud.url)


async def test_without_a_verb_and_a_terminal_the_verbs_are_told(tmp_path: Path) -> None:
    ended = await phone(tmp_path)
    assert ended.code == 2
    assert "change-code" in ended.err


@pytest.mark.req("S-2FA-07")
async def test_a_script_is_told_the_challenge_and_answers_it(tmp_path: Path) -> None:
    needed = Problem(SMS_CODE_NEEDED, challenge="challenge-of-this-login", sent_to="***-****-4567")
    async with cloud_double.running() as cloud:
        cloud.answers["POST /api/v1/sessions"] = needed
        at = ("--cloud", cloud.url, "--json")
        words = ("login", "--email", EMAIL, "--password-stdin", *at)
        ended = await phone(tmp_path, *words, stdin=f"{PASSWORD}\n")
        assert (ended.code, ended.err) == (1, needed.sentence() + "\n")
        refused = json.loads(ended.out)
        assert refused["code"] == "sms_code_needed"
        answer = ("--challenge", refused["facts"]["challenge"], "--sms-code", "271828")
        ended = await phone(tmp_path, "login", *answer, *at)
        assert json.loads(ended.out) == {"expires_in_s": 3600, "email": EMAIL, "link": None}
        assert (await phone(tmp_path, "login", "--sms-code", "271828", *at)).code == 2
    (sent,) = cloud.bodies("POST /api/v1/sessions/codes")
    assert (sent["challenge"], sent["code"]) == ("challenge-of-this-login", "271828")


@pytest.mark.req("S-DISC-10", "S-BIND-15")
async def test_a_script_links_and_is_told_of_the_other_gateway_before_anything_is_sent(
    tmp_path: Path,
) -> None:
    neighbour = GatewayDouble(gateway_id="0123456789ac", shown_link_code=LINK_CODE)
    async with cloud_double.running() as cloud, announced(neighbour):
        at = await logged_in(tmp_path, cloud)
        cloud.answers["POST /api/v1/link-previews"] = PREVIEW.model_copy(update={"users": (GRANDMOTHER,)})
        ended = await phone(tmp_path, *LINK, *at)
        as_json = await phone(tmp_path, *LINK, "--json", *at)
    assert (ended.code, as_json.code) == (0, 0)
    assert "This is another AiSEG than the one found (AiSEG MKN702 (6789ac))" in ended.err
    assert "大阪府-大阪府-門真市" in ended.err
    assert "おばあさん" in ended.err
    document = json.loads(as_json.out)
    assert (document["code_from"], document["other_found"]) == ("0123456789ac", True)
    assert document["link"]["phones"] == [{"phone_id": FATHER.phone_id, "nickname": "お父さん"}]
    routes = [route for route in cloud.routes() if "link" in route]
    assert routes == ["POST /api/v1/link-previews", "POST /api/v1/links"] * 2


async def test_a_link_that_was_not_answered_is_asked_for_again_without_a_preview(tmp_path: Path) -> None:
    async with cloud_double.running() as cloud:
        at = await logged_in(tmp_path, cloud)
        answer, cloud.answers["POST /api/v1/links"] = cloud.answers["POST /api/v1/links"], None
        words = (*LINK, "--link-code", LINK_CODE, *at)
        assert (await phone(tmp_path, *words)).code == 4
        cloud.answers["POST /api/v1/links"] = answer
        cloud.answers["POST /api/v1/link-previews"] = Problem(LINK_REFUSED)
        assert (await phone(tmp_path, *words)).code == 0
        assert (await phone(tmp_path, *words)).code == 1
    first, second = [body["request_id"] for body in cloud.bodies("POST /api/v1/links")]
    assert first == second


@pytest.mark.req("S-BIND-17", "S-BIND-18")
async def test_old_firmware_comes_before_the_timeline(tmp_path: Path) -> None:
    async with cloud_double.running() as cloud:
        at = await logged_in(tmp_path, cloud)
        cloud.answers["POST /api/v1/links"] = cloud.answers["GET /api/v1/links/current"] = OUTDATED
        japanese = {"LC_ALL": "ja_JP.UTF-8"}
        linked = await phone(tmp_path, *LINK, "--link-code", LINK_CODE, *at, environment=japanese)
        shown = await phone(tmp_path, "timeline", *at, environment=japanese)
        script = await phone(tmp_path, "timeline", "--json", *at)
    for ended in (linked, shown):
        assert ended.code == 0
        assert "お使いのAiSEGのファームウェアバージョンが最新ではありません。" in ended.out
        assert "AiSEG画面の「メニュー」をタップします。" in ended.out
    assert json.loads(script.out)["by"] == "hour"


@pytest.mark.req("S-ADD-05", "S-ADD-10", "S-UI-02")
async def test_a_further_phone_by_command(tmp_path: Path) -> None:
    japanese = {"LC_ALL": "ja_JP.UTF-8"}
    async with cloud_double.running() as cloud:
        at = await logged_in(tmp_path, cloud)
        added = await phone(tmp_path, "add", "--nickname", "お母さん", *at, environment=japanese)
        cloud.answers["POST /api/v1/phones"] = Problem(PHONES_FULL)
        refused = await phone(tmp_path, "add", "--nickname", "お母さん", *at, environment=japanese)
    assert "こちらで、CLUB Panasonic IDへの2台目のスマートフォンの登録が完了しました。" in added.out
    assert (refused.code, refused.out, refused.err) == (1, "", "上限に達しています\n")


@pytest.mark.req("S-CHG-02", "S-CHG-03", "S-CHG-04", "S-CHG-06", "S-CHG-24")
async def test_a_change_of_phone_by_command(tmp_path: Path) -> None:
    japanese = {"LC_ALL": "ja_JP.UTF-8"}
    async with cloud_double.running() as cloud:
        at = await logged_in(tmp_path, cloud)
        issued = await phone(tmp_path, "change-code", "issue", *at, environment=japanese)
        as_json = await phone(tmp_path, "change-code", "issue", "--json", *at)
        moved = await phone(tmp_path, "change-code", "redeem", in_fours(CHANGE_CODE), *at)
        typo = await phone(tmp_path, "change-code", "redeem", "1234", *at)
    assert in_fours(CHANGE_CODE) in issued.out
    for words in (
        "機種変更コードを控えてください。",
        "有効期限は一週間です。",
        "機種変更前のスマートフォンからアプリを削除してください。",
        "こちらで、機種変更前のスマートフォンでの操作が完了しました。",
    ):
        assert words in issued.out
    assert json.loads(as_json.out) == {"change_code": CHANGE_CODE, "expires_in_s": 604_800}
    assert (moved.code, typo.code) == (0, 1)
    assert [body["change_code"] for body in cloud.bodies("POST /api/v1/phones/moves")] == [CHANGE_CODE]
    assert CHANGE_CODE not in (await MemoryFile(tmp_path).recall()).model_dump_json()


@pytest.mark.req("S-CHG-20")
async def test_a_lost_phone_is_named_by_nickname_or_id(tmp_path: Path) -> None:
    mother = OwnPhone(phone_id="phone-id-of-mother", nickname="お母さん")
    async with cloud_double.running() as cloud:
        at = await logged_in(tmp_path, cloud)
        full = UNREGISTERED.model_copy(update={"phones": (FATHER, mother)})
        cloud.answers["GET /api/v1/links/current"] = full
        for name in ("お母さん", mother.phone_id):
            assert (await phone(tmp_path, "replace", name, *at)).code == 0
        unknown = await phone(tmp_path, "replace", "おばあさん", *at)
        missing = await phone(tmp_path, "replace", *at)
    assert (unknown.code, unknown.err) == (1, Problem(PHONE_UNKNOWN).sentence() + "\n")
    assert (missing.code, "PHONE" in missing.err) == (2, True)
    sent = [body["phone_id"] for body in cloud.bodies("POST /api/v1/phones/replacements")]
    assert sent == [mother.phone_id] * 2


@pytest.mark.req("S-BIND-16")
async def test_a_user_is_removed_by_a_name_that_only_one_has_and_not_without_a_yes(tmp_path: Path) -> None:
    namesake = User(phone_id="phone-id-of-a-namesake", nickname="おばあさん", own=False)
    removals = "POST /api/v1/users/removals"
    async with cloud_double.running() as cloud:
        at = await logged_in(tmp_path, cloud)
        unsure = await phone(tmp_path, "users", "remove", "おばあさん", *at)
        done = await phone(tmp_path, "users", "remove", "おばあさん", "--yes", "--json", *at)
        cloud.answers["GET /api/v1/users"] = Users(users=(GRANDMOTHER, namesake))
        ambiguous = await phone(tmp_path, "users", "remove", "おばあさん", "--yes", *at)
        named = await phone(tmp_path, "users", "remove", namesake.phone_id, "--yes", *at)
    assert (unsure.code, "--yes" in unsure.err) == (2, True)
    assert (done.code, json.loads(done.out)) == (0, {"users": []})
    assert (ambiguous.code, named.code) == (1, 0)
    sent = [body["phone_id"] for body in cloud.bodies(removals)]
    assert sent == [GRANDMOTHER.phone_id, namesake.phone_id]


@pytest.mark.req("S-DEL-03", "S-DEL-15", "S-UI-02")
async def test_a_deletion_says_so_when_it_is_done_and_only_then(tmp_path: Path) -> None:
    japanese = {"LC_ALL": "ja_JP.UTF-8"}
    deletion = "DELETE /api/v1/links/current"
    async with cloud_double.running() as cloud:
        at = await logged_in(tmp_path, cloud)
        unsure = await phone(tmp_path, "delete", *at, environment=japanese)
        assert deletion not in cloud.routes()
        cloud.answers[deletion] = None
        lost = await phone(tmp_path, "delete", "--yes", *at, environment=japanese)
        cloud.answers[deletion] = ""
        done = await phone(tmp_path, "delete", "--yes", *at, environment=japanese)
        again = await phone(tmp_path, "delete", "--yes", *at)
    assert (unsure.code, "--yes" in unsure.err) == (2, True)
    assert (lost.code, lost.out) == (4, "")
    assert (done.code, done.out) == (0, "削除しました。\n")
    assert (again.code, again.err) == (1, "Log in first.\n")


@pytest.mark.req("S-OUT-01", "S-OUT-02", "S-OUT-05", "S-UI-02")
async def test_logging_out_asks_nothing_and_needs_no_cloud(tmp_path: Path) -> None:
    async with cloud_double.running() as cloud:
        await logged_in(tmp_path, cloud)
        away = f"http://127.0.0.1:{free_port()}"
        ended = await phone(tmp_path, "logout", "--cloud", away, environment={"LC_ALL": "ja_JP.UTF-8"})
        as_json = await phone(tmp_path, "logout", "--cloud", cloud.url, "--json")
    assert (ended.code, ended.out) == (0, "ログアウトしました\n")
    assert (as_json.code, json.loads(as_json.out)) == (0, {"logged_out": True})
    assert cloud.tokens("DELETE /api/v1/sessions/current") == [REFRESH]


@pytest.mark.req("S-CHG-14")
async def test_a_moved_phone_says_so_until_it_logs_in_again(tmp_path: Path) -> None:
    async with cloud_double.running() as cloud:
        at = await logged_in(tmp_path, cloud)
        cloud.answers["GET /api/v1/events"] = Problem(PHONE_MOVED)
        for words in (("events",), LINK):
            ended = await phone(tmp_path, *words, *at)
            assert (ended.code, ended.err) == (1, Problem(PHONE_MOVED).sentence() + "\n")
        await logged_in(tmp_path, cloud)
        assert (await phone(tmp_path, "list", *at)).code == 0


async def test_the_phone_in_a_browser_prints_its_address_and_ends_on_ctrl_c(tmp_path: Path) -> None:
    words = ("ui", "--port", "0", "--state", str(tmp_path), "--json")
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "phone_client", *words), stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout
    address = json.loads(await process.stdout.readline())["phone"]
    async with aiohttp.ClientSession() as browser, browser.get(address) as page:
        assert page.status == 200
    process.send_signal(signal.SIGINT)
    assert await process.wait() == 0


@pytest.mark.req("S-DISC-09", "S-DISC-10", "S-BIND-05")
async def test_a_person_picks_among_several_and_sees_a_mismatch_before_anything_is_sent(
    tmp_path: Path,
) -> None:
    other = GatewayDouble(gateway_id="0123456789ac", shown_link_code=LINK_CODE)
    async with cloud_double.running() as cloud, announced(GatewayDouble()), announced(other):
        await logged_in(tmp_path, cloud)
        await MemoryFile(tmp_path).remember(introduced=True)
        async with terminal(tmp_path, cloud=cloud.url) as person:
            await person.chooses("AISEGをお持ちの方")
            await person.chooses("AiSEG MKN702 (6789ac)")
            await person.chooses("同意する")
            await person.answers("ニックネーム", "お父さん")
            await person.answers("機器コード", "1234567890")
            await person.sees("AiSEG画面に表示中の連携コードを読み取りました。")
            await person.answers(f"連携コード [{in_fours(LINK_CODE)}]", "")
            await person.sees("見つかったAiSEG（AiSEG MKN702 (6789ac)）とは別のAiSEGです。")
            assert cloud.routes()[-1] == "POST /api/v1/link-previews"
            await person.chooses("キャンセル")
            await person.chooses("終了")
            assert await person.ends() == 0
    assert "POST /api/v1/links" not in cloud.routes()


@pytest.mark.req("S-DEL-07")
@pytest.mark.parametrize("answers", [("キャンセル",), ("OK", "キャンセル")])
async def test_a_no_to_either_dialog_deletes_nothing(tmp_path: Path, answers: tuple[str, ...]) -> None:
    async with cloud_double.running() as cloud:
        await logged_in(tmp_path, cloud)
        before = await MemoryFile(tmp_path).recall()
        async with terminal(tmp_path, "delete", cloud=cloud.url) as person:
            for answer in answers:
                await person.chooses(answer)
            assert await person.ends() == 1
    assert "DELETE /api/v1/links/current" not in cloud.routes()
    assert await MemoryFile(tmp_path).recall() == before
    assert "削除しました。" not in person.text


async def test_ctrl_c_ends_a_search_cleanly(tmp_path: Path) -> None:
    mark = Remembered(gateway_id="0123456789ad", name="AiSEG asked for", address="127.0.0.1", port=9)
    await asyncio.to_thread(PlacesFile(tmp_path).add, [mark])
    async with mdns_peer.speaking(lambda _: []) as listener:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "phone_client", "search", "--state", str(tmp_path), "--timeout", "60"),
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        await until(lambda: any(mark.name.encode() in each for each in listener.raw), "the search")
        process.send_signal(signal.SIGINT)
        out, err = await process.communicate()
    assert (process.returncode, out, err.strip()) == (130, b"", b"")
