"""The sentences of a diagnosis: what to do for each code, and what each finding is called. Both languages."""

from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple


class Words(NamedTuple):
    """One sentence in both languages."""

    en: str
    ja: str

    def say(self, language: str) -> str:
        """Return it in `en` or `ja`."""
        return self.ja if language == "ja" else self.en


ADVICE: Final[Mapping[str, Words]] = {
    "no_network": Words(
        "Connect this phone to the Wi-Fi of the router that the AiSEG is connected to.",
        "スマートフォンを無線LAN（Wi-Fi）でAiSEGと同じルーターに接続してください。",
    ),
    "no_address": Words(
        "The network is connected but gave no address: reconnect the Wi-Fi, or restart the router.",
        "ネットワークからIPアドレスが割り当てられていません。Wi-Fiを接続し直すか、ルーターを再起動してください。",
    ),
    "mdns_blocked": Words(
        "The AiSEG can be reached, but the network or a firewall blocks UDP port 5353: allow mDNS there.",
        "AiSEGには接続できますが、UDP 5353番（mDNS）が遮断されています。ルーターなどの設定で許可してください。",
    ),
    "multicast_not_carried": Words(
        "The AiSEG can be reached, but the network does not carry multicast: check IGMP snooping of router and switches.",
        "AiSEGには接続できますが、マルチキャストが届いていません。ルーターやスイッチのIGMPスヌーピング設定を確認してください。",
    ),
    "client_isolation": Words(
        "The router answers and its other devices do not: turn off its guest network, privacy separator or AP isolation.",
        "ルーター以外の機器と通信できません。ゲスト用Wi-Fiやプライバシーセパレーター機能を解除してください。",
    ),
    "gateway_firewalled": Words(
        "The AiSEG is on this network but does not let connections in: check its firewall.",
        "AiSEGは同じネットワークにありますが、接続を受け付けません。ファイアウォールの設定を確認してください。",
    ),
    "gateway_not_running": Words(
        "The AiSEG's machine is on but its program is not running: restart the AiSEG.",
        "AiSEGの電源は入っていますが、プログラムが動作していません。AiSEGを再起動してください。",
    ),
    "gateway_off": Words(
        "The AiSEG does not answer at all: check its power, and that its network cable leads to this router.",
        "AiSEGから応答がありません。AiSEGの電源と、LANケーブルが同じルーターにつながっていることを確認してください。",
    ),
    "other_subnet": Words(
        "The AiSEG can be reached but is on another network: connect the phone to the same router to search by itself.",
        "AiSEGは別のネットワークにあります。検索するには、スマートフォンをAiSEGと同じルーターに接続してください。",
    ),
    "other_network": Words(
        "This is not the network where the AiSEG was found last: connect to its router, or type the link code by hand.",
        "前回と違うネットワークに接続しています。AiSEGと同じルーターに接続するか、連携コードを入力してください。",
    ),
    "gateway_unreachable": Words(
        "An AiSEG announces itself but cannot be used: check that no firewall blocks its port, and restart it.",
        "AiSEGは見つかりましたが接続できません。ファイアウォールを確認し、AiSEGを再起動してください。",
    ),
    "gateway_busy": Words(
        "The AiSEG is updating or restarting: wait until its screen is back, then search again.",
        "AiSEGは更新中または再起動中です。しばらく待ってから再度検索してください。",
    ),
    "off_link_answer": Words(
        "An AiSEG was heard only from another network: connect the phone to the same router.",
        "別のネットワークのAiSEGからの応答です。スマートフォンをAiSEGと同じルーターに接続してください。",
    ),
    "vpn_active": Words(
        "A VPN is on, and it may keep this phone from its own network: turn it off and search again.",
        "VPNが有効なため、同じネットワークの機器と通信できない場合があります。VPNを切って再度検索してください。",
    ),
    "unsupported_model": Words(
        "The AiSEG found is of another model: only MKN700 and MKN702 can be used.",
        "対応するAiSEGは、MKN700、MKN702です。",
    ),
    "permission_denied": Words(
        "This machine does not let the app search: allow local network access, or UDP port 5353 in its firewall.",
        "この端末で検索が許可されていません。ローカルネットワークへのアクセス、またはUDP 5353番を許可してください。",
    ),
    "multicast_blocked_or_isolated": Words(
        "No device was heard: the network may keep devices apart (guest Wi-Fi, AP isolation); check it, or type the link code by hand.",
        "どの機器からも応答がありません。ゲスト用Wi-Fiやプライバシーセパレーターを確認するか、連携コードを入力してください。",
    ),
    "gateway_off_or_elsewhere": Words(
        "Other devices answer but no AiSEG does: check its power and that it is connected to this router.",
        "他の機器は応答していますが、AiSEGの応答がありません。AiSEGの電源と、同じルーターへの接続を確認してください。",
    ),
}

