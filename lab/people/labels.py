"""What is tapped and typed into, in the words of the manual. Our own oracle: not read from the programs."""

from collections.abc import Mapping
from typing import Final, Literal, NamedTuple, TypeAlias

Language: TypeAlias = Literal["ja", "en"]


class Label(NamedTuple):
    """The same in both languages."""

    en: str
    ja: str

    def say(self, language: Language) -> str:
        """Return it in one of them."""
        return self.ja if language == "ja" else self.en


# The app (manual p16-p21)
USE: Final = Label("Start", "使い始める")
TO_CLUB: Final = Label("To the CLUB Panasonic login screen", "CLUB Panasonic ログイン画面へ")
OWN_AISEG: Final = Label("I have an AiSEG", "AISEGをお持ちの方")
SEARCH_AGAIN: Final = Label("Search again for the AiSEG", "再度、AiSEGを検索する")
TYPE_CODE: Final = Label("Type the link code", "連携コードを入力する")
LOOK_HARDER: Final = Label("Ask every address", "1つずつ確認する")
NEXT: Final = Label("Next", "次へ")
AGREE: Final = Label("I agree", "同意する")
REGISTER: Final = Label("Register", "登録")
FINISH: Final = Label("Finish registering", "登録を完了する")
BACK: Final = Label("Back", "戻る")
RELOAD: Final = Label("Reload", "再読み込み")
NICKNAME: Final = Label("Nickname", "ニックネーム")
DEVICE_CODE: Final = Label("Device code", "機器コード")
LINK_CODE: Final = Label("Link code", "連携コード")
DONE: Final = Label(
    "That was everything to do on the phone.", "こちらで、スマートフォンでの操作が完了しました。"
)
NO_CONNECTION: Final = Label("The server cannot be reached", "サーバーに接続できません")

# CLUB Panasonic (manual p17-p19)
LOG_IN: Final = Label("Log in", "ログインする")
SIGN_UP: Final = Label("Sign up", "新規登録")
SIGN_UP_ON: Final = Label("Continue signing up", "新規登録を続ける")
CONFIRM: Final = Label("Confirm", "確定")
GO_ON: Final = Label("Continue", "続ける")
SKIP: Final = Label("Skip", "スキップ")

# The AiSEG's panel (manual p3-p15), which stays Japanese
PANEL: Final[Mapping[str, str]] = {
    "menu": "メニュー",
    "notices": "お知らせ",
    "messages": "メッセージ",
    "detail": "詳細",
    "content": "更新内容",
    "update": "更新する",
    "ok": "了解",
    "settings": "設定",
    "service": "サーバーサービス",
    "app_settings": "アプリ設定",
    "register": "新規登録",
    "status": "登録状況確認",
    "next": "次へ",
    "agree": "同意し次へ",
    "decide": "決定",
    "lists": "選択肢を表示",
    "device_code": "機器コード",
    "confirmation_code": "確認コード",
    "no_connection": "インターネットに接続できません",
}
ANSWERS: Final[Mapping[str, str]] = {
    "都道府県": "大阪府",
    "地域": "大阪府",
    "市町村": "門真市",
}
FAMILY: Final[Mapping[str, str]] = {
    "世帯人数": "4人",
    "建物種別": "戸建て",
    "利用エネルギー": "電気・ガス併用",
}
