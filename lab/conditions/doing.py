"""What one condition has done to a home. Undone, the home is as if it had not been."""

from collections.abc import Callable
from contextlib import ExitStack
from ipaddress import IPv4Address

from lab.conditions.claims import Claims, Thing, Value
from lab.conditions.hands import Hands
from lab.network.crossing import Rule
from lab.network.network import Device, Network


class Doing:
    """The hands of one condition: whatever it does here is taken back when it ends."""

    def __init__(self, number: int, name: str, hands: Hands, claims: Claims) -> None:
        self._number = number
        self._name = name
        self._hands = hands
        self._claims = claims
        self._undo = ExitStack()
        self._over = False

    @property
    def network(self) -> Network:
        """The network that it happens in."""
        return self._hands.network

    @property
    def number(self) -> int:
        """The condition's number."""
        return self._number

    def address(self, node: str) -> IPv4Address:
        """Return the IPv4 address that a machine has now."""
        return self._claims.address(node)

    def rule(self, rule: Rule) -> None:
        """Let `rule` touch every frame."""
        self.network.add_rule(self._number, self._name, rule)
        self._undo.callback(self.network.remove_rules, self._number)

    def claim(self, what: str, node: str, value: Value) -> None:
        """Let a machine be so (`claims`)."""
        thing = Thing(what, node)
        self._claims.claim(self._number, thing, value)
        self._undo.callback(self._claims.release, self._number, thing)

    def release(self, what: str, node: str) -> None:
        """Take one claim back before the end."""
        self._claims.release(self._number, Thing(what, node))

    def device(self, name: str, device: Device) -> None:
        """Let a machine move into the network."""
        self.network.add_device(name, device)
        self._undo.callback(self.network.remove_device, name)

    def start(self, node: str, *argv: str) -> None:
        """Start a program in a machine."""
        self._undo.callback(self._hands.stop, self._hands.start(node, *argv))

    def later(self, in_s: float, act: Callable[[], None]) -> None:
        """Do something in a while, if the condition has not ended by then."""
        self._hands.later(in_s, lambda: None if self._over else act())

    def at_end(self, act: Callable[[], object]) -> None:
        """Do something when the condition ends."""
        self._undo.callback(act)

    def undo(self) -> None:
        """Take everything back, what came last first; all of it, even if something of it fails."""
        self._over = True
        self._undo.close()
