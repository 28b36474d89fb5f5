"""What the parameters mean. A name means the same in every condition."""

from collections.abc import Mapping
from typing import Final

from lab.conditions.words.text import Words

PARAMETERS: Final[Mapping[str, Words]] = {
    "p": Words("which share of the frames, 0 to 1", "対象となるフレームの割合（0～1）"),
    "on": Words(
        "the machine it concerns (none: all, or everybody's frames)", "対象の機器（指定しない場合はすべて）"
    ),
    "ms": Words("milliseconds by which a frame is late", "フレームの遅れ（ミリ秒）"),
    "jitter": Words("by how many milliseconds that varies, up and down", "遅れの変動幅（±ミリ秒）"),
    "kbps": Words("kilobits a second, each way", "通信速度（kbps、片方向ごと）"),
    "buffer_ms": Words("how long a frame may wait for its turn, in milliseconds", "送信待ちの上限（ミリ秒）"),
    "dtim_ms": Words(
        "milliseconds from one beacon with multicast to the next",
        "マルチキャストを送るビーコンの間隔（ミリ秒）",
    ),
    "least_ms": Words("least delay on the air, in milliseconds", "電波区間の遅れの下限（ミリ秒）"),
    "most_ms": Words("greatest delay on the air, in milliseconds", "電波区間の遅れの上限（ミリ秒）"),
    "broadcast": Words("whether broadcasts suffer as multicast does", "ブロードキャストも同じように扱うか"),
    "s": Words("seconds until it is over", "続く時間（秒）"),
    "age_s": Words(
        "seconds after which the switch forgets who listens", "スイッチが受信者を忘れるまでの時間（秒）"
    ),
    "mld": Words("whether it treats IPv6 groups so too", "IPv6のグループも同じように扱うか"),
    "forgets_s": Words(
        "seconds of silence after which a station is forgotten (none: never)",
        "通信のない機器を忘れるまでの時間（秒、指定しない場合は忘れない）",
    ),
    "how": Words("in which way", "どのように起こるか"),
    "port": Words("the TCP port", "TCPポート番号"),
    "mtu": Words("the largest packet that passes, in bytes", "通過できるパケットの最大サイズ（バイト）"),
    "routed": Words(
        "whether the router also forwards between the two segments",
        "ルーターが両方のネットワーク間を中継するか",
    ),
    "keep_source": Words(
        "whether the repeated packets keep their sender's address", "転送時に送信元アドレスを変えないか"
    ),
    "bytes_left": Words("bytes of the DNS message that are left", "DNSメッセージの残りの長さ（バイト）"),
    "segment": Words("the segment of the second interface", "2つ目のインターフェースの接続先"),
    "swallows": Words(
        "whether traffic to the own network vanishes too", "同じネットワーク内の通信も届かなくするか"
    ),
    "ahead_s": Words(
        "seconds by which the clock is ahead (below 0: behind)", "時計の進み（秒、マイナスは遅れ）"
    ),
    "order": Words(
        "who gets power back, in this order, with commas between", "電源が戻る順番（カンマ区切り）"
    ),
    "off_s": Words("seconds without power", "停電している時間（秒）"),
    "gap_s": Words("seconds from one machine's return to the next", "次の機器の電源が戻るまでの間隔（秒）"),
    "every_s": Words("seconds between two claims to the address", "アドレスの使用を通知する間隔（秒）"),
    "n": Words("how many services of other kinds", "他の種類のサービスの数"),
    "ours": Words(
        "how many services of the AiSEG's own type, by another maker", "AiSEGと同じ種類で他社製のサービスの数"
    ),
    "gateway_id": Words("the id it claims, 12 hex digits", "名乗るID（16進数12桁）"),
    "address": Words(
        "the address it claims: its own, a far one, or the router's",
        "名乗るアドレス（own: 自身、far: 別のネットワーク、router: ルーター）",
    ),
    "instance": Words(
        "the name it takes (none: that of the AiSEG it hears)",
        "横取りする名前（指定しない場合は見つけたAiSEGの名前）",
    ),
}
