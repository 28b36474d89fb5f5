"""The app's words against the manual's (S-UI-01): what a row quotes stands in ja.toml, to the letter."""

import re
import string
from pathlib import Path
from typing import get_args

import pytest

import phone_client
from phone_client.web.view import HERE
from phone_client.wording import read_wording
from protocol.cloud_api import EventKind
from protocol.problems import PHONES_FULL
from tests.emulator.panel.test_words import letters
from tests.support.requirement_rows import ROWS

LABELS = {
    "S-FLOW-07": ["スマートフォンの追加登録", "スマートフォンの機種変更", "アカウント削除", "ログアウト"],
    "S-APP-02": ["AiSEGのファームウェアを最新バージョンに更新してください。"],
    "S-APP-06": ["使い始める", "機能紹介を確認して、「使い始める」をタップしてください。"],
    "S-APP-07": ["CLUB Panasonic ログイン画面へ"],
    "S-DISC-01": ["AISEGをお持ちの方"],
    "S-DISC-04": ["再度、AiSEGを検索する", "連携コードを入力する"],
    "S-DISC-05": ["再度、AiSEGを検索する", "「再度、AiSEGを検索する」をタップして"],
    "S-DISC-06": ["同意する", "AiSEGが見つからない場合は、「連携コードを入力する」をタップして", "ニックネーム", "機器コード", "連携コード"],
    "S-BIND-02": ["同意する"],
    "S-BIND-06": ["登録", "AiSEGでの操作で取得した連携コードを入力し、[登録]をタップしてください。"],
    "S-BIND-15": ["すでに登録済みのユーザー"],
    "S-BIND-17": ["お使いのAiSEGのファームウェアバージョンが最新ではありません。"],
    "S-BIND-18": ["詳細", "ファームウェア更新方法"],
    "S-ADD-03": ["使い始める"],
    "S-ADD-05": ["上限に達しています"],
    "S-ADD-06": ["登録", "1台目と違うニックネームを入力して、登録を押してください。"],
    "S-CHG-02": ["スマートフォンの機種変更", "機種変更コード"],
    "S-CHG-03": ["機種変更コード発行"],
    "S-CHG-07": ["使い始める"],
    "S-CHG-09": ["スマートフォンの機種変更"],
    "S-CHG-10": ["実行", "機種変更コードを入力して、「実行」をタップしてください。"],
    "S-CHG-11": ["タイムライン"],
    "S-DEL-01": ["アカウント削除", "全削除確認", "OK"],
    "S-DEL-02": ["OK", "本当に退会してよろしいですか?"],
    "S-DEL-03": ["削除しました。"],
    "S-OUT-01": ["ログアウト"],
    "S-OUT-02": ["ログアウトしました"],
    "S-TEL-04": ["タイムライン"],
    "S-UI-02": ["上限に達しています", "削除しました。", "ログアウトしました"],
}  # fmt: skip
"""Rows that quote a sentence about a label: the labels, and the part of the sentence that a screen says."""

NOT_ON_A_SCREEN = {
    "S-GEN-16": "S-APP-02 quotes it again",
    "S-FLOW-03": "page numbers of the manual",
    "S-FLOW-04": "headings of the manual's two parts",
    "S-REG-26": "example digits",
    "S-APP-05": "a note about the manual's own pictures",
    "S-APP-13": "tells what to do on the phone's home screen",
    "S-APP-14": "a note about the manual's own pictures; its date stands in the file",
    "S-DISC-02": "tells where the manual goes on",
    "S-DISC-03": "tells where the manual goes on",
    "S-ADD-01": "page numbers of the manual",
    "S-FAR-01": "page numbers of the manual",
    "S-FAR-02": "page numbers of the manual; its screen is that of S-DISC-04",
    "S-UI-03": "a word of the manual's text",
    "S-UI-04": "a word of the manual's text",
}
CLUBS = ("S-APP-08", "S-APP-10", "S-APP-11", "S-APP-12", "S-APP-15", "S-ADD-04", "S-CHG-08")
"""Words of the CLUB Panasonic pages, on an origin of their own."""

