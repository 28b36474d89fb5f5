"""Every condition begins in a real home, and when it has ended the home is what it was."""

import json
import socket
import sys
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from lab.conditions.catalogue import CATALOGUE
from lab.home import Home
from lab.node import Node
from protocol.problems import CANNOT_RUN_HERE, Problem
from tests.lab.test_home import udp

SAY_TIME = "import time; print(time.time())"
BRIEF = {"router_reboots": {"s": 0.3}, "wifi_drops": {"s": 0.3}, "power_cut": {"off_s": 0.3, "gap_s": 0.1}}
"""Those that end by themselves."""


@pytest.fixture(scope="module")
def home() -> Iterator[Home]:
    with Home(movable_clocks=False) as home:
        yield home


def state_of(node: Node) -> list[Any]:
    """Return what a node's kernel knows of its network, without what changes by itself."""
    links = json.loads(node.run("ip", "-j", "addr"))
    routes = [node.run("ip", *version, "route").splitlines() for version in ((), ("-6",))]
    for link in links:
        for each in link["addr_info"]:
            each.pop("stable-privacy", None)
    known = [
        {key: link.get(key) for key in ("ifname", "address", "mtu", "flags")}
        | {"addr_info": sorted((each["local"], each["prefixlen"]) for each in link["addr_info"])}
        for link in links
    ]
    return [known, [sorted(each) for each in routes], node.run("cat", "/etc/resolv.conf")]


def state(home: Home) -> dict[str, list[Any]]:
    return {name: state_of(node) for name, node in home.nodes.items()}


def until(so: Callable[[], object], what: str) -> None:
    deadline = time.monotonic() + 15  # an address that was taken heals as slowly as in any home
    while not so():
        assert time.monotonic() < deadline, what
        time.sleep(0.02)


def reaches(home: Home, name: str) -> bool:
    """Say whether a datagram of the phone gets to a node, and back."""
    node = home.nodes[name]
    with udp(home.phone) as client, udp(node, 7000) as server:
        client.settimeout(0.2)
        server.settimeout(0.2)
        try:
            client.sendto(b"?", (node.address, 7000))
            server.sendto(*server.recvfrom(100))
            return bool(client.recv(100))
        except OSError:
            return False


@pytest.mark.parametrize("name", CATALOGUE)
def test_what_has_ended_leaves_nothing(home: Home, name: str) -> None:
    before = state(home)
    try:
        begun = home.begin(name, **BRIEF.get(name, {}))
    except Problem as problem:
        assert problem.kind is CANNOT_RUN_HERE
        pytest.skip(problem.sentence())
    finally:
        if name not in BRIEF:
            home.all_clear()
    assert begun.name == name
    until(lambda: not home.active(), "it goes on")
    until(lambda: state(home) == before, f"not as before: {before} {state(home)}")
    until(lambda: reaches(home, "gateway") and reaches(home, "cloud"), "does not work as before")


@pytest.fixture
def clear(home: Home) -> Iterator[Home]:
    yield home
    home.all_clear()


def test_a_time_to_live_ends_a_condition(clear: Home) -> None:
    begun = clear.begin("loss", p=1.0, ttl_s=0.3)
    assert clear.active() == [begun]
    assert begun.ends_at
    assert not reaches(clear, "gateway")
    until(lambda: not clear.active(), "it goes on")
    until(
        lambda: reaches(clear, "gateway"), "it goes on"
    )  # who asked in vain for an address asks again in a second


def test_conditions_stack_and_end_one_by_one(clear: Home) -> None:
    first, second = clear.begin("loss", p=1.0, on="cloud"), clear.begin("loss", p=1.0, on="gateway")
    assert [each.number for each in clear.active()] == [first.number, second.number]
    assert not reaches(clear, "cloud")
    clear.end(first.number)
    until(lambda: reaches(clear, "cloud"), "the first goes on")
    assert not reaches(clear, "gateway")
    clear.all_clear()
    until(lambda: reaches(clear, "gateway"), "the second goes on")


