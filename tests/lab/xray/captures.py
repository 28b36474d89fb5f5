"""Captures of a network in which machines say what a test lets them say: made by the real network and the real writer."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from lab.keeper.capture import Capture
from lab.network.frames import MDNS_PORT, frame
from lab.network.leg import arp_packet
from tests.lab.network.machines import Lab

PHONE_PORT = 40009
API_PORT = 8081
NAME = b"\x06_aiseg\x04_tcp\x05local\0"
QUESTION = bytes((0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0)) + NAME + bytes((0, 12, 0, 1))
ANSWER = (
    bytes((0, 0, 0x84, 0, 0, 0, 0, 1, 0, 0, 0, 0)) + NAME + bytes((0, 12, 0, 1, 0, 0, 0, 120, 0, 2, 0xC0, 12))
)
SYN, SYN_ACK, RST_ACK = 0x02, 0x12, 0x14


class Wire:
    """A home without kernels: what is said in it goes into a capture. Time is that of the capture, from `epoch` on."""

    def __init__(self, file: Path, *rules: tuple[str, Any]) -> None:
        self.lab = Lab()
        self.file = file
        self._capture = Capture(file, self.lab.now)
        self.epoch = self._capture._ahead_s + self.lab.now
        for number, (name, rule) in enumerate(rules, 1):
            self.begin(number, name, rule)

    def begin(self, number: int, name: str, rule: Any) -> None:
        self.lab.network.add_rule(number, name, rule)

    def later(self, seconds: float) -> None:
        self.lab.later(seconds)

    def ask(self) -> None:
        self.lab.send("phone", self.lab.multicast("phone", QUESTION, PHONE_PORT))

    def answer(self, node: str = "gateway") -> None:
        self.lab.send(node, self.lab.multicast(node, ANSWER))

    def ask_directly(self) -> None:
        self.lab.send("phone", self.lab.udp("phone", "gateway", 40010, MDNS_PORT, QUESTION))

    def connect(self, answer: int | None = SYN_ACK) -> None:
        self.lab.send("phone", self.lab.tcp("phone", "gateway", 50000, API_PORT, SYN))
        if answer is not None:
            self.lab.send("gateway", self.lab.tcp("gateway", "phone", API_PORT, 50000, answer))

    def resolve(self) -> None:
        """Let the phone ask for the gateway's hardware address, and the gateway tell it."""
        gateway, phone = ((self.lab.mac(each), self.lab.ip(each)) for each in ("gateway", "phone"))
        self.lab.send("phone", self.lab.who_has("phone", gateway[1]))
        self.lab.send("gateway", frame(phone[0], gateway[0], 0x0806, arp_packet(2, gateway, phone)))

    def sweep(self, addresses: int) -> None:
        network = self.lab.ip("phone")[:3]
        for last in range(100, 100 + addresses):
            self.lab.send("phone", self.lab.who_has("phone", network + bytes((last,))))

    def written(self) -> Path:
        """Write it all down, once; return the file."""
        for each in self.lab.traced:
            self._capture.note(each)
        self.lab.traced.clear()
        self._capture.flush()
        self._capture._output.close()
        return self.file


def drops(source: str, target: str) -> Any:
    """Return a rule that drops what goes from one machine to another."""
    return Drops(lambda crossing: (crossing.source, crossing.target) == (source, target))


class Drops:
    def __init__(self, so: Callable[[Any], bool]) -> None:
        self._so = so

    def touch(self, crossing: Any, _: object) -> Any:
        return () if self._so(crossing) else None
