"""Links that are refused, and what they cost."""

import pytest

from protocol.problems import Problem
from tests.cloud.actors import World


def refusal(world: World, *arguments: object, **named: str) -> Problem:
    """Return why linking was refused, having seen that a try, if anything, is all that was written."""
    before = world.contents("wrong_tries")
    with pytest.raises(Problem) as refused:
        world.link(*arguments, **named)  # type: ignore[arg-type]
    assert world.contents("wrong_tries") == before
    return refused.value


def tries(world: World) -> int:
    return len(world.contents()["wrong_tries"])
