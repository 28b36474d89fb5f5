"""Each condition does to real kernels what it says: single machines, their power, and their neighbours."""

import socket
import sys
import time

import pytest

from lab.home import Home
from lab.network.names import question
from protocol.problems import CANNOT_RUN_HERE, Problem
from tests.lab.conditions.probes import (
    CLOUD,
    GATEWAY,
    GATEWAY_6,
    Listener,
    knock,
    ping,
    wait_for,
)

pytestmark = pytest.mark.lab


def test_address_changes(home: Home, phone: Listener) -> None:
    assert knock(home, "phone", GATEWAY) == "open"
    home.begin("address_changes")
    assert home.gateway.address == "192.168.0.120"
    home.phone.run("ip", "neighbour", "flush", "all")
    assert knock(home, "phone", GATEWAY) == "silent"
    assert knock(home, "phone", "192.168.0.120") == "open"


def test_address_conflict(home: Home) -> None:
    home.begin("address_conflict", every_s=0.2)
    seen: set[str] = set()
    deadline = time.monotonic() + 5
    while seen != {"open", "refused"} and time.monotonic() < deadline:
        home.phone.run("ip", "neighbour", "flush", "all")
        seen.add(knock(home, "phone", GATEWAY))
        home.gateway.run("ip", "neighbour", "flush", "all")  # then it asks, and the phone learns from that
        knock(home, "gateway", "192.168.0.30")
        seen.add(knock(home, "phone", GATEWAY))
    assert seen == {"open", "refused"}


def test_clock_wrong(home: Home) -> None:
    say_year = (sys.executable, "-c", "import time; print(time.gmtime().tm_year)")
    year = int(home.gateway.run(*say_year))
    try:
        home.begin("clock_wrong", ahead_s=3 * 366 * 86_400)
    except Problem as problem:
        if problem.kind != CANNOT_RUN_HERE:
            raise
        pytest.skip(problem.sentence())
    assert int(home.gateway.run(*say_year)) == year + 3
    assert int(home.phone.run(*say_year)) == year
    home.all_clear()
    assert int(home.gateway.run(*say_year)) == year


def test_gateway_off(home: Home) -> None:
    home.begin("gateway_off")
    assert "NO-CARRIER" in home.gateway.run("ip", "link", "show", "eth0")
    assert knock(home, "phone", GATEWAY) == "silent"
    assert knock(home, "phone", "192.168.0.40") == "open"


def test_power_cut(home: Home) -> None:
    waits = (sys.executable, "-c", "print('up', flush=True); input()")
    with home.gateway.start(*waits, service=True) as service:
        assert service.read_line(5) == "up\n"
        home.begin("power_cut", order="gateway,router,phone", off_s=0.3, gap_s=0.3)
        for node in (home.gateway, home.phone, home.neighbour):
            assert "NO-CARRIER" in node.run("ip", "link", "show", "eth0")
        assert service.read_line(5) == "up\n"  # started again with the power
        wait_for(lambda: not home.active(), 3)
        assert "NO-CARRIER" not in home.gateway.run("ip", "link", "show", "eth0")


def test_gateway_not_running(home: Home, phone: Listener, gateway: Listener) -> None:
    assert knock(home, "phone", GATEWAY_6) == "open"
    home.begin("gateway_not_running")
    assert [knock(home, "phone", each) for each in (GATEWAY, GATEWAY_6)] == ["refused", "refused"]
    with home.phone.open_socket(socket.AF_INET6, socket.SOCK_DGRAM) as asking:
        asking.settimeout(1)
        asking.connect((GATEWAY_6, 5353))
        asking.send(b"question")
        with pytest.raises(ConnectionRefusedError):
            asking.recv(1)
    assert ping(home, "phone", GATEWAY)
    phone.say(b"question")
    assert gateway.misses(b"question")
    gateway.say(b"answer")
    assert phone.misses(b"answer")


def test_gateway_firewalled(home: Home, phone: Listener, gateway: Listener) -> None:
    home.begin("gateway_firewalled")
    assert knock(home, "phone", GATEWAY) == "silent"
    assert home.gateway.mac in home.phone.run("ip", "neighbour", "show", GATEWAY)
    phone.say(b"question")
    assert gateway.misses(b"question")
    gateway.say(b"answer")
    assert phone.hears(b"answer")
    assert knock(home, "gateway", CLOUD, 443) == "open"


def test_phone_firewalled(home: Home, phone: Listener, gateway: Listener) -> None:
    home.begin("phone_firewalled")
    with home.phone.open_socket(socket.AF_INET, socket.SOCK_DGRAM) as one_shot:
        one_shot.settimeout(0.3)
        one_shot.sendto(b"one-shot", ("224.0.0.251", 5353))
        (_, (host, port)) = gateway.socket.recvfrom(100)
        gateway.socket.sendto(b"answer", (host, port))
        with pytest.raises(TimeoutError):
            one_shot.recv(100)
    gateway.say(b"to all")
    assert phone.hears(b"to all")
    assert knock(home, "phone", GATEWAY) == "open"


def test_busy_neighbourhood(home: Home, phone: Listener) -> None:
    home.begin("busy_neighbourhood", n=30, ours=5)
    phone.say(question("_aiseg._tcp.local.", 12))
    assert phone.gathers(*(b"ACME HEMS %d" % number for number in range(1, 6)))


def test_a_neighbour_sleeps_while_nothing_happens(home: Home) -> None:
    """News of addresses that nobody took in kept it awake, and with it the whole machine."""
    home.begin("busy_neighbourhood", n=1)
    pids = home.neighbour.run("pgrep", "-f", "lab.neighbour busy").split()
    home.neighbour.run("ip", "address", "add", "192.168.0.249/24", "dev", "eth0")
    assert pids
    spent = [ticks(home, pid) for pid in pids]
    time.sleep(1.0)
    assert all(
        ticks(home, pid) - before < 8 for pid, before in zip(pids, spent, strict=True)
    )  # of 100 a second
    home.neighbour.run("ip", "address", "del", "192.168.0.249/24", "dev", "eth0")


def ticks(home: Home, pid: str) -> int:
    """Return how long a program has had a processor, in hundredths of a second."""
    fields = home.neighbour.run("cat", f"/proc/{pid}/stat").rpartition(")")[2].split()
    return int(fields[11]) + int(fields[12])


def test_rogue_gateway(home: Home, phone: Listener) -> None:
    home.begin("rogue_gateway", gateway_id="0badc0ffee00", address="far")
    phone.say(question("_aiseg._tcp.local.", 12))
    assert phone.gathers(b"id=0badc0ffee00", socket.inet_aton("203.0.113.66"))


def test_name_taken(home: Home) -> None:
    announcing = (sys.executable, "-m", "lab.conformance.ours", "0123456789ab", "MKN702", "8080", "eth0")
    with home.gateway.running(*announcing) as program:
        while (line := program.read_line(10)) != "announced AiSEG MKN702 (6789ab)\n":
            assert line
        home.begin("name_taken")
        while (line := program.read_line(10)) != "announced AiSEG MKN702 (6789ab) (2)\n":
            assert line
