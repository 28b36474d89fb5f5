"""What is said of what happens in the air."""

from collections.abc import Mapping
from typing import Final

from lab.conditions.words.text import Text, Words

TEXTS: Final[Mapping[str, Text]] = {
    "multicast_lost": Text(
        Words(
            "The network does not carry multicast reliably.",
            "マルチキャストが届かない、または届きにくくなっています。",
        ),
        Words(
            "Frames to a multicast group are dropped with probability p; unicast and broadcast (ARP) pass. IPv6 suffers altogether: its neighbour discovery is multicast.",
            "マルチキャスト宛てのフレームを確率pで破棄します。ユニキャストとブロードキャスト（ARP）は通ります。IPv6は近隣探索もマルチキャストのため、通信全体に影響します。",
        ),
        Words(
            "The AiSEG is not found by searching, or only sometimes, although its address works.",
            "AiSEGのアドレスには接続できますが、検索では見つからないか、ときどきしか見つかりません。",
        ),
        Words(
            "Wi-Fi sends multicast at the lowest rate and never repeats it; some routers do not pass it between wire and air at all.",
            "Wi-Fiのマルチキャストは低速で送られ、再送されません。有線と無線の間でまったく中継しないルーターもあります。",
        ),
        ("homebridge/homebridge#1918",),
    ),
    "loss": Text(
        Words("Frames are lost.", "通信の一部が失われています。"),
        Words(
            "Each frame is dropped with probability p, in both directions, ARP included.",
            "すべてのフレームを確率pで破棄します。両方向が対象で、ARPも含みます。",
        ),
        Words(
            "Searching takes longer or needs a second try; pages load slowly or stop half-way.",
            "検索に時間がかかったり、やり直しが必要になります。画面の表示が遅くなったり、途中で止まったりします。",
        ),
        Words(
            "A weak signal, a microwave oven, a crowded channel, a bad cable or plug.",
            "電波が弱い、電子レンジを使っている、チャンネルが混雑している、ケーブルやコネクターが傷んでいる、といった場合に起こります。",
        ),
    ),
    "delay": Text(
        Words("Everything takes longer.", "通信に時間がかかっています。"),
        Words(
            "Every frame is held back by ms, give or take jitter; the order of each direction stays.",
            "すべてのフレームをmsミリ秒（±jitter）遅らせます。各方向の順番は変わりません。",
        ),
        Words(
            "Screens react slowly; what waits only briefly gives up.",
            "画面の反応が遅くなります。待ち時間の短い処理は失敗します。",
        ),
        Words(
            "Mesh repeaters, power-line adapters, a busy air, a full uplink.",
            "メッシュWi-Fiの中継機やPLCアダプターの利用、電波や回線の混雑などで起こります。",
        ),
        ("banban525/echonetlite2mqtt#29",),
    ),
    "reorder": Text(
        Words("Some frames are overtaken by later ones.", "フレームの順番が入れ替わっています。"),
        Words(
            "With probability p a frame is held back by ms, while those behind it pass.",
            "確率pでフレームをmsミリ秒遅らせ、後続のフレームを先に通します。",
        ),
        Words(
            "Mostly nothing; a program that relies on the order of packets shows an old state.",
            "ほとんどの場合、変化はありません。パケットの順番に頼るプログラムは古い状態を表示します。",
        ),
        Words(
            "Two paths to one place: mesh systems, link aggregation, a phone that changes from one access point to another.",
            "メッシュWi-Fiやリンクアグリゲーションなど、経路が複数ある場合や、アクセスポイントの切り替え時に起こります。",
        ),
        ("evcc-io/evcc#15890",),
    ),
    "duplicate": Text(
        Words("Some frames come twice.", "同じフレームが重複して届いています。"),
        Words("With probability p a frame is delivered twice.", "確率pでフレームを2回届けます。"),
        Words(
            "Nothing, if the programs are right; otherwise entries appear twice.",
            "プログラムが正しければ変化はありません。誤りがあると、同じ項目が二重に表示されます。",
        ),
        Words(
            "A lost acknowledgement on the air makes the sender repeat; two reflectors or a loop between switches do it too.",
            "無線の受信確認が失われて再送された場合や、中継機能の重複、スイッチのループで起こります。",
        ),
    ),
    "rate": Text(
        Words("The network is slow.", "通信速度が低下しています。"),
        Words(
            "Each direction carries kbps; frames queue, and those that would wait longer than buffer_ms are dropped.",
            "各方向の通信速度をkbpsに制限します。フレームは順番を待ち、待ち時間がbuffer_msを超えるものは破棄します。",
        ),
        Words(
            "Small things work, firmware updates and pictures take for ever.",
            "軽い操作はできますが、ファームウェアの更新や画像の表示に非常に時間がかかります。",
        ),
        Words(
            "An old Wi-Fi standard at the edge of its range, a data plan that has been used up.",
            "古い規格のWi-Fiを電波の届きにくい場所で使っている場合や、通信量の上限に達した場合に起こります。",
        ),
    ),
    "wifi_air": Text(
        Words(
            "The phone's Wi-Fi saves power, and multicast reaches it late or never.",
            "スマートフォンのWi-Fiが省電力状態のため、マルチキャストが遅れるか、届きません。",
        ),
        Words(
            "Multicast to the phone is lost with probability p, else held until the next DTIM beacon; everything else takes least_ms to most_ms.",
            "スマートフォン宛てのマルチキャストは、確率pで失われるか、次のDTIMビーコンまで保留されます。その他の通信は least_ms～most_ms ミリ秒遅れます。",
        ),
        Words(
            "Searching works, but not always at the first question.",
            "検索はできますが、1回目の問い合わせで見つからないことがあります。",
        ),
        Words(
            "Every phone on every Wi-Fi: multicast is neither acknowledged nor repeated, and sent only after a beacon while a station sleeps.",
            "Wi-Fiに接続したスマートフォンでは一般的な動作です。マルチキャストには受信確認も再送もなく、省電力中の機器にはビーコンの後にまとめて送られます。",
        ),
        ("banban525/echonetlite2mqtt#29",),
    ),
    "wifi_drops": Text(
        Words("The phone's Wi-Fi is gone for a while.", "スマートフォンのWi-Fiが一時的に切断されています。"),
        Words(
            "The machine has no carrier for s seconds, then it is back with the same address.",
            "s秒間リンクが切れます。その後、同じアドレスで再接続します。",
        ),
        Words(
            "“No network” while it lasts; afterwards everything goes on by itself.",
            "切断中は「ネットワークに接続されていません」と表示されます。再接続すると自動的に元に戻ります。",
        ),
        Words(
            "Somebody walks out of range, the router changes its channel, the phone looks for a better network.",
            "電波の届かない場所へ移動した場合、ルーターがチャンネルを変更した場合、スマートフォンが別の接続先を探している場合に起こります。",
        ),
    ),
}
