"""What is said of single machines and their power."""

from collections.abc import Mapping
from typing import Final

from lab.conditions.words.text import Text, Words

TEXTS: Final[Mapping[str, Text]] = {
    "address_changes": Text(
        Words("The AiSEG has got another address.", "AiSEGのIPアドレスが変わりました。"),
        Words(
            "The machine's IPv4 address ends in 100 more than before; nobody answers ARP for the old one.",
            "機器のIPv4アドレスの末尾が100増えます。元のアドレスへのARPには、どの機器も応答しません。",
        ),
        Words(
            "The remembered address is dead; the search finds the new one.",
            "前回のアドレスでは接続できませんが、検索すると新しいアドレスで見つかります。",
        ),
        Words(
            "A DHCP lease that ran out while the power was off, a new router.",
            "停電中にDHCPのリース期限が切れた場合や、ルーターを交換した場合に起こります。",
        ),
        ("postlund/pyatv#1476", "matter-js/python-matter-server#347"),
    ),
    "clock_wrong": Text(
        Words("A clock is wrong.", "機器の時計がずれています。"),
        Words(
            "The machine's programs see a time that is ahead_s ahead; packets are untouched.",
            "機器のプログラムが参照する時刻がahead_s秒進みます。パケットは変わりません。",
        ),
        Words(
            "Certificates seem to be expired or not yet valid, codes seem to have run out, readings stand at the wrong time.",
            "証明書が期限切れまたは有効期間前と判断されたり、コードの有効期限が切れたり、計測値の時刻がずれたりします。",
        ),
        Words(
            "A device without a battery for its clock that has not reached a time server yet.",
            "時計用の電池がない機器で、時刻サーバーにまだ接続できていない場合に起こります。",
        ),
    ),
    "power_cut": Text(
        Words("There is a power cut.", "停電しています。"),
        Words(
            "Router and machines go silent at once, their programs die; after off_s they come back in the given order, gap_s apart.",
            "ルーターと機器が同時に止まり、プログラムも終了します。off_s秒後から、指定した順番でgap_s秒ごとに電源が戻ります。",
        ),
        Words(
            "Nothing works, then one thing after the other; what came up before the router has to try again.",
            "すべてが使えなくなり、その後、順に使えるようになります。ルーターより先に起動した機器は接続し直す必要があります。",
        ),
        Words(
            "A breaker that has tripped, a thunderstorm, work on the line.",
            "ブレーカーが落ちた場合や、落雷、電気工事などで起こります。",
        ),
        ("futomi/node-echonet-lite#7",),
    ),
    "gateway_off": Text(
        Words("The AiSEG is off.", "AiSEGの電源が入っていません。"),
        Words(
            "The machine's programs die without a goodbye, and it has no carrier until the end.",
            "機器のプログラムが予告なく終了し、リンクも切れたままになります。",
        ),
        Words(
            "Other devices are found, the AiSEG is not.",
            "他の機器は見つかりますが、AiSEGは見つかりません。",
        ),
        Words(
            "A pulled plug, a tripped breaker, a loose network cable.",
            "電源プラグが抜けている、ブレーカーが落ちている、LANケーブルが緩んでいる、といった場合です。",
        ),
    ),
    "gateway_not_running": Text(
        Words(
            "The AiSEG is on, but its program is not running.",
            "AiSEGの電源は入っていますが、プログラムが動作していません。",
        ),
        Words(
            "TCP to the machine is answered by a reset, UDP by “port unreachable”, multicast by nothing; ARP and pings are answered. What its programs send is dropped.",
            "機器へのTCP接続はリセットで拒否し、UDPには到達不能を返し、マルチキャストには応答しません。ARPとpingには応答します。機器のプログラムが送るものは破棄します。",
        ),
        Words(
            "The AiSEG is not found, and its address refuses the connection.",
            "AiSEGは見つからず、前回のアドレスへの接続も拒否されます。",
        ),
        Words(
            "A program that has crashed, or is not up yet after a restart.",
            "プログラムが異常終了した場合や、再起動の途中でまだ動作していない場合に起こります。",
        ),
    ),
    "gateway_firewalled": Text(
        Words(
            "The AiSEG's firewall lets nothing in.",
            "AiSEGのファイアウォールが接続を遮断しています。",
        ),
        Words(
            "Only answers to what the machine itself began, ARP and IPv6 neighbour discovery reach it; everything else is dropped.",
            "機器自身が始めた通信への応答、ARP、IPv6の近隣探索だけを通し、その他の受信を破棄します。",
        ),
        Words(
            "The AiSEG still sends its readings, but is not found, and its address does not answer.",
            "AiSEGは計測データを送信していますが、検索では見つからず、前回のアドレスでも応答がありません。",
        ),
        Words(
            "The emulator on a computer whose firewall asked, and nobody said yes.",
            "エミュレーターを動かすパソコンで、ファイアウォールの許可を求める画面を許可しなかった場合などに起こります。",
        ),
    ),
    "phone_firewalled": Text(
        Words(
            "The phone's own firewall drops answers to its search.",
            "スマートフォン自身のファイアウォールが、検索への応答を遮断しています。",
        ),
        Words(
            "Only answers from whom it spoke to, pings and mDNS to the group reach it: a unicast answer to a question that was multicast is dropped.",
            "自分が通信した相手からの応答、ping、グループ宛てのmDNSだけを通します。マルチキャストの問い合わせに対するユニキャストの応答は破棄します。",
        ),
        Words(
            "Apps that ask for a unicast answer find nothing; others work.",
            "ユニキャストの応答を求めるアプリでは何も見つかりません。その他のアプリでは見つかります。",
        ),
        Words(
            "The firewall of Ubuntu and Debian (ufw) as it is installed.",
            "UbuntuやDebianのufwの初期設定と同じ動作です。",
        ),
    ),
}
