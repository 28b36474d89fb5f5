"""Who searches: ours and the field's, each a program of `peers`, and what it needs to be here."""

import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from benchmarks.discovery.gateways import Gateway
from benchmarks.discovery.here import PEERS, Here, Need

DAEMON_SETTLES_S: Final = 1.3  # avahi probes its own host name after a start

Command = Callable[[Here, Gateway], Sequence[str]]


@dataclass(frozen=True)
class Search:
    """A way to search: its title in tables, and the command that is then told by a line to search.

    `fresh`: what it learned stays in its process, so each search gets a new one (started before the clock);
    `settle_s`: how long after `prepare` it is ready.
    """

    title: str
    command: Command
    need: Need = "nothing"
    fresh: bool = False
    settle_s: float = 0.0
    ours: bool = False


def _python(module: str, *words: str) -> list[str]:
    return [sys.executable, "-m", f"benchmarks.discovery.peers.{module}", *words]


def _ours(how: str, gateway: Gateway) -> list[str]:
    return _python("ours", how, gateway.name, gateway.address, str(gateway.port))


def _node(script: str) -> Command:
    def command(here: Here, _: Gateway) -> Sequence[str]:
        return ["env", f"NODE_PATH={here.node_modules}", "node", str(PEERS / script)]

    return command


def _timed(*words: str) -> Command:
    """Return the command of a whole process that is started, and timed from outside."""
    return lambda here, gateway: _python("timed", *_filled(words, here, gateway))


def _filled(words: Sequence[str], here: Here, gateway: Gateway) -> list[str]:
    known = {
        "id": gateway.gateway_id,
        "hashicorp": str(here.hashicorp),
        "modules": f"NODE_PATH={here.node_modules}",
        "state": str(gateway.folder / "phone"),
        "new": "{new}",
    }
    return [word.format_map(known) for word in words]


_AISEG: Final = str(Path(sys.executable).with_name("aiseg"))
_ONCE: Final = str(PEERS / "bonjour_service.js")

SEARCHES: Final[Mapping[str, Search]] = {
    "ours": Search("aiseg phone, nothing remembered", lambda _, gateway: _ours("new", gateway), ours=True),
    "ours_remembered": Search(
        "aiseg phone, gateway remembered",
        lambda _, gateway: _ours("remembered", gateway),
        ours=True,
    ),
    "avahi": Search(
        "avahi-browse -r, cold daemon",
        lambda *_: _python("avahi", "browse", "-rp"),
        "avahi",
        settle_s=DAEMON_SETTLES_S,
    ),
    "zeroconf": Search("python-zeroconf, as documented", lambda *_: _python("zeroconf_naive")),
    "zeroconf_tuned": Search("python-zeroconf, tuned", lambda *_: _python("zeroconf_tuned")),
    "bonjour_service": Search("bonjour-service (npm)", _node("bonjour_service.js"), "npm"),
    "multicast_dns": Search("multicast-dns (npm)", _node("multicast_dns.js"), "npm"),
    "dnssd": Search("dnssd (npm)", _node("dnssd.js"), "npm", fresh=True),
    "hashicorp": Search("hashicorp/mdns (Go)", lambda here, _: [str(here.hashicorp)], "go", fresh=True),
}

PROCESSES: Final[Mapping[str, Search]] = {
    "aiseg": Search(
        "aiseg phone search, nothing remembered",
        _timed(_AISEG, "phone", "search", "--lan", "--state", "{new}"),
        ours=True,
    ),
    "aiseg_remembered": Search(
        "aiseg phone search, gateway remembered",
        _timed(_AISEG, "phone", "search", "--lan", "--state", "{state}"),
        ours=True,
    ),
    "zeroconf_script": Search(
        "python-zeroconf script",
        _timed(sys.executable, "-m", "benchmarks.discovery.peers.zeroconf_naive", "{id}"),
    ),
    "bonjour_script": Search(
        "bonjour-service script", _timed("env", "{modules}", "node", _ONCE, "{id}"), "npm"
    ),
    "hashicorp_program": Search("hashicorp/mdns program", _timed("{hashicorp}", "{id}"), "go"),
    "avahi_exit": Search(
        "avahi-browse -rpt to its end, daemon up",
        lambda *_: _python("avahi", "browse", "-rpt"),
        "avahi",
        settle_s=DAEMON_SETTLES_S,
    ),
}
