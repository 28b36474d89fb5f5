"""The words of the report's pages, in both languages."""

from collections.abc import Mapping
from typing import Final, get_args

from lab.conditions.words.text import Words
from lab.story.run import Actor, Verdict

ACTORS: Final[Mapping[Actor, Words]] = {
    "person": Words("Person", "人"),
    "phone": Words("Phone", "スマートフォン"),
    "panel": Words("Panel", "AiSEG画面"),
    "gateway": Words("AiSEG", "AiSEG"),
    "cloud": Words("Cloud", "クラウド"),
    "network": Words("Network", "ネットワーク"),
    "lab": Words("Lab", "ラボ"),
}
LANES: Final[tuple[Actor, ...]] = get_args(Actor)

MARKS: Final[Mapping[Verdict, str]] = {"PASS": "✓", "FAIL": "✗", "CANNOT-RUN-HERE": "⊘", "SKIPPED": "»"}
VERDICTS: Final[Mapping[Verdict, Words]] = {
    "PASS": Words("Pass", "合格"),
    "FAIL": Words("Fail", "不合格"),
    "CANNOT-RUN-HERE": Words("Cannot run here", "ここでは実行できません"),
    "SKIPPED": Words("Skipped", "未実施"),
}
NO_REASON: Final[Mapping[Verdict, Words]] = {
    "PASS": Words("Everything came out as the story tells it.", "すべて物語のとおりになりました。"),
    "FAIL": Words("Something came out otherwise.", "物語と違う結果になりました。"),
    "CANNOT-RUN-HERE": Words("This machine lacks something.", "この環境では必要なものが足りません。"),
    "SKIPPED": Words("It was not played.", "実施していません。"),
}

WORDS: Final[Mapping[str, Words]] = {
    "band": Words(
        "Independent emulator: not made by or for Panasonic",
        "非公式エミュレーター：パナソニックとは関係ありません",
    ),
    "language": Words("Language", "言語"),
    "story": Words("The story", "物語"),
    "wanted": Words("wanted", "期待"),
    "seen": Words("seen", "実際"),
    "given": Words("Given", "はじめの状態"),
    "nothing_wrong": Words("Nothing is wrong when it begins.", "はじめは何も異常がありません。"),
    "nothing": Words("nothing", "異常なし"),
    "timeline": Words("Timeline", "時系列"),
    "timeline_said": Words(
        "One lane for each of those who take part, faults as bands, messages as arrows; the tables below say the same.",
        "登場するものごとに1本の線、異常は帯、やり取りは矢印で示します。下の表に同じ内容があります。",
    ),
    "events": Words("All events", "すべての出来事"),
    "faults": Words("What was wrong, and when", "異常とその期間"),
    "no_faults": Words("Nothing was wrong.", "異常はありませんでした。"),
    "steps": Words("Steps", "手順"),
    "search": Words("Search", "検索"),
    "searching": Words("searching", "検索中"),
    "searches": Words("The searches, seen through", "検索のX線写真"),
    "no_searches": Words("The phone did not search in this story.", "この物語では検索をしていません。"),
    "no_capture": Words(
        "There is no capture, so there is no X-ray of this search.",
        "パケットの記録がないため、この検索のX線写真はありません。",
    ),
    "wrong_then": Words("Wrong at that time", "そのときの異常"),
    "says": Words("The phone says", "スマートフォンの表示"),
    "found": Words("found", "見つかった"),
    "not_found": Words("not found, without a reason", "見つからず、理由の表示なし"),
    "also": Words("it could also be", "ほかの可能性"),
    "evidence": Words("What the phone goes by", "スマートフォンの根拠"),
    "question": Words("question", "質問"),
    "answer": Words("answer", "答え"),
    "access_point": Words("Access point", "アクセスポイント"),
    "stage": Words("Stage", "段階"),
    "reached": Words("Reached?", "届いたか"),
    "frames": Words("Frames", "フレーム"),
    "lost": Words("Lost", "失われたもの"),
    "way": Words("Straight to somebody", "直接の通信"),
    "sent": Words("Sent", "送信"),
    "arrived": Words("Arrived", "到着"),
    "back": Words("Came back", "応答"),
    "end": Words("How it ended", "結果"),
    "rules": Words("Lost by", "消失の原因"),
    "pcap": Words(
        "Numbers are those of packets.pcapng beside this page, as Wireshark shows them; each frame has a comment there.",
        "番号は、このページと同じフォルダーのpackets.pcapngをWiresharkで開いたときのものです。各フレームに説明が付いています。",
    ),
    "pictures": Words("What people saw", "画面の様子"),
    "no_pictures": Words("No picture was taken.", "画面の記録はありません。"),
    "in_words": Words("This screen in words", "この画面の文字"),
    "again": Words("The same again", "同じ条件で再現"),
    "again_said": Words(
        "The same seed loses the same packets. Does it come out the same here?",
        "シードが同じなら、同じパケットが失われます。この環境でも同じ結果になるかを確かめられます。",
    ),
    "seed": Words("Seed", "シード"),
    "took": Words("Took", "所要時間"),
    "began": Words("Began", "開始"),
    "versions": Words("Versions", "バージョン"),
    "rows": Words("Shows", "対象の行"),
    "file": Words("The scenario as it was played", "実施したシナリオ"),
    "files": Words("Files of this run", "この実施のファイル"),
    "time": Words("Time", "時刻"),
    "who": Words("Who", "主体"),
    "to": Words("To", "相手"),
    "what": Words("What", "内容"),
    "from": Words("From", "開始"),
    "until": Words("Until", "終了"),
    "condition": Words("Condition", "状態"),
    "suite": Words("All scenarios", "すべてのシナリオ"),
    "scenario": Words("Scenario", "シナリオ"),
    "verdict": Words("Verdict", "判定"),
    "reason": Words("Why", "理由"),
    "slowest": Words("The slowest ten", "時間のかかった10件"),
    "first_look": Words("Look at these first", "まず確認するもの"),
    "confusion": Words("What was wrong, and what the phone said", "異常とスマートフォンの表示"),
    "confusion_said": Words(
        "A row for what was wrong when a search began, a column for what the phone made of it; the number of searches.",
        "行は検索を始めたときの異常、列はスマートフォンの表示、数字は検索の回数です。",
    ),
    "in_all": Words("in all", "合計"),
    "together": Words("of playing time", "分の実施"),
}
