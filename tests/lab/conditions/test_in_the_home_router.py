"""Each condition does to real kernels what it says: the router, what is behind it, machines that are elsewhere."""

import socket

import pytest

from lab.home import Home
from protocol.problems import CANNOT_RUN_HERE, Problem
from tests.lab.conditions.probes import (
    CLOUD,
    GATEWAY,
    ROUTER,
    Listener,
    knock,
    looked_up,
    ping,
    wait_for,
)

pytestmark = pytest.mark.lab


@pytest.mark.parametrize("name", ["guest_wifi", "other_network"])
def test_elsewhere(home: Home, gateway: Listener, name: str) -> None:
    home.begin(name)
    with Listener(home, "phone") as phone:
        phone.say(b"question")
        assert gateway.misses(b"question")
    assert knock(home, "phone", GATEWAY) in ("silent", "no way")
    assert knock(home, "phone", CLOUD, 443) == "open"


def test_other_router(home: Home, gateway: Listener) -> None:
    home.begin("other_router")
    assert home.phone.address == "192.168.10.30"
    with Listener(home, "phone") as phone:
        phone.say(b"question")
        assert gateway.misses(b"question")
    assert knock(home, "phone", GATEWAY) == "open"  # from behind
    assert knock(home, "gateway", "192.168.10.30") in ("silent", "no way")
    assert knock(home, "phone", CLOUD, 443) == "open"  # through two routers
    assert looked_up(home, "phone", "192.168.10.1") == CLOUD


def test_reflector(home: Home, gateway: Listener) -> None:
    home.begin("reflector")
    with Listener(home, "phone") as phone:
        phone.say(b"question")
        assert gateway.hears(b"question")
        gateway.say(b"answer")
        assert phone.heard(lambda got: got[-1][0] == b"answer")[-1] == (b"answer", "192.168.5.1")
    assert knock(home, "phone", GATEWAY) == "open"
    with home.phone.open_socket(socket.AF_INET, socket.SOCK_DGRAM) as one_shot:
        one_shot.settimeout(1)
        one_shot.sendto(b"one-shot", ("224.0.0.251", 5353))
        assert gateway.heard(lambda got: got[-1][0] == b"one-shot")[-1] == (b"one-shot", ROUTER)


def test_reflector_damaged(home: Home, gateway: Listener) -> None:
    home.begin("reflector_damaged", how="truncated", bytes_left=3, routed=False)
    with Listener(home, "phone") as phone:
        gateway.say(b"answer")
        assert phone.hears(b"ans")
    assert knock(home, "phone", GATEWAY) in ("silent", "no way")


def test_two_nics_wrong_one(home: Home, phone: Listener, gateway: Listener) -> None:
    home.begin("two_nics_wrong_one")
    route = home.phone.run("ip", "route", "get", CLOUD)
    assert "eth1" in route
    assert "100.64.0.1" in route
    assert knock(home, "phone", GATEWAY) == "open"
    assert knock(home, "phone", CLOUD, 443) == "open"
    with home.phone.open_socket(socket.AF_INET, socket.SOCK_DGRAM) as by_route:
        by_route.sendto(b"by the default route", ("224.0.0.251", 5353))
        assert gateway.misses(b"by the default route")


def test_vpn_on_phone(home: Home, phone: Listener, gateway: Listener) -> None:
    try:
        home.begin("vpn_on_phone")
    except Problem as problem:
        if problem.kind != CANNOT_RUN_HERE:
            raise
        pytest.skip(problem.sentence())
    assert "tun0" in home.phone.run("ip", "route", "get", CLOUD)
    phone.say(b"question")
    assert gateway.misses(b"question")
    assert knock(home, "phone", GATEWAY) == "silent"


def test_router_reboots(home: Home) -> None:
    home.begin("router_reboots", s=0.5)
    assert "NO-CARRIER" in home.phone.run("ip", "link", "show", "eth0")
    assert knock(home, "phone", GATEWAY) != "open"
    wait_for(lambda: not home.active(), 2)
    assert "NO-CARRIER" not in home.phone.run("ip", "link", "show", "eth0")
    wait_for(lambda: ping(home, "phone", ROUTER), 2)


def test_uplink_down(home: Home) -> None:
    home.begin("uplink_down")
    assert [knock(home, "phone", GATEWAY), knock(home, "phone", CLOUD, 443)] == ["open", "silent"]
    assert looked_up(home, "phone", ROUTER) is None
    assert ping(home, "phone", ROUTER)


def test_cloud_down_and_broker_down(home: Home) -> None:
    began = home.begin("broker_down")
    assert [knock(home, "phone", CLOUD, port) for port in (443, 1883)] == ["open", "refused"]
    home.end(began.number)
    home.begin("cloud_down")
    assert [knock(home, "phone", CLOUD, port) for port in (443, 1883)] == ["refused", "refused"]
    home.begin("cloud_down", how="silent")
    assert ping(home, "phone", CLOUD)
    assert looked_up(home, "phone", ROUTER) == CLOUD


def test_a_broker_that_goes_down_ends_its_connections(home: Home) -> None:
    with home.gateway.open_socket(socket.AF_INET, socket.SOCK_STREAM) as client:
        client.settimeout(1)
        client.connect((CLOUD, 1883))
        home.begin("broker_down")
        client.send(b"publish")
        with pytest.raises(ConnectionResetError):
            client.recv(1)


def test_dns_broken(home: Home) -> None:
    home.begin("dns_broken", how="servfail")
    assert looked_up(home, "phone", ROUTER) == 2
    home.begin("dns_broken")
    home.all_clear()
    home.begin("dns_broken")
    assert looked_up(home, "phone", ROUTER) is None
    assert knock(home, "phone", CLOUD, 443) == "open"


def test_mtu_blackhole(home: Home) -> None:
    home.begin("mtu_blackhole", mtu=1400)
    with home.cloud.open_socket(socket.AF_INET, socket.SOCK_DGRAM) as cloud:
        cloud.bind(("0.0.0.0", 9000))
        cloud.settimeout(0.3)
        with home.phone.open_socket(socket.AF_INET, socket.SOCK_DGRAM) as phone:
            phone.sendto(bytes(1373), (CLOUD, 9000))
            phone.sendto(bytes(1372), (CLOUD, 9000))
            assert len(cloud.recv(2000)) == 1372