REASONS: Final[Mapping[str, Words]] = {
    "incomplete": Words("only half an announcement", "情報が不足しています"),
    "malformed": Words("the announcement cannot be read", "アナウンスを読み取れません"),
    "unsupported_model": Words("an unsupported model", "対応していない機種です"),
    "off_link": Words("its address is on another network", "アドレスが別のネットワークです"),
    "unreachable": Words("no connection", "接続できません"),
    "busy": Words("updating or restarting", "更新中または再起動中です"),
}

TCP: Final[Mapping[str, Words]] = {
    "open": Words("the AiSEG answered", "AiSEGが応答しました"),
    "foreign": Words("something else answered", "別の機器が応答しました"),
    "refused": Words("the connection was refused", "接続が拒否されました"),
    "timed_out": Words("no answer in time", "時間内に応答がありません"),
    "no_route": Words("there is no way there", "到達できません"),
}

CAUSES: Final[Mapping[str, Words]] = {
    "gateway_off": Words(
        "the AiSEG is off or unplugged", "AiSEGの電源が切れているか、LANケーブルが抜けている"
    ),
    "gateway_not_running": Words("the AiSEG's program is not running", "AiSEGのプログラムが動作していない"),
    "gateway_firewalled": Words(
        "the AiSEG's firewall lets nothing in", "AiSEGのファイアウォールが遮断している"
    ),
    "gateway_unreachable": Words("the AiSEG itself takes no connections", "AiSEG自身が接続を受け付けない"),
    "other_network": Words("the AiSEG is on another network", "AiSEGが別のネットワークにある"),
    "multicast_not_carried": Words(
        "the network does not carry multicast", "ネットワークがマルチキャストを通さない"
    ),
    "mdns_blocked": Words("UDP port 5353 is blocked", "UDP 5353番（mDNS）が遮断されている"),
    "client_isolation": Words(
        "the Wi-Fi keeps devices apart", "Wi-Fiの機能で機器どうしの通信が禁止されている"
    ),
    "vpn_active": Words(
        "the VPN keeps the phone from its network", "VPNがこのネットワークとの通信を妨げている"
    ),
    "permission_denied": Words("the app may not search", "アプリの検索が許可されていない"),
}
"""What each cause is called within a sentence: those that can be mistaken for another."""

GROUPS: Final = ("multicast_blocked_or_isolated", "gateway_off_or_elsewhere")


def doubt_lead(code: str) -> Words:
    """Say that `code` and the causes that are named after this cannot be told apart."""
    if code in GROUPS:
        return Words(
            "From here, these cannot be told apart:", "次のどれであるかは、ここからは区別できません:"
        )
    return Words("From here, it cannot be ruled out that", "次の可能性も、ここからは否定できません:")


def doubt(code: str, could_also_be: Sequence[str]) -> Words:
    """Say the same in one sentence, with the causes."""
    lead = doubt_lead(code)
    en = "; ".join(CAUSES[each].en for each in could_also_be)
    ja = "、".join(f"「{CAUSES[each].ja}」" for each in could_also_be)
    return Words(f"{lead.en} {en}.", f"{lead.ja} {ja}。")
