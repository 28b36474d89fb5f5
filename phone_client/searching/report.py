"""The evidence in words: what was searched, sent, heard and tried. Pure."""

from collections.abc import Iterator
from typing import Final

from phone_client.printable import printable
from phone_client.searching.advice import REASONS, TCP, Words
from phone_client.searching.evidence import Evidence, Knock, SeenLink, Swept

_SIGHTINGS_SHOWN: Final = 8  # any of which may be made up by somebody who wants a screen full


def lines(evidence: Evidence) -> Iterator[Words]:
    """Yield one sentence for each finding, in the order in which a search comes by them."""
    yield from _where_lines(evidence)
    yield Words(f"Sent {evidence.sent} mDNS packets.", f"mDNSパケットを{evidence.sent}個送信しました。")
    if evidence.refusals:
        why = ", ".join(evidence.refusals)
        yield Words(f"The system refused mDNS ({why}).", f"システムがmDNSを拒否しました（{why}）。")
    yield from _own_lines(evidence)
    yield from _heard_lines(evidence)
    if evidence.no_way_to:
        yield Words(
            f"The last known address {evidence.no_way_to} cannot be tried: this phone has no address of its kind here.",
            f"前回のアドレス {evidence.no_way_to} は、この端末に同じ種類のアドレスがないため確認できません。",
        )
    if evidence.knock:
        yield from _knock_lines(evidence.knock)
    for link in evidence.usable:
        yield from _link_lines(link)
    if evidence.nothing_to_sweep:
        yield Words(
            "There is no network here that can be asked address by address.",
            "アドレスを1つずつ確認できるネットワークがありません。",
        )
    if evidence.same_network is False:
        yield Words(
            "The router is another one than where the AiSEG was found last.",
            "ルーターが、前回AiSEGを見つけたときとは別のものです。",
        )
    if evidence.vpn:
        yield _vpn_line(evidence.vpn, evidence.vpn_takes_link)


def _where_lines(evidence: Evidence) -> Iterator[Words]:
    yield _where(evidence)
    if evidence.missing:
        missing = printable(", ".join(evidence.missing))
        yield Words(
            f"Not there, or not connected: {missing}.", f"存在しないか、接続されていません: {missing}"
        )


def _where(evidence: Evidence) -> Words:
    links = ", ".join(str(link) for link in evidence.links)
    if evidence.loopback_only:
        return Words(
            f"Searched on this machine only ({links}); --lan searches the real network.",
            f"このマシン内だけを検索しました（{links}）。--lan で実際のネットワークを検索します。",
        )
    if links:
        return Words(f"Searched on {links}.", f"検索したネットワーク: {links}")
    return Words("No network interface is connected.", "接続中のネットワークがありません。")


def _own_lines(evidence: Evidence) -> Iterator[Words]:
    deaf = ", ".join(each.name for each in evidence.usable if each.own_heard is False)
    if deaf and evidence.sent:
        yield Words(
            f"The phone did not even hear its own question ({deaf}): it is kept from hearing.",
            f"この端末自身の質問も受信できませんでした（{deaf}）。端末側で受信が遮断されています。",
        )


def _heard_lines(evidence: Evidence) -> Iterator[Words]:
    for each in evidence.sightings[:_SIGHTINGS_SHOWN]:
        reason = REASONS[each.reason]
        yield Words(
            f"Heard {each.name}: {reason.en} ({each.detail}).",
            f"{each.name} の応答: {reason.ja}（{each.detail}）",
        )
    if (more := len(evidence.sightings) - _SIGHTINGS_SHOWN) > 0:
        yield Words(f"Heard {more} more of this kind.", f"ほかに{more}件の応答がありました。")
    if evidence.off_link:
        far = ", ".join(evidence.off_link)
        yield Words(
            f"Ignored an answer from outside this link ({far}).",
            f"リンク外からの応答を無視しました（{far}）。",
        )
    others = {other for link in evidence.links for other in link.others}
    if others:
        heard = ", ".join(sorted(others))
        yield Words(f"Heard other devices by mDNS: {heard}.", f"mDNSで応答した他の機器: {heard}")
    elif not evidence.found_by_mdns:
        yield Words("Heard no other device by mDNS.", "mDNSで応答した他の機器はありません。")


def _knock_lines(knock: Knock) -> Iterator[Words]:
    where = " / ".join((f"{knock.address} port {knock.port}", *knock.besides))
    tcp = TCP[knock.tcp]
    yield Words(f"Tried the last known address {where}: {tcp.en}.", f"前回のアドレス {where}: {tcp.ja}")
    if knock.unicast_mdns:
        yield Words("It answered mDNS sent straight to it.", "直接送ったmDNSには応答がありました。")
    else:
        yield Words("It did not answer mDNS sent straight to it.", "直接送ったmDNSにも応答がありません。")
    if knock.link is None:
        yield Words(
            "That address is not on a network this phone is connected to.",
            "そのアドレスは接続中のネットワークにありません。",
        )
    elif knock.arp is not None:
        yield _arp_line("NDP" if ":" in knock.address else "ARP", knock.arp)
    if knock.moved:
        yield Words(
            "Another machine than then has that address now.", "現在は別の機器がそのアドレスを使っています。"
        )


def _arp_line(protocol: str, answers: bool) -> Words:
    if answers:
        return Words(f"It answers {protocol}.", f"{protocol}には応答しています。")
    return Words(f"It does not answer {protocol}.", f"{protocol}にも応答がありません。")


def _link_lines(link: SeenLink) -> Iterator[Words]:
    for router in link.routers[:1]:
        yield _router_line(router, link.router_answers)
    if link.present:
        there = ", ".join(link.present)
        yield Words(f"Other devices answer ARP: {there}.", f"ARPに応答している他の機器: {there}")
    if link.swept:
        yield from _swept_lines(link.swept)


def _router_line(router: str, answers: bool | None) -> Words:
    if answers is None:
        return Words(f"The router is {router}.", f"ルーターは {router} です。")
    if answers:
        return Words(f"The router {router} answers.", f"ルーター {router} は応答しています。")
    return Words(f"The router {router} does not answer.", f"ルーター {router} は応答していません。")


def _swept_lines(swept: Swept) -> Iterator[Words]:
    where, share = ", ".join(swept.networks), "" if swept.whole else " (not all of them)"
    yield Words(
        f"Asked {swept.asked} addresses of {where} one by one{share}.",
        f"{where} の{swept.asked}個のアドレスに1つずつ確認しました{'' if swept.whole else '（一部のみ）'}。",
    )
    if swept.present:
        there = ", ".join(swept.present)
        yield Words(f"Devices there: {there}.", f"そこにある機器: {there}")
    else:
        yield Words("No device but the router is there.", "ルーター以外の機器はありません。")
    if swept.speaking:
        speaking = ", ".join(swept.speaking)
        yield Words(
            f"Of these, {speaking} answered mDNS sent straight to them.",
            f"このうち {speaking} は、直接送ったmDNSに応答しました。",
        )


def _vpn_line(vpn: str, takes_link: bool) -> Words:
    if takes_link:
        return Words(
            f"A VPN is up ({vpn}) and takes what is meant for this network.",
            f"VPN（{vpn}）が有効で、このネットワーク宛ての通信もVPNに流れています。",
        )
    return Words(f"A VPN is up ({vpn}).", f"VPNが有効です（{vpn}）。")
