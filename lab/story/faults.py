"""What can be wrong with the file of a scenario, in people's words: one table, and a near name where there is one."""

import difflib
import json
from collections.abc import Iterable
from typing import Final, NamedTuple

_MOST_NAMED: Final = 12


class Place(NamedTuple):
    """Where in a file, counted from 1."""

    line: int
    column: int


class Fault(NamedTuple):
    """One thing that is wrong, and where."""

    place: Place
    en: str
    ja: str


SENTENCES: Final = {
    "unreadable": ("the file cannot be read: {why}", "ファイルを読み取れません（{why}）"),
    "no_file": ("there is no such file", "ファイルがありません"),
    "not_a_file": ("this is not a file", "ファイルではありません"),
    "too_large": ("a scenario fits one screen; this file has more than {most} bytes", "ファイルが大きすぎます（{most}バイトまで）"),
    "not_utf8": ("the file is not written in UTF-8", "文字コードが UTF-8 ではありません"),
    "odd_character": ("this character cannot be in a scenario", "使えない文字が含まれています"),
    "empty": ("the file is empty", "ファイルが空です"),
    "several": ("a file has one scenario; a second begins here", "1つのファイルに書けるシナリオは1つです。ここから2つ目が始まっています"),
    "tab": ("a tab is here; indent with spaces", "タブが使われています。字下げには空白を使ってください"),
    "colon_twice": (
        "“: ” cannot be here: indent the line like those above, or put the text in quotes",
        "ここに「: 」は書けません。字下げを上の行とそろえるか、文字列を引用符で囲んでください",
    ),
    "colon_missing": ("“: ” is missing behind the key", "キーの後に「: 」がありません"),
    "indented_wrong": ("this line is not indented like those above, or a bracket or quote is not closed", "この行の字下げが上の行とそろっていないか、括弧や引用符が閉じられていません"),
    "unclosed": ("the text begins with a quote that is never closed", "引用符が閉じられていません"),
    "quoted_better": ("a text cannot begin with this character; put it in quotes", "この文字から始まる文字列は、引用符で囲んでください"),
    "no_yaml": ("this is no YAML: {why}", "YAML として読めません（{why}）"),
    "anchor": ("anchors (&) and aliases (*) are not used here: write it out, or put the text in quotes", "アンカー（&）とエイリアス（*）は使えません。内容をそのまま書くか、文字列を引用符で囲んでください"),
    "tag": ("tags (!) are not used here; put the text in quotes", "タグ（!）は使えません。文字列は引用符で囲んでください"),
    "too_deep": ("nothing in a scenario is nested so deep", "入れ子が深すぎます"),
    "key_no_text": ("a key is one word", "キーは1語で書いてください"),
    "twice": ("{name} is here twice; first in line {line}", "{name} が2回あります（最初は {line} 行目）"),
    "nothing": ("nothing is written behind {name}", "{name} の値がありません"),
    "no_story": ("a scenario has keys and values: scenario, version, title, steps", "シナリオはキーと値で書きます（scenario、version、title、steps）"),
    "version": ("this is written for version {version}; this lab reads {read}", "バージョン {version} 用のファイルです。このラボで読めるのは {read} です"),
    "missing": ("{name} is missing", "{name} がありません"),
    "no_key": ("there is no {name} here; {near}", "ここに {name} は書けません。{near}"),
    "key_in_quotes": ("{name} belongs to the condition before it: put the whole condition in quotes", "{name} は直前の状態のパラメーターです。状態全体を引用符で囲んでください"),
    "no_step": ("this is no step; {near}", "手順ではありません。{near}"),
    "many_steps": ("{names} are steps of their own: begin each with “- ”", "{names} は別々の手順です。それぞれ「- 」で始めてください"),
    "no_choice": ("there is no {name} for {key}; {near}", "{key} に {name} はありません。{near}"),
    "no_condition": ("there is no condition {name}; {near}", "{name} という状態はありません。{near}"),
    "no_row": ("there is no requirement row {name}; {near}", "要件の行 {name} はありません。{near}"),
    "row": ("a row is written like S-DISC-06, a threat like T-12, not {name}", "要件の行は S-DISC-06、脅威は T-12 のように書きます（{name} ではありません）"),
    "no_diagnosis": ("there is no diagnosis {name}; {near}", "{name} という診断コードはありません。{near}"),
    "no_mend": ("{name} has not begun before this step; {near}", "{name} は、この手順の前に始まっていません。{near}"),
    "no_return": ("{name} cannot come back after a power cut; {near}", "{name} は停電から復帰する機器ではありません。{near}"),
    "no_code": ("no link code was shown before this: put “- panel: show_link_code” above", "連携コードがまだ表示されていません。この手順の前に「- panel: show_link_code」を入れてください"),
    "no_expectation": ("nothing is expected here", "期待する内容がありません"),
    "name": ("a name has small letters, digits and hyphens, as guest-wifi-then-code", "名前には英小文字、数字、ハイフンを使います（例: guest-wifi-then-code）"),
    "file_name": ("the file is called {file}, the scenario {name}: name both alike", "ファイル名は {file}、シナリオ名は {name} です。同じ名前にしてください"),
    "span": ("{value} is no time: write its unit, as 500ms, 12s or 1min", "{value} は時間ではありません。500ms、12s、1min のように単位を付けてください"),
    "long": ("{value} is too long: {most} at most", "{value} は長すぎます（{most} まで）"),
    "truth": ("{key} is true or false, not {value}", "{key} は true か false です（{value} ではありません）"),
    "count": ("{key} is a whole number, 0 or more, not {value}", "{key} は0以上の整数です（{value} ではありません）"),
    "text": ("{key} is a text, not {value}; put it in quotes if it is one", "{key} は文字列です（{value} ではありません）。文字列なら引用符で囲んでください"),
    "list": ("{key} is a list: [a, b], or lines with “- ”", "{key} はリストです（[a, b]、または「- 」で始まる行）"),
    "map": ("{key} has keys and values: {names}", "{key} にはキーと値を書きます（{names}）"),
    "no_text": ("{key} is empty", "{key} が空です"),
    "no_steps": ("a story has at least one step", "手順が1つもありません"),
    "condition": ("{en}", "{ja}"),
    "other": ("{key}: {why}", "{key}: {why}"),
    "more": ("and {count} more", "ほかに {count} 件あります"),
}  # fmt: skip
"""What is wrong: English, Japanese; `{name}` stands for a fact of the fault."""

