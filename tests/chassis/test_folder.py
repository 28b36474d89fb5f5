import sys
from pathlib import Path

import pytest

from chassis.folder import held, write_whole
from protocol.problems import STATE_IN_USE, STATE_UNWRITABLE, Problem

pytestmark = pytest.mark.adapters


async def test_nobody_else_gets_into_a_held_folder(tmp_path: Path) -> None:
    async with held(tmp_path):
        with pytest.raises(Problem) as caught:
            async with held(tmp_path):
                pytest.fail("got in")
        assert caught.value.kind is STATE_IN_USE
    async with held(tmp_path):
        pass


async def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(Problem) as caught:
        async with held(tmp_path / "file" / "folder"):
            pytest.fail("got in")
    assert caught.value.kind is STATE_UNWRITABLE


def test_a_file_is_replaced_whole_and_for_its_owner_only(tmp_path: Path) -> None:
    file = tmp_path / "file"
    write_whole(file, "old")
    write_whole(file, "新しい")
    assert file.read_text("utf-8") == "新しい"
    assert file.stat().st_mode & 0o777 == 0o600
    assert [each.name for each in tmp_path.iterdir()] == ["file"]


@pytest.mark.skipif(sys.platform != "linux", reason="/dev/full is Linux's")
def test_a_file_that_cannot_be_written_stays_as_it_was(tmp_path: Path) -> None:
    file = tmp_path / "file"
    write_whole(file, "old")
    (tmp_path / "file.new").symlink_to("/dev/full")
    with pytest.raises(OSError, match="No space"):
        write_whole(file, "new")
    assert file.read_text("utf-8") == "old"
