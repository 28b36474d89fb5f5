"""What is said of the router, the uplink and the services behind it."""

from collections.abc import Mapping
from typing import Final

from lab.conditions.words.text import Text, Words

TEXTS: Final[Mapping[str, Text]] = {
    "router_reboots": Text(
        Words("The router is restarting.", "ルーターが再起動しています。"),
        Words(
            "For s seconds nothing passes and nobody has a carrier; the router and its switch have forgotten all they knew.",
            "s秒間、すべての通信が止まり、各機器のリンクが切れます。ルーターとスイッチは学習した情報をすべて失います。",
        ),
        Words(
            "Everything is offline at once, and comes back by itself.",
            "すべての機器が同時にオフラインになり、しばらくすると自動的に元に戻ります。",
        ),
        Words(
            "A firmware update at night, a pulled plug, a router that is too hot.",
            "夜間のファームウェア更新、電源の抜き差し、ルーターの過熱などで起こります。",
        ),
    ),
    "uplink_down": Text(
        Words("The internet connection is down.", "インターネットに接続できません。"),
        Words(
            "Nothing crosses between the router and the internet, and the router answers no questions about names.",
            "ルーターとインターネットの間の通信を破棄します。ルーターは名前の問い合わせに応答しません。",
        ),
        Words(
            "The AiSEG is found, but login and linking fail: the cloud cannot be reached.",
            "AiSEGは見つかりますが、クラウドに接続できないため、ログインや連携ができません。",
        ),
        Words(
            "An outage of the provider, a loose cable at the optical terminal.",
            "通信事業者の障害や、回線終端装置（ONU）のケーブルの緩みなどで起こります。",
        ),
    ),
    "dns_broken": Text(
        Words("The router cannot look up names.", "ルーターの名前解決（DNS）が機能していません。"),
        Words(
            "Questions to the router's name service get no answer, or (servfail) the answer that it failed.",
            "ルーターへのDNSの問い合わせに応答しないか、失敗（SERVFAIL）を返します。",
        ),
        Words(
            "“The internet is broken”, although addresses can be reached; the AiSEG is found.",
            "IPアドレスでは通信できますが、「インターネットにつながらない」ように見えます。AiSEGは見つかります。",
        ),
        Words(
            "An overloaded router, a wrong DNS server in its settings, an outage of the provider's.",
            "ルーターの過負荷、DNSサーバーの設定の誤り、通信事業者のDNSの障害などで起こります。",
        ),
    ),
    "mtu_blackhole": Text(
        Words(
            "Large packets vanish on the way to the internet.",
            "インターネットとの間で、大きなパケットだけが失われています。",
        ),
        Words(
            "IP packets above mtu bytes are dropped on the uplink, and no ICMP error says so.",
            "インターネットとの間で、mtuバイトを超えるIPパケットを、ICMPで通知せずに破棄します。",
        ),
        Words(
            "Connections open and then hang: the login page stays white, an update never begins.",
            "接続はできますが、途中で止まります。ログイン画面が白いままになったり、更新が始まらなかったりします。",
        ),
        Words(
            "PPPoE lines (1454 bytes) and tunnels behind a firewall that drops all ICMP.",
            "PPPoE（1454バイト）やトンネルを使う回線で、ICMPがすべて遮断されている場合に起こります。",
        ),
    ),
    "cloud_down": Text(
        Words("The cloud's server is down.", "クラウドのサーバーが停止しています。"),
        Words(
            "TCP to the cloud is refused with a reset, or (silent) dropped; names and pings work.",
            "クラウドへのTCP接続をリセットで拒否するか、応答せずに破棄します。名前解決とpingはできます。",
        ),
        Words(
            "The AiSEG is found, login and linking say that the service cannot be reached.",
            "AiSEGは見つかりますが、ログインや連携では、サービスに接続できないと表示されます。",
        ),
        Words("Maintenance, or an outage of the service.", "サービスのメンテナンスや障害です。"),
    ),
    "broker_down": Text(
        Words("The cloud's MQTT broker is down.", "クラウドのMQTTサーバーが停止しています。"),
        Words(
            "TCP from and to the broker's port is refused with a reset, or (silent) dropped; the rest of the cloud works.",
            "MQTTサーバーのポートのTCP通信を、リセットで拒否するか、応答せずに破棄します。クラウドの他の機能は使えます。",
        ),
        Words(
            "The app works, but shows no new values; the AiSEG's screen says that the cloud is offline.",
            "アプリは使えますが、新しい値が表示されません。AiSEGの画面にはクラウドがオフラインと表示されます。",
        ),
        Words(
            "A restart or an outage of the broker; a firewall that lets only the web through.",
            "MQTTサーバーの再起動や障害、またはWeb以外を通さないファイアウォールが原因になります。",
        ),
    ),
    "reflector": Text(
        Words(
            "Phone and AiSEG are on different networks, and the router repeats mDNS between them.",
            "スマートフォンとAiSEGは別のネットワークにあり、ルーターがmDNSを中継しています。",
        ),
        Words(
            "The machine joins the guest segment; mDNS of each segment is repeated on the other, its words unchanged, under the router's address (or its sender's). Unless routed is off, the router forwards between the two.",
            "機器はゲスト用ネットワークに接続します。両方のネットワークのmDNSを、内容を変えずに、ルーター（または元の送信元）のアドレスで相互に送り直します。routedが有効な場合、ルーターが両者の通信を中継します。",
        ),
        Words(
            "The AiSEG is heard, but its address is on another network.",
            "AiSEGの応答はありますが、アドレスが別のネットワークのものです。",
        ),
        Words(
            "Homes with a VLAN for devices, and an mDNS repeater (avahi's reflector, multicast-relay) in the router.",
            "機器用のVLANを分け、ルーターでmDNSリピーター（avahiのreflector、multicast-relayなど）を使っている家庭です。",
        ),
        ("postlund/pyatv#765", "banban525/echonetlite2mqtt#20", "alsmith/multicast-relay#73"),
    ),
    "reflector_damaged": Text(
        Words(
            "The router repeats mDNS between two networks, but damages it.",
            "ルーターが別のネットワークのmDNSを中継していますが、内容が欠けています。",
        ),
        Words(
            "As reflector; what the router repeats has lost the records beside the answers (no_additional), or all but its first bytes_left bytes (truncated).",
            "reflectorと同じですが、ルーターが送り直す内容から、回答以外のレコードが失われるか（no_additional）、先頭のbytes_leftバイトだけが残ります（truncated）。",
        ),
        Words(
            "The AiSEG's name appears at most; it cannot be used.",
            "AiSEGの名前が表示されることはありますが、利用できません。",
        ),
        Words(
            "Repeaters that cut long packets, or rebuild them and leave out what they do not know.",
            "長いパケットを途中で切る中継機能や、未対応のレコードを除いて作り直す中継機能で起こります。",
        ),
        ("philippe44/AirConnect#160", "alsmith/multicast-relay#73"),
    ),
}
