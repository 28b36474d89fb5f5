"""Slots: whatever is cut or flipped, something whole boots, and never an image that nobody signed."""

import os
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from types import FrameType

import pytest

from emulator.firmware.slots import FOLDER, KEY_FILE, POINTER, Slots
from protocol.firmware import Manifest
from protocol.problems import RELEASE_REFUSED, STATE_UNWRITABLE, Problem
from tests.emulator.maker import Maker, image_of, manifest_of

pytestmark = pytest.mark.adapters

MAKER = Maker()
FILE_OPERATIONS = {"open", "fdopen", "write", "flush", "fsync", "close", "replace", "mkdir", "__exit__"}
OLD, NEW, NEXT = "2.10", "2.11", "2.12"


def booted(folder: Path, release_key: str | None = None) -> Slots:
    return Slots(folder, "MKN702", OLD, release_key)


def install(folder: Path, version: str, manifest: Manifest | None = None) -> None:
    """Install as the gateway that runs over `folder` would."""
    slots = booted(folder)
    slots.pin(MAKER.key)
    slots.install(MAKER.sign(manifest or manifest_of(version)), image_of(version))


def file(folder: Path, name: str) -> Path:
    return folder / FOLDER / name


def flip(path: Path, place: int, bit: int = 1) -> None:
    """Change one bit of a file."""
    content = bytearray(path.read_bytes())
    content[place] ^= bit
    path.write_bytes(content)


def test_a_box_fresh_from_the_factory_runs_what_it_was_made_with(tmp_path: Path) -> None:
    slots = booted(tmp_path)
    assert (slots.version, slots.running, slots.release_key) == (OLD, "factory", None)
    assert list((tmp_path / FOLDER).iterdir()) == []


def test_an_installed_version_runs_from_the_next_boot_on(tmp_path: Path) -> None:
    running = booted(tmp_path)
    running.pin(MAKER.key)
    running.install(MAKER.sign(manifest_of(NEW)), image_of(NEW))
    assert running.version == OLD
    for _ in range(2):
        again = booted(tmp_path)
        assert (again.version, again.running) == (NEW, "a")


def test_updates_take_turns_between_the_slots(tmp_path: Path) -> None:
    seen = []
    for version in (NEW, NEXT, "2.13"):
        install(tmp_path, version)
        slots = booted(tmp_path)
        seen.append((slots.running, slots.version))
    assert seen == [("a", NEW), ("b", NEXT), ("a", "2.13")]


def test_only_its_owner_can_read_what_is_there(tmp_path: Path) -> None:
    install(tmp_path, NEW)
    for each in (tmp_path / FOLDER).iterdir():
        assert each.stat().st_mode & 0o777 == 0o600, each
    assert (tmp_path / FOLDER).stat().st_mode & 0o777 == 0o700


def cut_the_power(folder: Path, verb: Callable[[], None], at: int) -> bool:
    """Run `verb` in a child that dies at its file operation number `at`; say whether it died."""
    child = os.fork()
    if child == 0:
        calls = 0

        def count(_: FrameType, event: str, function: object) -> None:
            nonlocal calls
            if event == "c_call" and getattr(function, "__name__", "") in FILE_OPERATIONS:
                calls += 1
                if calls == at:
                    os._exit(137)

        sys.setprofile(count)
        try:
            verb()
        finally:
            os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 137


@pytest.mark.req("S-FW-17")
@pytest.mark.parametrize(
    ("before", "old", "new"), [((), OLD, NEW), ((NEW,), NEW, NEXT), ((NEW, NEXT), NEXT, "2.13")]
)
def test_power_cut_between_any_two_file_operations_boots_old_or_new_whole(
    tmp_path: Path, before: tuple[str, ...], old: str, new: str
) -> None:
    factory = tmp_path / "made"
    factory.mkdir()
    for version in before:
        install(factory, version)
    boots, at, died = [], 0, True
    while died:
        at += 1
        assert at < 2000
        folder = tmp_path / str(at)
        shutil.copytree(factory, folder)
        died = cut_the_power(folder, lambda: install(folder, new), at)  # noqa: B023
        boots.append(booted(folder).version)
        install(folder, "3.0")
        assert booted(folder).version == "3.0", "what a cut leaves behind is in nobody's way"
        shutil.rmtree(folder)
    assert len(boots) > 30
    switched = boots.index(new)
    assert boots == [old] * switched + [new] * (len(boots) - switched), "one moment divides old from new"


