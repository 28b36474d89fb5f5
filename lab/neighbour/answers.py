"""What a neighbour announces, and what it says when it is asked. Unlike our gateway it does not probe: bad neighbours do not."""

import random
from collections.abc import Sequence
from ipaddress import IPv4Address
from typing import Final

from emulator.mdns import codec
from emulator.mdns.answering import ONE_SHOT_TTL_S, SHARED_DELAY_S
from emulator.mdns.codec import PTR, DNSIncoming, DNSPointer, DNSRecord
from emulator.mdns.link import PORT, Datagram, Link, Outgoing
from emulator.mdns.records import Records, Service
from protocol.discovery import SERVICE_TYPE

_PER_PACKET: Final = 6
"""Services announced in one packet, so that each fits a frame."""


class Neighbour:
    """Announces `services` and answers for them, on the links it is given; `forged` addresses in the place of its own."""

    def __init__(self, told: Sequence[Service], forged: Sequence[IPv4Address] = ()) -> None:
        self.told = list(told)
        self._forged = forged

    def announcement(self, link: Link) -> list[Outgoing]:
        """Return the packets that announce everything."""
        records = self._records(link)
        parts = (records[first : first + _PER_PACKET] for first in range(0, len(records), _PER_PACKET))
        return [
            Outgoing(link, data)
            for part in parts
            for data in codec.response([each for one in part for each in one.announced])
        ]

    def goodbye(self, link: Link) -> list[Outgoing]:
        """Return the packets that take it all back."""
        gone = [each for one in self._records(link) for each in one.limited(0).announced]
        return [Outgoing(link, data) for data in codec.response(gone)] if gone else []

    def answer(self, link: Link, datagram: Datagram) -> tuple[float, list[Outgoing]]:
        """Return the answer to a packet, and how long (s) to wait with it."""
        message = codec.read(datagram.data)
        if message is None or not message.is_query():
            return 0.0, []
        one_shot = datagram.peer[1] != PORT
        records = (
            [each.limited(ONE_SHOT_TTL_S) for each in self._records(link)]
            if one_shot
            else self._records(link)
        )
        known = {each for each in message.answers() if not message.is_probe()}
        answers: dict[DNSRecord, None] = {}
        beside: dict[DNSRecord, None] = {}
        for asked in message.questions:
            for one in records:
                unknown = [each for each in one.answers_to(asked) if each not in known]
                answers |= dict.fromkeys(unknown)
                beside |= dict.fromkeys(one.beside(unknown))
        if not answers:
            return 0.0, []
        extra = [each for each in beside if each not in answers]
        at_once = one_shot or message.is_probe() or all(each.unique for each in answers)
        wait = 0.0 if at_once else random.uniform(*SHARED_DELAY_S)  # noqa: S311 - spreads load, guards nothing
        if one_shot or message.has_qu_question():
            repeated = message.questions if one_shot else ()
            packets = codec.reply(message, answers, extra, repeated)
            return wait, [Outgoing(link, data, datagram.peer) for data in packets]
        return wait, [Outgoing(link, data) for data in codec.response(answers, extra)]

    def _records(self, link: Link) -> list[Records]:
        addresses = tuple(self._forged) or link.addresses
        return [Records(each, addresses) for each in self.told]


def heard_gateway(message: DNSIncoming | None) -> str | None:
    """Return the instance name of a gateway that is announced in `message`."""
    for record in message.answers() if message and not message.is_query() else ():
        if isinstance(record, DNSPointer) and record.type == PTR and record.key == SERVICE_TYPE:
            return record.alias.removesuffix(f".{SERVICE_TYPE}")
    return None
