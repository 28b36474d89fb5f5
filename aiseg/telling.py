"""What the story says at each step, and when a step did not happen, in English and Japanese."""

from typing import Final, NamedTuple

from protocol.problems import AisegError

STEPS: Final = {
    "announced": ("the gateway announces itself by mDNS as {name}", "mDNSで {name} を公開しました"),
    "registered": (
        "it is registered for the server service (epoch {epoch})",
        "サーバーサービスに登録しました（epoch {epoch}）",
    ),
    "account": (
        "{email} signed up, confirmed the mail and logged in",
        "{email} のアカウントを作成し、ログインしました",
    ),
    "shown": (
        "the panel shows a link code for {seconds} s",
        "連携コードを表示しました（{seconds} 秒間有効）",
    ),
    "found": (
        "the phone found {name} at {address} in {elapsed_ms:.0f} ms",
        "{name} が {address} で見つかりました（{elapsed_ms:.0f} ms）",
    ),
    "linked": (
        "{nickname} is linked, with the code read from the panel",
        "{nickname}：画面の連携コードで連携しました",
    ),
    "seen": (
        "the timeline shows sample {seq}: {used} W used, {made} W generated",
        "タイムラインに計測 {seq} が届きました：消費 {used} W、発電 {made} W",
    ),
    "blocked": ("now mDNS is blocked", "ここでmDNSを遮断します"),
    "not_found": ("a second phone finds nothing: {code}", "2台目のスマートフォンでは見つかりません：{code}"),
    "linked_by_hand": (
        "{nickname} is linked all the same, with the code typed by hand",
        "{nickname}：連携コードを手入力して連携しました",
    ),
    "released": ("the maker releases firmware {version}", "新しいファームウェア {version} が公開されました"),
    "offered": (
        "the panel offers it: {text_en}",
        "画面に更新のお知らせが届きました：{text_ja}",
    ),
    "installed": (
        "it is fetched, checked and installed; {old} still answers",
        "ファームウェアを更新しました。反映まで {old} で動作しています",
    ),
    "gone": ("the AiSEG restarts: its panel is gone", "AiSEGが再起動します：画面に接続できません"),
    "returned": (
        "the phone finds {name} with firmware {version}",
        "{name} がファームウェア {version} で再び見つかりました",
    ),
}

MISSING: Final = {
    "announced": ("The gateway did not announce itself: {why}", "AiSEGがmDNSで公開されませんでした：{why}"),
    "found": ("The phone did not find the gateway: {why}", "AiSEGが見つかりませんでした：{why}"),
    "read": (
        "The phone did not read the link code from the panel.",
        "連携コードを画面から読み取れませんでした。",
    ),
    "seen": ("No sample reached the timeline.", "タイムラインに計測データが届きませんでした。"),
    "not_found": (
        "mDNS was blocked, and the search found the gateway all the same.",
        "mDNSを遮断しましたが、AiSEGが見つかりました。",
    ),
    "offered": ("The new firmware was not offered.", "ファームウェア更新のお知らせが届きませんでした。"),
    "installed": ("The firmware was not installed: {why}", "ファームウェアを更新できませんでした：{why}"),
    "gone": ("The AiSEG did not restart.", "AiSEGが再起動しませんでした。"),
    "returned": (
        "The AiSEG did not come back with the new firmware: {why}",
        "新しいファームウェアのAiSEGが見つかりませんでした：{why}",
    ),
}


class Step(NamedTuple):
    """Something that happened, `at_s` seconds after the start, in English and Japanese."""

    name: str
    at_s: float
    en: str
    ja: str


class DidNotHappenError(AisegError):
    """The story went another way than it should."""

    def __init__(self, what: str, why: str = "") -> None:
        super().__init__(what)
        self._why = why
        self._texts = MISSING[what]

    def sentence(self, language: str = "en") -> str:
        """Return what did not happen."""
        return self._texts[language == "ja"].format(why=self._why)
