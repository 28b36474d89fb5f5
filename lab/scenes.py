"""The scenes of the confusion matrix: what is wrong in the home, and what a phone should say of it.

An answer is `found`, `found: CODE` (found, and what is odd about that) or the CODE of a failure; `A | B`: each is true.
A `?` behind it: the phone cannot see enough to know, and must name it among what it cannot tell apart. Another
machine of the home speaks mDNS, except where the neighbour is switched off.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final, Literal, get_args

from lab.wanted import Wanted, read_wanted

Knowledge = Literal["remembered", "first contact", "sweep"]
"""The phone has met this gateway in this home; it never has; it never has, and its owner lets it look harder."""

KNOWLEDGE: Final[tuple[Knowledge, ...]] = get_args(Knowledge)


@dataclass(frozen=True)
class Truth:
    """What is true for a search, in the phone's words, and whether the phone can know it."""

    causes: frozenset[str]
    knowable: bool


@dataclass(frozen=True)
class Scene:
    """Conditions at the same time, as `aiseg lab search --with` takes them, and the truth for each knowledge."""

    name: str
    truth: Mapping[Knowledge, Truth]

    @property
    def conditions(self) -> tuple[Wanted, ...]:
        """The conditions, in the order they begin."""
        return () if self.name == NOTHING else tuple(map(read_wanted, self.name.split(" + ")))

    @property
    def after_s(self) -> float:
        """How long they go on before the search: a switch has to forget first."""
        return 1.0 if "igmp_snooping_no_querier" in self.name else 0.0


NOTHING: Final = "nothing"

_HARMLESS: Final = (
    NOTHING,
    "multicast_lost:p=0.5",
    "loss:p=0.3",
    "loss:p=0.5",
    "delay:ms=150,jitter=50",
    "reorder",
    "duplicate",
    "rate:kbps=500",
    "wifi_air",
    "multicast_to_unicast",
    "ipv6_only",
    "ipv4_only",
    "two_nics_wrong_one",
    "vpn_on_phone:swallows=false",
    "address_changes",
    "uplink_down",
    "broker_down",
    "cloud_down",
    "dns_broken",
    "mtu_blackhole",
    "clock_wrong",
    "phone_firewalled",
    "busy_neighbourhood",
    "busy_neighbourhood:n=10,ours=10",
    "rogue_gateway",
    "name_taken",
    "loss:p=0.3 + wifi_air",
    "ipv6_only + loss:p=0.3",
    "busy_neighbourhood + loss:p=0.3",
)

_Row = tuple[str, str, str, str]

