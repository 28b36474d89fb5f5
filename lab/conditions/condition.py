"""What all conditions have in common: parameters with types and ranges, and a beginning. The end is `Doing`'s."""

import random
import re
from abc import abstractmethod
from typing import Annotated, Final

from pydantic import BaseModel, ConfigDict, Field

from lab.conditions.doing import Doing
from lab.network.crossing import Crossing, Fate

IS_NODE: Final = "a machine of the home"
IS_PARTY: Final = "a machine of the home or a router"

Node = Annotated[str, IS_NODE]
Party = Annotated[str | None, IS_PARTY]
"""Whose frames are meant, in both directions; None for everybody's."""
Anyone = Annotated[str | None, IS_NODE]
"""One machine, or (None) every machine of the home."""
Share = Annotated[float, Field(ge=0, le=1)]
Milliseconds = Annotated[float, Field(ge=0, le=10_000)]
Seconds = Annotated[float, Field(ge=0.1, le=86_400)]


class Condition(BaseModel):
    """Something that is wrong in a home, with its parameters. Frozen: it can begin in any number of homes."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    @property
    def lasts_s(self) -> float | None:
        """How long it goes on by itself; None for ever."""
        return None

    @abstractmethod
    def begin(self, doing: Doing) -> None:
        """Do it.

        Raises:
            Problem: it cannot be done here.
        """


class FrameCondition(Condition):
    """A condition that is a rule and nothing else, and remembers nothing."""

    def begin(self, doing: Doing) -> None:
        """Let the rule act."""
        doing.rule(self)

    @abstractmethod
    def touch(self, crossing: Crossing, dice: random.Random) -> Fate:
        """Say what becomes of a frame."""


def name_of(condition: type[Condition]) -> str:
    """Return the verb: `MulticastLost` is `multicast_lost`."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", condition.__name__).lower()
