"""The real cloud, AiSEG and app, each on its machine, and another machine that speaks mDNS."""

import os
import shutil
import sys
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from lab.home import Home
from lab.network.plan import CLOUD_NAME, Plan
from lab.node import Node
from lab.program import Program
from lab.story.script import Given
from protocol.discovery import DEFAULT_PORT
from protocol.problems import PROGRAM_MISSING, Problem, UnreachableError

STARTS_S: Final = 40.0
_MOST_SAID: Final = 2000
INTERVAL_S: Final = 0.5
CLOUD_PORT, CLUB_PORT, PHONE_PORT = 8080, 8083, 8082
CLOUD_URL: Final = f"http://{CLOUD_NAME}:{CLOUD_PORT}"
PHONE_URL: Final = f"http://127.0.0.1:{PHONE_PORT}"

_CLOUD: Final = """\
[http]
host = "0.0.0.0"
port = {port}
public_url = "{url}"
[club]
port = {club}
public_url = "http://{name}:{club}"
[mqtt]
host = "0.0.0.0"
[store]
folder = "{folder}"
[site]
inbox = true
"""
_GATEWAY: Final = """\
[gateway]
model = "{model}"
folder = "{folder}"
[firmware]
update_s = 4
apply_s = 1
restart_s = 2
[cloud]
url = "{url}"
timeout_s = 3
[network]
interfaces = ["eth0"]
[http]
port = {port}
[telemetry]
interval_s = {interval}
"""
_PHONE: Final = """\
[network]
interfaces = ["all"]
[cloud]
url = "{url}"
[store]
folder = "{folder}"
[ui]
port = {port}
"""


_NO_MDNS: Final = """\
table inet app {
    chain out { type filter hook output priority 0; udp dport 5353 drop; }
    chain in { type filter hook input priority 0; udp dport 5353 drop; udp sport 5353 drop; }
}
"""
_SYSTEM: Final = os.pathsep.join((os.environ.get("PATH", ""), "/usr/sbin", "/sbin"))


class Service:
    """One of our programs on a machine: it comes back with the machine's power. What it stores is in `folder`."""

    def __init__(self, node: Node, module: str, folder: Path, settings: str) -> None:
        folder.mkdir(exist_ok=True)
        self._node = node
        self._settings = folder / f"{module}.toml"
        self._log = folder / f"{module}.log"
        verb = ("ui",) if module == "phone_client" else ()
        self._argv = (sys.executable, "-m", module, *verb, "--json", "--config", str(self._settings))
        self._settings.write_text(settings, "utf-8")
        self._program: Program | None = None

    def start(self) -> None:
        """Start it. Its complaints go to a file: a pipe that nobody reads fills up."""
        words = ("sh", "-c", 'exec "$@" 2>>"$0"', str(self._log), *self._argv)
        self._program = self._node.start(*words, service=True)

    def until_it_serves(self) -> Mapping[str, Any]:
        """Wait until it prints its JSON object, and return that.

        Raises:
            UnreachableError: it does not.
        """
        document = self._program and self._program.read_document(STARTS_S)
        if document:
            return document
        raise UnreachableError("a program of the lab", self._log.read_text("utf-8", "replace")[-_MOST_SAID:])

    def end(self) -> None:
        """End it as a power cut does."""
        if self._program:
            self._program.end_at_once()
            self._program = None

    def restart(self) -> None:
        """End it, and start it again."""
        self.end()
        self.start()
        self.until_it_serves()


@dataclass(frozen=True)
class Programs:
    """What runs, by machine, and what the AiSEG has printed on its label."""

    home: Home
    folder: Path
    label: Mapping[str, Any]
    services: Mapping[str, Service]

    @property
    def gateway_id(self) -> str:
        """The AiSEG's id."""
        return str(self.label["gateway_id"])

    @property
    def device_code(self) -> str:
        """What is printed on its case."""
        return str(self.label["device_code"])

    @property
    def panel_url(self) -> str:
        """The panel, by a name that stays when addresses change."""
        return f"http://{self.panel_name}:{DEFAULT_PORT}"

    @property
    def panel_name(self) -> str:
        """Its host name."""
        return f"aiseg-{self.gateway_id}.local"

    def names(self, host: str) -> list[str]:
        """Return the addresses of a name, as the household's browsers find them right now."""
        if host == CLOUD_NAME:
            return [self.home.cloud.address]
        if host == self.panel_name:
            fixed = Plan().address6("gateway", "home")
            return [self.home.gateway.address, *([str(fixed.ip)] if fixed else [])]
        return []


@contextmanager
def running_in(home: Home, folder: Path, given: Given) -> Iterator[Programs]:
    """Start everything at once, and wait until all of it serves.

    Raises:
        UnreachableError: something does not start.
    """
    services = {
        "cloud": Service(home.cloud, "cloud", folder, _cloud_settings(folder)),
        "gateway": Service(home.gateway, "emulator", folder, _gateway_settings(folder, given)),
        "phone": Service(home.phone, "phone_client", folder, _phone_settings(folder)),
    }
    if given.neighbour_gateway:
        own = folder / "neighbour"
        services["neighbour"] = Service(home.neighbour, "emulator", own, _gateway_settings(own, given))
    printer = (sys.executable, "-m", "lab.neighbour", "busy", "1", "0")
    with ExitStack() as stack:
        for each in services.values():
            each.start()
            stack.callback(each.end)
        stack.callback(home.neighbour.start(*printer, service=True).end_at_once)
        documents = {name: each.until_it_serves() for name, each in services.items()}
        yield Programs(home, folder, documents["gateway"], services)


def forbid_searching(phone: Node) -> None:
    """Let the phone's system refuse what the app sends by mDNS, and keep from it what comes.

    Raises:
        Problem: PROGRAM_MISSING.
    """
    if shutil.which("nft", path=_SYSTEM) is None:
        raise Problem(PROGRAM_MISSING, program="nft", remedy="apt install nftables")
    phone.run("nft", _NO_MDNS)


def _cloud_settings(folder: Path) -> str:
    return _CLOUD.format(
        port=CLOUD_PORT, club=CLUB_PORT, url=CLOUD_URL, name=CLOUD_NAME, folder=folder / "cloud"
    )


def _gateway_settings(folder: Path, given: Given) -> str:
    return _GATEWAY.format(
        model=given.gateway.model,
        folder=folder / "gateway",
        url=CLOUD_URL,
        port=DEFAULT_PORT,
        interval=INTERVAL_S,
    )


def _phone_settings(folder: Path) -> str:
    return _PHONE.format(url=CLOUD_URL, folder=folder / "phone", port=PHONE_PORT)
