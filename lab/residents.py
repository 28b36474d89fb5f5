"""Who lives in a home of the lab: a real gateway, a printer, and a phone that searches and says what it found."""

import json
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from lab.home import Home
from lab.program import Program
from protocol.discovery import DEFAULT_PORT
from protocol.problems import UnreachableError

GATEWAY_STARTS_S: Final = 20.0
_SEARCH_STARTS_S: Final = 30.0
_MEETINGS: Final = 5
_AWAY_FROM_HERE: Final = "http://203.0.113.10:8080"

_SETTINGS: Final = """\
[gateway]
folder = {folder}

[cloud]
url = "{cloud}"

[network]
interfaces = ["eth0"]

[http]
port = {port}
"""


@dataclass(frozen=True)
class Said:
    """How one search ended: what the phone found and what it says, as `aiseg phone search --json` prints it."""

    document: Mapping[str, Any]
    took_s: float

    @property
    def found(self) -> tuple[Mapping[str, Any], ...]:
        """The gateways."""
        return tuple(self.document["found"])

    @property
    def code(self) -> str | None:
        """The diagnosis, if there is one."""
        diagnosis = self.document["diagnosis"]
        return str(diagnosis["code"]) if diagnosis else None

    @property
    def could_also_be(self) -> tuple[str, ...]:
        """What the phone cannot tell from it."""
        diagnosis = self.document["diagnosis"]
        return tuple(diagnosis.get("could_also_be", ())) if diagnosis else ()


class Residents:
    """A gateway that runs in `home`, and a phone; what the phone remembers is in `folder`."""

    def __init__(self, home: Home, folder: Path, gateway: Mapping[str, Any]) -> None:
        self.home = home
        self.gateway = gateway
        self._memory = folder / "phone"
        self._met: dict[str, bytes] = {}

    @property
    def gateway_id(self) -> str:
        """The gateway's id."""
        return str(self.gateway["gateway_id"])

    def meet(self) -> None:
        """Let the phone find the gateway in the home as it should be, and keep what it remembers of that day.

        Raises:
            UnreachableError: it does not.
        """
        self.forget()
        for _ in range(_MEETINGS):
            if self.search(limit_s=3.0).found:
                self._met = {each.name: each.read_bytes() for each in self._memory.glob("*.json")}
                return
        raise UnreachableError("the gateway of the lab", "the phone does not find it in the unbroken home")

    def remember(self) -> None:
        """Let the phone remember that day, and nothing since."""
        self.forget()
        for name, content in self._met.items():
            (self._memory / name).write_bytes(content)

    def forget(self) -> None:
        """Let the phone be one that has never met a gateway."""
        self._memory.mkdir(exist_ok=True)
        for each in self._memory.glob("*"):
            each.unlink()
        # Its kernel would ask for nobody whom it met a moment ago.
        self.home.phone.run("ip", "neigh", "flush", "all")

    def search(self, *words: str, limit_s: float = 10.0) -> Said:
        """Let the phone search, with further `words` of its command line."""
        phone = ("-m", "phone_client", "search", "--json", "--lan", "--timeout", str(limit_s))
        with self.home.phone.start(
            sys.executable, *phone, "--state", str(self._memory), *words, separate_errors=True
        ) as searching:
            began = time.monotonic()
            printed = _read_all(searching, limit_s + _SEARCH_STARTS_S)
            took_s = time.monotonic() - began
            return Said(_read_document(printed, searching), took_s)


def _read_all(program: Program, limit_s: float) -> str:
    line = program.read_line(limit_s)
    program.wait(limit_s)
    return line


def _read_document(printed: str, program: Program) -> Mapping[str, Any]:
    try:
        document: Mapping[str, Any] = json.loads(printed)
    except ValueError:
        raise UnreachableError("the phone of the lab", printed + program.stderr.read()) from None
    return document


@contextmanager
def living_in(home: Home, folder: Path) -> Iterator[Residents]:
    """Start a gateway and a printer in `home`, and give the phone a memory in `folder`.

    Raises:
        UnreachableError: the gateway does not start.
    """
    settings = folder / "emulator.toml"
    state = json.dumps(str(folder / "emulator"))  # a string of TOML, too
    settings.write_text(_SETTINGS.format(folder=state, cloud=_AWAY_FROM_HERE, port=DEFAULT_PORT), "utf-8")
    emulator = (sys.executable, "-m", "emulator", "--json", "--config", str(settings))
    # Not into a pipe: one that nobody reads fills up.
    log = folder / "emulator.log"
    logging = ("sh", "-c", 'exec "$@" 2>>"$0"', str(log))
    printer = (sys.executable, "-m", "lab.neighbour", "busy", "1", "0")
    with (
        home.neighbour.start(*printer, service=True),
        home.gateway.start(*logging, *emulator, service=True) as program,
    ):
        label = program.read_document(GATEWAY_STARTS_S)
        if label is None:
            raise UnreachableError("the gateway of the lab", log.read_text("utf-8", "replace"))
        yield Residents(home, folder, label)
