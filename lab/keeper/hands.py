"""What a condition may do to the home: to its network, and to the machines in it."""

import os
import signal
from collections.abc import Callable
from ipaddress import IPv4Interface
from pathlib import Path
from typing import Final

from lab.keeper.capture import Capture
from lab.keeper.machines import FIRST, SECOND, Machine
from lab.keeper.programs import Program, Programs
from lab.keeper.pump import Pump
from lab.keeper.wires import Air
from lab.network.network import Network
from lab.network.plan import Plan

_FIRST_LINE_WITHIN_S: Final = 10.0
_GOODBYE_S: Final = 1.0
_MOST_SAID: Final = 65_536


class Hands:
    """The home as conditions see it (`lab.conditions.Hands`)."""

    def __init__(self, plan: Plan, seed: int, capture: Capture | None, *, movable_clocks: bool) -> None:
        self.network = Network(plan, seed, capture.note) if capture else Network(plan, seed)
        self.pump = Pump(self.network)
        self.programs = Programs()
        self.machines = {name: Machine(name, plan) for name in plan.hosts}
        self.busy = False
        self._air = Air()
        self.pump.watch(self.programs.news, self.programs.reap)
        for name, machine in self.machines.items():
            machine.boot()
            if movable_clocks:
                machine.clock.make_movable()
            self._add(machine, plan.hosts[name].segment)
        for machine in self.machines.values():
            machine.wait_until_up()

    def _add(self, machine: Machine, segment: str, interface: str = FIRST) -> None:
        added = machine.add(self._air, segment, interface)
        self.network.plug(added.port, segment)
        self.pump.connect(added.port, added.wire.socket)

    # What conditions do

    def carrier(self, node: str, up: bool) -> None:
        """Take the carrier from a node's wires, or give it back: its kernel sees it."""
        self.machines[node].carry(up)

    def join(self, node: str, segment: str) -> None:
        """Let a node leave its segment for another, where it has that one's address and default route."""
        machine = self.machines[node]
        machine.carry(False)
        self.network.plug(machine.interfaces[FIRST].port, segment)
        machine.move(segment)
        machine.carry(True)

    def readdress(self, node: str, address: str) -> None:
        """Give a node another IPv4 address on its segment."""
        machine = self.machines[node]
        prefix = machine.interfaces[FIRST].address.network.prefixlen
        machine.readdress(IPv4Interface(f"{address.partition('/')[0]}/{prefix}"))

    def ipv4(self, node: str, on: bool) -> None:
        """Take IPv4 from a node, or give it back."""
        self.machines[node].use_ipv4(on)

    def ipv6(self, node: str, on: bool) -> None:
        """Take IPv6 from a node, or give it back."""
        self.machines[node].use_ipv6(on)

    def second_nic(self, node: str, segment: str) -> None:
        """Give a node a second interface, on `segment`, which its default route uses from now on."""
        self._add(self.machines[node], segment, SECOND)

    def remove_second_nic(self, node: str) -> None:
        """Take it away again."""
        machine = self.machines[node]
        port = machine.interfaces[SECOND].port
        self.pump.disconnect(port)
        self.network.unplug(port)
        machine.remove(SECOND)

    def tunnel(self, node: str, on: bool) -> None:
        """Give a node a tunnel that takes its default route and leads nowhere; or take it away.

        Raises:
            Problem: CANNOT_RUN_HERE.
        """
        self.machines[node].tunnel(on)

    def power(self, node: str, on: bool) -> None:
        """Cut a node's power: its programs die. With the power its services come back."""
        machine = self.machines[node]
        if on:
            machine.carry(True)
            self.programs.restore_power(machine.place)
        else:
            self.programs.cut_power(machine.place)
            machine.carry(False)

    def start(self, node: str, *argv: str) -> int:
        """Start a program of a condition; return its number when it has printed its first line."""
        output, writing = os.pipe()
        os.set_blocking(output, False)
        stdio = os.open(os.devnull, os.O_RDONLY), writing, os.dup(writing)
        program = Program(self.machines[node].place, argv, dict(os.environ), str(Path.cwd()), stdio)
        number = self.programs.start(program)
        said = bytearray()
        self.pump.watch(output, lambda: self._listen(output, said))
        if not self._wait_until(lambda: b"\n" in said or program.code is not None, _FIRST_LINE_WITHIN_S):
            self.stop(number)
        if b"\n" not in said:
            raise RuntimeError(
                f"{' '.join(argv)} in {node} ended with {program.code}: {said.decode(errors='replace')}"
            )
        return number

    def stop(self, number: int) -> None:
        """End a program of a condition: it has a second to say goodbye."""
        self.programs.send_signal(number, signal.SIGTERM)
        if not self._wait_until(lambda: number not in self.programs, _GOODBYE_S):
            self.programs.send_signal(number, signal.SIGKILL)

    def clock(self, node: str, ahead_s: float) -> None:
        """Let the programs of a node that have a movable clock, and all that start from now on, see another time.

        Raises:
            Problem: CANNOT_RUN_HERE.
        """
        self.machines[node].clock.move(ahead_s)

    def later(self, in_s: float, act: Callable[[], None]) -> None:
        """Do something in a while."""
        self.pump.later(in_s, act)

    def _listen(self, output: int, said: bytearray) -> None:
        try:
            data = os.read(output, _MOST_SAID)
        except BlockingIOError:  # read already, while an act was waited for
            return
        said.extend(data[: _MOST_SAID - len(said)])
        if not data:
            self.pump.unwatch(output)
            os.close(output)

    def _wait_until(self, so: Callable[[], bool], within_s: float) -> bool:
        self.busy = True
        try:
            return self.pump.run_until(so, within_s)
        finally:
            self.busy = False
