"""The panel's words against the manual's (S-UI-01): what a row quotes stands in ja.toml, to the letter."""

import re
import string
from typing import get_args

import pytest

from emulator.panel.view import HERE, read_words
from protocol.device_api import Update
from tests.support.requirement_rows import ROWS

LABELS = {
    "S-FLOW-05": ["いいえ", "わからない"],
    "S-FW-02": ["メニュー"],
    "S-FW-03": ["お知らせ"],
    "S-FW-04": ["メッセージ"],
    "S-FW-05": ["詳細", "ファームウェア更新のお知らせがございま"],
    "S-FW-06": ["お知らせはございません。"],
    "S-FW-07": ["更新内容"],
    "S-FW-08": ["更新内容を確認したら、"],
    "S-FW-09": ["をタップしてください。"],
    "S-ST-02": ["設定", "サーバーサービス"],
    "S-ST-03": ["登録状況確認"],
    "S-ST-05": ["了解"],
    "S-REG-02": ["新規登録"],
    "S-REG-03": ["了解", "ご登録の注意を確認し、[了解] をタップしてください。"],
    "S-REG-04": ["次へ", "手順のご説明を確認し、[次へ] をタップしてください。"],
    "S-REG-05": ["同意し次へ", "サーバーサービスご利用規約を確認し、"],
    "S-REG-10": ["次へ", "確認コードを控えていただいたら"],
    "S-REG-11": ["先ほど控えた確認コード", "を入力してください。"],
    "S-REG-12": ["戻る", "確認コードを忘れた方は"],
    "S-REG-14": ["次へ"],
    "S-REG-19": ["次へ"],
    "S-REG-20": ["決定", "入力内容を確認していただき、", "戸建て", "電気・ガス併用"],
    "S-REG-22": ["連携コードを発行する"],
    "S-REG-25": ["了解"],
    "S-LC-01": ["アプリ設定"],
    "S-LC-03": ["次へ"],
    "S-LC-04": ["最新のファームウェアをお使いでない場合は", "先にファームウェアを更新してください。"],
    "S-LC-06": ["同意し次へ", "サーバーサービスご利用規約を確認し、"],
    "S-LC-10": ["次へ"],
    "S-LC-14": ["終了"],
}
"""Rows that quote a sentence about a label: the labels, and the part of the sentence that a screen says."""

NOT_ON_A_SCREEN = {
    "S-GEN-16": "tells what to do; STEP1 is the screen for it",
    "S-FLOW-04": "headings of the manual's two parts",
    "S-ST-06": "says what the manual does not show",
    "S-ST-10": "page numbers of the manual",
    "S-REG-07": "a rule; its screen is that of S-LC-04",
    "S-REG-08": "a date",
    "S-REG-26": "example digits",
    "S-LC-08": "tells when a page is left out",
    "S-DISC-07": "the app's",
    "S-UI-03": "a word of the manual's text",
    "S-UI-04": "a word of the manual's text",
}


def letters(text: str) -> str:
    """Return `text` without what a line break or the drawing of a button brings in."""
    return re.sub(r"[\s▶➤※]", "", text)


PANEL_ROWS = [
    row
    for row in ROWS.values()
    if "P" in row["parts"].split() and row["words"] and row["id"] not in NOT_ON_A_SCREEN
]


@pytest.mark.req("S-UI-01")
@pytest.mark.parametrize("row", PANEL_ROWS, ids=[row["id"] for row in PANEL_ROWS])
def test_what_a_row_quotes_stands_on_the_panel_to_the_letter(row: dict[str, str]) -> None:
    said = [letters(text) for text in read_words("ja").values()]
    if row["id"] == "S-GEN-23":  # one name, broken into two lines by the manual
        said.append(letters("".join(row["words"].split(" ／ "))))
        assert "住宅エネルギーマネジメントシステムご相談窓口" in said
    quoted = letters(row["words"])
    for label in LABELS.get(row["id"], row["words"].split(" ／ ")):
        if row["id"] in LABELS:
            assert letters(label).strip("[]") in quoted, f"{label} is not quoted by the row"
        if label in ("4人", "大阪府-大阪府-門真市"):
            continue
        assert any(letters(label) in text for text in said), label


@pytest.mark.req("S-UI-01")
@pytest.mark.parametrize(
    "label",
    sorted(
        {
            label
            for labels in LABELS.values()
            for label in labels
            if not label.endswith(("。", "、", "は", "ま", "ら", "ド"))
        }
    ),
)
def test_a_label_is_a_text_of_its_own(label: str) -> None:
    assert label in read_words("ja").values()


def test_the_exceptions_are_rows() -> None:
    assert {*LABELS, *NOT_ON_A_SCREEN} <= set(ROWS)


def test_both_languages_have_the_same_words_with_the_same_places_to_fill() -> None:
    japanese, english = read_words("ja"), read_words("en")
    assert list(japanese) == list(english)
    for key in japanese:
        places = [
            {name for _, name, _, _ in string.Formatter().parse(words[key]) if name}
            for words in (japanese, english)
        ]
        assert places[0] == places[1], key


def test_every_word_is_used_and_no_screen_speaks_on_its_own() -> None:
    templates = {file.name: file.read_text("utf-8") for file in (HERE / "templates").iterdir()}
    code = "".join(file.read_text("utf-8") for file in HERE.glob("*.py"))
    used = "".join(templates.values()) + code
    stems = re.findall(
        r"""["']([a-z_]+_)["'] ?[+~]|f"([a-z_]+_)\{""", used
    )  # words["verdict_" + …], f"update_{…}"
    built = tuple(first or second for first, second in stems)
    unused = [
        key for key in read_words("ja") if not re.search(rf"\b{key}\b", used) and not key.startswith(built)
    ]
    assert unused == []
    assert not [
        key for key in read_words("ja") if key.startswith("update_") and not _is_used_update(key, used)
    ]
    for name, text in templates.items():
        spoken = re.sub(r"\{#.*?#\}", "", text, flags=re.DOTALL)
        assert not re.search(r"[ぁ-んァ-ヶ一-龠]", spoken), f"{name} has words of its own"


def _is_used_update(key: str, used: str) -> bool:
    state = key.removeprefix("update_")
    return state in get_args(Update.model_fields["state"].annotation) or bool(re.search(rf"\b{key}\b", used))
