"""The bench: one link, the responder under test on one host of it, and us on another."""

import json
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from ipaddress import ip_interface
from pathlib import Path
from threading import Event
from typing import Final

from lab.conformance.check import IPV4, Silent, Version
from lab.conformance.life import Life
from lab.conformance.packets import AAAA, A, Question, Record, query
from lab.conformance.responders import Responder
from lab.conformance.service import Service
from lab.conformance.tap import Heard, Tap, clock
from lab.conformance.wire import Wire
from lab.home import Home
from lab.node import Node
from lab.program import Program

FAR: Final = {4: "198.51.100.9", 6: "fd99::9"}
"""An address of our own that is on no network of the link."""
_FAR_NETWORK: Final = {4: "198.51.100.0/24", 6: "fd99::/64"}
_START_S: Final = 10.0
"""Within which a responder has begun to announce."""
_SETTLED_S: Final = 2.6
"""Without a packet: it has announced all it wanted to."""
_NO_MORE_THAN_ONCE_IN_S: Final = 1.1
"""A record is multicast once a second at most (RFC 6762 §6)."""
ANSWER_S: Final = 0.7
"""When nothing has come by then, nothing comes: 500 ms are the longest wait (RFC 6762 §6.4, §7.2)."""
_PATIENCE_S: Final = 2.0
"""With what has to come: when is judged where it matters, and a machine may be busy."""


