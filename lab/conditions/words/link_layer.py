"""What is said of switches, access points and missing address families."""

from collections.abc import Mapping
from typing import Final

from lab.conditions.words.text import Text, Words

TEXTS: Final[Mapping[str, Text]] = {
    "mdns_blocked": Text(
        Words("The network filters mDNS.", "ネットワークでmDNSが遮断されています。"),
        Words(
            "UDP from or to port 5353 is dropped, IPv4 and IPv6, multicast and unicast; everything else passes.",
            "UDP 5353番の通信を、IPv4・IPv6、マルチキャスト・ユニキャストを問わず破棄します。その他の通信は通ります。",
        ),
        Words(
            "The search finds nothing at all; the AiSEG's address works in a browser.",
            "検索では何も見つかりませんが、AiSEGのアドレスをブラウザーで開くことはできます。",
        ),
        Words(
            "A security setting of the access point, a firewall between wire and air, router firmware after an update.",
            "アクセスポイントのセキュリティ設定、有線と無線の間のファイアウォール、ルーターのファームウェア更新などが原因になります。",
        ),
        ("RMerl/asuswrt-merlin.ng#708", "homebridge/homebridge#1918"),
    ),
    "ap_isolation": Text(
        Words(
            "The access point keeps its devices apart.",
            "アクセスポイントが機器同士の通信を遮断しています（プライバシーセパレーター）。",
        ),
        Words(
            "Frames between a station and any other machine are dropped, on the wire too; only the router can be reached.",
            "無線の機器と他の機器（有線を含む）との間のフレームを破棄します。ルーターとだけ通信できます。",
        ),
        Words(
            "The internet works, the router answers, and no device of the home can be found.",
            "インターネットは使えてルーターも応答しますが、家の中の機器は見つかりません。",
        ),
        Words(
            "“Privacy separator”, “AP isolation”, “client isolation”: often on by default for a second network name.",
            "「プライバシーセパレーター」「AP分離」「ネットワーク分離」などの機能です。2つ目のSSIDでは初期設定で有効になっていることがあります。",
        ),
        ("gclinian/SafeDrop release notes 1.7.0",),
    ),
    "igmp_snooping_no_querier": Text(
        Words(
            "A switch has forgotten who listens to multicast.",
            "スイッチがマルチキャストの受信者を忘れています。",
        ),
        Words(
            "Multicast goes only to ports that reported their membership within age_s (224.0.0.251 included); as nobody asks, silent listeners are forgotten.",
            "age_s秒以内に参加を報告したポートにだけマルチキャストを送ります（224.0.0.251を含む）。参加を問い合わせる機器がないため、報告しない受信者は忘れられます。",
        ),
        Words(
            "The search works after a restart of the AiSEG and stops working some minutes later.",
            "AiSEGの再起動直後は検索できますが、数分たつと見つからなくなります。",
        ),
        Words(
            "IGMP snooping switched on in a switch or router while no querier is in the network.",
            "スイッチやルーターでIGMPスヌーピングが有効なのに、ネットワークにクエリアがない場合に起こります。",
        ),
        ("home-assistant/core#43652", "kaikozlov/localsend.koplugin#17"),
    ),
    "multicast_to_unicast": Text(
        Words(
            "The access point turns multicast into unicast.",
            "アクセスポイントがマルチキャストをユニキャストに変換しています。",
        ),
        Words(
            "Each station gets its own copy of a multicast frame, addressed to itself; a station that is unknown, or silent for longer than forgets_s, gets none.",
            "マルチキャストのフレームを機器ごとに複製し、その機器宛てに変えて送ります。未知の機器や、forgets_s秒を超えて通信のない機器には送りません。",
        ),
        Words(
            "Mostly nothing; a device that has slept for long is not found.",
            "ほとんどの場合、変化はありません。長く通信していない機器が見つからないことがあります。",
        ),
        Words(
            "“Multicast enhancement”, “IGMP optimisation”: meant to make video over Wi-Fi smoother.",
            "「マルチキャスト拡張」「IGMP最適化」などの機能です。Wi-Fiでの映像視聴を改善する目的で搭載されています。",
        ),
        ("home-assistant/core#43652",),
    ),
    "ipv6_only": Text(
        Words("There is no IPv4 in the home.", "家の中でIPv4が使えません。"),
        Words(
            "The machines lose their IPv4 addresses and routes; IPv6 stays.",
            "機器からIPv4のアドレスと経路がなくなります。IPv6は使えます。",
        ),
        Words(
            "What knows IPv4 only finds nothing and reaches nothing.",
            "IPv4にしか対応していないアプリでは、何も見つからず、接続もできません。",
        ),
        Words(
            "The router's DHCP is off or broken; test networks of app stores have no IPv4 on purpose.",
            "ルーターのDHCPが無効または故障している場合に起こります。アプリの審査などでは、意図的にIPv6だけの環境が使われます。",
        ),
        ("project-chip/connectedhomeip#22380",),
    ),
    "ipv4_only": Text(
        Words("There is no IPv6 in the home.", "家の中でIPv6が使えません。"),
        Words(
            "The machines have no IPv6, not even link-local.",
            "機器のIPv6が、リンクローカルも含めて無効になります。",
        ),
        Words(
            "Nothing, unless something relies on IPv6.",
            "変化はありません。ただし、IPv6を前提とする機能は使えません。",
        ),
        Words(
            "IPv6 switched off in the router or the device, often as a cure for something else.",
            "ルーターや機器の設定でIPv6を無効にしている場合です。別の不具合への対処として無効にされることがよくあります。",
        ),
        ("project-chip/connectedhomeip#21763",),
    ),
}
