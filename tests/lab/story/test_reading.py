"""A scenario's file is read, or everything that is wrong with it is told at once, where it is, in both languages."""

import json
import os
import re
import string
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import example, given
from hypothesis import strategies as st

from lab.conditions.catalogue import CATALOGUE
from lab.story.faults import SENTENCES, nearest
from lab.story.reading import MOST_BYTES, Reading, ScenarioWrong, load, look_at, read_text
from lab.story.script import STEPS, ExpectStep, FaultStep, Script
from lab.story.shape import keys_of, model_at
from lab.story.stories import shipped
from lab.story.tree import Path as Where
from lab.story.tree import read_tree
from phone_client.searching.advice import ADVICE
from protocol.problems import EXIT_USAGE, exit_code

HEAD = "scenario: story\nversion: 1\ntitle: {en: A story, ja: お話}\n"
"""Three lines that every story has."""


def read(text: str, name: str = "story.yaml") -> Reading:
    return read_text(text, Path(name))


def told(text: str, language: str = "en", name: str = "story.yaml") -> list[str]:
    """Return what is said of a file, without its name."""
    reading = read(text, name)
    assert (reading.script is None) == bool(reading.faults)
    return [each.sentence(language).removeprefix(f"{name}:") for each in reading.faults]


def steps(*lines: str) -> str:
    """Return a story of these steps, the first in line 5."""
    return HEAD + "steps:\n" + "".join(f"  - {line}\n" for line in lines)


def test_a_story_is_read() -> None:
    script = read(
        steps(
            "fault: broker_down\n    for: 1min", "expect: {linked: true}\n    within: 500ms\n    after: 2.5 s"
        )
    ).script
    assert script is not None
    fault, expect = script.steps
    assert isinstance(fault, FaultStep)
    assert (fault.fault, fault.for_s) == ("broker_down", 60.0)
    assert isinstance(expect, ExpectStep)
    assert (expect.within_s, expect.after_s, expect.for_s) == (0.5, 2.5, None)
    assert expect.expect.linked is True


MUCH = """\
scenario: Story
version: 1
title: {en: 5}
rows: [S-DISC-99, DISC-1, T-12]
sede: 7
given: {phone: {acount: none}, network: [mdns_block, loss:p=3, 'power_cut:order=router,gatewy']}
steps:
  - phone: serch
  - fone: search
  - phone: search
    panel: open
  - expect: {phone_shows: notfound, reason: client_isolated, found: -1, linked: yes}
    within: 12
    wihtin: 3s
  - expect: {}
    after: 60min
  - mend: broker
  - fault: {loss: p=3}
  - phone: type_code
  - expect: {no_dead_end: false, phone_says: "", could_also_be: gateway_of}
  - phone:
"""


def test_everything_that_is_wrong_is_told_at_once_from_top_to_bottom() -> None:
    assert told(MUCH) == [
        "1:11: a name has small letters, digits and hyphens, as guest-wifi-then-code",
        "1:11: the file is called “story”, the scenario “Story”: name both alike",
        "3:8: ja is missing",
        "3:13: en is a text, not “5”; put it in quotes if it is one",
        "4:8: there is no requirement row S-DISC-99; did you mean S-DISC-09 / S-DISC-15 / S-DISC-14?",
        "4:19: a row is written like S-DISC-06, a threat like T-12, not “DISC-1”",
        "5:1: there is no “sede” here; did you mean seed?",
        "6:17: there is no “acount” here; did you mean account?",
        "6:42: there is no condition “mdns_block”; did you mean mdns_blocked / dns_broken?",
        "6:54: The parameter p of the condition loss cannot be 3; it takes: 0 … 1",
        "6:64: “gatewy” cannot come back after a power cut; did you mean gateway?",
        "8:12: there is no “serch” for phone; did you mean search?",
        "9:5: this is no step; did you mean phone?",
        "10:5: phone, panel are steps of their own: begin each with “- ”",
        "12:27: there is no “notfound” for phone_shows; did you mean not_found / found?",
        "12:45: there is no diagnosis “client_isolated”; did you mean client_isolation?",
        "12:69: found is a whole number, 0 or more, not “-1”",
        "12:81: linked is true or false, not “yes”",
        "13:13: “12” is no time: write its unit, as 500ms, 12s or 1min",
        "14:5: there is no “wihtin” here; did you mean within?",
        "15:13: nothing is expected here",
        "16:12: “60min” is too long: 10min at most",
        "17:11: “broker” has not begun before this step; there is mdns_block, loss, power_cut, all",
        "18:12: fault is a text, not {…}; put it in quotes if it is one",
        "19:5: no link code was shown before this: put “- panel: show_link_code” above",
        "20:27: there is no “false” for no_dead_end; there is true",
        "20:46: phone_says is empty",
        "20:65: there is no diagnosis “gateway_of”; did you mean gateway_off / gateway_busy / gateway_firewalled?",
        "21:5: nothing is written behind phone",
        "21:11: there is no “null” for phone; there is open, search, search_again, look_harder, choose_code, "
        "choose_other, register_found, type_code, check_code, finish, type_wrong_code, go_back",
    ]