_JAPANESE_QUOTES: Final = str.maketrans("“”", "「」")
_NEAR: Final = ("did you mean {near}?", "{near} のことですか。")
_KNOWN: Final = ("there is {known}", "使えるもの: {known}")


def fault(place: Place, what: str, near: tuple[str, str] | None = None, /, **facts: object) -> Fault:
    """Return the fault `what` of SENTENCES; `near`: how the sentence goes on, from `near_to`."""
    en, ja = SENTENCES[what]
    return Fault(
        place,
        en.format(**facts, **({"near": near[0]} if near else {})),
        _in_japanese(ja.format(**facts, **({"near": near[1]} if near else {}))),
    )


def _in_japanese(sentence: str) -> str:
    return sentence.translate(_JAPANESE_QUOTES).replace(" 「", "「").replace("」 ", "」")


def near_to(name: str, known: Iterable[str]) -> tuple[str, str]:
    """Say which of `known` was meant, or else what there is, in both languages."""
    names = list(known)
    close = nearest(name, names)
    if close:
        return _NEAR[0].format(near=" / ".join(close)), _NEAR[1].format(near=" / ".join(close))
    listed = ", ".join(names[:_MOST_NAMED]) + (", …" if len(names) > _MOST_NAMED else "")
    return _KNOWN[0].format(known=listed), _KNOWN[1].format(known=listed)


def nearest(name: str, known: Iterable[str]) -> list[str]:
    """Return up to three of `known` that look like `name`, the likest first; a wrong case or hyphen is as good as right."""
    by_look = {_look(each): each for each in known}
    return [by_look[each] for each in difflib.get_close_matches(_look(name), by_look, n=3)]


def _look(name: str) -> str:
    return name.casefold().replace("-", "_").replace(" ", "_")


def shown(value: object) -> str:
    """Return what was written, short enough for a sentence."""
    if isinstance(value, dict | list):
        return "{…}" if isinstance(value, dict) else "[…]"
    text = value if isinstance(value, str) else json.dumps(value)
    return f"“{text[:40]}{'…' if len(text) > 40 else ''}”"  # noqa: PLR2004
