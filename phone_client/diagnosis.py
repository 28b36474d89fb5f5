"""Why a search failed, from evidence. Pure: evidence in, one code of protocol/README.md out, or None when all is well.

heard, but no use                  gateway_busy, gateway_unreachable, unsupported_model, off_link_answer
silence, an address is remembered  what TCP, unicast mDNS and ARP say about it decides
silence on first contact           only whether anybody else was heard can be told
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from phone_client.advice import ADVICE, REASONS, TCP, Words
from phone_client.answers import Sighting

Tcp = Literal["open", "foreign", "refused", "timed_out", "no_route"]
"""`open`: the remembered gateway answered as itself; `foreign`: something else answered at its address."""


@dataclass(frozen=True)
class Knock:
    """What was tried at the address where the gateway was found last; `arp` (NDP for IPv6) is None where it cannot be known."""

    address: str
    port: int
    on_link: bool
    tcp: Tcp
    unicast_mdns: bool
    arp: bool | None


@dataclass(frozen=True)
class Evidence:
    """Everything a search knows in the end.

    `usable`: some link has an address that somebody gave it. `refusals`: why the system opened no socket or
    sent no packet, `denied` when it was for want of permission.
    `others`: who else spoke mDNS on the link, neither this machine nor the remembered gateway.
    """

    found_by_mdns: bool
    busy: bool
    links: tuple[str, ...]
    usable: bool
    loopback_only: bool
    denied: bool
    refusals: tuple[str, ...]
    sent: int
    sightings: tuple[Sighting, ...]
    off_link: tuple[str, ...]
    others: tuple[str, ...]
    router: str | None
    router_answers: bool | None
    vpn: str | None
    knock: Knock | None


@dataclass(frozen=True)
class Diagnosis:
    """The code, what it follows from, and what to do."""

    code: str
    evidence: tuple[Words, ...]
    advice: Words


def diagnose(evidence: Evidence) -> Diagnosis | None:
    """Return why the search failed, or what is odd about a success, or None."""
    code = _code(evidence)
    return Diagnosis(code, tuple(_lines(evidence)), ADVICE[code]) if code else None


def _code(evidence: Evidence) -> str | None:
    if evidence.busy:
        return "gateway_busy"
    if evidence.found_by_mdns:
        return None
    if not evidence.usable:
        return "no_address" if evidence.links else "no_network"
    if evidence.knock and evidence.knock.tcp == "open":
        return _why_only_remembered(evidence, evidence.knock)
    if evidence.denied and not evidence.others and not evidence.sightings:
        return "permission_denied"
    return _what_was_heard(evidence) or _why_silent(evidence)


def _why_only_remembered(evidence: Evidence, knock: Knock) -> str:
    if not knock.on_link:
        return "other_subnet"
    heard = _what_was_heard(evidence) if evidence.sightings else None
    if heard:
        return heard
    if evidence.denied:
        return "permission_denied"
    return "multicast_not_carried" if knock.unicast_mdns else "mdns_blocked"


def _what_was_heard(evidence: Evidence) -> str | None:
    reasons = {sighting.reason for sighting in evidence.sightings}
    if "busy" in reasons:
        return "gateway_busy"
    if reasons & {"unreachable", "malformed", "incomplete"}:
        return "gateway_unreachable"
    if "unsupported_model" in reasons:
        return "unsupported_model"
    return "off_link_answer" if "off_link" in reasons or evidence.off_link else None


def _why_silent(evidence: Evidence) -> str:
    knock = evidence.knock
    there = knock and knock.on_link and (knock.arp or knock.tcp == "refused")  # whatever the tunnel does
    if evidence.vpn and not evidence.others and not there:
        return "vpn_active"
    if knock and knock.tcp != "foreign":
        return _why_no_answer_there(evidence, knock)
    return "gateway_off_or_elsewhere" if evidence.others else "multicast_blocked_or_isolated"


def _why_no_answer_there(evidence: Evidence, knock: Knock) -> str:
    if not knock.on_link:
        return "other_network"
    if knock.tcp == "refused":
        return "gateway_not_running"
    if knock.arp:
        return "gateway_firewalled"
    if evidence.others:
        known = knock.arp is False or knock.tcp == "no_route"
        return "gateway_off" if known else "gateway_off_or_elsewhere"
    return "client_isolation" if evidence.router_answers else "multicast_blocked_or_isolated"


def _lines(evidence: Evidence) -> Iterator[Words]:
    """Say what was searched, sent, heard and tried."""
    links = ", ".join(evidence.links)
    if evidence.loopback_only:
        yield Words(
            f"Searched on this machine only ({links}); --lan searches the real network.",
            f"このマシン内だけを検索しました（{links}）。--lan で実際のネットワークを検索します。",
        )
    elif links:
        yield Words(f"Searched on {links}.", f"検索したネットワーク: {links}")
    else:
        yield Words("No network interface is connected.", "接続中のネットワークがありません。")
    yield Words(f"Sent {evidence.sent} mDNS packets.", f"mDNSパケットを{evidence.sent}個送信しました。")
    if evidence.refusals:
        why = ", ".join(evidence.refusals)
        yield Words(f"The system refused mDNS ({why}).", f"システムがmDNSを拒否しました（{why}）。")
    yield from _heard_lines(evidence)
    if evidence.knock:
        yield from _knock_lines(evidence.knock)
    if evidence.router:
        yield _router_line(evidence.router, evidence.router_answers)
    if evidence.vpn:
        yield Words(f"A VPN is up ({evidence.vpn}).", f"VPNが有効です（{evidence.vpn}）。")


def _heard_lines(evidence: Evidence) -> Iterator[Words]:
    for each in evidence.sightings:
        reason = REASONS[each.reason]
        yield Words(
            f"Heard {each.name}: {reason.en} ({each.detail}).",
            f"{each.name} の応答: {reason.ja}（{each.detail}）",
        )
    if evidence.off_link:
        far = ", ".join(evidence.off_link)
        yield Words(
            f"Ignored an answer from outside this link ({far}).",
            f"リンク外からの応答を無視しました（{far}）。",
        )
    if evidence.others:
        others = ", ".join(evidence.others)
        yield Words(f"Heard other devices by mDNS: {others}.", f"mDNSで応答した他の機器: {others}")
    elif not evidence.found_by_mdns:
        yield Words("Heard no other device by mDNS.", "mDNSで応答した他の機器はありません。")


def _knock_lines(knock: Knock) -> Iterator[Words]:
    where = f"{knock.address} port {knock.port}"
    tcp = TCP[knock.tcp]
    yield Words(f"Tried the last known address {where}: {tcp.en}.", f"前回のアドレス {where}: {tcp.ja}")
    if knock.unicast_mdns:
        yield Words("It answered mDNS sent straight to it.", "直接送ったmDNSには応答がありました。")
    else:
        yield Words("It did not answer mDNS sent straight to it.", "直接送ったmDNSにも応答がありません。")
    if not knock.on_link:
        yield Words(
            "That address is not on a network this phone is connected to.",
            "そのアドレスは接続中のネットワークにありません。",
        )
    elif knock.arp is not None:
        arp = "NDP" if ":" in knock.address else "ARP"
        yield (
            Words(f"It answers {arp}.", f"{arp}には応答しています。")
            if knock.arp
            else Words(f"It does not answer {arp}.", f"{arp}にも応答がありません。")
        )


def _router_line(router: str, answers: bool | None) -> Words:
    if answers is None:
        return Words(f"The router is {router}.", f"ルーターは {router} です。")
    if answers:
        return Words(f"The router {router} answers.", f"ルーター {router} は応答しています。")
    return Words(f"The router {router} does not answer.", f"ルーター {router} は応答していません。")