def test_japanese_says_the_same_in_japanese() -> None:
    english, japanese = told(MUCH), told(MUCH, "ja")
    assert [each.split(" ")[0] for each in japanese] == [each.split(" ")[0] for each in english]
    for each in japanese:
        assert re.search(r"[ぁ-ん]", each), each
        assert "“" not in each
    assert "6:42: 「mdns_block」という状態はありません。mdns_blocked / dns_broken のことですか。" in japanese


def test_every_sentence_has_the_same_facts_in_both_languages() -> None:
    def facts(sentence: str) -> set[str]:
        return {name for _, name, _, _ in string.Formatter().parse(sentence) if name}

    for what, (en, ja) in SENTENCES.items():
        if what != "condition":
            assert facts(en) == facts(ja), what


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "1:1: the file is empty"),
        ("# only a remark\n", "1:1: the file is empty"),
        ("- a\n- b\n", "1:1: a scenario has keys and values: scenario, version, title, steps"),
        ("story", "1:1: a scenario has keys and values: scenario, version, title, steps"),
        (HEAD + "steps:\n\t- phone: search\n", "5:1: a tab is here; indent with spaces"),
        (HEAD + "steps: a: b\n", "4:9: “: ” cannot be here: indent the line like those above, or put the text in quotes"),
        (HEAD + "rows: [S-DISC-01\nsteps: 3\n", "5:6: this line is not indented like those above, or a bracket or quote is not closed"),
        (HEAD + "seed: 'x\n", "5:1: the text begins with a quote that is never closed"),
        (HEAD + "seed: @x\n", "4:7: a text cannot begin with this character; put it in quotes"),
        (HEAD + "seed: \x07\n", "4:7: this character cannot be in a scenario"),
        (steps("phone: search") + "---\na: b\n", "6:1: a file has one scenario; a second begins here"),
        ("? [a]\n: b\n", "1:3: a key is one word"),
        (HEAD + "given: " + "[" * 5000, "4:16: nothing in a scenario is nested so deep"),
        (steps("phone: search").replace("version: 1", "version: 2"), "2:10: this is written for version 2; this lab reads 1"),
    ],
)  # fmt: skip
def test_what_cannot_be_read_on_is_said_in_one_sentence(text: str, said: str) -> None:
    assert told(text) == [said]


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        (["phone: &one search"], "5:12: anchors (&) and aliases (*) are not used here"),
        (["phone: !!python/name:os.system search"], "5:12: tags (!) are not used here"),
        (["phone: search\n    phone: open"], "6:5: “phone” is here twice; first in line 5"),
        (["search"], "5:5: this is no step; there is phone, panel, fault, mend, expect"),
        (["fault: loss:pp=1"], "5:12: The condition loss has no parameter pp; it has: p"),
        (["fault: loss:on=gatway"], "5:12: There is no gatway in this home; there is: gateway"),
        (["fault: {loss: p=1}"], "5:12: fault is a text, not {…}"),
        (["{fault: loss:p=0.3,on=phone}"], "5:24: “on=phone” belongs to the condition before it"),
        (["mend: loss"], "5:11: “loss” has not begun before this step; there is all"),
        (["expect: {linked: true}\n    within: -3s"], "6:13: “-3s” is no time"),
        (["expect: {linked: true}\n    within: .inf"], "6:13: “.inf” is no time"),
        (["expect: [linked]"], "5:13: expect has keys and values: phone_shows, "),
        (["phone: finish", "phone: check_code"], "6:5: no link code was shown before this"),
    ],
)
def test_what_is_wrong_in_a_step_is_said_where_it_is(lines: list[str], said: str) -> None:
    (sentence,) = told(steps(*lines))
    assert sentence.startswith(said)


