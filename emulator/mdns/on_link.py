"""One service on one link: what a packet or the passing of time makes it say. No I/O, no clock."""

from typing import Final

from emulator.mdns import codec
from emulator.mdns.answering import Answering
from emulator.mdns.claim import Claim, Uniform, rank
from emulator.mdns.codec import NSEC, DNSIncoming, DNSRecord
from emulator.mdns.link import PORT, Datagram, Link, Outgoing
from emulator.mdns.records import Records

GOODBYE_TTL_S: Final = 0


class OnLink:
    """The service on `link`. Its names that somebody else claims are in `contested`, in lower case."""

    def __init__(self, now: float, link: Link, records: Records, uniform: Uniform) -> None:
        self.link = link
        self.records = records
        self.contested: frozenset[str] = frozenset()
        self._claim = Claim(now, uniform)
        self._answering = Answering(link, records, uniform)

    @property
    def held(self) -> bool:
        """The names are ours: probed and announced."""
        return self._claim.held

    @property
    def next_wake(self) -> float:
        """When `wake` has something to do."""
        return min(self._claim.due, self._answering.schedule.due)

    def wake(self, now: float, *, may_announce: bool = True) -> list[Outgoing]:
        """Probe, announce or answer, whatever is due."""
        schedule = self._answering.schedule
        match self._claim.take_step(now, may_announce=may_announce):
            case "probe":
                return self._probe()
            case "announce":
                announced = [each for each in self.records.announced if schedule.may_send(each, now)]
                return self._answering.multicast(now, announced)
        return self._answering.multicast(now, schedule.due_at(now))

    def claim_again(self, now: float, records: Records, pause: float = 0.0) -> None:
        """Probe for the names of `records` from the beginning; say nothing else until they are ours."""
        self.records = self._answering.records = records
        self.contested = frozenset()
        self._answering.schedule.clear()
        self._answering.schedule.keep(records.all)
        self._claim.restart(now, pause)

    def update(self, now: float, link: Link, records: Records) -> list[Outgoing]:
        """Take over changed data under the same names: announce it, withdraw addresses that are gone (§8.4)."""
        gone = set(self.records.addresses) - set(records.addresses)
        withdrawn = [each for each in self.records.limited(GOODBYE_TTL_S).addresses if each in gone]
        self.link = self._answering.link = link
        self.records = self._answering.records = records
        self._answering.schedule.keep(records.all)
        self._claim.announce_again(now)
        return self._to_group(codec.response(withdrawn)) if withdrawn and self.held else []

    def goodbye(self) -> list[Outgoing]:
        """Withdraw what was announced (§10.1)."""
        if not self.held:
            return []
        return self._to_group(codec.response(self.records.limited(GOODBYE_TTL_S).announced))

    def receive(self, now: float, datagram: Datagram) -> list[Outgoing]:
        """Take in a packet; return what has to be sent at once."""
        from_responder = datagram.peer[1] == PORT
        if not self.link.is_near(datagram.peer[0]) and (datagram.to or not from_responder):
            return []
        message = codec.read(datagram.data)
        if message is None:
            return []
        if message.is_response():
            if from_responder:
                self._told(now, message, to_group=datagram.to is None)
        elif self.held:
            return [*self._answering.asked(now, message, datagram), *self.wake(now)]
        elif message.is_probe():
            self._break_tie(now, message)
        return []

    def _probe(self) -> list[Outgoing]:
        names = (self.records.instance, self.records.host)
        # Programs of one machine share address and port on loopback: a unicast answer would reach any of them.
        unicast = not self.link.own[0].is_loopback
        return self._to_group(codec.probe(names, self.records.proposed, unicast=unicast))

    def _told(self, now: float, message: DNSIncoming, *, to_group: bool) -> None:
        for record in message.answers():
            if record not in self.records.all:
                if self._contradicts(record):
                    self.contested |= {record.key}
            elif self.held and to_group:
                self._answering.heard(now, record)

    def _contradicts(self, record: DNSRecord) -> bool:
        """Say whether `record` claims one of our names (§9): while probing with any type, later with one that we have."""
        if record.ttl == 0 or record.type == NSEC or record.key not in self.records.names:
            return False
        return not self.held or any(
            record.key == each.key and record.type == each.type for each in self.records.unique
        )

    def _break_tie(self, now: float, message: DNSIncoming) -> None:
        """Give way to another prober whose records win (§8.2); the first name that differs decides for both."""
        theirs = message.answers()[message.num_answers :]
        for name in self.records.names:
            proposed_by_us = [record for record in self.records.proposed if record.key == name]
            proposed_by_them = [record for record in theirs if record.key == name]
            if proposed_by_them and rank(proposed_by_us) != rank(proposed_by_them):
                if rank(proposed_by_us) < rank(proposed_by_them):
                    self._claim.lose(now)
                return

    def _to_group(self, packets: list[bytes]) -> list[Outgoing]:
        return [Outgoing(self.link, data) for data in packets]
