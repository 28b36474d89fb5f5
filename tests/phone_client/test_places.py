"""Where gateways were found, read and written apart from the rest of the memory, which stays as it is."""

import json
import threading
from datetime import datetime, timezone
from pathlib import Path

import pytest

from phone_client.memory_file import WholeFile
from phone_client.places import MAX_REMEMBERED, PlacesFile, Remembered
from phone_client.session import Login, Memory, MemoryFile
from protocol.cloud_api import Link, OwnPhone
from protocol.problems import STATE_DAMAGED, STATE_UNWRITABLE, Problem

pytestmark = pytest.mark.adapters

NOW = datetime(2026, 11, 22, 5, 0, tzinfo=timezone.utc)  # noqa: UP017 - as the rest of the project writes it


def gateway(number: int) -> Remembered:
    return Remembered(gateway_id=f"{number:012x}", name=f"AiSEG {number}", address="192.168.1.9", port=8081)


def linked(gateway_id: str) -> Link:
    return Link(
        gateway_id=gateway_id,
        model="MKN702",
        firmware="2.10",
        latest_firmware="2.10",
        linked_at=NOW,
        nickname="お父さん",
        phones=(OwnPhone(phone_id="phone-id-of-father", nickname="お父さん"),),
    )


def test_the_newest_gateways_are_remembered_once_each(tmp_path: Path) -> None:
    places = PlacesFile(tmp_path)
    for number in [*range(20), 19, 13]:
        places.add([gateway(number)])
    assert [each.gateway_id[-2:] for each in places.read().gateways] == [
        f"{number:02x}" for number in (13, 19, 18, 17, 16, 15, 14, 12)
    ]


def test_those_of_one_search_come_in_its_order(tmp_path: Path) -> None:
    places = PlacesFile(tmp_path)
    places.add([gateway(1), gateway(2)])
    places.add([gateway(3), gateway(2)])
    assert places.read().gateways == (gateway(3), gateway(2), gateway(1))


def test_a_search_expects_the_linked_gateway_or_the_newest(tmp_path: Path) -> None:
    places, file = PlacesFile(tmp_path), MemoryFile(tmp_path)
    assert places.read().expected is None
    places.add([gateway(2), gateway(1)])
    assert places.read().expected == gateway(2)
    for link, expected in ((gateway(1).gateway_id, gateway(1)), ("ffffffffffff", None)):
        changes = {"link": linked(link)}
        file.change(lambda memory, changes=changes: memory.model_copy(update=changes))  # type: ignore[misc]
        assert places.read().expected == expected


def test_the_rest_of_the_memory_stays_as_it_is(tmp_path: Path) -> None:
    login = Login(
        cloud_url="http://127.0.0.1:1",
        email="a@example.com",
        token="secret",
        expires_at=NOW,
        refresh_token="secret too",
    )
    changes = {"login": login, "link": linked("0123456789ab"), "introduced": True}
    before = MemoryFile(tmp_path).change(lambda memory: memory.model_copy(update=changes))
    PlacesFile(tmp_path).add([gateway(1)])
    assert MemoryFile(tmp_path).read() == before.model_copy(update={"gateways": (gateway(1),)})


def test_what_a_first_search_writes_is_a_whole_memory(tmp_path: Path) -> None:
    PlacesFile(tmp_path / "new").add([gateway(1)])
    memory = MemoryFile(tmp_path / "new").read()
    assert memory == Memory(installation_id=memory.installation_id, gateways=(gateway(1),))


def test_what_is_known_is_not_written_again(tmp_path: Path) -> None:
    places = PlacesFile(tmp_path)
    places.add([])
    assert not list(tmp_path.iterdir())
    places.add([gateway(1)])
    written = (tmp_path / "phone.json").stat()
    places.add([gateway(1)])
    assert (tmp_path / "phone.json").stat().st_ino == written.st_ino


def test_places_kept_at_once_are_all_kept(tmp_path: Path) -> None:
    places = PlacesFile(tmp_path)
    threads = [
        threading.Thread(target=places.add, args=([gateway(number)],)) for number in range(MAX_REMEMBERED)
    ]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert len(places.read().gateways) == MAX_REMEMBERED


@pytest.mark.parametrize(
    "content", ["", "[]", '{"v": 3}', '{"v": 2, "gateways": [{"address": "router.lan"}]}']
)
def test_a_damaged_file_is_said_and_left_alone(tmp_path: Path, content: str) -> None:
    (tmp_path / "phone.json").write_text(content)
    for attempt in (PlacesFile(tmp_path).read, lambda: PlacesFile(tmp_path).add([gateway(1)])):
        with pytest.raises(Problem) as refused:
            attempt()
        assert refused.value.kind is STATE_DAMAGED
    assert (tmp_path / "phone.json").read_text() == content


def test_a_folder_that_cannot_be_made_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(Problem) as refused:
        PlacesFile(tmp_path / "file").add([gateway(1)])
    assert refused.value.kind in (STATE_UNWRITABLE, STATE_DAMAGED)


def test_of_a_file_of_version_1_everything_else_is_left_for_the_session(tmp_path: Path) -> None:
    before = {"v": 1, "installation_id": "0123456789abcdef", "link": {"gateway_id": "0123456789ab"}}
    (tmp_path / "phone.json").write_text(json.dumps(before), "utf-8")
    PlacesFile(tmp_path).add([gateway(1)])
    assert MemoryFile(tmp_path).read() == Memory(installation_id="0123456789abcdef", gateways=(gateway(1),))


def test_who_has_searched_does_not_wait_for_who_waits_for_the_cloud(tmp_path: Path) -> None:
    places = PlacesFile(tmp_path)
    places.add([gateway(1)])
    with WholeFile(tmp_path / "phone.json").alone(), pytest.raises(Problem) as refused:
        places.add([gateway(2)])
    assert refused.value.kind is STATE_UNWRITABLE
    assert places.read().gateways == (gateway(1),)
