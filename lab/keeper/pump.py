"""Moves frames between the wires and the network, as they come and when they are due; keeps the keeper's time."""

import heapq
import itertools
import selectors
import socket
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import Any, Final, NoReturn

from lab.network.network import Network
from lab.network.outgoing import Outgoing

_AT_ONCE: Final = 64
"""Frames taken from one wire before the others have their turn."""
_LONGEST: Final = 2048
_NEVER: Final = float("inf")


class Pump:
    """The one loop of the keeper."""

    def __init__(self, network: Network) -> None:
        self._network = network
        self._selector = selectors.SelectSelector()  # epoll's times are whole milliseconds
        self._wires: dict[str, socket.socket] = {}
        self._acts: list[tuple[float, int, Callable[[], None]]] = []
        self._order = itertools.count()

    def watch(self, source: Any, act: Callable[[], None]) -> None:
        """Call `act` whenever `source` has something to read."""
        self._selector.register(source, selectors.EVENT_READ, act)

    def unwatch(self, source: Any) -> None:
        """Stop watching it."""
        self._selector.unregister(source)

    def connect(self, port: str, wire: socket.socket) -> None:
        """Carry what comes in by `wire` to `port` of the network, and back."""
        self._wires[port] = wire
        self.watch(wire, lambda: self._take_in(port, wire))

    def disconnect(self, port: str) -> None:
        """Let go of a wire."""
        self.unwatch(self._wires.pop(port))

    def later(self, in_s: float, act: Callable[[], None]) -> None:
        """Call `act` in so many seconds."""
        heapq.heappush(self._acts, (time.monotonic() + in_s, next(self._order), act))

    def run(self) -> NoReturn:
        """Pump for ever."""
        while True:
            self._turn(self._acts[0][0] if self._acts else _NEVER)
            if self._acts and self._acts[0][0] <= time.monotonic():
                heapq.heappop(self._acts)[2]()

    def run_until(self, so: Callable[[], bool], within_s: float) -> bool:
        """Pump, in the middle of an act, until it is `so`; say whether it became so in time. Other acts have to wait."""
        over = time.monotonic() + within_s
        while not so():
            if time.monotonic() >= over:
                return False
            self._turn(over)
        return True

    def _turn(self, until: float) -> None:
        first = min(self._network.due, until)
        for key, _ in self._selector.select(max(0.0, first - time.monotonic()) if first < _NEVER else None):
            if self._selector.get_map().get(key.fd) is key:  # it may be gone by what came before it
                key.data()
        now = time.monotonic()
        if self._network.due <= now:
            self._send_out(self._network.wake(now))

    def _take_in(self, port: str, wire: socket.socket) -> None:
        with suppress(OSError):  # nothing more there; or the wire's other end is down
            for _ in range(_AT_ONCE):
                frame = wire.recv(_LONGEST)
                self._send_out(self._network.receive(port, frame, time.monotonic()))

    def _send_out(self, frames: Iterable[Outgoing]) -> None:
        for port, data in frames:
            with suppress(KeyError, OSError):  # unplugged, down or full: a frame is lost, as on any wire
                self._wires[port].send(data)
