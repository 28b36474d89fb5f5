import sqlite3
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from emulator.household import Household, State
from emulator.store import STORE_FILE, Outbox, Store
from protocol.problems import STATE_DAMAGED, STATE_UNWRITABLE, Problem
from protocol.registering import Registration
from protocol.telemetry import Sample

pytestmark = pytest.mark.adapters

HOUSE = Household("house", 5000, 6500, timedelta(seconds=10))
START = datetime(2026, 11, 22, 3, tzinfo=UTC)


def registration(epoch: int = 1) -> Registration:
    return Registration(
        gateway_id="0123456789ab",
        epoch=epoch,
        registered_at=START,
        mqtt_password="secret",
        mqtt_host="127.0.0.1",
        mqtt_port=1883,
    )


def opened(folder: Path, outbox_samples: int = 5) -> Store:
    return Store(folder, HOUSE.first_state(), outbox_samples)


def measure(state: State) -> tuple[State, Sample]:
    return HOUSE.step(state, START + state.seq * HOUSE.interval)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    each = opened(tmp_path)
    yield each
    each.close()


def numbers(store: Store, limit: int = 100) -> list[int]:
    return [sample.seq for sample in store.unsent(limit)]


def test_nothing_is_queued_before_there_is_a_registration(store: Store) -> None:
    assert store.record(measure).seq == 1
    assert store.outbox() == Outbox(0, 0, 0)
    assert store.registration() is None


def test_samples_outlive_the_process_in_order(tmp_path: Path, store: Store) -> None:
    store.begin_epoch(registration())
    taken = [store.record(measure) for _ in range(3)]
    store.close()
    again = opened(tmp_path)
    assert again.unsent(100) == taken
    assert again.record(measure).seq == 4
    assert again.registration() == registration()
    again.close()


def test_a_receipt_forgets_up_to_its_number_and_no_further(store: Store) -> None:
    store.begin_epoch(registration())
    for _ in range(4):
        store.record(measure)
    store.forget(1, 3)
    assert numbers(store) == [4]
    assert store.outbox() == Outbox(1, 4, 4)


def test_a_receipt_of_another_epoch_changes_nothing(store: Store) -> None:
    store.begin_epoch(registration(2))
    store.record(measure)
    store.forget(1, 99)
    assert numbers(store) == [1]
    assert store.record(measure).seq == 2


@pytest.mark.req("S-TEL-05")
def test_a_full_outbox_drops_the_oldest_and_knows_which_it_still_holds(store: Store) -> None:
    store.begin_epoch(registration())
    for _ in range(8):
        store.record(measure)
    assert numbers(store) == [4, 5, 6, 7, 8]
    assert store.outbox() == Outbox(5, 4, 8)


@pytest.mark.req("S-TEL-02")
def test_a_new_epoch_empties_the_outbox_and_starts_again_at_1(store: Store) -> None:
    store.begin_epoch(registration(1))
    for _ in range(3):
        store.record(measure)
    store.begin_epoch(registration(2))
    assert numbers(store) == []
    sample = store.record(measure)
    assert (sample.seq, sample.generation_wh, sample.consumption_wh) == (1, 0, 0)


def test_the_same_epoch_told_again_keeps_the_outbox(store: Store) -> None:
    store.begin_epoch(registration())
    store.record(measure)
    store.begin_epoch(registration())
    assert numbers(store) == [1]


def test_an_older_copy_of_the_file_goes_on_after_what_the_cloud_has(store: Store) -> None:
    store.begin_epoch(registration())
    store.record(measure)
    store.forget(1, 500)
    assert store.record(measure).seq == 501


def test_a_measurement_that_fails_leaves_everything_as_it_was(store: Store) -> None:
    store.begin_epoch(registration())
    store.record(measure)

    def fail(_: State) -> tuple[State, Sample]:
        raise RuntimeError

    with pytest.raises(RuntimeError):
        store.record(fail)
    assert numbers(store) == [1]
    assert store.record(measure).seq == 2


def test_closing_waits_for_the_verb_under_way(store: Store) -> None:
    begun, go_on = threading.Event(), threading.Event()

    def slowly(state: State) -> tuple[State, Sample]:
        begun.set()
        assert go_on.wait(5)
        return measure(state)

    measuring = threading.Thread(target=store.record, args=[slowly])
    closing = threading.Thread(target=store.close)
    measuring.start()
    assert begun.wait(5)
    closing.start()
    closing.join(0.05)
    assert closing.is_alive()
    go_on.set()
    measuring.join(5)
    closing.join(5)
    with pytest.raises(sqlite3.ProgrammingError):
        store.record(measure)


def test_a_damaged_file_is_named(tmp_path: Path) -> None:
    (tmp_path / STORE_FILE).write_bytes(b"this is not a database, it only looks like a file of one" * 50)
    with pytest.raises(Problem) as caught:
        opened(tmp_path)
    assert caught.value.kind is STATE_DAMAGED
    assert STORE_FILE in str(caught.value)


def test_a_file_of_the_first_schema_keeps_its_data(tmp_path: Path, store: Store) -> None:
    store.begin_epoch(registration())
    taken = [store.record(measure) for _ in range(3)]
    store.close()
    with sqlite3.connect(tmp_path / STORE_FILE) as database:
        database.execute("ALTER TABLE gateway ADD COLUMN request_id TEXT")
        database.execute("UPDATE gateway SET request_id = 'a registration under way'")
        database.execute("PRAGMA user_version = 1")
    database.close()
    for _ in range(2):
        again = opened(tmp_path)
        assert again.unsent(100) == taken
        assert again.registration() == registration()
        again.close()
    with sqlite3.connect(tmp_path / STORE_FILE) as database:
        assert database.execute("PRAGMA user_version").fetchone() == (2,)
    database.close()
    again = opened(tmp_path)
    assert again.record(measure).seq == 4
    again.close()


def test_a_schema_from_the_future_is_refused(tmp_path: Path, store: Store) -> None:
    store.close()
    with sqlite3.connect(tmp_path / STORE_FILE) as database:
        database.execute("PRAGMA user_version = 99")
    database.close()
    with pytest.raises(Problem) as caught:
        opened(tmp_path)
    assert caught.value.kind is STATE_DAMAGED
    assert "99" in str(caught.value)


def test_household_text_that_cannot_be_read_is_damage(tmp_path: Path, store: Store) -> None:
    store.close()
    with sqlite3.connect(tmp_path / STORE_FILE) as database:
        database.execute("UPDATE gateway SET household = '{}'")
    database.close()
    again = opened(tmp_path)
    with pytest.raises(Problem) as caught:
        again.record(measure)
    assert caught.value.kind is STATE_DAMAGED
    again.close()


def test_a_folder_without_the_right_to_write_is_told(tmp_path: Path) -> None:
    with pytest.raises(Problem) as caught:
        opened(tmp_path / "missing")
    assert caught.value.kind is STATE_UNWRITABLE
