"""How lost and doubled samples are counted, in files as the programs have them."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from lab.stage.records import Records, Stored, Tally

pytestmark = pytest.mark.rules
GATEWAY = "0123456789ab"


def run(file: Path, *statements: str) -> None:
    file.parent.mkdir(exist_ok=True)
    with closing(sqlite3.connect(file)) as database, database:
        for each in statements:
            database.execute(each)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    run(
        tmp_path / "gateway" / "gateway.sqlite3",
        "CREATE TABLE gateway (household TEXT)",
        "CREATE TABLE outbox (seq INTEGER PRIMARY KEY)",
        """INSERT INTO gateway VALUES ('{"seq": 5}')""",
        "INSERT INTO outbox VALUES (4), (5)",
    )
    run(
        tmp_path / "cloud" / "cloud.sqlite3",
        "CREATE TABLE gateways (gateway_id TEXT, epoch INTEGER, says_online BOOLEAN)",
        "CREATE TABLE samples (gateway_id TEXT, epoch INTEGER, seq INTEGER, measured_at INTEGER)",
        "CREATE TABLE links (gateway_id TEXT)",
        f"INSERT INTO gateways VALUES ('{GATEWAY}', 2, 1)",
        f"INSERT INTO samples VALUES ('{GATEWAY}', 1, 9, 90), ('{GATEWAY}', 2, 1, 100), ('{GATEWAY}', 2, 2, 101), ('{GATEWAY}', 2, 3, 102)",
    )
    return tmp_path


def test_what_is_at_the_cloud_or_waits_is_not_lost(folder: Path) -> None:
    records = Records(folder, GATEWAY)
    assert records.tally() == Tally(lost=0, doubled=0)
    assert records.stored() == Stored(epoch=2, online=True, samples=3, newest=3, links=0)


def test_what_is_nowhere_is_lost_and_what_is_there_twice_is_doubled(folder: Path) -> None:
    run(folder / "gateway" / "gateway.sqlite3", "DELETE FROM outbox WHERE seq = 4")
    run(
        folder / "cloud" / "cloud.sqlite3", "UPDATE samples SET measured_at = 100 WHERE epoch = 2 AND seq = 2"
    )
    assert Records(folder, GATEWAY).tally() == Tally(lost=1, doubled=1)


def test_before_it_is_registered_there_is_nothing_to_lose(tmp_path: Path) -> None:
    records = Records(tmp_path, GATEWAY)
    assert records.stored() is None
    assert records.tally() == Tally(lost=0, doubled=0)