def test_a_condition_that_a_list_has_divided_is_to_be_put_in_quotes() -> None:
    text = (
        steps("phone: search") + "given: {network: [loss:p=0.3,on=phone, mdns_blocked:on=phone, off_s=3]}\n"
    )
    assert told(text) == [
        "6:30: “on=phone” belongs to the condition before it: put the whole condition in quotes",
        "6:63: “off_s=3” belongs to the condition before it: put the whole condition in quotes",
    ]
    assert not told(text.replace("loss:p=0.3,on=phone", "'loss:p=0.3,on=phone'").replace(", off_s=3", ""))


def test_words_that_old_yaml_takes_for_truths_and_times_are_words() -> None:
    assert read_tree("{a: on, b: no, c: 12:30, d: 1_000, e: ~, f: true, g: 010}").value == {
        "a": "on", "b": "no", "c": "12:30", "d": "1_000", "e": None, "f": True, "g": 10,
    }  # fmt: skip


def test_aliases_unfold_nothing() -> None:
    bomb = "a: &a [x, x]\n" + "".join(
        f"{name}: &{name} [*{before}, *{before}]\n"
        for before, name in zip("abcdefgh", "bcdefghi", strict=True)
    )
    written = read_tree(bomb)
    assert written.value["i"] == ["", ""]
    assert len(written.faults) == 9 + 16


def test_a_flood_of_faults_is_counted_not_told() -> None:
    sentences = told(steps(*["phone: serch"] * 80))
    assert len(sentences) == 51
    assert sentences[-1].endswith("and 30 more")


def test_json_is_read_too_however_it_is_indented() -> None:
    document = {
        "scenario": "story", "version": 1, "title": {"en": "😀", "ja": "お話"}, "steps": [{"phone": "search"}],
    }  # fmt: skip
    script = read(json.dumps(document, indent="\t"), "story.json").script
    assert script is not None
    assert script.title.en == "😀"


def test_a_file_that_is_none_is_said_to_be_none(tmp_path: Path) -> None:
    (tmp_path / "folder.yaml").mkdir()
    os.mkfifo(tmp_path / "pipe.yaml")
    (tmp_path / "large.yaml").write_text("#" * (MOST_BYTES + 1))
    (tmp_path / "latin.yaml").write_bytes(HEAD.encode() + "seed: é".encode("latin-1"))
    said = {
        name: [each.facts["reason"] for each in look_at(tmp_path / f"{name}.yaml").faults]
        for name in ("missing", "folder", "pipe", "large", "latin")
    }
    assert said == {
        "missing": ["there is no such file"],
        "folder": ["this is not a file"],
        "pipe": ["this is not a file"],
        "large": [f"a scenario fits one screen; this file has more than {MOST_BYTES} bytes"],
        "latin": ["the file is not written in UTF-8"],
    }
    (latin,) = look_at(tmp_path / "latin.yaml").faults
    assert (latin.facts["line"], latin.facts["column"]) == (4, 7)


def test_a_file_that_cannot_be_loaded_is_a_problem_with_all_its_sentences(tmp_path: Path) -> None:
    file = tmp_path / "story.yaml"
    file.write_text(steps("phone: serch", "panel: opne"), "utf-8")
    with pytest.raises(ScenarioWrong) as caught:
        load(file)
    assert exit_code(caught.value) == EXIT_USAGE
    assert caught.value.sentence("en").splitlines() == [
        f"{file}:5:12: there is no “serch” for phone; did you mean search?",
        f"{file}:6:12: there is no “opne” for panel; did you mean open?",
    ]
    file.write_text(steps("phone: search", "panel: open"), "utf-8")
    assert load(file).scenario == "story"