@pytest.mark.req("S-FW-17")
@pytest.mark.parametrize("pointer", ["a", "", "nonsense\n", None])
def test_power_cut_while_mending_boots_a_whole_version(tmp_path: Path, pointer: str | None) -> None:
    made = tmp_path / "made"
    made.mkdir()
    install(made, NEW)
    install(made, NEXT)
    flip(file(made, "a.image"), 0)
    if pointer is None:
        file(made, POINTER).unlink()
    else:
        file(made, POINTER).write_text(pointer, "ascii")
    assert booted(made).version == NEXT
    boots, at, died = set(), 0, True
    while died:
        at += 1
        folder = tmp_path / str(at)
        shutil.copytree(made, folder)
        died = cut_the_power(folder, lambda: install(folder, "2.13"), at)  # noqa: B023
        boots.add(booted(folder).version)
        shutil.rmtree(folder)
    assert boots == {NEXT, "2.13"}


@pytest.mark.req("S-FW-17")
def test_all_is_on_disk_before_the_switch(tmp_path: Path) -> None:
    calls: list[str] = []

    def note(frame: FrameType, event: str, function: object) -> None:
        if event == "c_call":
            calls.append(getattr(function, "__name__", ""))

    slots = booted(tmp_path)
    slots.pin(MAKER.key)
    sys.setprofile(note)
    try:
        slots.install(MAKER.sign(manifest_of(NEW)), image_of(NEW))
    finally:
        sys.setprofile(None)
    order = [name for name in calls if name in ("fsync", "replace")]
    one_file_whole = ["fsync", "replace", "fsync"]
    assert order == [*one_file_whole, "fsync", *one_file_whole, *one_file_whole]


_LENGTH = len(image_of(NEXT))


