"""Answers on one link: to whom, when, and when not (RFC 6762 §5, §6, §7)."""

from collections.abc import Collection, Iterable, Sequence
from ipaddress import ip_address
from typing import Final

from emulator.mdns import codec
from emulator.mdns.claim import Uniform
from emulator.mdns.codec import DNSIncoming, DNSQuestion, DNSRecord
from emulator.mdns.link import PORT, Datagram, Link, Outgoing, Peer
from emulator.mdns.records import Records
from emulator.mdns.schedule import DEFENCE_GAP_S, Schedule

SHARED_DELAY_S: Final = (0.020, 0.120)
"""Before an answer that others may give too, or to several questions at once (§6, §6.3)."""
TRUNCATED_DELAY_S: Final = (0.400, 0.500)
"""Before an answer to somebody whose known answers continue in the next packet (§7.2)."""
ONE_SHOT_TTL_S: Final = 10
NOBODY: Final[Peer] = ("", PORT)
"""The asker of what is multicast without having been asked for."""


class Answering:
    """What the holder of `records` says when asked. Multicast answers wait in `schedule`."""

    def __init__(self, link: Link, records: Records, uniform: Uniform) -> None:
        self.link = link
        self.records = records
        self.schedule = Schedule()
        self._uniform = uniform

    def asked(self, now: float, message: DNSIncoming, datagram: Datagram) -> list[Outgoing]:
        """Plan the multicast answers to a query, and return the unicast ones."""
        if datagram.peer[1] != PORT:
            return self._answer_one_shot(now, message, datagram)
        if message.is_probe():
            return self._defend(now, message, datagram)
        if not message.questions:
            self._learn_known_answers(now, message, datagram.peer)
            return []
        return self._answer(now, message, datagram)

    def heard(self, now: float, record: DNSRecord) -> None:
        """Take note that another responder gave one of our records."""
        mine = self.records.all[record]
        if record.ttl >= mine.ttl:
            self.schedule.drop(mine)  # §7.4: the answer has just been given
        elif record.ttl < mine.ttl / 2:
            self.schedule.add([mine], now, NOBODY)  # §6.6: caches would forget it too early

    def multicast(self, now: float, answers: list[DNSRecord]) -> list[Outgoing]:
        """Send `answers` to the group, and beside them what was not multicast within the last second."""
        if not answers:
            return []
        beside = [record for record in self.records.beside(answers) if self.schedule.may_send(record, now)]
        self.schedule.sent([*answers, *beside], now)
        return [Outgoing(self.link, data) for data in codec.response(answers, beside)]

    def _answer_one_shot(self, now: float, message: DNSIncoming, datagram: Datagram) -> list[Outgoing]:
        """Answer at once, as plain DNS would, a resolver that is no mDNS responder itself (§6.7).

        What was asked of the group is told the group too: an answer to a stranger is lost when ARP is, or a firewall eats it.
        """
        if datagram.to is None and self.link.is_near(datagram.peer[0]):
            told = {
                each: None for question in message.questions for each in self.records.answers_to(question)
            }
            self.schedule.add(told, self._moment(now, message, told), datagram.peer)
        records = self.records.limited(ONE_SHOT_TTL_S)
        answered = [question for question in dict.fromkeys(message.questions) if records.answers_to(question)]
        answers = [each for question in answered for each in records.answers_to(question)]
        return self._reply(message, records, answers, datagram, repeat=answered)

    def _defend(self, now: float, message: DNSIncoming, datagram: Datagram) -> list[Outgoing]:
        """Tell a prober at once that a name is taken (§8.1); by multicast too, as it may share its port with others."""
        answers = [each for question in message.questions for each in self.records.answers_to(question)]
        self.schedule.add(answers, now, datagram.peer, DEFENCE_GAP_S)
        wants_unicast = message.has_qu_question() and self.link.is_near(datagram.peer[0])
        return self._reply(message, self.records, answers, datagram) if wants_unicast else []

    def _answer(self, now: float, message: DNSIncoming, datagram: Datagram) -> list[Outgoing]:
        by_unicast: dict[DNSRecord, None] = {}
        by_multicast: dict[DNSRecord, None] = {}
        known = self._known(message)
        for question in message.questions:
            unknown = [each for each in self.records.answers_to(question) if each not in known]
            if self._wants_unicast(message, question, datagram):
                by_unicast |= dict.fromkeys(unknown)
                unknown = [each for each in unknown if self._group_needs(each, now, datagram.peer)]
            by_multicast |= dict.fromkeys(unknown)
        self.schedule.add(by_multicast, self._moment(now, message, by_multicast), datagram.peer)
        return self._reply(message, self.records, by_unicast, datagram)

    def _known(self, message: DNSIncoming) -> set[DNSRecord]:
        """Return those of our records that the asker has for at least half their time (§7.1)."""
        ours = self.records.all
        return {each for each in message.answers() if each in ours and each.ttl * 2 >= ours[each].ttl}

    def _wants_unicast(self, message: DNSIncoming, question: DNSQuestion, datagram: Datagram) -> bool:
        if message.truncated or not self.link.is_near(datagram.peer[0]):
            return False
        return question.unicast or datagram.to is not None

    def _group_needs(self, record: DNSRecord, now: float, peer: Peer) -> bool:
        """Whether to multicast too: caches may lack it (§5.4), or the asker shares its port with other programs here."""
        return (
            not self.schedule.is_recent(record, now)
            or ip_address(peer[0].partition("%")[0]) in self.link.addresses
        )

    def _moment(self, now: float, message: DNSIncoming, answers: Collection[DNSRecord]) -> float:
        if message.truncated:
            return now + self._uniform(*TRUNCATED_DELAY_S)
        if len(message.questions) == 1 and all(record.unique for record in answers):
            return now
        earliest, latest = SHARED_DELAY_S
        return self.schedule.joinable(now + earliest, now + latest) or now + self._uniform(earliest, latest)

    def _learn_known_answers(self, now: float, message: DNSIncoming, peer: Peer) -> None:
        self.schedule.asker_knows(peer, self._known(message))
        if message.truncated:
            self.schedule.postpone(peer, now + self._uniform(*TRUNCATED_DELAY_S))

    def _reply(
        self,
        message: DNSIncoming,
        records: Records,
        answers: Iterable[DNSRecord],
        datagram: Datagram,
        repeat: Sequence[DNSQuestion] = (),
    ) -> list[Outgoing]:
        once = list(dict.fromkeys(answers))
        if not once:
            return []
        packets = codec.reply(message, once, records.beside(once), repeat)
        return [Outgoing(self.link, data, datagram.peer, datagram.to) for data in packets]