def test_an_unknown_condition_is_refused_with_what_comes_near(home: Home) -> None:
    with pytest.raises(Problem, match="guest_wifi"):
        home.begin("guest_wlan")
    assert not home.active()


def test_the_kernel_sees_that_wifi_drops(clear: Home) -> None:
    clear.begin("wifi_drops", s=0.3)
    assert "NO-CARRIER" in clear.phone.run("ip", "link", "show", "eth0")
    until(lambda: "LOWER_UP" in clear.phone.run("ip", "link", "show", "eth0"), "no carrier")


def test_a_guest_has_an_address_of_the_guests(clear: Home) -> None:
    clear.begin("guest_wifi")
    assert clear.phone.address == "192.168.5.30"
    assert clear.phone.run("cat", "/etc/resolv.conf") == "nameserver 192.168.5.1\n"
    until(lambda: reaches(clear, "cloud"), "a guest has the internet")
    assert not reaches(clear, "gateway")


def test_an_address_changes(clear: Home) -> None:
    before = clear.gateway.address
    begun = clear.begin("address_changes")
    assert clear.gateway.address == "192.168.0.120"
    assert reaches(clear, "gateway")
    clear.end(begun.number)
    assert clear.gateway.address == before


def test_the_default_route_moves_to_the_second_interface(clear: Home) -> None:
    clear.begin("two_nics_wrong_one")
    way = json.loads(clear.phone.run("ip", "-j", "route", "get", "203.0.113.10"))
    assert way[0]["dev"] == "eth1"
    until(lambda: reaches(clear, "cloud"), "the second interface leads nowhere")


def test_a_tunnel_takes_all_that_is_not_near(clear: Home) -> None:
    try:
        clear.begin("vpn_on_phone")
    except Problem as problem:
        pytest.skip(problem.sentence())
    assert json.loads(clear.phone.run("ip", "-j", "route", "get", "203.0.113.10"))[0]["dev"] == "tun0"
    assert "POINTOPOINT" in clear.phone.run("ip", "link", "show", "tun0")


def test_a_service_comes_back_with_the_power(clear: Home) -> None:
    serve = "import os, time; print(os.getpid(), flush=True); time.sleep(3600)"
    with (
        clear.gateway.running(sys.executable, "-c", serve, service=True) as service,
        clear.gateway.running("sleep", "3600") as plain,
    ):
        first = service.read_line()
        cut = clear.begin("gateway_off")
        assert plain.wait(5) < 0
        assert service.poll() is None
        assert first.strip() not in clear.cloud.run("ls", "/proc").split()
        clear.end(cut.number)
        assert service.read_line() != first


def test_a_service_without_power_can_be_ended(clear: Home) -> None:
    with clear.gateway.running("sleep", "3600", service=True) as service:
        clear.begin("gateway_off")
    assert service.wait(0) < 0


def test_a_clock_is_wrong_in_one_machine_only() -> None:
    try:
        with Home(movable_clocks=True) as home:
            script = "import sys, time\nfor _ in sys.stdin: print(time.time(), time.monotonic(), flush=True)"
            with home.gateway.running(sys.executable, "-u", "-c", script) as clock:

                def ahead() -> float:
                    clock.stdin.write("\n")
                    clock.stdin.flush()
                    return float(clock.read_line().split()[0]) - time.time()  # noqa: TID251

                assert abs(ahead()) < 5
                wrong = home.begin("clock_wrong", ahead_s=3600.0)
                until(lambda: abs(ahead() - 3600) < 5, "it is not wrong")
                assert abs(float(home.phone.run(sys.executable, "-c", SAY_TIME)) - time.time()) < 5  # noqa: TID251
                home.end(wrong.number)
                until(lambda: abs(ahead()) < 5, "it is still wrong")
    except Problem as problem:
        pytest.skip(problem.sentence())


def test_an_address_of_ipv4_is_gone_and_comes_back(clear: Home) -> None:
    clear.begin("ipv6_only", on="phone")
    assert clear.phone.run("ip", "-4", "addr", "show", "eth0") == ""
    with clear.phone.open_socket(socket.AF_INET6, socket.SOCK_DGRAM) as client:
        client.connect(("fd00:5::14", 7))