SPOKEN_BY_PROBLEMS = {"上限に達しています": PHONES_FULL.ja}
APP_ROWS = [
    row
    for row in ROWS.values()
    if "M" in row["parts"].split()
    and row["words"]
    and row["id"] not in (*NOT_ON_A_SCREEN, *CLUBS)
    and not row["id"].startswith(("S-ACC-", "S-2FA-"))
]


def flat(text: str) -> str:
    """Return `text` without what a line break or a drawn button brings in, and without the quotes around a label."""
    return re.sub(r"[「」\[\]“”]", "", letters(text))


@pytest.mark.req("S-UI-01")
@pytest.mark.parametrize("row", APP_ROWS, ids=[row["id"] for row in APP_ROWS])
def test_what_a_row_quotes_stands_in_the_app_to_the_letter(row: dict[str, str]) -> None:
    said = [flat(text) for text in [*read_wording("ja").values(), *SPOKEN_BY_PROBLEMS.values()]]
    if row["id"] == "S-GEN-23":  # one name, broken into two lines by the manual
        assert "住宅エネルギーマネジメントシステムご相談窓口" in said
        return
    quoted = flat(row["words"])
    for label in LABELS.get(row["id"], row["words"].split(" ／ ")):
        if row["id"] in LABELS and row["id"] not in ("S-BIND-15",):
            assert all(flat(part) in quoted for part in label.split("。") if part), f"{label} is not quoted"
        assert any(flat(label) in text for text in said), label


@pytest.mark.req("S-UI-01")
@pytest.mark.parametrize(
    "label",
    sorted({label for labels in LABELS.values() for label in labels if not re.search(r"[。、て]$", label)}),
)
def test_a_label_is_a_text_of_its_own(label: str) -> None:
    assert label in [*read_wording("ja").values(), *SPOKEN_BY_PROBLEMS.values()]


@pytest.mark.req("S-UI-02")
def test_three_texts_are_the_manuals_to_the_byte() -> None:
    words = read_wording("ja")
    assert (PHONES_FULL.ja, words["deleted"], words["logged_out"]) == (
        "上限に達しています",
        "削除しました。",
        "ログアウトしました",
    )
    assert words["delete_sure"] == "本当に退会してよろしいですか?"


@pytest.mark.req("S-APP-05", "S-APP-14")
def test_the_file_says_of_when_its_words_are() -> None:
    file = (HERE / "messages" / "ja.toml").read_text("utf-8")
    assert "2023年6月現在" in file.partition("\n\n")[0]
    assert "2023年6月現在" in ROWS["S-APP-14"]["words"]


def test_the_exceptions_are_rows() -> None:
    assert {*LABELS, *NOT_ON_A_SCREEN, *CLUBS} <= set(ROWS)


def test_both_languages_have_the_same_words_with_the_same_places_to_fill() -> None:
    japanese, english = read_wording("ja"), read_wording("en")
    assert list(japanese) == list(english)
    for key in japanese:
        places = [
            {name for _, name, _, _ in string.Formatter().parse(words[key]) if name}
            for words in (japanese, english)
        ]
        assert places[0] == places[1], key


def test_every_event_has_a_word() -> None:
    assert {f"event_{kind}" for kind in get_args(EventKind)} <= set(read_wording("ja"))


def test_every_word_is_used_and_no_screen_speaks_on_its_own() -> None:
    templates = {file.name: file.read_text("utf-8") for file in (HERE / "templates").iterdir()}
    code = "".join(file.read_text("utf-8") for file in Path(phone_client.__file__).parent.rglob("*.py"))
    used = "".join(templates.values()) + code
    stems = re.findall(
        r"""["']([a-z_]+_)["'] ?[+~]|f"([a-z_]+_)\{""", used
    )  # words["terms_" ~ number], f"event_{…}"
    built = tuple(first or second for first, second in stems)
    words = read_wording("ja")
    built += ("earlier_", "later_")  # f"{where}_{unit}"
    assert [key for key in words if not re.search(rf"\b{key}\b", used) and not key.startswith(built)] == []
    for name, text in templates.items():
        spoken = re.sub(r"\{#.*?#\}", "", text, flags=re.DOTALL)
        assert not re.search(r"[ぁ-んァ-ヶ一-龠]", spoken), f"{name} has words of its own"
