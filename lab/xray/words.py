"""What is said of an X-ray, in both languages."""

from collections.abc import Mapping
from typing import Final

from lab.conditions.words.text import Words
from lab.xray.look import Outcome, Stage, StageName, State, Xray
from lab.xray.ways import Way, WayName

MARKS: Final[Mapping[State, str]] = {"yes": "✓", "partly": "◐", "no": "✗", "nothing": "–"}

STATES: Final[Mapping[State, Words]] = {
    "yes": Words("yes", "はい"),
    "partly": Words("partly", "一部のみ"),
    "no": Words("no", "いいえ"),
    "nothing": Words("not reached", "そこまで進まず"),
}

STAGES: Final[Mapping[StageName, Words]] = {
    "asked": Words("The question left the phone", "スマートフォンから質問が出た"),
    "question_at_access_point": Words("It reached the access point", "質問がアクセスポイントに届いた"),
    "question_at_gateway": Words("It reached the AiSEG", "質問がAiSEGに届いた"),
    "answered": Words("The AiSEG answered", "AiSEGが答えた"),
    "answer_at_access_point": Words("The answer reached the access point", "答えがアクセスポイントに届いた"),
    "answer_at_phone": Words("The answer reached the phone", "答えがスマートフォンに届いた"),
}

ANNOUNCED: Final = Words("The AiSEG spoke of its own accord", "AiSEGが自分から名乗った")

OUTCOMES: Final[Mapping[Outcome, Words]] = {
    "found": Words(
        "Found by multicast: the question was heard, and the answer came back.",
        "マルチキャストで見つかりました。質問が届き、答えも戻りました。",
    ),
    "found_otherwise": Words(
        "Found all the same: not by multicast, but at an address that was asked straight.",
        "マルチキャスト以外で見つかりました。アドレスを直接確認して応答を得ました。",
    ),
    "not_asked": Words(
        "Nothing was asked: no question left the phone on this network.",
        "質問が出ていません。スマートフォンからこのネットワークへは何も送られませんでした。",
    ),
    "heard_nothing": Words(
        "The AiSEG heard nothing: the question was lost on its way.",
        "AiSEGには何も届いていません。質問が途中で失われました。",
    ),
    "elsewhere": Words(
        "The AiSEG heard nothing: it is on another network than the phone.",
        "AiSEGには何も届いていません。スマートフォンとは別のネットワークにあります。",
    ),
    "no_sign_of_life": Words(
        "The question went as far as the AiSEG's plug; nothing at all came from there: it is off or unplugged.",
        "質問はAiSEGの接続口まで届きましたが、AiSEGからは何も出ていません。電源が切れているか、LANケーブルが抜けています。",
    ),
    "not_answered": Words(
        "The AiSEG was asked and did not answer.",
        "AiSEGに質問は届きましたが、答えがありませんでした。",
    ),
    "answer_lost": Words(
        "The AiSEG heard and answered; the answer was lost on its way back.",
        "AiSEGに届いて答えも出ましたが、答えが帰り道で失われました。",
    ),
    "address_unreachable": Words(
        "The answer arrived; the address in it cannot be reached.",
        "答えは届きましたが、そのアドレスに接続できません。",
    ),
    "answer_not_taken": Words(
        "The answer arrived; the phone could not make use of it.",
        "答えは届きましたが、スマートフォンはそれを使えませんでした。",
    ),
}

WAYS: Final[Mapping[WayName, Words]] = {
    "resolve": Words("Who has the AiSEG's address? (ARP, NDP)", "AiSEGのアドレスの持ち主の確認（ARP、NDP）"),
    "connect": Words("A connection to the AiSEG (TCP)", "AiSEGへの接続（TCP）"),
    "ask_directly": Words("mDNS straight to the AiSEG", "AiSEGへの直接のmDNS"),
    "router": Words("A word with the router", "ルーターへの問い合わせ"),
    "sweep": Words("Every address asked in turn", "すべてのアドレスの順次確認"),
}

WAY_ENDS: Final[Mapping[str, Words]] = {
    "answered": Words("answered", "応答あり"),
    "refused": Words("refused", "拒否"),
    "lost": Words("no answer came back", "応答は戻らず"),
    "silent": Words("nobody heard it", "届かず"),
}

HEADING: Final = Words("X-ray of the search", "検索のX線写真")
BY: Final = Words("lost by {rules}", "{rules}により消失")
STRANGERS: Final = Words(
    "Somebody else answered as an AiSEG: {nodes}.", "AiSEGを名乗る別の機器が答えました: {nodes}。"
)
NOBODY_THERE: Final = Words("nobody is there to hear it", "受け取る相手がいません")
_MOST_NUMBERS: Final = 3


def numbers(frames: tuple[int, ...]) -> str:
    """Return some numbers of frames as they are looked up in Wireshark: `#12, #15, #19 … (23)`."""
    said = ", ".join(f"#{each}" for each in frames[:_MOST_NUMBERS])
    return f"{said} … ({len(frames)})" if len(frames) > _MOST_NUMBERS else said


def way_end(way: Way) -> str:
    """Return how a way ended, as a key of `WAY_ENDS`."""
    if way.back:
        return "refused" if way.refused else "answered"
    return "lost" if way.arrived else "silent"


def loss(stage: Stage) -> Words | None:
    """Say what was lost on the way to a stage, and by which condition."""
    gone = numbers(tuple(each.number for each in stage.lost))
    if gone and stage.rules:
        rules = ", ".join(stage.rules)
        return Words(*(f"{BY.say(each).format(rules=rules)}: {gone}" for each in ("en", "ja")))
    if stage.name == "question_at_gateway" and stage.state == "no" and not gone:
        return NOBODY_THERE
    return Words(gone, gone) if gone else None


def title(xray: Xray, stage: Stage) -> Words:
    """Return what a stage is called."""
    spoke = stage.name == "answered" and stage.frames and xray.unasked
    return ANNOUNCED if spoke else STAGES[stage.name]


def strangers(xray: Xray) -> Words:
    """Say who else answered."""
    nodes = ", ".join(xray.strangers)
    return Words(STRANGERS.en.format(nodes=nodes), STRANGERS.ja.format(nodes=nodes))


def lines(xray: Xray, language: str) -> list[str]:
    """Return the X-ray as lines of text: what it comes to, one line for each stage and way."""
    told = [OUTCOMES[xray.outcome].say(language)]
    for stage in xray.stages:
        lost = loss(stage)
        parts = [title(xray, stage).say(language), numbers(stage.frames), lost.say(language) if lost else ""]
        told.append(f"{MARKS[stage.state]} " + "  ".join(filter(None, parts)))
    for way in xray.ways:
        end = way_end(way)
        mark = MARKS["yes" if way.back else "no"]
        parts = [
            WAYS[way.name].say(language),
            numbers(way.sent),
            WAY_ENDS[end].say(language),
            ", ".join(way.rules),
        ]
        told.append(f"{mark} " + "  ".join(filter(None, parts)))
    if xray.strangers:
        told.append(strangers(xray).say(language))
    return told
