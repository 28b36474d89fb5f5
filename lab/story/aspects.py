"""What each thing that can be expected is called, where it is seen, and when it is as expected. No I/O."""

import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from lab.story.script import Words
from lab.story.sight import Screen, Sight


@dataclass(frozen=True)
class Aspect:
    """`wanted` and `seen` say what was expected and what there is instead; `is_so` compares, what was expected first."""

    wanted: Callable[[Any], Words]
    value: Callable[[Sight], object]
    seen: Callable[[Sight], Words]
    is_so: Callable[[Any, Any], bool] = operator.eq


SCREENS: Final[Mapping[str, Words]] = {
    "start": Words(en="the start of the registration", ja="AiSEGの登録の最初の画面"),
    "searching": Words(en="“searching”", ja="「AiSEGを検索しています」"),
    "found": Words(en="“an AiSEG was found”", ja="「AiSEGが見つかりました」"),
    "not_found": Words(en="“no AiSEG was found”", ja="検索のエラー画面"),
    "type_code": Words(en="the pages where the link code is typed", ja="連携コードの入力画面"),
    "confirm": Words(en="what is about to be registered", ja="登録内容の確認"),
    "registered": Words(en="“the registration is complete”", ja="「操作が完了しました」"),
    "timeline": Words(en="the timeline", ja="タイムライン"),
    "no_connection": Words(en="“the server cannot be reached”", ja="「サーバーに接続できません」"),
    "home": Words(en="the home screen", ja="ホーム画面"),
    "link_code": Words(en="a link code", ja="連携コード"),
    "status": Words(en="the result of the registration check", ja="登録状況"),
    "updating": Words(en="that it is updating", ja="更新中の画面"),
    "cloud_offline": Words(en="that the cloud is away", ja="サーバーに未接続の表示"),
    "unreachable": Words(en="nothing at all", ja="何も表示されない状態"),
}
_PHONE: Final = Words(en="the phone", ja="スマートフォン")
_PANEL: Final = Words(en="the panel", ja="AiSEG画面")
_MOST_SAID: Final = 300
_LINKED: Final = {
    True: Words(en="the account is linked", ja="連携している"),
    False: Words(en="the account is not linked", ja="連携していない"),
}
_TELEMETRY: Final = {
    "flowing": Words(en="samples reach the cloud", ja="計測データがサーバーに届く"),
    "stopped": Words(en="no samples reach the cloud", ja="計測データがサーバーに届かない"),
}


def _screen(who: Words, look: Callable[[Sight], Screen | None]) -> Aspect:
    """Return which screen somebody looks at."""

    def wanted(name: str) -> Words:
        screen = SCREENS[name]
        return Words(en=f"{who.en} shows {screen.en}", ja=f"{who.ja}に{screen.ja}")

    def seen(sight: Sight) -> Words:
        screen = look(sight)
        if screen is None or "unreachable" in screen.shows:
            return Words(
                en=f"{who.en} shows nothing: nothing answers", ja=f"{who.ja}には何も表示されない（応答なし）"
            )
        return Words(en=f"{who.en} shows “{screen.title}”", ja=f"{who.ja}の画面は「{screen.title}」")

    return Aspect(wanted, lambda sight: (screen := look(sight)) and screen.shows, seen, _holds)


def _words(who: Words, look: Callable[[Sight], Screen | None]) -> Aspect:
    """Return what a screen says."""

    def wanted(said: str) -> Words:
        return Words(en=f"{who.en} says “{said}”", ja=f"{who.ja}に「{said}」")

    def words(sight: Sight) -> str:
        screen = look(sight)
        return screen.words if screen else ""

    def seen(sight: Sight) -> Words:
        said = words(sight)[:_MOST_SAID]
        return Words(en=f"{who.en} says “{said}”", ja=f"{who.ja}には「{said}」")

    return Aspect(wanted, words, seen, _says)


def _value(en: str, ja: str, look: Callable[[Sight], object]) -> Aspect:
    """Return a value that is said alike whether it is expected or seen."""

    def said(value: object) -> Words:
        shown = "-" if value is None else value
        return Words(en=en.format(shown), ja=ja.format(shown))

    return Aspect(said, look, lambda sight: said(look(sight)))


def _state(names: Mapping[Any, Words], look: Callable[[Sight], Any]) -> Aspect:
    """Return a state that has a sentence for each value."""
    return Aspect(names.__getitem__, look, lambda sight: names[look(sight)])


def _could_also_be() -> Aspect:
    def wanted(code: str) -> Words:
        return Words(
            en=f"{code} is named among what it could also be", ja=f"ほかの可能性として {code} を挙げる"
        )

    def seen(sight: Sight) -> Words:
        others = ", ".join(sight.could_also_be) or "-"
        return Words(en=f"it could also be {others}", ja=f"ほかの可能性は {others}")

    return Aspect(wanted, lambda sight: sight.could_also_be, seen, _holds)


def _taps() -> Aspect:
    def wanted(most: int) -> Words:
        return Words(en=f"at most {most} taps", ja=f"タップは{most}回以内")

    def seen(sight: Sight) -> Words:
        return Words(en=f"{sight.taps} taps", ja=f"タップは{sight.taps}回")

    return Aspect(wanted, lambda sight: sight.taps, seen, operator.ge)


def _no_dead_end() -> Aspect:
    def seen(sight: Sight) -> Words:
        ends = ", ".join(sight.dead_ends)
        return Words(en=f"dead ends: {ends}", ja=f"行き止まり：{ends}")

    words = Words(en="no dead end", ja="行き止まりがない")
    return Aspect(lambda _: words, lambda sight: not sight.dead_ends, seen)


def _holds(wanted: object, actual: frozenset[str] | tuple[str, ...] | None) -> bool:
    return wanted in (actual or ())


def _says(wanted: str, actual: str) -> bool:
    """Compare letters only: where a page breaks its lines is not what it says."""
    return "".join(wanted.split()) in "".join(actual.split())


ASPECTS: Final[Mapping[str, Aspect]] = {
    "phone_shows": _screen(_PHONE, lambda sight: sight.phone),
    "phone_says": _words(_PHONE, lambda sight: sight.phone),
    "reason": _value("the reason given is {}", "理由は {}", lambda sight: sight.code),
    "could_also_be": _could_also_be(),
    "found": _value("{} found", "見つかったAiSEGは{}台", lambda sight: sight.found),
    "ways_on": _value("{} ways on", "進む先は{}つ", lambda sight: sight.ways_on),
    "no_dead_end": _no_dead_end(),
    "taps_at_most": _taps(),
    "panel_shows": _screen(_PANEL, lambda sight: sight.panel),
    "panel_says": _words(_PANEL, lambda sight: sight.panel),
    "linked": _state(_LINKED, lambda sight: sight.linked),
    "telemetry": _state(_TELEMETRY, lambda sight: "flowing" if sight.flows else "stopped"),
    "lost_samples": _value("{} samples lost", "失われた計測データは{}件", lambda sight: sight.lost),
    "doubled_samples": _value("{} samples doubled", "重複した計測データは{}件", lambda sight: sight.doubled),
    "secrets_in_mdns": _value(
        "{} mDNS packets hold a secret", "秘密を含むmDNSパケットは{}個", lambda sight: sight.secrets
    ),
}
