import json
import os
import signal
import subprocess
import sys
from datetime import datetime, timedelta
from pathlib import Path

import aiohttp
import pytest

from cloud.program import running
from protocol.problems import (
    PORT_TAKEN,
    SETTINGS_WRONG,
    STATE_DAMAGED,
    STATE_IN_USE,
    STATE_UNWRITABLE,
    Problem,
    UnreachableError,
)
from tests.cloud.actors import Gateway, another_gateway
from tests.cloud.serving import Served, served, settings_in

pytestmark = pytest.mark.adapters


async def test_a_restart_keeps_gateways_accounts_links_and_sessions(tmp_path: Path, gateway: Gateway) -> None:
    async with served(settings_in(tmp_path)) as cloud:
        password = (await cloud.register(gateway)).document["mqtt_password"]
        token = await cloud.person("father")
        link = (await cloud.link(token, gateway, await cloud.issue(gateway))).document
    async with served(settings_in(tmp_path)) as cloud:
        assert (await cloud.get("/api/v1/links/current", token)).document == link
        assert password not in (await cloud.get("/console")).text


async def test_a_taken_port_is_named_and_everything_is_closed_again(tmp_path: Path) -> None:
    async with served(settings_in(tmp_path / "one")) as cloud:
        taken = int(cloud.cloud.public_url.rpartition(":")[2])
        for sections in ({"http": {"port": taken}}, {"mqtt": {"port": cloud.cloud.mqtt_port}}):
            with pytest.raises(Problem) as refused:
                async with running(settings_in(tmp_path / "two", **sections)):
                    pass
            assert refused.value.kind is PORT_TAKEN
    async with running(settings_in(tmp_path / "two", http={"port": taken})) as again:
        assert again.public_url == f"http://127.0.0.1:{taken}"


async def test_what_the_block_raises_comes_out_as_it_is(tmp_path: Path) -> None:
    with pytest.raises(UnreachableError):
        async with running(settings_in(tmp_path)):
            raise UnreachableError("phone", "gone")


async def test_an_address_that_is_not_ours_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Problem) as refused:
        async with running(settings_in(tmp_path, http={"host": "192.0.2.1", "port": 0})):
            pass
    assert refused.value.kind is SETTINGS_WRONG


@pytest.mark.parametrize("lost", ["pepper", "release-key", "cloud.sqlite3"])
async def test_a_damaged_state_is_refused(tmp_path: Path, lost: str) -> None:
    async with running(settings_in(tmp_path)):
        pass
    (tmp_path / lost).write_bytes(b"\0" * 5000)
    with pytest.raises(Problem) as refused:
        async with running(settings_in(tmp_path)):
            pass
    assert refused.value.kind is STATE_DAMAGED
    assert lost in str(refused.value.facts["file"])


async def test_a_lost_pepper_is_not_replaced(tmp_path: Path) -> None:
    async with running(settings_in(tmp_path)):
        pass
    (tmp_path / "pepper").unlink()
    with pytest.raises(Problem) as refused:
        async with running(settings_in(tmp_path)):
            pass
    assert refused.value.kind is STATE_DAMAGED
    assert not (tmp_path / "pepper").exists()


async def test_an_unwritable_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(Problem) as refused:
        async with running(settings_in(tmp_path / "file" / "state")):
            pass
    assert refused.value.kind is STATE_UNWRITABLE


async def test_the_machines_clock_goes_on_from_what_the_store_knows(tmp_path: Path, gateway: Gateway) -> None:
    async with served(settings_in(tmp_path)) as cloud:
        cloud.clock.pass_time(days=36_500)
        await cloud.register(gateway)
        future = cloud.clock.now()
    async with running(settings_in(tmp_path)) as again, aiohttp.ClientSession() as client:
        answer = await Served(again, cloud.clock, client).register(another_gateway())
    registered_at = datetime.fromisoformat(answer.document["registered_at"])
    assert future <= registered_at < future + timedelta(minutes=1)


def start(folder: Path, *arguments: str, **environment: str) -> subprocess.Popen[str]:
    ports = {"AISEG_CLOUD__HTTP__PORT": "0", "AISEG_CLOUD__MQTT__PORT": "0"}
    return subprocess.Popen(
        [sys.executable, "-W", "error", "-m", "cloud", *arguments],
        env=os.environ | ports | {"AISEG_CLOUD__STORE__FOLDER": str(folder)} | environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGTERM])
def test_the_command_prints_its_addresses_and_ends_cleanly(tmp_path: Path, ending: signal.Signals) -> None:
    with start(tmp_path, "--json") as process:
        assert process.stdout is not None
        addresses = json.loads(process.stdout.readline())
        assert addresses["inbox"] == addresses["cloud"] + "/inbox"
        assert set(addresses) == {"cloud", "inbox", "console", "mqtt"}
        assert process.stderr is not None
        first_words = process.stderr.readline()
        assert "connected" in first_words
        process.send_signal(ending)
        _, errors = process.communicate(timeout=20)
    assert process.returncode == 0
    assert "Traceback" not in errors


@pytest.mark.parametrize(
    ("environment", "code", "sentence"),
    [
        ({"AISEG_CLOUD__HTTP__PORT": "many"}, 2, "http.port"),
        ({"AISEG_CLOUD__STORE__FOLDER": "/dev/null/state"}, 1, "cannot be written"),
        ({"AISEG_CLOUD__STORE__FOLDER": "/dev/null/state", "LC_ALL": "ja_JP.UTF-8"}, 1, "書き込めません"),
    ],
)
def test_a_refusal_is_one_sentence_and_an_exit_code(
    tmp_path: Path, environment: dict[str, str], code: int, sentence: str
) -> None:
    with start(tmp_path, **{"LC_ALL": "C.UTF-8"} | environment) as process:
        _, errors = process.communicate(timeout=20)
    assert process.returncode == code
    assert sentence in errors
    assert "Traceback" not in errors


async def test_two_clouds_cannot_share_a_folder(tmp_path: Path) -> None:
    async with served(settings_in(tmp_path)):
        with pytest.raises(Problem) as caught:
            async with running(settings_in(tmp_path)):
                pytest.fail("got in")
    assert caught.value.kind is STATE_IN_USE
