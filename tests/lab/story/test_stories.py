"""The scenarios that come with the lab: what they cover, the schema that editors read, and the commands that list and check them."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from jsonschema import Draft7Validator

from lab.__main__ import command
from lab.conditions.catalogue import CATALOGUE, entries
from lab.conditions.machines import PowerCut
from lab.story import schema
from lab.story.faults import nearest
from lab.story.reading import load, look_at, read_text
from lab.story.script import ExpectStep, FaultStep, Script
from lab.story.sense import known_rows
from lab.story.stories import FOLDER, conditions_of, faults_of, find, holds, shipped
from lab.story.tree import read_tree
from phone_client.searching.advice import ADVICE
from protocol.problems import SCENARIO_UNKNOWN, Problem

LINES_OF_A_SCREEN = 30
STORIES = {file.stem: load(file) for file in shipped()}


def test_there_are_many_and_each_is_right() -> None:
    assert len(STORIES) >= 40
    assert not [each for file in shipped() for each in look_at(file).faults]


def test_every_condition_is_in_a_story() -> None:
    assert {name for script in STORIES.values() for name in faults_of(script)} == set(CATALOGUE)


def test_every_row_of_searching_and_of_registering_from_afar_is_shown() -> None:
    rows = {row for script in STORIES.values() for row in script.rows}
    wanted = {row for row in known_rows() if row.startswith(("S-DISC-", "S-FAR-"))}
    assert len(wanted) == 18
    assert wanted <= rows


@pytest.mark.parametrize("file", shipped(), ids=lambda file: str(file.stem))
def test_a_story_fits_one_screen_and_tells_an_editor_its_schema(file: Path) -> None:
    lines = file.read_text("utf-8").splitlines()
    assert len(lines) <= LINES_OF_A_SCREEN
    address = lines[0].removeprefix(schema.HEADER)
    assert (file.parent / address).resolve() == schema.FILE.resolve()


@pytest.mark.parametrize("script", STORIES.values(), ids=list(STORIES))
def test_a_story_ends_with_something_that_somebody_sees(script: Script) -> None:
    assert isinstance(script.steps[-1], ExpectStep)
    assert re.search("[ぁ-んァ-ン]", script.title.ja)
    assert not re.search("[ぁ-んァ-ン]", script.title.en)


def test_titles_are_of_one_story_each() -> None:
    for titles in (
        [each.title.en for each in STORIES.values()],
        [each.title.ja for each in STORIES.values()],
    ):
        assert len(set(titles)) == len(titles)


def test_power_comes_back_in_several_orders_and_outages_count_the_samples() -> None:
    outages = {
        name: script
        for name, script in STORIES.items()
        if {"power_cut", "broker_down", "uplink_down", "router_reboots"}.intersection(faults_of(script))
        and script.given.phone.account == "linked"
    }
    orders = {
        PowerCut(order=match[1]).order.split(",")[0]
        for script in outages.values()
        for each in conditions_of(script)
        if (match := re.match(r"power_cut:order=(.*),off_s", each))
    }
    assert orders >= {"router", "gateway"}
    assert any(script.given.gateway.battery_backed for script in outages.values())
    for name, script in outages.items():
        last = script.steps[-1]
        assert isinstance(last, ExpectStep)
        assert (last.expect.lost_samples, last.expect.doubled_samples) == (0, 0), name
        assert any(isinstance(each, FaultStep) for each in script.steps), name


# The schema


@pytest.fixture(scope="module")
def validator() -> Draft7Validator:
    published = json.loads(schema.FILE.read_text("utf-8"))
    Draft7Validator.check_schema(published)
    return Draft7Validator(published)


def test_the_published_schema_is_the_one_of_the_models() -> None:
    assert schema.FILE.read_text("utf-8") == schema.document(), "run: python -m lab.story.schema"


@pytest.mark.parametrize("file", shipped(), ids=lambda file: str(file.stem))
def test_every_story_keeps_to_the_schema(file: Path, validator: Draft7Validator) -> None:
    assert not list(validator.iter_errors(read_tree(file.read_text("utf-8")).value))


HEAD = "scenario: story\nversion: 1\ntitle: {en: A story, ja: お話}\n"


@pytest.mark.parametrize(
    "text",
    [
        "steps: [{phone: serch}]",
        "steps: [{phone: search, panel: open}]",
        "steps: [{phone: search, within: 3s}]",
        "steps: [{fone: search}]",
        "steps: []",
        "steps: [{fault: mdns_block}]",
        "steps: [{fault: 'loss:pp=1'}]",
        "steps: [{fault: mdns_blocked, for: 12}]",
        "steps: [{fault: loss}, {mend: losss}]",
        "steps: [{expect: {}}]",
        "steps: [{expect: {reason: isolated}}]",
        "steps: [{expect: {could_also_be: isolated}}]",
        "steps: [{expect: {linked: 'yes'}}]",
        "steps: [{expect: {found: -1}}]",
        "steps: [{expect: {no_dead_end: false}}]",
        "steps: [{expect: {phone_says: null}}]",
        "steps: [{phone: search}]\nsede: 1",
        "steps: [{phone: search}]\nrows: [DISC-1]",
        "steps: [{phone: search}]\ngiven: {network: [mdns_block]}",
        "steps: [{phone: search}]\ngiven: {phone: {acount: none}}",
    ],
)
def test_the_schema_refuses_what_the_lab_refuses(text: str, validator: Draft7Validator) -> None:
    document = HEAD + text
    assert read_text(document, Path("story.yaml")).faults
    assert list(validator.iter_errors(read_tree(document).value))


def constants(part: Any) -> Iterator[str]:
    yield from (each["const"] for each in part["anyOf"] if "const" in each)


def test_the_schema_offers_every_condition_and_every_diagnosis_and_says_what_they_are() -> None:
    parts = schema.schema()["$defs"]
    fault = parts["FaultStep"]["properties"]["fault"]
    assert list(constants(fault)) == list(CATALOGUE)
    for entry in entries():
        (said,) = {each["description"] for each in fault["anyOf"] if each.get("const") == entry.name}
        assert entry.text.sentence.ja in said
    assert list(constants(parts["Expected"]["properties"]["reason"])) == list(ADVICE)
    for name, part in parts.items():
        assert part["description"], name
        for key, value in part["properties"].items():
            assert value.get("description"), f"{name}.{key}"


# The page for people


def words_of(part: Any) -> Iterator[str]:
    """Return every key and every choice of the schema but conditions and diagnoses, which have pages of their own."""
    if isinstance(part, list):
        for each in part:
            yield from words_of(each)
    if isinstance(part, dict):
        yield from part.get("properties", ())
        yield from (each for each in part.get("enum", ()) if isinstance(each, str))
        for each in part.values():
            yield from words_of(each)


def test_the_page_about_scenarios_has_every_word_and_its_example_is_one() -> None:
    page = (Path(__file__).parents[3] / "docs" / "scenarios.md").read_text("utf-8")
    example = page.partition("```yaml\n")[2].partition("```")[0]
    script = read_text(example, Path("internet-gone-while-linking.yaml")).script
    assert script is not None
    assert script.title == STORIES[script.scenario].title
    for word in sorted(set(words_of(schema.schema()))):
        assert re.search(rf"\b{word}\b", page), word


# Which are meant


def test_a_story_is_found_by_name_by_path_and_in_a_folder(tmp_path: Path) -> None:
    own = tmp_path / "own.yaml"
    own.write_text("", "utf-8")
    assert find(["same-router", str(own)]) == [FOLDER / "same-router.yaml", own]
    assert find([str(tmp_path)]) == [own]
    assert find([str(tmp_path / "gone.yaml")]) == [tmp_path / "gone.yaml"]
    with pytest.raises(Problem) as caught:
        find(["same-ruter"])
    assert caught.value.kind is SCENARIO_UNKNOWN
    assert str(caught.value.facts["near"]).split(", ")[0] == "same-router"


@pytest.mark.parametrize("text", ["GUEST-wifi-then", "ゲスト用Wi-Fiにつないだ", "s-far-02", "guest_wifi"])
def test_a_story_holds_what_is_in_its_name_title_rows_and_faults(text: str) -> None:
    assert holds(STORIES["guest-wifi-then-code"], text)
    assert not holds(STORIES["same-router"], text)


def test_names_of_stories_are_not_mistaken_for_one_another() -> None:
    for name in STORIES:
        assert nearest(name, STORIES)[0] == name


# The commands


def lab(*words: str, columns: int = 200) -> Result:
    return CliRunner().invoke(command, words, env={"LC_ALL": "C.UTF-8", "COLUMNS": str(columns)})


@pytest.mark.parametrize("columns", [80, 200])
@pytest.mark.parametrize("language", ["en", "ja"])
def test_list_has_each_story_with_its_title_its_rows_and_its_faults(columns: int, language: str) -> None:
    told = lab("list", "--lang", language, columns=columns)
    assert told.exit_code == 0
    at = [re.search(rf"^{name} ", told.stdout, re.MULTILINE) for name in STORIES]
    begins = [match.start() for match in at if match]
    assert begins == sorted(begins)
    assert len(begins) == len(STORIES)
    for script, begin, end in zip(STORIES.values(), begins, [*begins[1:], None], strict=True):
        said = re.sub(r"\s+", "", told.stdout[begin:end])
        for each in (*script.rows, *faults_of(script)):
            assert each in said
        if columns < 140:  # else a title that is folded is mixed with its neighbours
            assert re.sub(r"\s+", "", getattr(script.title, language)) in said


def test_list_can_be_narrowed_and_read_by_programs() -> None:
    listed = json.loads(lab("list", "-k", "S-DISC-13", "--json").stdout)["scenarios"]
    assert [each["scenario"] for each in listed] == [
        name for name, script in STORIES.items() if "S-DISC-13" in script.rows
    ]
    assert listed[0]["title"] == STORIES[listed[0]["scenario"]].title.model_dump()
    nothing = lab("list", "-k", "no such story")
    assert (nothing.exit_code, nothing.stdout) == (0, "")
    assert "no such story" in nothing.stderr


def test_validate_says_that_all_are_right() -> None:
    told = lab("validate", "--all")
    assert (told.exit_code, told.stdout) == (0, f"{len(STORIES)} of {len(STORIES)} files are right.\n")


def test_validate_says_everything_that_is_wrong_and_ends_with_2(tmp_path: Path) -> None:
    wrong = tmp_path / "wrong.yaml"
    wrong.write_text("scenario: wrong\nversion: 1\nsteps: [{phone: serch}, {panel: opne}]\n", "utf-8")
    told = lab("validate", str(wrong), "same-router", "--lang", "ja")
    assert told.exit_code == 2
    assert told.stderr.splitlines() == [
        f"{wrong}:1:1: title がありません",
        f"{wrong}:3:17: phone に「serch」はありません。search のことですか。",
        f"{wrong}:3:33: panel に「opne」はありません。open のことですか。",
    ]
    assert told.stdout == "2 件中 1 件のファイルに誤りはありません。\n"
    listed = json.loads(lab("validate", str(wrong), "--json").stdout)["files"]
    assert [(each["line"], each["column"]) for each in listed[0]["faults"]] == [(1, 1), (3, 17), (3, 33)]
    assert listed[0]["faults"][0]["en"] == "title is missing"


def test_validate_wants_to_know_what() -> None:
    assert lab("validate").exit_code == 2
    unknown = lab("validate", "same-ruter")
    assert unknown.exit_code == 2
    assert unknown.stderr.startswith("There is no scenario same-ruter; these come nearest: same-router")
