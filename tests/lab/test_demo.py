"""The demo opened to a network: a laptop on the same switch uses it."""

import json
import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import pytest

from lab.home import Home
from lab.network.plan import Plan
from lab.node import Node
from lab.program import Program, ProgramError
from tests.support.rights import NOT_ALLOWED, may_make_networks

pytestmark = [pytest.mark.lab, pytest.mark.skipif(not may_make_networks(), reason=NOT_ALLOWED)]


@pytest.fixture
def home() -> Iterator[Home]:
    with Home(Plan(bare=True).with_node("desk").with_node("laptop")) as home:
        yield home


@pytest.fixture
def desk(home: Home) -> Node:
    return home.nodes["desk"]


def aiseg(node: Node, *words: str) -> str:
    return node.run(sys.executable, "-m", "aiseg", *words)


def demo(desk: Node, *words: str) -> AbstractContextManager[Program]:
    return desk.running(sys.executable, "-m", "aiseg", "demo", "--json", *words)


def search(node: Node, folder: Path, *words: str) -> dict[str, Any]:
    (hit,) = json.loads(aiseg(node, "phone", "--state", str(folder), *words, "search", "--json"))["found"]
    assert hit["model"] == "MKN702"
    return dict(hit)


@pytest.mark.req("S-GEN-07", "S-DISC-09")
def test_a_laptop_on_the_same_switch_finds_the_demo_and_its_pages_as_the_desk_itself_does(
    home: Home, desk: Node, tmp_path: Path
) -> None:
    laptop = home.nodes["laptop"]
    with demo(desk, "--lan") as program:
        hello = json.loads(program.read_line(30))
        for node in (laptop, desk):
            assert search(node, tmp_path / node.name, "--lan")["address"] == desk.address
        read = "import sys, urllib.request; print(urllib.request.urlopen(sys.argv[1]).status)"
        for page in ("panel", "inbox"):
            assert laptop.run(sys.executable, "-c", read, hello[page]) == "200\n", page


def test_on_loopback_it_does_not_say_a_word_on_the_network(desk: Node, tmp_path: Path) -> None:
    desk.run("sysctl", "-qw", "net.ipv6.conf.eth0.disable_ipv6=1")  # the kernel's own words
    before = desk.run("cat", "/sys/class/net/eth0/statistics/tx_packets")
    with demo(desk) as program:
        assert program.read_line(30)
        assert search(desk, tmp_path)["address"] == "127.0.0.1"
    assert desk.run("cat", "/sys/class/net/eth0/statistics/tx_packets") == before


def test_without_a_network_lan_is_refused_with_a_sentence(desk: Node) -> None:
    desk.run("ip", "address", "flush", "dev", "eth0")
    with pytest.raises(ProgramError) as refused:
        aiseg(desk, "demo", "--lan")
    assert (refused.value.code, refused.value.output) == (
        1,
        "This machine is on no network; leave --lan away to stay on loopback.\n",
    )