_HURTING: Final[tuple[_Row, ...]] = (
    # conditions, remembered, first contact, sweep
    ("mdns_blocked", "found: mdns_blocked", "mdns_blocked ?", "found: mdns_blocked"),
    (
        "multicast_lost",
        "found: multicast_not_carried",
        "multicast_not_carried ?",
        "found: multicast_not_carried",
    ),
    (
        "igmp_snooping_no_querier:age_s=0.5",
        "found: multicast_not_carried",
        "multicast_not_carried ?",
        "found: multicast_not_carried",
    ),
    ("ap_isolation", "client_isolation", "client_isolation ?", "client_isolation"),
    ("guest_wifi", "other_network", "other_network ?", "other_network ?"),
    ("other_router", "found: other_subnet", "other_network ?", "other_network ?"),
    (
        "other_router:on=gateway",
        "gateway_off_or_elsewhere | other_network ?",
        "gateway_off_or_elsewhere",
        "gateway_off_or_elsewhere",
    ),
    ("other_network", "other_network", "other_network ?", "other_network ?"),
    ("reflector", "found: other_subnet", "off_link_answer", "off_link_answer"),
    ("reflector:routed=false", "off_link_answer", "off_link_answer", "off_link_answer"),
    ("reflector_damaged", "found: other_subnet", "off_link_answer", "off_link_answer"),
    ("reflector_damaged:how=truncated,routed=false", "off_link_answer", "off_link_answer", "off_link_answer"),
    ("vpn_on_phone", "vpn_active", "vpn_active", "vpn_active"),
    ("gateway_off", "gateway_off", "gateway_off ?", "gateway_off ?"),
    ("gateway_not_running", "gateway_not_running", "gateway_not_running ?", "gateway_not_running ?"),
    ("gateway_firewalled", "gateway_firewalled", "gateway_firewalled ?", "gateway_firewalled ?"),
    (
        "address_conflict",
        "found | gateway_unreachable",
        "found | gateway_unreachable",
        "found | gateway_unreachable",
    ),
    ("wifi_drops:s=60", "no_network", "no_network", "no_network"),
    ("router_reboots:s=60", "no_network", "no_network", "no_network"),
    ("power_cut:order=router,gateway,off_s=60", "no_network", "no_network", "no_network"),
    ("mdns_blocked + loss:p=0.3", "found: mdns_blocked", "mdns_blocked ?", "found: mdns_blocked"),
    ("mdns_blocked + address_changes", "found: mdns_blocked", "mdns_blocked ?", "found: mdns_blocked"),
    ("mdns_blocked + address_changes + ipv4_only", "mdns_blocked ?", "mdns_blocked ?", "found: mdns_blocked"),
    (
        "mdns_blocked + gateway_off",
        "gateway_off | mdns_blocked ?",
        "gateway_off | mdns_blocked ?",
        "gateway_off ?",
    ),
    (
        "mdns_blocked + gateway_not_running",
        "gateway_not_running",
        "gateway_not_running ?",
        "gateway_not_running ?",
    ),
    (
        "mdns_blocked + gateway_firewalled",
        "gateway_firewalled",
        "gateway_firewalled ?",
        "gateway_firewalled ?",
    ),
    ("mdns_blocked + ipv6_only", "found: mdns_blocked", "mdns_blocked ?", "mdns_blocked ?"),
    ("mdns_blocked + rogue_gateway", "found: mdns_blocked", "mdns_blocked ?", "found: mdns_blocked"),
    ("mdns_blocked + vpn_on_phone", "vpn_active | mdns_blocked", "vpn_active | mdns_blocked", "vpn_active"),
    (
        "mdns_blocked + gateway_off:on=neighbour",
        "found: mdns_blocked",
        "mdns_blocked ?",
        "found: mdns_blocked",
    ),
    (
        "multicast_lost + address_changes",
        "found: multicast_not_carried | multicast_not_carried ?",
        "multicast_not_carried ?",
        "found: multicast_not_carried",
    ),
    (
        "multicast_lost + ipv4_only",
        "found: multicast_not_carried",
        "multicast_not_carried ?",
        "found: multicast_not_carried",
    ),
    (
        "multicast_lost + phone_firewalled",
        "found: multicast_not_carried",
        "multicast_not_carried ?",
        "found: multicast_not_carried",
    ),
    (
        "igmp_snooping_no_querier:age_s=0.5 + wifi_air",
        "found: multicast_not_carried",
        "multicast_not_carried ?",
        "found: multicast_not_carried",
    ),
    ("ap_isolation + loss:p=0.3", "client_isolation", "client_isolation ?", "client_isolation"),
    ("ap_isolation + delay:ms=150", "client_isolation", "client_isolation ?", "client_isolation"),
    ("ap_isolation + address_changes", "client_isolation", "client_isolation ?", "client_isolation"),
    (
        "ap_isolation + gateway_off",
        "client_isolation | gateway_off",
        "client_isolation ?",
        "client_isolation",
    ),
    ("ap_isolation + two_nics_wrong_one", "client_isolation ?", "client_isolation ?", "client_isolation ?"),
    ("ap_isolation + gateway_off:on=neighbour", "client_isolation", "client_isolation ?", "client_isolation"),
    ("gateway_off + gateway_off:on=neighbour", "gateway_off ?", "gateway_off ?", "gateway_off ?"),
    ("gateway_off + loss:p=0.3", "gateway_off", "gateway_off ?", "gateway_off ?"),
    ("gateway_off + busy_neighbourhood", "gateway_off", "gateway_off ?", "gateway_off ?"),
    ("gateway_off + vpn_on_phone", "vpn_active | gateway_off", "vpn_active", "vpn_active"),
    ("gateway_off + rogue_gateway", "gateway_unreachable", "gateway_unreachable", "gateway_unreachable"),
    (
        "gateway_firewalled + phone_firewalled",
        "gateway_firewalled",
        "gateway_firewalled ?",
        "gateway_firewalled ?",
    ),
    ("guest_wifi + loss:p=0.3", "other_network", "other_network ?", "other_network ?"),
    ("guest_wifi + gateway_off", "other_network", "other_network ?", "other_network ?"),
    ("other_router + uplink_down", "found: other_subnet", "other_network ?", "other_network ?"),
    ("other_router + loss:p=0.3", "found: other_subnet", "other_network ?", "other_network ?"),
)


def _truth(answer: str) -> Truth:
    causes, doubt, _ = answer.partition(" ?")
    return Truth(frozenset(causes.split(" | ")), not doubt)


def _scenes() -> Iterable[Scene]:
    found = Truth(frozenset({"found"}), knowable=True)
    for name in _HARMLESS:
        yield Scene(name, {"remembered": found, "first contact": found})
    for name, *answers in _HURTING:
        yield Scene(name, dict(zip(KNOWLEDGE, map(_truth, answers), strict=True)))


SCENES: Final = tuple(_scenes())
