"""What is measured: each scene is a home, who announces in it, what is wrong there, who searches, and what is to be reached."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final

from benchmarks.discovery.figures import Goal
from benchmarks.discovery.gateways import Announcer
from benchmarks.discovery.searches import PROCESSES, SEARCHES, Search

Condition = tuple[str, Mapping[str, float | str]]

_COMMON: Final = tuple(SEARCHES)
_APPLE: Final = "Apple mDNSResponder"
_BUSY: Final = {"neighbour": 10, "neighbour2": 10, "neighbour3": 10, "neighbour4": 10, "neighbour5": 9}


@dataclass(frozen=True)
class Scene:
    """A home in which everybody searches in turn.

    Where searches are long, several `homes` share the runs. So many `neighbours` are there besides. `conditions` go on all the time, so that their dice are thrown on from search to search.
    `published` are figures that were not measured here (median / p95 in ms), by who reached them.
    """

    title: str
    announcer: Announcer = "ours"
    homes: int = 1
    neighbours: int = 1
    conditions: Sequence[Condition] = ()
    searches: Sequence[str] = _COMMON
    goals: Sequence[Goal] = ()
    published: Mapping[str, str] = field(default_factory=dict)

    def search(self, name: str) -> Search:
        """Return who searches by that name."""
        return SEARCHES.get(name) or PROCESSES[name]

    @property
    def ours(self) -> str:
        """The search of ours that is judged by the goals: the one that remembers nothing."""
        return next(name for name in self.searches if self.search(name).ours)


def _quick(median_ms: float, p95_ms: float | None = None) -> tuple[Goal, ...]:
    goals = [Goal("median_ms", median_ms)]
    return (*goals, Goal("p95_ms", p95_ms)) if p95_ms else tuple(goals)


SCENES: Final[Mapping[str, Scene]] = MappingProxyType(
    {
        "clean": Scene("clean LAN, our announcer", goals=_quick(5, 15), published={_APPLE: "79 / 115"}),
        "clean_avahi": Scene(
            "clean LAN, announced by avahi",
            "avahi",
            goals=_quick(5),
            published={_APPLE: "148 / 220"},
        ),
        "clean_zeroconf": Scene("clean LAN, announced by python-zeroconf", "zeroconf", goals=_quick(5)),
        "firewalled": Scene(
            "phone behind a firewall like ufw's",
            conditions=[("phone_firewalled", {})],
            goals=_quick(80, 125),
        ),
        "loss_30": Scene(
            "30 % of all frames lost",
            homes=2,
            conditions=[("loss", {"p": 0.3})],
            goals=(Goal("within_1s", 29 / 30), Goal("p95_ms", 400)),
        ),
        "loss_50": Scene(
            "50 % of all frames lost",
            homes=4,
            conditions=[("loss", {"p": 0.5})],
            goals=(Goal("within_1s", 24 / 30), Goal("found", 1)),
        ),
        "wifi": Scene(
            "Wi-Fi: half the multicast to the phone lost, the rest held",
            conditions=[("wifi_air", {})],
            goals=_quick(15, 50),
        ),
        "busy": Scene(
            "49 other services of our type, on 5 hosts",
            neighbours=len(_BUSY),
            conditions=[
                ("busy_neighbourhood", {"on": on, "n": 0, "ours": ours}) for on, ours in _BUSY.items()
            ],
            goals=_quick(8, 20),
        ),
        "process": Scene(
            "process start to printed answer",
            searches=tuple(PROCESSES),
            goals=_quick(250),
        ),
    }
)
