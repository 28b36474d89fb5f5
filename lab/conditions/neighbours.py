"""What other machines of the home do: many of them, a false gateway, a thief of a name, one with the same address."""

import sys
from typing import Annotated, Final, Literal

from pydantic import Field

from lab.conditions.condition import Condition, Node, Seconds
from lab.conditions.doing import Doing
from lab.conditions.intruder import Intruder

_PROGRAM: Final = (sys.executable, "-m", "lab.neighbour")


class AddressConflict(Condition):
    """Another device has the same IPv4 address as a machine, and says so every now and then."""

    every_s: Seconds = 3.0
    on: Node = "gateway"

    def begin(self, doing: Doing) -> None:
        """Let the device move in."""
        segment = doing.network.segment_of(self.on) or doing.network.plan.hosts[self.on].segment
        name, address = f"intruder{doing.number}", doing.address(self.on).packed
        doing.device(name, Intruder(name, segment, address, doing.number, self.every_s))


class BusyNeighbourhood(Condition):
    """A neighbour announces many services; `ours`: how many more of the gateway's own type, but of another maker."""

    n: Annotated[int, Field(ge=0, le=200)] = 20
    ours: Annotated[int, Field(ge=0, le=100)] = 0
    on: Node = "neighbour"

    def begin(self, doing: Doing) -> None:
        """Start them."""
        doing.start(self.on, *_PROGRAM, "busy", str(self.n), str(self.ours), f"{self.on}-{doing.number}")


class RogueGateway(Condition):
    """A neighbour announces a gateway that is none: with a forged id, and an address that it chooses."""

    gateway_id: Annotated[str, Field(pattern=r"^[0-9a-f]{12}$")] = "0badc0ffee00"
    address: Literal["own", "far", "router"] = "own"
    on: Node = "neighbour"

    def begin(self, doing: Doing) -> None:
        """Start it."""
        doing.start(self.on, *_PROGRAM, "rogue", self.gateway_id, self.address)


class NameTaken(Condition):
    """A neighbour takes the name of the gateway's service, and keeps it."""

    instance: Annotated[str | None, Field(max_length=63)] = None
    on: Node = "neighbour"

    def begin(self, doing: Doing) -> None:
        """Start it."""
        doing.start(self.on, *_PROGRAM, "taker", *([self.instance] if self.instance else ()))


CONDITIONS: Final[tuple[type[Condition], ...]] = (
    AddressConflict,
    BusyNeighbourhood,
    RogueGateway,
    NameTaken,
)