@pytest.mark.req("S-FW-22", "S-FW-17")
@pytest.mark.parametrize("place", [0, 1, _LENGTH // 2, _LENGTH - 1])
@pytest.mark.parametrize("bit", [1, 128])
def test_a_flipped_bit_in_the_image_boots_the_other_slot(
    tmp_path: Path, place: int, bit: int, caplog: pytest.LogCaptureFixture
) -> None:
    install(tmp_path, NEW)
    install(tmp_path, NEXT)
    flip(file(tmp_path, "b.image"), place, bit)
    slots = booted(tmp_path)
    assert (slots.version, slots.running) == (NEW, "a")
    (sentence,) = caplog.messages
    assert sentence == f"{NEW} boots from a instead of b (slot b: the image is not the one that was signed)"


def places_of(text: str) -> dict[str, int]:
    """Return a place in each part of a manifest's file: every key, value and separator of signature and payload."""
    parts = (
        "payload",
        "signature",
        "model",
        "MKN702",
        "version",
        NEXT,
        "size_bytes",
        "sha256",
        "text_ja",
        "v\\",
    )
    found = {part: text.index(part) for part in parts}
    digest = text.index('sha256\\":\\"') + len('sha256\\":\\"')
    signature = text.index('"signature":"') + len('"signature":"')
    return found | {
        "first brace": 0,
        "digest": digest,
        "end of digest": digest + 63,
        "signature's first": signature,
        "signature's middle": signature + 40,
        "signature's last": signature + 84,
        "last brace": len(text.rstrip()) - 1,
    }


@pytest.mark.req("S-FW-22", "S-FW-17")
def test_a_flipped_bit_in_any_part_of_the_manifest_boots_the_other_slot(tmp_path: Path) -> None:
    install(tmp_path, NEW)
    install(tmp_path, NEXT)
    path = file(tmp_path, "b.manifest")
    text = path.read_text("utf-8")
    assert text.isascii() or "更新" in text
    for part, characters in places_of(text).items():
        place = len(text[:characters].encode())
        flip(path, place, 2)
        slots = booted(tmp_path)
        assert (slots.version, slots.running) == (NEW, "a"), part
        flip(path, place, 2)
    assert booted(tmp_path).version == NEXT


@pytest.mark.req("S-FW-22", "S-FW-17")
@pytest.mark.parametrize("name", ["b.image", "b.manifest"])
def test_a_cut_or_missing_file_boots_the_other_slot(tmp_path: Path, name: str) -> None:
    install(tmp_path, NEW)
    install(tmp_path, NEXT)
    path = file(tmp_path, name)
    content = path.read_bytes()
    for length in (0, 1, len(content) // 2, len(content) - 1):
        path.write_bytes(content[:length])
        assert booted(tmp_path).version == NEW, length
    path.write_bytes(content + b"x")
    assert booted(tmp_path).version == NEW
    path.unlink()
    assert booted(tmp_path).version == NEW
    path.mkdir()
    assert booted(tmp_path).version == NEW


@pytest.mark.req("S-FW-22")
def test_an_exchanged_image_or_manifest_does_not_boot(tmp_path: Path) -> None:
    install(tmp_path, NEW)
    install(tmp_path, NEXT)
    file(tmp_path, "b.image").write_bytes(file(tmp_path, "a.image").read_bytes())
    assert booted(tmp_path).version == NEW
    file(tmp_path, "a.image").write_bytes(b"neither")
    assert booted(tmp_path).version == OLD


@pytest.mark.req("S-FW-17")
def test_with_both_slots_broken_the_factory_version_boots_and_can_be_updated(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    install(tmp_path, NEW)
    install(tmp_path, NEXT)
    flip(file(tmp_path, "a.image"), 5)
    flip(file(tmp_path, "b.manifest"), 5)
    slots = booted(tmp_path)
    assert (slots.version, slots.running) == (OLD, "factory")
    assert "slot a" in caplog.text
    assert "slot b" in caplog.text
    install(tmp_path, NEXT)
    assert booted(tmp_path).version == NEXT


@pytest.mark.req("S-FW-17")
@pytest.mark.parametrize("pointer", [b"", b"c\n", b"\xff\xfe", b"a b", b"B\n"])
def test_a_pointer_that_names_nothing_boots_the_newest_whole_slot(tmp_path: Path, pointer: bytes) -> None:
    install(tmp_path, NEW)
    install(tmp_path, NEXT)
    file(tmp_path, POINTER).write_bytes(pointer)
    assert booted(tmp_path).version == NEXT
    flip(file(tmp_path, "b.image"), 5)
    assert booted(tmp_path).version == NEW


@pytest.mark.req("S-FW-17")
def test_a_pointer_flipped_to_the_other_slot_boots_that_one_whole(tmp_path: Path) -> None:
    install(tmp_path, NEW)
    install(tmp_path, NEXT)
    flip(file(tmp_path, POINTER), 0, 3)
    assert file(tmp_path, POINTER).read_text("ascii") == "a\n"
    assert booted(tmp_path).version == NEW


@pytest.mark.req("S-FW-22")
def test_the_first_key_is_kept_for_ever(tmp_path: Path) -> None:
    install(tmp_path, NEW)
    other = Maker()
    slots = booted(tmp_path)
    slots.pin(other.key)
    assert slots.release_key == MAKER.key
    assert booted(tmp_path).release_key == MAKER.key
    with pytest.raises(Problem) as caught:
        slots.install(other.sign(manifest_of(NEXT)), image_of(NEXT))
    assert caught.value.kind is RELEASE_REFUSED
    assert booted(tmp_path).version == NEW


@pytest.mark.req("S-FW-22")
@pytest.mark.parametrize("content", [b"", b"\xff\xfe", b"A" * 43 + b"=", b"not base64"])
def test_a_damaged_key_file_trusts_nobody(tmp_path: Path, content: bytes) -> None:
    install(tmp_path, NEW)
    file(tmp_path, KEY_FILE).write_bytes(content)
    slots = booted(tmp_path)
    slots.pin(Maker().key)
    assert slots.version == OLD
    assert file(tmp_path, KEY_FILE).read_bytes() == content
    with pytest.raises(Problem) as caught:
        slots.install(MAKER.sign(manifest_of(NEXT)), image_of(NEXT))
    assert caught.value.kind is RELEASE_REFUSED


def test_the_key_of_the_settings_counts_more_than_the_pinned_one(tmp_path: Path) -> None:
    install(tmp_path, NEW)
    assert booted(tmp_path, Maker().key).version == OLD
    assert booted(tmp_path, MAKER.key).version == NEW


@pytest.mark.req("S-FW-22")
@pytest.mark.parametrize("version", ["2.9", OLD, NEW])
def test_an_older_or_equal_version_is_not_installed_however_signed(tmp_path: Path, version: str) -> None:
    install(tmp_path, NEW)
    with pytest.raises(Problem) as caught:
        install(tmp_path, version)
    assert caught.value.kind is RELEASE_REFUSED
    assert version in caught.value.sentence("ja")
    assert booted(tmp_path).version == NEW


@pytest.mark.req("S-FW-22")
@pytest.mark.parametrize(
    "manifest",
    [
        manifest_of(NEW, "MKN700"),
        manifest_of(NEW).model_copy(update={"size_bytes": 1}),
        manifest_of(NEW).model_copy(update={"sha256": "0" * 64}),
    ],
)
def test_a_wrong_manifest_is_refused_and_the_same_version_boots(tmp_path: Path, manifest: Manifest) -> None:
    with pytest.raises(Problem) as caught:
        install(tmp_path, NEW, manifest)
    assert caught.value.kind is RELEASE_REFUSED
    assert booted(tmp_path).version == OLD


def test_what_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / FOLDER).write_text("in the way")
    with pytest.raises(Problem) as caught:
        booted(tmp_path)
    assert caught.value.kind is STATE_UNWRITABLE
