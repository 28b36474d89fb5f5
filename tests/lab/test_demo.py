"""The demo opened to a network: a laptop on the same switch uses it."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.namespaces import Host, hosts_on_a_bridge

pytestmark = pytest.mark.lab


def aiseg(host: Host, *words: str) -> str:
    return host.run(sys.executable, "-m", "aiseg", *words)


@pytest.mark.req("S-GEN-07", "S-DISC-09")
def test_a_laptop_on_the_same_switch_finds_the_demo_and_its_pages(tmp_path: Path) -> None:
    with (
        hosts_on_a_bridge(2) as (desk, laptop),
        desk.running(sys.executable, "-m", "aiseg", "demo", "--lan", "--json") as demo,
    ):
        assert demo.stdout
        hello = json.loads(demo.stdout.readline())
        phone = ("phone", "--state", str(tmp_path), "--cloud", hello["cloud"].rstrip("/"), "--lan")
        (hit,) = json.loads(aiseg(laptop, *phone, "search", "--json"))["found"]
        assert (hit["address"], hit["model"]) == (desk.address, "MKN702")
        read = "import sys, urllib.request; print(urllib.request.urlopen(sys.argv[1]).status)"
        for page in ("panel", "inbox"):
            assert laptop.run(sys.executable, "-c", read, hello[page]) == "200\n", page


def test_onboarding_plays_on_a_real_network_too() -> None:
    with hosts_on_a_bridge(1) as (desk,):
        told = json.loads(aiseg(desk, "demo", "--lan", "--once", "--json"))
        assert told["happened"]


def test_on_loopback_it_does_not_say_a_word_on_the_network() -> None:
    with hosts_on_a_bridge(1) as (desk,):
        desk.run("sysctl", "-qw", "net.ipv6.conf.eth0.disable_ipv6=1")  # the kernel's own words
        before = desk.run("cat", "/sys/class/net/eth0/statistics/tx_packets")
        assert json.loads(aiseg(desk, "demo", "--once", "--json"))["happened"]
        assert desk.run("cat", "/sys/class/net/eth0/statistics/tx_packets") == before


def test_without_a_network_lan_is_refused_with_a_sentence() -> None:
    with hosts_on_a_bridge(1) as (desk,):
        desk.run("ip", "link", "delete", "eth0")
        words = desk.command(sys.executable, "-m", "aiseg", "demo", "--lan")
        done = subprocess.run(words, capture_output=True, text=True, timeout=30, check=False)
        assert (done.returncode, done.stdout) == (1, "")
        assert done.stderr == "This machine is on no network; leave --lan away to stay on loopback.\n"
