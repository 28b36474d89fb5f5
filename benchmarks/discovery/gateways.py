"""Who announces the gateway that is searched for: our emulator, avahi, or python-zeroconf."""

import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal, TypeAlias
from urllib.parse import urlsplit

from benchmarks.discovery.talk import Talk
from lab.node import Node
from protocol.discovery import Advertisement

Announcer: TypeAlias = Literal["ours", "avahi", "zeroconf"]

PORT: Final = 8081
START_LIMIT_S: Final = 20.0
_FOREIGN: Final = Advertisement(
    gateway_id="0123456789ab", model="MKN702", firmware="2.10", registered=True, busy=False
)


@dataclass(frozen=True)
class Gateway:
    """What a search has to find; `folder` is for what its programs leave behind."""

    gateway_id: str
    name: str
    address: str
    port: int
    folder: Path


def surroundings() -> Mapping[str, str]:
    """Return the environment in which our gateway announces itself on the home's network."""
    return {**os.environ, "AISEG_EMULATOR__NETWORK__INTERFACES": "eth0"}


def emulator(folder: Path) -> Sequence[str]:
    """Return the command of our gateway, whose identity is in `folder`."""
    aiseg = str(Path(sys.executable).with_name("aiseg"))
    return [aiseg, "emulator", "--json", "--state", str(folder / "gateway"), "--http", f"0.0.0.0:{PORT}"]


def foreign(announcer: Announcer, address: str) -> Sequence[str]:
    """Return the command of a foreign responder that announces a gateway at `address`."""
    txt = [f"{key}={value}" for key, value in _FOREIGN.to_txt().items()]
    peers = [sys.executable, "-m"]
    if announcer == "avahi":
        host, words = _FOREIGN.host_name, [str(PORT), _FOREIGN.instance_name, *txt]
        return [*peers, "benchmarks.discovery.peers.avahi", "publish", host, *words]
    words = [address, str(PORT), _FOREIGN.host_name, _FOREIGN.instance_name, *txt]
    return [*peers, "benchmarks.discovery.peers.zeroconf_gateway", *words]


@contextmanager
def announced(announcer: Announcer, node: Node, folder: Path) -> Iterator[Gateway]:
    """Announce a gateway on `node` until the block ends; also what it says by HTTP is there."""
    with ExitStack() as programs:
        if announcer == "ours":
            program = programs.enter_context(node.running(*emulator(folder), env=surroundings()))
            label = Talk(program).hear(START_LIMIT_S)
            port = urlsplit(label["panel"][0]).port or PORT
            yield Gateway(label["gateway_id"], label["name"], node.address, port, folder)
            return
        device = (sys.executable, "-m", "benchmarks.discovery.peers.device")
        for command in (
            [*device, node.address, str(PORT), _FOREIGN.gateway_id],
            foreign(announcer, node.address),
        ):
            Talk(programs.enter_context(node.running(*command))).hear(START_LIMIT_S)
        yield Gateway(_FOREIGN.gateway_id, _FOREIGN.instance_name, node.address, PORT, folder)
