"""Runs made by hand, with captures by the real network: one that passes, one that fails, one that cannot be played."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from lab.conditions.link_layer import MdnsBlocked
from lab.story.run import Event, Picture, Run, Search, Told
from lab.story.script import Script, Words
from tests.lab.xray.captures import Wire

HOSTILE = "<script>alert('&')</script>\x07"
VERSIONS = {"aiseg": "0.1.0", "python": "3.11.2", "system": "Linux 6.1"}

ADVICE = {
    "en": "The network or a firewall blocks UDP port 5353: allow mDNS there.",
    "ja": "UDP 5353番（mDNS）が遮断されています。ルーターなどの設定で許可してください。",
}
BLOCKED = {
    "code": "mdns_blocked",
    "could_also_be": ["gateway_firewalled"],
    "evidence": [{"en": "Sent 23 mDNS packets.", "ja": "mDNSパケットを23個送信しました。"}],
    "advice": ADVICE,
}

SCREEN = """<!doctype html><html lang="ja"><head><title>{title}</title><style>body{{margin:0;font:16px/1.6 sans-serif;background:#eef3f1;color:#10302d}}
h1{{margin:0;padding:.8rem;background:#0b5f5a;color:#fff;font-size:1.1rem;text-align:center}}p{{padding:0 1rem}}a{{display:block;margin:1rem;padding:1rem;border-radius:1rem;background:#0b5f5a;color:#fff;text-align:center}}</style></head>
<body><h1>{title}</h1><p>{text}</p><a href="/next">次へ進む</a></body></html>"""


def words(en: str, ja: str) -> Words:
    return Words(en=en, ja=ja)


def script(name: str = "mdns-blocked-then-code", **more: Any) -> Script:
    document: dict[str, Any] = {
        "scenario": name,
        "version": 1,
        "title": {
            "en": "The router blocks mDNS; the code is typed by hand",
            "ja": "ルーターがmDNSを遮断しているので、連携コードを手で入力する",
        },
        "rows": ["S-DISC-06", "S-FAR-02"],
        "seed": 7,
        "given": {"gateway": {"firmware": "old"}},
        "steps": [
            {"phone": "open"},
            {"fault": "mdns_blocked", "for": "8s"},
            {"phone": "search"},
            {"expect": {"phone_shows": "not_found", "reason": "mdns_blocked"}, "within": "12s"},
            {"panel": "show_link_code"},
            {"phone": "type_code"},
            {"expect": {"linked": True, "telemetry": "flowing"}, "within": "10s"},
        ],
        **more,
    }
    return Script.model_validate(document)


STEPS = (
    Told(1, 0.0, 0.4, "PASS", words("The phone is opened", "スマートフォンを開く")),
    Told(2, 0.4, 0.5, "PASS", words("mDNS is blocked for 8 s", "mDNSが8秒間遮断される")),
    Told(3, 0.5, 0.9, "PASS", words("The person searches", "AiSEGを検索する")),
    Told(
        4, 0.9, 6.4, "PASS",
        words("within 12 s: the phone shows not_found, reason mdns_blocked", "12秒以内：「見つかりません」、理由はmdns_blocked"),
        words("not_found, mdns_blocked", "見つかりません、mdns_blocked"),
    ),
    Told(5, 6.4, 8.1, "PASS", words("The panel shows a link code", "AiSEG画面で連携コードを表示する")),
    Told(6, 8.1, 11.0, "PASS", words("The person types the code", "連携コードを入力する")),
    Told(
        7, 11.0, 21.0, "FAIL",
        words("within 10 s: linked, telemetry flows", "10秒以内：連携済みで、データが届いている"),
        words("linked, telemetry stopped", "連携済み、データは止まっている"),
    ),
)  # fmt: skip

EVENTS = (
    Event(0.2, "person", "tap", words("Opens the app", "アプリを開く"), "phone", {"label": "open"}),
    Event(0.35, "phone", "screen", words("Shows the start", "はじめの画面を表示"), None, {"screens": ["start"]}),
    Event(0.4, "network", "fault_begins", words("mDNS is blocked", "mDNSが遮断される"), None, {"number": 1, "name": "mdns_blocked", "args": {"on": None}}),
    Event(0.6, "person", "tap", words("Taps AISEGをお持ちの方", "「AISEGをお持ちの方」を押す"), "phone"),
    Event(0.9, "phone", "search_begins", words("Searches", "検索を始める"), "gateway"),
    Event(1.4, "gateway", "samples", words("Sends 2 samples", "測定値を2件送る"), "cloud", {"count": 2}),
    Event(3.4, "gateway", "samples", words("Sends 4 samples", "測定値を4件送る"), "cloud", {"count": 4}),
    Event(5.9, "phone", "search_ends", words("Found nothing: mdns_blocked", "見つからず：mdns_blocked"), "gateway"),
    Event(6.1, "phone", "screen", words("Shows not found", "「見つかりません」を表示"), None, {"screens": ["not_found"]}),
    Event(7.2, "person", "tap", words("Asks for a link code", "連携コードを表示させる"), "panel"),
    Event(7.5, "panel", "screen", words("Shows the link code", "連携コードを表示")),
    Event(8.4, "network", "fault_ends", words("mDNS is carried again", "mDNSの遮断が終わる"), None, {"number": 1}),
    Event(9.0, "network", "fault_begins", words("The broker is down", "ブローカーが停止"), None, {"number": 2, "name": "broker_down", "args": {}}),
    Event(10.3, "person", "type", words("Types the code", "コードを入力する"), "phone"),
    Event(10.6, "cloud", "linked", words("Linked", "連携した"), "phone"),
    Event(10.9, "phone", "screen", words("Shows the timeline", "タイムラインを表示")),
    Event(21.0, "lab", "verdict", words("Fails", "不合格")),
)  # fmt: skip

PICTURES = (
    Picture(0.35, "phone", "はじめの画面", SCREEN.format(title="AiSEG", text="AISEGをお持ちの方")),
    Picture(6.1, "phone", "見つかりません", SCREEN.format(title="AiSEGが見つかりません", text=ADVICE["ja"])),
    Picture(7.5, "panel", "連携コード", SCREEN.format(title="連携コード", text="1234 5678 9012")),
)


def failed(folder: Path, **more: Any) -> Run:
    """Return a story that ends in a failure."""
    folder.mkdir(parents=True, exist_ok=True)
    wire = Wire(folder / "packets.pcapng", ("mdns_blocked", MdnsBlocked()))
    wire.later(1)
    for _ in range(5):
        wire.ask()
        wire.resolve()
        wire.ask_directly()
        wire.connect()
        wire.later(0.5)
    wire.written()
    told: dict[str, Any] = {
        "script": script(),
        "seed": 7,
        "verdict": "FAIL",
        "reason": words("step 7: telemetry stopped", "手順7：データが止まっている"),
        "took_s": 24.6,
        "steps": STEPS,
        "events": EVENTS,
        "pictures": PICTURES,
        "searches": (Search(0.9, 5.9, {"found": [], "diagnosis": BLOCKED}),),
        "versions": VERSIONS,
    }
    return Run(folder=folder, epoch=wire.epoch, **(told | more))


def passed(folder: Path, name: str = "all-is-well", took_s: float = 6.2) -> Run:
    """Return a story that comes out as it should; without a capture."""
    found: Mapping[str, Any] = {
        "found": [{"gateway_id": "0123456789ab", "model": "MKN702", "name": "AiSEG MKN702 (6789ab)"}],
        "diagnosis": None,
    }
    title = {"en": f"All is well ({name})", "ja": f"何も異常がない（{name}）"}
    return Run(
        script(name, title=title), 1, "PASS", None, took_s, 1_764_554_400.0, folder, STEPS[:3], EVENTS[:2],
        (), (Search(0.9, 2.1, found),), VERSIONS,
    )  # fmt: skip


def not_played(folder: Path) -> Run:
    """Return a story that this machine cannot play."""
    reason = words(
        "This machine has no network namespaces.", "この環境ではネットワーク名前空間を作れません。"
    )
    return Run(script("no-namespaces"), 1, "CANNOT-RUN-HERE", reason, 0.0, 1_764_554_400.0, folder)
