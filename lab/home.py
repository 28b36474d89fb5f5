"""A home to run programs in: several machines on a network of its own, which can be broken on purpose.

```
[ this process ] ──── control ────▶ [ keeper ]  ═╦═ gateway   each a network of its own,
                                    router, access point  ╠═ phone     on a wire to the keeper
                                    in its network core   ╠═ neighbour
                                                          ╚═ cloud
```

The keeper is the first process of a process namespace: when it ends, because this process has left the home or has
ended in whatever way, the kernel ends all that runs in the home, and nothing of it is left.
"""

import time
from collections.abc import Mapping
from pathlib import Path

from lab.conditions.active import Active, Argument
from lab.keeper_process import KeeperProcess
from lab.messages import read_active, written_plan
from lab.network.plan import Plan
from lab.node import Node


class Home:
    """Entered it stands, left it is gone. All verbs may be called from any thread."""

    def __init__(
        self,
        plan: Plan | None = None,
        seed: int = 1,
        folder: Path | None = None,
        *,
        movable_clocks: bool = False,
    ) -> None:
        """Take who is in it, what its dice start from, and where every frame is to be captured (None: nowhere).

        `movable_clocks`: all programs see what `clock_wrong` does to their time, not only those that start after it.
        """
        self.seed = seed
        self.nodes: Mapping[str, Node] = {}
        self.build_s = 0.0
        self._plan = plan or Plan()
        self._movable_clocks = movable_clocks
        self._folder = folder

    def __enter__(self) -> "Home":
        began = time.monotonic()
        self._keeper = KeeperProcess()
        try:
            nodes, _ = self._keeper.ask(
                "build",
                plan=written_plan(self._plan),
                seed=self.seed,
                folder=self._folder and str(self._folder.resolve()),
                movable_clocks=self._movable_clocks,
            )
        except BaseException:
            self._keeper.end()
            raise
        self.nodes = {name: Node(name, mac, self._keeper.ask) for name, mac in nodes}
        self.build_s = time.monotonic() - began
        return self

    def __exit__(self, *_: object) -> None:
        self._keeper.end()

    def break_off(self) -> None:
        """Let all that goes on in it fail, in whatever thread: who entered it is going to leave it."""
        self._keeper.break_off()

    # The nodes

    @property
    def gateway(self) -> Node:
        """Where the gateway is."""
        return self.nodes["gateway"]

    @property
    def phone(self) -> Node:
        """Where the phone is, by radio."""
        return self.nodes["phone"]

    @property
    def cloud(self) -> Node:
        """Where the cloud is, on the internet."""
        return self.nodes["cloud"]

    @property
    def neighbour(self) -> Node:
        """Another machine of the home, by radio."""
        return self.nodes["neighbour"]

    # The conditions

    def begin(self, name: str, /, **args: Argument) -> Active:
        """Begin a condition, with its parameters; with `ttl_s` it ends by itself after so many seconds.

        Raises:
            Problem: there is no such condition or parameter, or it cannot be done here.
        """
        ttl_s = args.pop("ttl_s", None)
        return read_active(self._keeper.ask("begin", name=name, args=args, ttl_s=ttl_s)[0])

    def end(self, number: int) -> None:
        """End one condition."""
        self._keeper.ask("end", condition=number)

    def active(self) -> list[Active]:
        """Return the conditions that go on, in the order they began."""
        return [read_active(each) for each in self._keeper.ask("active")[0]]

    def all_clear(self) -> None:
        """End all conditions, the newest first."""
        self._keeper.ask("all_clear")

    def capture(self) -> Path:
        """Write every frame so far; return the file, in which each has a comment: where it went, what became of it.

        Raises:
            ValueError: the home was made without a folder.
        """
        if self._folder is None:
            raise ValueError("this home has no folder for a capture")
        self._keeper.ask("capture")
        return self._folder / "packets.pcapng"
