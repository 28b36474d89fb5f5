"""What the keeper of a home does for a condition."""

from collections.abc import Callable
from typing import Protocol

from lab.network.network import Network


class Hands(Protocol):
    """The home, as far as a condition may lay hands on it."""

    @property
    def network(self) -> Network:
        """The network, in which rules act and devices live."""

    def carrier(self, node: str, up: bool) -> None:
        """Take the carrier from a node's wires, or give it back: its kernel sees it."""

    def join(self, node: str, segment: str) -> None:
        """Let a node leave its segment for another, where it has that one's address and default route."""

    def readdress(self, node: str, address: str) -> None:
        """Give a node another IPv4 address on its segment."""

    def ipv4(self, node: str, on: bool) -> None:
        """Take IPv4 from a node, or give it back."""

    def ipv6(self, node: str, on: bool) -> None:
        """Take IPv6 from a node, or give it back."""

    def second_nic(self, node: str, segment: str) -> None:
        """Give a node a second interface, which its default route uses from now on."""

    def remove_second_nic(self, node: str) -> None:
        """Take it away again."""

    def tunnel(self, node: str, on: bool) -> None:
        """Give a node a tunnel for all its traffic, or take it away.

        Raises:
            Problem: CANNOT_RUN_HERE.
        """

    def power(self, node: str, on: bool) -> None:
        """Cut a node's power: its programs die and its carrier goes. With the power its services come back."""

    def start(self, node: str, *argv: str) -> int:
        """Start a program of a condition; return its number when it has printed its first line."""

    def stop(self, number: int) -> None:
        """End a program of a condition."""

    def clock(self, node: str, ahead_s: float) -> None:
        """Let the programs of a node see another time.

        Raises:
            Problem: CANNOT_RUN_HERE.
        """

    def later(self, in_s: float, act: Callable[[], None]) -> None:
        """Do something in a while."""
