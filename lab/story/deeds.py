"""What people do in a story, in words."""

from collections.abc import Mapping
from typing import Final

from lab.story.script import PanelAct, PhoneAct, Words

ON_THE_PHONE: Final[Mapping[PhoneAct, Words]] = {
    "open": Words(en="opens the app", ja="アプリを開く"),
    "search": Words(en="searches for the AiSEG", ja="AiSEGを検索する"),
    "search_again": Words(en="searches once more", ja="再度、AiSEGを検索する"),
    "look_harder": Words(en="lets the app ask every address", ja="探し方を広げる"),
    "choose_code": Words(en="chooses to type the link code", ja="連携コードを入力するほうへ進む"),
    "choose_other": Words(en="chooses the other AiSEG", ja="別のAiSEGを選ぶ"),
    "register_found": Words(
        en="registers with the AiSEG found, the code read from its panel",
        ja="見つかったAiSEGに登録する（連携コードは画面から読み取り）",
    ),
    "type_code": Words(en="types the link code and registers", ja="連携コードを手で入力して登録する"),
    "check_code": Words(
        en="types the link code, up to the page that asks once more",
        ja="連携コードを入力して登録内容の確認まで進む",
    ),
    "finish": Words(en="finishes registering", ja="登録を完了する"),
    "type_wrong_code": Words(en="types a wrong link code", ja="誤った連携コードを入力する"),
    "go_back": Words(en="goes back", ja="戻る"),
}

AT_THE_PANEL: Final[Mapping[PanelAct, Words]] = {
    "open": Words(en="looks at the panel", ja="AiSEG画面を見る"),
    "show_link_code": Words(en="has the panel show a link code", ja="AiSEG画面で連携コードを発行する"),
    "register": Words(en="registers for the server service", ja="サーバーサービスに新規登録する"),
    "update_firmware": Words(en="updates the firmware", ja="ファームウェアを更新する"),
    "look_at_status": Words(en="looks whether it is registered", ja="登録状況を確認する"),
}
