"""What a check is, what comes out of it, and how checks share a life of the responder."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

if TYPE_CHECKING:
    from lab.conformance.bench import Bench

Version: TypeAlias = Literal[4, 6]
IPV4: Final = 4
IPV6: Final = 6
Outcome: TypeAlias = Literal["pass", "fail", "not applicable"]


@dataclass(frozen=True)
class Verdict:
    """How a check ended, and what was seen on the wire that says so."""

    outcome: Outcome
    evidence: str


@dataclass(frozen=True)
class Check:
    """One rule. `id` is its name in tables and tests, `rule` where it is written (RFC and section)."""

    id: str
    rule: str
    sentence: str
    judge: "Callable[[Bench], Verdict]"
    is_extra: bool = False
    """Not among the 46 that were there first."""


class Silent(Exception):
    """The responder did not say what it had to say."""


def verdict(passed: object, evidence: str) -> Verdict:
    """Return a pass or a fail."""
    return Verdict("pass" if passed else "fail", evidence)


def not_applicable(why: str) -> Verdict:
    """Return that there is nothing to judge."""
    return Verdict("not applicable", why)


class Scene:
    """Checks that are made one after the other on one link, where they can in one life of the responder."""

    def __init__(self, name: str, *, lasts_s: float, boxes: int = 1, version: Version = IPV4) -> None:
        self.name: Final = name
        self.lasts_s: Final = lasts_s
        """About: the longest begin first."""
        self.boxes: Final = boxes
        """Hosts on which the responder runs."""
        self.version: Final = version
        self.checks: list[Check] = []
        self._in_ipv6_too: list[Check] = []

    def check(
        self, rule: str, *, extra: bool = False, ipv6: bool = False
    ) -> Callable[["Callable[[Bench], Verdict]"], Check]:
        """Make the function below a check of this scene, with its name and sentence. `ipv6`: made over IPv6 as well."""

        def made(judge: "Callable[[Bench], Verdict]") -> Check:
            check = Check(judge.__name__.replace("_", "-"), rule, judge.__doc__ or "", judge, extra)
            self.checks.append(check)
            if ipv6:
                self._in_ipv6_too.append(check)
            return check

        return made

    def over_ipv6(self) -> "Scene":
        """Return the same on a link that has IPv6 only."""
        scene = Scene(f"{self.name}-ipv6", lasts_s=self.lasts_s, boxes=self.boxes, version=IPV6)
        scene.checks = [replace(each, id=f"{each.id}-ipv6", is_extra=True) for each in self._in_ipv6_too]
        return scene
