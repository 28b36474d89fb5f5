"""`aiseg lab`: the conditions listed, and one search in a home that has some of them."""

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from lab.conditions.catalogue import CATALOGUE
from lab.wanted import Wanted, read_wanted
from tests.lab.test_home import comments
from tests.support.rights import NOT_ALLOWED, may_make_networks

needs_home = pytest.mark.skipif(not may_make_networks(), reason=NOT_ALLOWED)


def lab(*words: str, language: str = "C.UTF-8") -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "aiseg", "lab", *words]
    with tempfile.TemporaryDirectory() as folder:
        environment = {"PATH": os.environ["PATH"], "LC_ALL": language, "COLUMNS": "100", "TMPDIR": folder}
        return subprocess.run(
            command, capture_output=True, text=True, timeout=50, check=False, env=environment
        )


@pytest.mark.parametrize(
    ("text", "name", "args"),
    [
        ("guest_wifi", "guest_wifi", {}),
        ("loss:p=0.3,on=phone", "loss", {"p": "0.3", "on": "phone"}),
        ("power_cut:order=gateway,router,off_s=1", "power_cut", {"order": "gateway,router", "off_s": "1"}),
        ("loss:p", "loss", {"p": ""}),
    ],
)
def test_a_condition_is_read_as_it_is_typed(text: str, name: str, args: dict[str, str]) -> None:
    assert read_wanted(text) == Wanted(name, dict(args))


def test_all_conditions_are_listed_in_both_languages() -> None:
    listed = json.loads(lab("conditions", "--json").stdout)
    assert [each["name"] for each in listed] == list(CATALOGUE)
    for each in listed:
        for part in ("sentence", "effect", "seen", "origin"):
            assert all(each[part][language] for language in ("en", "ja"))
    english, japanese = lab("conditions").stdout, lab("conditions", language="ja_JP.UTF-8").stdout
    for name in CATALOGUE:
        assert f"\n{name} " in f"\n{english}"
        assert f"\n{name} " in f"\n{japanese}"
    assert "real life: " in english
    assert "実際の例：" in japanese


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ("gest_wifi", "There is no condition gest_wifi; these come nearest: guest_wifi."),
        ("loss:q=1", "The condition loss has no parameter q"),
        ("loss:p=nine", "cannot be nine"),
        ("loss:on=fone", "phone"),
    ],
)
def test_what_cannot_be_is_refused_in_one_sentence(typed: str, sentence: str) -> None:
    refused = lab("search", "--with", typed)
    assert refused.returncode == 1
    assert refused.stderr.count("\n") == 1
    assert sentence in refused.stderr


@needs_home
def test_a_search_in_a_well_home_finds_the_gateway() -> None:
    searched = lab("search")
    assert searched.returncode == 0, searched.stderr
    assert "Nothing is wrong." in searched.stdout
    assert "found: AiSEG MKN702" in searched.stdout


def test_a_refusal_is_in_the_language_asked_for() -> None:
    refused = lab("search", "--with", "loss:p=9", "--lang", "ja")
    assert (refused.returncode, refused.stderr) == (
        1,
        "loss のパラメーター p に 9 は指定できません。指定できる値: 0 … 1\n",
    )


def test_a_search_before_its_conditions_is_refused() -> None:
    refused = lab("search", "--after", "-1")
    assert refused.returncode == 2
    assert "0<=x<=3600" in refused.stderr


def test_every_verb_is_listed() -> None:
    listed = lab("--help").stdout
    assert all(f"  {verb} " in listed for verb in ("conditions", "search", "matrix", "conform"))
    assert "RFC 6762" in lab("conform", "--help").stdout


@needs_home
def test_a_folder_may_have_any_name(tmp_path: Path) -> None:
    folder = tmp_path / 'a "b" \\ 家'
    searched = lab("search", "--folder", str(folder))
    assert searched.returncode == 0, searched.stderr
    assert (folder / "packets.pcapng").exists()


@needs_home
def test_a_full_disk_is_a_sentence_that_names_the_file(tmp_path: Path) -> None:
    (tmp_path / "packets.pcapng").symlink_to("/dev/full")
    searched = lab("search", "--folder", str(tmp_path))
    assert searched.returncode == 1
    assert searched.stderr == f"No space left on device: {tmp_path}/packets.pcapng\n"


@needs_home
def test_a_search_says_what_was_true_and_what_the_phone_says(tmp_path: Path) -> None:
    asked = ("--with", "guest_wifi", "--with", "loss:p=0.1", "--seed", "7", "--timeout", "4")
    searched = lab("search", *asked, "--folder", str(tmp_path), "--json")
    assert searched.returncode == 3, searched.stderr
    said = json.loads(searched.stdout)
    assert [(each["name"], each["args"]) for each in said["conditions"]] == [
        ("guest_wifi", {"on": "phone"}),
        ("loss", {"p": 0.1, "on": None}),
    ]
    assert said["seed"] == 7
    assert said["phone"]["found"] == []
    assert said["phone"]["diagnosis"]["code"] == "other_network"
    assert comments(Path(said["capture"]), b"_aiseg")


@needs_home
def test_a_person_reads_it_in_japanese() -> None:
    searched = lab("search", "--with", "mdns_blocked", language="ja_JP.UTF-8")
    assert searched.returncode == 0, searched.stderr
    assert "1. ネットワークでmDNSが遮断されています。" in searched.stdout
    assert "見つかりました: AiSEG MKN702" in searched.stdout
    assert "mdns_blocked: " in searched.stdout
