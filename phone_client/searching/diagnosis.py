"""Why a search failed, from evidence. Pure: one code of protocol/README.md, and which others fit as well; None when all is well.

heard, but no use                  gateway_busy, gateway_unreachable, unsupported_model, off_link_answer
silence, an address is remembered  what TCP, unicast mDNS and ARP say about it decides
silence on first contact           whether anybody else was heard, and what a sweep saw

A cause fits when it alone, in a home that may have no other device that speaks, can have brought this evidence; the
gateway's address may have changed since, unless one was tried that stays, and the gateway may have been moved. What is not to be told from the code is named beside it, never left out.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from phone_client.searching.advice import ADVICE, CAUSES, GROUPS, Words, doubt, doubt_lead
from phone_client.searching.evidence import Evidence, Knock, SeenLink
from phone_client.searching.report import lines

Codes = tuple[str, ...]
"""The code, then what else fits."""

_UNKNOWN_WHERE: Final = (
    "multicast_blocked_or_isolated",
    "gateway_off_or_elsewhere",
    "client_isolation",
    "gateway_off",
    "permission_denied",
)
_DEAD_MULTICAST: Final = ("multicast_not_carried", "mdns_blocked")
_KILLS_NDP: Final = ("multicast_not_carried",)
"""Who asks for an IPv6 address asks by multicast: without it, not even an address that stays is reached."""
_ISOLATED: Final = ("client_isolation",)
_ELSEWHERE: Final = ("other_network",)


@dataclass(frozen=True)
class Diagnosis:
    """The code, which causes fit the evidence as well, what it follows from, and what to do."""

    code: str
    evidence: tuple[Words, ...]
    advice: Words
    could_also_be: Codes = ()

    @property
    def doubt(self) -> Words | None:
        """What cannot be told apart, as a sentence; None when the code is sure."""
        return doubt(self.code, self.could_also_be) if self.could_also_be else None

    @property
    def doubt_lead(self) -> Words:
        """How a list of `doubts` begins."""
        return doubt_lead(self.code)

    @property
    def doubts(self) -> tuple[Words, ...]:
        """What each of the causes that fit as well is called."""
        return tuple(CAUSES[each] for each in self.could_also_be)


def diagnose(evidence: Evidence) -> Diagnosis | None:
    """Return why the search failed, or what is odd about a success, or None."""
    causes = tuple(dict.fromkeys(_causes(evidence)))
    if not causes:
        return None
    code, *others = causes
    named = tuple(each for each in others if each not in GROUPS)  # a group's causes are named by themselves
    return Diagnosis(code, tuple(lines(evidence)), ADVICE[code], named)


def sweep_may_help(code: str) -> bool:
    """Say whether asking every address of the network can find the gateway, or tell more."""
    return code in _UNKNOWN_WHERE


def _causes(evidence: Evidence) -> Codes:
    if evidence.busy:
        return ("gateway_busy",)
    if evidence.found_by_mdns:
        return ()
    if not evidence.usable and not evidence.reached:
        return ("no_address",) if evidence.links else ("no_network",)
    if evidence.reached:
        return _why_only_otherwise(evidence)
    return _not_allowed(evidence) or _what_was_heard(evidence) or _why_silent(evidence)


def _why_only_otherwise(evidence: Evidence) -> Codes:
    """Say why a gateway that can be reached was not found by mDNS."""
    reached = evidence.reached
    if reached and not reached.on_link:
        return ("other_subnet",)
    heard = _what_was_heard(evidence) if evidence.sightings else ()
    if heard:
        return heard
    if evidence.denied or _hears_nothing_of_its_own(evidence):
        return ("permission_denied",)
    return ("multicast_not_carried",) if reached and reached.unicast_mdns else ("mdns_blocked",)


def _not_allowed(evidence: Evidence) -> Codes:
    """Say that this machine itself keeps the app from asking or from hearing; a VPN may do so on purpose."""
    if evidence.anybody_heard or not (evidence.denied or _hears_nothing_of_its_own(evidence)):
        return ()
    return ("vpn_active", "permission_denied") if evidence.vpn else ("permission_denied",)


def _hears_nothing_of_its_own(evidence: Evidence) -> bool:
    """Say that no question came back to the phone on any link: what stops that is its own firewall."""
    return bool(evidence.sent) and all(each.own_heard is False for each in evidence.usable)


def _what_was_heard(evidence: Evidence) -> Codes:
    reasons = {sighting.reason for sighting in evidence.sightings}
    routers = {router for link in evidence.links for router in link.routers}
    if "busy" in reasons:
        return ("gateway_busy",)
    if reasons & {"unreachable", "malformed", "incomplete"}:
        passed_on = evidence.off_link or any(each.source in routers for each in evidence.sightings)
        return ("off_link_answer", "gateway_unreachable") if passed_on else ("gateway_unreachable",)
    if "unsupported_model" in reasons:
        return ("unsupported_model",)
    return ("off_link_answer",) if "off_link" in reasons or evidence.off_link else ()


def _why_silent(evidence: Evidence) -> Codes:
    knock = evidence.knock
    codes = _why_no_answer_there(evidence, knock) if knock and not knock.taken else _why_nobody(evidence)
    if not evidence.vpn or not _may_be_swallowed(evidence):
        return codes
    return ("vpn_active",) if evidence.vpn_takes_link else ("vpn_active", *codes)


def _may_be_swallowed(evidence: Evidence) -> bool:
    """Say that nobody on the link, not even the router, was heard by IP: a tunnel may take all of it, and ARP never."""
    here, knock, taken = evidence.concerned, evidence.knock, evidence.vpn_takes_link
    there = knock and knock.link and (knock.arp or (knock.tcp == "refused" and not taken))
    router = any(each.router_speaks for each in here) and not taken
    return not there and not router and not any(each.others or each.has_company for each in here)


def _why_no_answer_there(evidence: Evidence, knock: Knock) -> Codes:
    if knock.link is None:
        return _ELSEWHERE
    if knock.tcp == "refused":
        return ("gateway_not_running",)
    if knock.arp:
        return ("gateway_firewalled",)
    known = knock.arp is False or knock.tcp == "no_route"
    return _why_nothing_there(evidence, () if known else ("gateway_firewalled",))


def _why_nothing_there(evidence: Evidence, unsure: Codes) -> Codes:
    """Say why not even ARP answers at the last address, or (`unsure`) why that is not known."""
    here, constant = evidence.concerned, bool(evidence.knock and evidence.knock.constant)
    dead = tuple(each for each in _dead_multicast(here) if not constant or each in _KILLS_NDP)
    if evidence.same_network is False:
        return (*_ELSEWHERE, "gateway_off")
    if any(each.has_company for each in here):
        off = ("gateway_off_or_elsewhere", "gateway_off") if unsure else ("gateway_off",)
        return (*off, *unsure, *dead, *_ELSEWHERE)
    rest = ("gateway_off", *unsure, *dead, *_ELSEWHERE)
    if any(each.router_answers or each.others for each in here):
        return (*_ISOLATED, *rest)
    return ("multicast_blocked_or_isolated", *_ISOLATED, *rest)


def _why_nobody(evidence: Evidence) -> Codes:
    """Say what can be said where no address is known, or another machine has it."""
    here, taken = evidence.concerned, bool(evidence.knock)
    swept = any(each.wholly_swept for each in here)
    lonely = () if taken else tuple(each for each in here if not each.has_company)
    off = (*_how_it_can_be_off(here), *_ELSEWHERE)
    rest = (*off, *_dead_multicast(here), *(_ISOLATED if lonely else ()))
    if taken or any(each.others for each in here) or (swept and len(lonely) < len(here)):
        if taken and evidence.same_network is False:
            return (*_ELSEWHERE, *rest)
        return ("gateway_off_or_elsewhere", *rest)
    if swept and any(each.router_answers for each in here):
        return (*_ISOLATED, *rest)
    return ("multicast_blocked_or_isolated", *_dead_multicast(here), *(_ISOLATED if lonely else ()), *off)


def _how_it_can_be_off(here: Iterable[SeenLink]) -> Codes:
    """Return how a gateway can be on the link and not be found; a whole sweep has seen whether any machine is like that."""
    refused = mute = False
    for each in here:
        whole = each.swept if each.wholly_swept else None
        refused |= whole.refused if whole else True
        mute |= whole.mute if whole else True
    running, open_ = ("gateway_not_running",) if refused else (), ("gateway_firewalled",) if mute else ()
    return ("gateway_off", *running, *open_)


def _dead_multicast(here: Iterable[SeenLink]) -> Codes:
    """Return whether multicast can be dead on some link, with the gateway at an address that nobody has asked."""
    return _DEAD_MULTICAST if any(not each.others and not each.wholly_swept for each in here) else ()