FULL: dict[str, Any] = {
    "scenario": "story",
    "version": 1,
    "title": {"en": "a", "ja": "b"},
    "rows": [],
    "seed": 1,
    "given": {
        "gateway": {"model": "MKN700", "firmware": "old", "registered": True, "battery_backed": True, "running": True, "unhelpful": True},
        "phone": {"knows_gateway": True, "account": "none", "language": "en", "may_search": True},
        "network": ["loss"],
        "neighbour_gateway": True,
    },
    "steps": [
        {"phone": "search"},
        {"panel": "open"},
        {"fault": "loss", "for": "1s"},
        {"mend": "loss"},
        {
            "expect": {
                "phone_shows": "found", "phone_says": "a", "reason": "gateway_off", "could_also_be": "gateway_off",
                "found": 1, "ways_on": 1, "no_dead_end": True, "taps_at_most": 1, "panel_shows": "home",
                "panel_says": "a", "linked": True, "telemetry": "flowing", "lost_samples": 0, "doubled_samples": 0,
                "secrets_in_mdns": 0,
            },
            "within": "1s", "for": "1s", "after": "1s",
        },
    ],
}  # fmt: skip
"""Every key there is."""


def keys_in(value: Any, path: Where = ()) -> list[tuple[Where, str]]:
    """Return every key with the path to what has it."""
    if isinstance(value, list):
        return [each for number, part in enumerate(value) for each in keys_in(part, (*path, number))]
    if not isinstance(value, dict):
        return []
    own = [(path, key) for key in value]
    return own + [each for key, part in value.items() for each in keys_in(part, (*path, key))]


def test_the_full_story_has_every_key_there_is() -> None:
    text = yaml.safe_dump(FULL)
    assert not read(text).faults
    written = read_tree(text)
    for path in {path for path, _ in keys_in(FULL)}:
        model = model_at(path, written)
        assert model is not None, path
        part: Any = FULL
        for each in path:
            part = part[each]
        assert set(keys_of(model)) == set(part), path
    assert {key for path, key in keys_in(FULL["steps"]) if len(path) == 1} >= set(STEPS)


@pytest.mark.parametrize(("path", "key"), keys_in(FULL), ids=str)
def test_a_mistyped_key_is_pointed_at_and_the_right_one_named(path: Where, key: str) -> None:
    document = json.loads(json.dumps(FULL))
    part = document
    for each in path:
        part = part[each]
    typo = key[0] + key[2:] if len(key) > 2 else key + key[-1]
    part[typo] = part.pop(key)
    text = yaml.safe_dump(document, allow_unicode=True)
    faults = read(text).faults
    line = next(number for number, line in enumerate(text.splitlines(), 1) if re.search(rf"\b{typo}:", line))
    mine = [each for each in faults if each.facts["line"] == line]
    assert any(
        re.search(rf"did you mean (.* / )?{key}( / |\?)", str(each.facts["reason"])) for each in mine
    ), faults


@given(
    st.sampled_from([*CATALOGUE, *ADVICE]),
    st.integers(min_value=1),
    st.sampled_from(["drop", "double", "upper", "hyphen"]),
)
def test_one_slip_of_a_finger_is_understood(name: str, place: int, slip: str) -> None:
    at = place % len(name)
    typed = {
        "drop": name[:at] + name[at + 1 :],
        "double": name[:at] + name[at] + name[at:],
        "upper": name.upper(),
        "hyphen": name.replace("_", "-"),
    }[slip]
    known = list(CATALOGUE) if name in CATALOGUE else list(ADVICE)
    assert name in nearest(typed, known)


@given(st.text(alphabet=st.sampled_from("a:-[]{}'\"&*!#\t\n |>%@`,1.~\x00é\ud83d" + "s")) | st.text())
@example("1: 1e999")
@example(HEAD + "steps: {a: b}\n")
@example(HEAD + "steps: [[], {}, 1, null]\nrows: {a: b}\ngiven: []\n")
@example(
    HEAD + "seed: 99999999999999999999\nsteps: [{phone: [a]}, {mend: {a: b}}, {expect: x}, {fault: ''}]\n"
)
@example(HEAD + 'steps: [{phone: "\\ud83d"}]\n')
def test_whatever_a_file_says_it_is_read_or_blamed_within_it(text: str) -> None:
    reading = read(text)
    assert (reading.script is None) == bool(reading.faults)
    for each in reading.faults:
        assert 1 <= int(each.facts["line"]) <= len(re.split("\r\n|[\n\r\x85\u2028\u2029]", text)) + 1


@pytest.mark.parametrize("file", shipped(), ids=lambda file: str(file.stem))
def test_what_was_read_is_written_so_that_it_is_read_as_the_same(file: Path) -> None:
    script = load(file)
    again = yaml.safe_dump(
        script.model_dump(mode="json", by_alias=True, exclude_defaults=True), allow_unicode=True
    )
    assert Script.model_validate(read_tree(again).value) == script
