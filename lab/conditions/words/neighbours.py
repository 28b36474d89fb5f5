"""What is said of other machines of the home."""

from collections.abc import Mapping
from typing import Final

from lab.conditions.words.text import Text, Words

TEXTS: Final[Mapping[str, Text]] = {
    "address_conflict": Text(
        Words(
            "Another device has the AiSEG's address.",
            "別の機器がAiSEGと同じIPアドレスを使っています。",
        ),
        Words(
            "A second device answers ARP for the address, claims it again every every_s seconds, and refuses connections.",
            "もう1台の機器がそのアドレスへのARPに応答し、every_s秒ごとに使用を通知します。その機器への接続は拒否されます。",
        ),
        Words(
            "The AiSEG is found; it can be used now, and a moment later not.",
            "AiSEGは見つかりますが、使えたり使えなかったりします。",
        ),
        Words(
            "A fixed address typed into a device, inside the range that the router gives out.",
            "ルーターが割り当てる範囲のアドレスを、別の機器に固定で設定した場合に起こります。",
        ),
    ),
    "busy_neighbourhood": Text(
        Words("There are many other devices.", "他の機器がたくさんあります。"),
        Words(
            "A neighbour announces n services of other kinds, and ours of the AiSEG's own type with another maker's data, and answers for them.",
            "近隣の機器が、他の種類のサービスをn個、AiSEGと同じ種類で他社製のサービスをours個公開し、問い合わせに応答します。",
        ),
        Words(
            "Nothing: only AiSEGs are listed, and as fast as before.",
            "変化はありません。AiSEGだけが、同じ速さで表示されます。",
        ),
        Words(
            "Televisions, speakers, printers, cameras; an apartment building on one network.",
            "テレビ、スピーカー、プリンター、カメラなどが多い家庭や、ネットワークを共有する集合住宅です。",
        ),
    ),
    "rogue_gateway": Text(
        Words("A device pretends to be an AiSEG.", "AiSEGを装う機器があります。"),
        Words(
            "A neighbour announces our type under a forged id, at its own address, a far one or the router's.",
            "近隣の機器が、偽のIDでAiSEGと同じ種類のサービスを公開します。アドレスは自身、別のネットワーク、ルーターのいずれかを名乗ります。",
        ),
        Words(
            "Only the real AiSEG can be chosen; the false one is shown as unusable, if at all.",
            "本物のAiSEGだけを選択できます。偽のものは、表示されても利用できません。",
        ),
        Words(
            "A curious guest, a program under test, malware on a computer of the home.",
            "来客のいたずら、開発中のプログラム、家のパソコンのマルウェアなどが考えられます。",
        ),
    ),
    "name_taken": Text(
        Words("Another device has taken the AiSEG's name.", "別の機器がAiSEGの名前を使っています。"),
        Words(
            "A neighbour announces a service under the instance name of the AiSEG, and answers its probes.",
            "近隣の機器が、AiSEGと同じ名前でサービスを公開し、AiSEGの確認に対して使用中と応答します。",
        ),
        Words(
            "The AiSEG appears under its name with “ (2)”.",
            "AiSEGが、名前に「 (2)」が付いた形で表示されます。",
        ),
        Words(
            "Two devices of one name: a copied disk image, or a second emulator.",
            "ディスクイメージの複製や2台目のエミュレーターなど、同じ名前の機器が2台ある場合に起こります。",
        ),
    ),
}
