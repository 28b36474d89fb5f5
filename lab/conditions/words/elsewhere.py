"""What is said of machines that are not where people think."""

from collections.abc import Mapping
from typing import Final

from lab.conditions.words.text import Text, Words

TEXTS: Final[Mapping[str, Text]] = {
    "guest_wifi": Text(
        Words("The phone is on the guest Wi-Fi.", "スマートフォンがゲスト用Wi-Fiに接続しています。"),
        Words(
            "The machine joins the guest segment (192.168.5.0/24); the router lets it into the internet, not into the home.",
            "機器はゲスト用ネットワーク（192.168.5.0/24）に接続します。インターネットには接続できますが、家のネットワークには入れません。",
        ),
        Words(
            "The internet works; no device of the home is found.",
            "インターネットは使えますが、家の中の機器は見つかりません。",
        ),
        Words(
            "A phone that remembers the guest network from the day it was set up, or joins whichever is stronger.",
            "以前ゲスト用Wi-Fiに接続したスマートフォンが、自動的にそちらへ接続している場合などに起こります。",
        ),
        ("gclinian/SafeDrop release notes 1.7.0",),
    ),
    "other_router": Text(
        Words(
            "The phone is behind a second router.",
            "スマートフォンが2台目のルーターに接続しています（二重ルーター）。",
        ),
        Words(
            "The machine joins 192.168.10.0/24 behind a second router, which translates addresses towards the home; multicast does not pass it.",
            "機器は2台目のルーターのネットワーク（192.168.10.0/24）に接続します。2台目のルーターは家のネットワークとの間でアドレス変換（NAT）を行い、マルチキャストを通しません。",
        ),
        Words(
            "The search finds nothing; typing the AiSEG's address works from behind, not towards it.",
            "検索では見つかりません。2台目のルーターの内側から外側のアドレスには接続できますが、逆方向には接続できません。",
        ),
        Words(
            "A Wi-Fi router bought to extend the provider's, left in router mode.",
            "通信事業者の機器につないだ市販のWi-Fiルーターを、ルーターモードのまま使っている場合に起こります。",
        ),
        ("jimmywarting/wemo-client#47",),
    ),
    "other_network": Text(
        Words("The phone is on the mobile network.", "スマートフォンがモバイル回線に接続しています。"),
        Words(
            "The machine joins the carrier's network (100.64.0.0/16), behind the carrier's NAT; the cloud can be reached, the home cannot.",
            "機器は携帯電話会社のネットワーク（100.64.0.0/16、NATの内側）に接続します。クラウドには接続できますが、家のネットワークには接続できません。",
        ),
        Words(
            "The search finds nothing; a link code typed by hand works.",
            "検索では見つかりません。連携コードを入力すれば登録できます。",
        ),
        Words(
            "Wi-Fi switched off, or a phone that prefers mobile data to a weak Wi-Fi.",
            "Wi-Fiがオフになっている場合や、Wi-Fiの電波が弱くモバイル回線に切り替わった場合です。",
        ),
    ),
    "two_nics_wrong_one": Text(
        Words(
            "The phone has a second interface, and prefers it.",
            "スマートフォンに2つ目のネットワークがあり、そちらが優先されています。",
        ),
        Words(
            "A second interface on another segment holds the default route; there is no AiSEG there. The first one stays as it was.",
            "別のネットワークに接続した2つ目のインターフェースが既定の経路になります。そこにAiSEGはありません。1つ目はそのまま使えます。",
        ),
        Words(
            "A program that searches on one interface only finds nothing.",
            "1つのネットワークだけを検索するアプリでは、何も見つかりません。",
        ),
        Words(
            "A docking station, Wi-Fi and cable at once, containers and virtual machines, mobile data beside Wi-Fi.",
            "ドッキングステーション、有線と無線の併用、コンテナーや仮想マシン、Wi-Fiとモバイル回線の併用などで起こります。",
        ),
        (
            "Hiroshi-Sugimura/echonet-lite.js#14",
            "home-assistant/core#35031",
            "home-assistant/home-assistant.io#17574",
            "matter-js/matter.js#2867",
        ),
    ),
    "vpn_on_phone": Text(
        Words("A VPN is on.", "VPNが有効になっています。"),
        Words(
            "A tunnel holds the default route and leads nowhere; frames between the machine and its own network are dropped but those that would carry the tunnel (swallows).",
            "トンネルが既定の経路になり、その先には何もありません。swallowsが有効な場合、トンネルを運ぶもの以外の、同じネットワーク内の通信も破棄します。",
        ),
        Words(
            "No device of the home is found while the VPN is on.",
            "VPNが有効な間、家の中の機器は見つかりません。",
        ),
        Words(
            "Company VPNs and privacy apps that forbid traffic to the local network.",
            "ローカルネットワークとの通信を禁止する企業のVPNや、プライバシー保護アプリが原因になります。",
        ),
        ("gclinian/SafeDrop release notes 1.7.0",),
    ),
}
