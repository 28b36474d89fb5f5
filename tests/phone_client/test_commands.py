"""`aiseg phone` as a process, the way a script or a person calls it."""

import asyncio
import json
import os
import pty
import signal
import sys
from pathlib import Path
from typing import NamedTuple

import pytest

from phone_client.session import MemoryFile, Remembered
from protocol.codes import with_check_digit
from protocol.problems import LINK_REFUSED, Problem
from tests.phone_client import cloud_double, mdns_peer
from tests.phone_client.cloud_double import EMAIL, TOKEN
from tests.phone_client.gateway_double import GATEWAY_ID, GatewayDouble, announced
from tests.support.ports import free_port
from tests.support.waiting import until

pytestmark = pytest.mark.journeys

PASSWORD = "correct horse battery"
LINK_CODE = with_check_digit("12345678901")
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


async def phone_on_a_terminal(state: Path, *words: str, typed: list[tuple[str, str]]) -> Ended:
    """Run a verb on a terminal; each of `typed` is a prompt to wait for and what to type then."""
    leader, follower = pty.openpty()
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "phone_client", *words, "--state", str(state)),
        stdin=follower,
        stdout=asyncio.subprocess.PIPE,
        stderr=follower,
        env=os.environ | {"LC_ALL": "C.UTF-8", "TERM": "xterm", "COLUMNS": "200"},
        start_new_session=True,
    )
    os.close(follower)
    seen = ""
    try:
        for prompt, answer in typed:
            while prompt not in seen:
                seen += (await asyncio.to_thread(os.read, leader, 4096)).decode(errors="replace")
            await asyncio.to_thread(os.write, leader, answer.encode())
        assert process.stdout
        out = await process.stdout.read()
        await process.wait()
    finally:
        os.close(leader)
    return Ended(process.returncode or 0, out.decode(), seen)


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
    }
    assert "AiSEG MKN702 (6789ab)" in shown.out


async def test_the_whole_way_from_sign_up_to_log_out(tmp_path: Path) -> None:
    environment = {"AISEG_PHONE__PASSWORD": PASSWORD}
    async with cloud_double.running() as cloud, announced(GatewayDouble(shown_link_code=LINK_CODE)):
        at = ("--cloud", cloud.url)
        ways = [
            ("signup", "--email", EMAIL, "--accept-terms", *at),
            ("verify", f"{cloud.url}/verify?token=abc", *at),
            ("login", "--email", EMAIL, "--json", *at),
            (*LINK, *at),
            ("list", *at),
            ("timeline", *at),
            ("events", *at),
            ("logout", *at),
        ]
        ended = [await phone(tmp_path, *way, environment=environment) for way in ways]
    assert [each.code for each in ended] == [0] * len(ways)
    assert "The link code was read from AiSEG MKN702 (6789ab)." in ended[3].out
    assert "Linked to AiSEG MKN702 (6789ab). Phones: お父さん" in ended[3].out
    assert "AiSEG 6789ab: a link code was issued at its panel" in ended[6].out
    assert TOKEN not in "".join(each.out + each.err for each in ended)
    (sent,) = cloud.bodies("POST /api/v1/sessions")
    assert sent["password"] == PASSWORD


async def test_the_password_may_come_from_stdin(tmp_path: Path) -> None:
    async with cloud_double.running() as cloud:
        words = ("login", "--email", EMAIL, "--password-stdin", "--cloud", cloud.url)
        assert (await phone(tmp_path, *words, stdin=f"{PASSWORD}\n")).code == 0
        assert (await phone(tmp_path, *words, stdin="")).code == 2
    (sent,) = cloud.bodies("POST /api/v1/sessions")
    assert sent["password"] == PASSWORD


@pytest.mark.parametrize("closed", [False, True])
async def test_without_a_terminal_what_is_missing_is_named(tmp_path: Path, closed: bool) -> None:
    for words, missing in [
        (("signup",), "--email"),
        (("login", "--email", EMAIL), "AISEG_PHONE__PASSWORD"),
        (("login", "--email", EMAIL, "--password-stdin"), "--password-stdin"),
        (("link", "--nickname", "x"), "--device-code"),
        (("verify",), "TOKEN_OR_URL"),
    ]:
        ended = await phone(tmp_path, *words, closed=closed)
        assert ended.code == 2
        assert missing in ended.err
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
        cloud.answers["POST /api/v1/links"] = Problem(LINK_REFUSED)
        ended = await phone(
            tmp_path, *LINK, "--link-code", LINK_CODE, *at, environment={"LC_ALL": "ja_JP.UTF-8"}
        )
    assert (ended.code, ended.err) == (1, "機器コードまたは連携コードが違います。\n")


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
    assert (await phone(tmp_path, "search", "--timeout", "0")).code == 2


async def test_options_may_stand_before_the_verb(tmp_path: Path) -> None:
    await asyncio.to_thread((tmp_path / "phone.json").write_text, "{")
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "phone_client", "--state", str(tmp_path), "search"),
        stderr=asyncio.subprocess.PIPE,
    )
    _, err = await process.communicate()
    assert str(tmp_path) in err.decode()


@pytest.mark.req("S-DISC-06")
async def test_on_a_terminal_a_person_is_asked(tmp_path: Path) -> None:
    async with cloud_double.running() as cloud, announced(GatewayDouble()):
        at = ("--cloud", cloud.url)
        words = ("login", *at)
        ended = await phone_on_a_terminal(
            tmp_path, *words, typed=[("E-mail", f"{EMAIL}\n"), ("Password", f"{PASSWORD}\n")]
        )
        assert ended.code == 0
        assert PASSWORD not in ended.err
        ended = await phone_on_a_terminal(
            tmp_path, *LINK, *at, typed=[("--link-code", ""), ("Link code", f"{LINK_CODE}\n")]
        )
    assert ended.code == 0
    (sent,) = cloud.bodies("POST /api/v1/links")
    assert sent["link_code"] == LINK_CODE


async def test_ctrl_c_ends_a_search_cleanly(tmp_path: Path) -> None:
    mark = Remembered(gateway_id="0123456789ad", name="AiSEG asked for", address="127.0.0.1", port=9)
    await asyncio.to_thread(MemoryFile(tmp_path).change, lambda memory: memory.with_gateway(mark))
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
