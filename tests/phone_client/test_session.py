import json
import stat
import threading
from datetime import datetime, timezone
from pathlib import Path

import pytest

from phone_client.places import Remembered
from phone_client.session import Login, Memory, MemoryFile
from protocol.problems import STATE_DAMAGED, STATE_UNWRITABLE, Problem

pytestmark = pytest.mark.adapters

NOW = datetime(2026, 11, 22, 5, 0, tzinfo=timezone.utc)  # noqa: UP017 - as the rest of the project writes it


def test_a_new_phone_has_an_installation_id_that_stays(tmp_path: Path) -> None:
    file = MemoryFile(tmp_path / "new" / "folder")
    kept = file.change(lambda memory: memory)
    assert file.read() == kept
    assert len(kept.installation_id) >= 16


def test_the_token_is_readable_for_its_owner_only(tmp_path: Path) -> None:
    login = Login(
        cloud_url="http://127.0.0.1:1",
        email="a@example.com",
        token="secret",
        expires_at=NOW,
        refresh_token="secret too",
    )
    MemoryFile(tmp_path / "phone").change(lambda memory: memory.model_copy(update={"login": login}))
    file = tmp_path / "phone" / "phone.json"
    assert "secret" in file.read_text("utf-8")
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "JSON"),
        (b"{", "JSON"),
        (b"\xff\xfe", "JSON"),
        (b"[]", "object"),
        (b'{"v": 3, "installation_id": "0123456789abcdef"}', "v: "),
        (b'{"v": 1, "installation_id": "0123456789abcdef", "more": 1}', "more: "),
        (
            b'{"v": 1, "installation_id": "0123456789abcdef", "gateways": [{"gateway_id": "0123456789ab",'
            b' "name": "AiSEG", "address": "router.lan", "port": 8081}]}',
            "gateways.0.address: ",
        ),
    ],
)
def test_a_damaged_file_is_said_and_left_alone(tmp_path: Path, content: bytes, words: str) -> None:
    (tmp_path / "phone.json").write_bytes(content)
    for attempt in (MemoryFile(tmp_path).read, lambda: MemoryFile(tmp_path).change(lambda memory: memory)):
        with pytest.raises(Problem) as refused:
            attempt()
        assert refused.value.kind is STATE_DAMAGED
        assert str(tmp_path / "phone.json") in str(refused.value)
        assert words in str(refused.value)
    assert (tmp_path / "phone.json").read_bytes() == content


def test_of_a_file_of_version_1_installation_and_gateways_are_kept(tmp_path: Path) -> None:
    known = {"gateway_id": "0123456789ab", "name": "AiSEG", "address": "192.168.1.9", "port": 8081}
    login = {
        "cloud_url": "http://a",
        "email": "a@example.com",
        "token": "secret",
        "expires_at": NOW.isoformat(),
    }
    link = {
        "gateway_id": "0123456789ab",
        "model": "MKN702",
        "firmware": "2.10",
        "nickname": "x",
        "phones": ["x"],
    }
    pending = {"request_id": "request-0123456789", "fingerprint": "00"}
    before = {"v": 1, "installation_id": "0123456789abcdef", "gateways": [known]}
    (tmp_path / "phone.json").write_text(
        json.dumps(before | {"login": login, "link": link, "pending": pending}), "utf-8"
    )
    taken_over = MemoryFile(tmp_path).read()
    assert taken_over == Memory(installation_id="0123456789abcdef", gateways=(Remembered(**known),))
    MemoryFile(tmp_path).change(lambda memory: memory)
    assert MemoryFile(tmp_path).read() == taken_over
    assert "secret" not in (tmp_path / "phone.json").read_text("utf-8")


@pytest.mark.req("S-APP-13")
def test_a_fresh_phone_has_no_session_and_no_link(tmp_path: Path) -> None:
    fresh = MemoryFile(tmp_path).read()
    assert (fresh.login, fresh.link, fresh.introduced, fresh.gateways) == (None, None, False, ())


def test_a_folder_that_cannot_be_made_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(Problem) as refused:
        MemoryFile(tmp_path / "file" / "phone").change(lambda memory: memory)
    assert refused.value.kind is STATE_UNWRITABLE


def test_a_draft_left_by_a_crash_is_in_nobodys_way(tmp_path: Path) -> None:
    file = MemoryFile(tmp_path)
    kept = file.change(lambda memory: memory)
    (tmp_path / "phone.draft").write_text("half a fi")
    assert file.read() == kept
    assert file.change(lambda memory: memory.model_copy(update={"introduced": True})) == file.read()
    assert file.read() != kept


def test_changes_at_once_are_all_kept(tmp_path: Path) -> None:
    file = MemoryFile(tmp_path)

    def note(number: int) -> None:
        file.change(lambda memory: memory.model_copy(update={"ended": f"{memory.ended or ''}{number}"}))

    threads = [threading.Thread(target=note, args=(number,)) for number in range(8)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert sorted(file.read().ended or "") == list("01234567")