class Bench:
    """What a check has in its hands: the responder (`begin`, `end`, `settled`), its host, and our end of the link."""

    def __init__(
        self, responder: Responder, home: Home, version: Version, folder: Path, stopped: Event
    ) -> None:
        self.service = Service()
        self.version = version
        self.us, *self.boxes = home.nodes.values()
        self.box = self.boxes[0]
        self._home = home
        self._responder = responder
        self._folder = folder
        self._stopped = stopped
        self._programs: list[Program] = []
        self._life = Life([], "")
        self._open = ExitStack()

    def __enter__(self) -> "Bench":
        _make_single_stack(self.version, self.us, *self.boxes)
        far = FAR[self.version]
        at_once = () if self.version == IPV4 else ("nodad",)
        self.us.run("ip", "address", "add", far, "dev", "lo", *at_once)
        self.box.run("ip", "route", "add", _FAR_NETWORK[self.version], "dev", "eth0")
        self.wire = self._open.enter_context(Wire(self.us, self.version, far, self._stopped))
        return self

    def __exit__(self, *_: object) -> None:
        self.end()
        self._open.close()

    # The responder

    def begin(self, interfaces: Sequence[str] = ("eth0",)) -> None:
        """Start the responder anew; whatever it says is heard."""
        self.end()
        self.listen(0)
        self.service = Service()
        self._life = Life(self.wire.tap.heard, self.box.mac)
        self.begin_on(self.box, self.service, interfaces)

    def begin_on(self, node: Node, service: Service, interfaces: Sequence[str] = ("eth0",)) -> None:
        """Start a responder on one of the hosts."""
        folder = self._folder / node.name
        folder.mkdir(exist_ok=True)
        self._programs.append(node.start(*self._responder.command(service, interfaces, folder)))

    def end(self) -> None:
        """Ask all responders to end, and wait until they have."""
        for each in self._programs:
            each.terminate()
        for each in self._programs:
            each.end()
        self._programs.clear()

    def rename(self) -> None:
        """Let a person give the running service another name."""
        self.service = self._responder.rename(self._programs[0], self.service, self._folder / self.box.name)

    def settled(self) -> Life:
        """Return all that the responder has said since it was started; start it if need be, and let it settle."""
        if not self._programs:
            self.begin()
        if not self._life.is_settled:
            if self._life.is_silent:
                raise Silent("it has announced nothing")
            self._life.is_silent = True
            self.announced()
            self._life.is_silent = False
            while self.hear(_SETTLED_S):
                pass
            self._life.is_settled = True
        return self._life

    def announced(self) -> Heard:
        """Wait until the service is announced, under whatever name."""
        return self.expect("an announcement", lambda heard: bool(heard.announced), _START_S)

    # What is said

    def listen(self, seconds: float) -> list[Heard]:
        """Let time pass; return what the responder has said that nobody listened to yet."""
        known = len(self._life.said)
        self.wire.tap.listen(clock() + seconds)
        return self._life.said[known:]

    def hear(self, within_s: float, wanted: Callable[[Heard], bool] = lambda _: True) -> Heard | None:
        """Return the next packet of the responder that is wanted, or None."""
        return self.wire.tap.listen(
            clock() + within_s, lambda heard: heard.mac == self.box.mac and wanted(heard)
        )

    def expect(self, what: str, wanted: Callable[[Heard], bool], within_s: float) -> Heard:
        """Return the next packet of the responder that is wanted.

        Raises:
            Silent: there was none.
        """
        heard = self.hear(within_s, wanted)
        if heard is None:
            raise Silent(f"{what} did not come within {within_s:g} s")
        return heard

    # Questions

    def rest(self) -> None:
        """Wait until every record may be multicast again."""
        self.settled()
        while (left := self._life.last_multicast_at + _NO_MORE_THAN_ONCE_IN_S - clock()) > 0:
            self.listen(left)

    def ask(self, *questions: Question, known: Sequence[Record] = (), truncated: bool = False) -> float:
        """Ask by multicast, as responders do; return when."""
        at = clock()
        self.wire.send(query(*questions, known=known, truncated=truncated))
        return at

    def answer_to(self, question: Question) -> Heard:
        """Return what is said to a question that is asked by multicast after a rest.

        Raises:
            Silent: nothing.
        """
        self.rest()
        self.ask(question)
        return self.answered(question)

    def answered(self, question: Question) -> Heard:
        """Return the next answer to a question.

        Raises:
            Silent: there was none.
        """
        return self.expect(f"an answer to {question}", answers(question), _PATIENCE_S)

    def answers_to(self, *questions: Question) -> list[Heard]:
        """Return what is said to questions that are asked in one packet after a rest, until all are answered."""
        self.rest()
        self.ask(*questions)
        return self.gather(*questions)

    def gather(self, *questions: Question) -> list[Heard]:
        """Return what is said until all questions are answered, or it has been waited long enough."""
        said: list[Heard] = []

        def are_answered(heard: Heard) -> bool:
            said.append(heard)
            return all(any(map(answers(each), said)) for each in questions)

        self.hear(_PATIENCE_S, are_answered)
        return said

    # The hosts and the link between them

    @property
    def address_type(self) -> int:
        """The type of record that holds its addresses on this link."""
        return A if self.version == IPV4 else AAAA

    def addresses(self) -> set[str]:
        """Return the addresses that the host has on the link."""
        (interface,) = json.loads(
            self.box.run("ip", "-j", f"-{self.version}", "address", "show", "dev", "eth0")
        )
        return {each["local"] for each in interface["addr_info"]}

    def tap(self, interface: str) -> Tap:
        """Listen to another interface of the responder's host."""
        return Tap(self.box, self._stopped, interface)

    def readdress(self) -> str:
        """Give the host another IPv4 address in the place of its own; return it."""
        old = self.box.run("ip", "-4", "-o", "address", "show", "dev", "eth0").split()[3]
        new = str(ip_interface(old).ip + 50)
        self.box.run("ip", "address", "del", old, "dev", "eth0")
        self.box.run("ip", "address", "add", f"{new}/{old.partition('/')[2]}", "dev", "eth0")
        return new

    def part(self, node: Node) -> Callable[[], None]:
        """Keep a machine from the others, though its cable is plugged in; return what joins it to them again."""
        condition = self._home.begin("loss", p=1.0, on=node.name)
        return lambda: self._home.end(condition.number)


def answers(question: Question) -> Callable[[Heard], bool]:
    """Return what says whether a packet answers a question."""
    return lambda heard: (
        heard.message.is_response
        and any(each.is_about(question.name, question.type) for each in heard.message.answers)
    )


def _make_single_stack(version: Version, *nodes: Node) -> None:
    for node in nodes:
        if version == IPV4:
            node.run("sh", "-c", "echo 1 > /proc/sys/net/ipv6/conf/eth0/disable_ipv6")
        else:
            node.run("ip", "-4", "address", "flush", "dev", "eth0")
