"""The club's words against the manual's (S-UI-01): what a row quotes stands in ja.toml, to the letter."""

import re
import string

import pytest

from cloud.club.forms import NEWSLETTERS
from cloud.club.view import HERE, read_words
from tests.support.requirement_rows import ROWS

LABELS = {
    "S-APP-08": ["新規登録", "メールアドレス", "パスワード", "新規登録を続ける"],
    "S-APP-10": ["ログイン", "すでにCLUB Panasonic IDをお持ちの方は"],
    "S-APP-11": ["LINE"],
    "S-ACC-01": ["利用規約に同意する", "ご希望のメルマガ", "確定"],
    "S-2FA-01": ["2段階認証設定のお願い", "電話番号", "続ける", "スキップ"],
    "S-2FA-03": ["続ける", "メッセージに記載された認証コードを入力し"],
    "S-ADD-04": ["パスワード", "ログインする"],
    "S-DEL-06": ["ご登録情報の変更と退会", "退会する"],
}
"""Rows that quote a sentence about a label: the labels, and the part of the sentence that a page says."""

WHOLE = [
    "S-GEN-20",
    "S-GEN-22",
    "S-APP-09",
    "S-APP-12",
    "S-APP-15",
    "S-ACC-03",
    "S-ACC-04",
    "S-ACC-08",
    "S-ACC-09",
]
WHOLE += ["S-2FA-02", "S-2FA-04", "S-2FA-05", "S-2FA-06", "S-2FA-07", "S-DEL-04"]

SLIPS = {"6行": "6桁"}
"""What the printed row misreads (S-2FA-04)."""


def letters(text: str) -> str:
    """Return `text` without what a line break or the drawing of a button brings in."""
    return re.sub(r"[\s▶➤※]", "", text)


def quoted_by(row: str) -> list[str]:
    words = ROWS[row]["words"]
    for slip, meant in SLIPS.items():
        words = words.replace(slip, meant)
    return words.split(" ／ ")


@pytest.mark.req("S-UI-01")
@pytest.mark.parametrize("row", [*LABELS, *WHOLE])
def test_what_a_row_quotes_stands_on_a_page_to_the_letter(row: str) -> None:
    said = [letters(text) for text in read_words("ja").values()]
    for label in LABELS.get(row, quoted_by(row)):
        assert letters(label) in letters("".join(quoted_by(row))), f"{label} is not quoted by the row"
        assert any(letters(label) in text for text in said), label


@pytest.mark.req("S-UI-01")
@pytest.mark.parametrize(
    "label", sorted({each for labels in LABELS.values() for each in labels if each[-1] not in "はし"})
)
def test_a_label_is_a_text_of_its_own(label: str) -> None:
    assert label in read_words("ja").values()


@pytest.mark.req("S-GEN-23")
def test_the_desk_is_called_by_its_name() -> None:
    name = letters("".join(quoted_by("S-GEN-23")))
    assert letters(read_words("ja")["desk_name"]) == name == "住宅エネルギーマネジメントシステムご相談窓口"


def test_both_languages_have_the_same_words_with_the_same_places_to_fill() -> None:
    japanese, english = read_words("ja"), read_words("en")
    assert list(japanese) == list(english)
    for key in japanese:
        places = [
            {name for _, name, _, _ in string.Formatter().parse(words[key]) if name}
            for words in (japanese, english)
        ]
        assert places[0] == places[1], key


def test_every_word_is_used_and_no_page_speaks_on_its_own() -> None:
    templates = {file.name: file.read_text("utf-8") for file in (HERE / "templates").iterdir()}
    used = "".join(templates.values()) + "".join(file.read_text("utf-8") for file in HERE.glob("*.py"))
    built = ("terms_", *(f"newsletter_{each}" for each in NEWSLETTERS), "social_line", "social_other")
    for key in read_words("ja"):
        assert key.startswith(built) or re.search(rf"""words\.{key}\b|["']{key}["']""", used), key
    for name, text in templates.items():
        spoken = re.sub(r"\{#.*?#\}", "", text, flags=re.DOTALL)
        assert not re.search(r"[ぁ-んァ-ヶ一-龠]", spoken), f"{name} has words of its own"


def test_each_newsletter_has_a_name() -> None:
    assert all(read_words("ja")[f"newsletter_{each}"] for each in NEWSLETTERS)
