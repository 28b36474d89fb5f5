"""A home on one bridge: a phone, a gateway, a router, a neighbour, and what can be wrong between them."""

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from phone_client.places import PlacesFile, Remembered
from tests.phone_client.gateway_double import GATEWAY_ID, PORT
from tests.support.namespaces import Host, hosts_on_a_bridge

NAME = "AiSEG MKN702 (6789ab)"


@dataclass(frozen=True)
class Searched:
    """How a search ended: exit code, seconds, and the JSON it printed."""

    code: int
    took_s: float
    document: dict[str, Any]

    @property
    def found(self) -> list[dict[str, Any]]:
        hits: list[dict[str, Any]] = self.document["found"]
        return hits

    @property
    def diagnosis(self) -> str | None:
        diagnosis = self.document["diagnosis"]
        return str(diagnosis["code"]) if diagnosis else None

    @property
    def evidence(self) -> str:
        return " ".join(line["en"] for line in self.document["diagnosis"]["evidence"])


@dataclass(frozen=True)
class Home:
    phone: Host
    gateway: Host
    router: Host
    neighbour: Host
    state: Path

    def remember(self, address: str | None = None, port: int = PORT, **known: Any) -> None:
        """Let the phone know the gateway from an earlier day: no ARP entry is left of it."""
        where = address or self.gateway.address
        last = Remembered(gateway_id=GATEWAY_ID, name=NAME, address=where, port=port, **known)
        PlacesFile(self.state).add([last])

    def search(self, limit_s: float = 2, *words: str) -> Searched:
        """Search on the phone's real interfaces."""
        search = ("search", "--json", "--timeout", str(limit_s), "--state", str(self.state))
        command = self.phone.command(sys.executable, "-m", "phone_client", *search, *(words or ("--lan",)))
        started = time.monotonic()
        done = subprocess.run(command, capture_output=True, text=True, timeout=50, check=False)
        assert "Traceback" not in done.stderr, done.stderr
        assert done.stdout, done.stderr
        return Searched(done.returncode, time.monotonic() - started, json.loads(done.stdout))

    @contextmanager
    def announcing(self, host: Host | None = None, *words: str, address: str | None = None) -> Iterator[None]:
        """Announce a gateway (by python-zeroconf) on `host`, at once and until the block ends."""
        where = host or self.gateway
        double = ("-m", "tests.phone_client.gateway_double", address or where.address, *words)
        with where.running(sys.executable, *double) as process:
            assert process.stdout
            line = process.stdout.readline()
            assert line == "announced\n", line + process.stdout.read()
            yield

    @contextmanager
    def printer(self) -> Iterator[None]:
        """Let another device of the home speak mDNS."""
        with self.announcing(self.neighbour, "--type", "_ipp._tcp.local."):
            yield


def drop(host: Host, *rules: str) -> None:
    """Drop in `host` what fits one of `rules`, each an nftables hook (ingress, input, output) and an expression."""
    for number, rule in enumerate(rules):
        hook, _, fits = rule.partition(" ")
        family, place = ("netdev", "ingress device eth0") if hook == "ingress" else ("inet", hook)
        chain = f"chain c {{ type filter hook {place} priority 0; {fits} drop\n }}"
        host.run("nft", f"table {family} t{number} {{ {chain}\n }}")


def mac_of(host: Host) -> str:
    """Return the MAC address of `eth0`."""
    (link,) = json.loads(host.run("ip", "-j", "link", "show", "eth0"))
    return str(link["address"])


@contextmanager
def home(state: Path) -> Iterator[Home]:
    """Make a phone, a gateway, a router and a neighbour on one bridge; the phone's default route goes to the router."""
    with hosts_on_a_bridge(4) as (phone, gateway, router, neighbour):
        phone.run("ip", "route", "add", "default", "via", router.address)
        yield Home(phone, gateway, router, neighbour, state)
