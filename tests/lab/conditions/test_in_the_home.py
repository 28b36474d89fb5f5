"""Each condition does to real kernels what it says, and what it did is gone afterwards: the air, switches, access points."""

import time
from pathlib import Path

import pytest

from lab.home import Home
from lab.network.plan import Plan
from tests.lab.conditions.probes import CLOUD, GATEWAY, ROUTER, Listener, knock, looked_up, ping, wait_for

pytestmark = pytest.mark.lab


def test_with_no_condition_everything_works(home: Home, phone: Listener, gateway: Listener) -> None:
    phone.say(b"question")
    assert gateway.hears(b"question")
    gateway.say(b"answer")
    assert phone.hears(b"answer")
    assert [ping(home, "phone", each) for each in (ROUTER, GATEWAY, CLOUD)] == [True] * 3
    assert looked_up(home, "phone", ROUTER) == CLOUD
    assert [knock(home, "phone", GATEWAY, 81), knock(home, "phone", ROUTER, 80)] == ["refused"] * 2
    with Listener(home, "phone", ipv6=True) as asks, Listener(home, "gateway", ipv6=True) as hears:
        asks.say(b"question by IPv6")
        assert hears.hears(b"question by IPv6")


def test_mdns_blocked(home: Home, phone: Listener, gateway: Listener) -> None:
    home.begin("mdns_blocked")
    phone.say(b"question")
    phone.say(b"question", to=GATEWAY)
    assert gateway.misses(b"question")
    assert knock(home, "phone", GATEWAY) == "open"


def test_multicast_lost(home: Home, phone: Listener, gateway: Listener) -> None:
    home.begin("multicast_lost")
    phone.say(b"question")
    assert gateway.misses(b"question")
    phone.say(b"question", to=GATEWAY)
    assert gateway.hears(b"question")
    assert knock(home, "phone", GATEWAY) == "open"


def test_ap_isolation(home: Home, phone: Listener, gateway: Listener) -> None:
    home.begin("ap_isolation")
    phone.say(b"question")
    assert gateway.misses(b"question")
    assert knock(home, "phone", GATEWAY) == "silent"
    assert ping(home, "phone", ROUTER)
    assert knock(home, "phone", CLOUD, 443) == "open"
    home.phone.run("ip", "neighbour", "flush", "all")
    assert knock(home, "phone", GATEWAY) == "silent"
    arp = home.phone.run("ip", "neighbour", "show", GATEWAY)
    assert "INCOMPLETE" in arp or "FAILED" in arp


def test_loss_and_its_end(home: Home, phone: Listener, gateway: Listener) -> None:
    began = home.begin("loss", p=1, on="phone")
    phone.say(b"lost")
    assert gateway.misses(b"lost")
    home.end(began.number)
    phone.say(b"not lost")
    assert gateway.hears(b"not lost")


def test_delay(home: Home) -> None:
    home.begin("delay", ms=60)
    began = time.monotonic()
    assert ping(home, "phone", ROUTER)
    assert time.monotonic() - began >= 0.12


def test_rate(home: Home) -> None:
    home.begin("rate", kbps=400, on="phone")
    with Listener(home, "phone") as phone, Listener(home, "gateway") as gateway:
        began = time.monotonic()
        for _ in range(5):
            phone.say(bytes(1400))
        assert len(gateway.takes(5)) == 5
        assert time.monotonic() - began >= 5 * 1442 * 8 / 400_000


def test_duplicate_and_reorder(home: Home, phone: Listener, gateway: Listener) -> None:
    home.begin("duplicate", p=1, on="phone")
    phone.say(b"twice")
    assert gateway.takes(2) == [b"twice", b"twice"]
    home.all_clear()
    home.begin("reorder", p=0.5, ms=50, on="phone")
    sent = [bytes((number,)) for number in range(1, 21)]
    for each in sent:
        phone.say(each)
    heard = gateway.takes(20)
    assert sorted(heard) == sent != heard


def test_wifi_air(home: Home, phone: Listener, gateway: Listener) -> None:
    home.begin("wifi_air", p=0)
    gateway.say(b"answer")
    assert phone.hears(b"answer")
    home.all_clear()
    home.begin("wifi_air", p=1)
    gateway.say(b"answer")
    assert phone.misses(b"answer")
    phone.say(b"question")
    assert gateway.hears(b"question")


def test_igmp_snooping_no_querier(home: Home, phone: Listener, gateway: Listener) -> None:
    home.begin("igmp_snooping_no_querier", age_s=0.7)

    def findable() -> bool:
        phone.say(b"question")
        return gateway.hears(b"question", 0.1)

    gateway.change_membership(join=False)
    gateway.change_membership(join=True)
    wait_for(findable, 2)
    wait_for(
        lambda: not any(findable() for _ in range(10)), 8
    )  # a kernel repeats its report once, within a second
    assert knock(home, "phone", GATEWAY) == "open"
    gateway.change_membership(join=False)
    gateway.change_membership(join=True)
    wait_for(findable, 2)


def test_multicast_to_unicast(home: Home, phone: Listener, gateway: Listener) -> None:
    home.begin("multicast_to_unicast")
    phone.say(b"question")
    assert gateway.hears(b"question")
    gateway.say(b"answer")
    assert phone.hears(b"answer")  # Linux takes it


def test_ipv6_only(home: Home) -> None:
    home.begin("ipv6_only")
    assert "inet " not in home.phone.run("ip", "address", "show", "eth0")
    assert knock(home, "phone", GATEWAY) == "no way"
    with Listener(home, "phone", ipv6=True) as phone, Listener(home, "gateway", ipv6=True) as gateway:
        phone.say(b"question")
        assert gateway.hears(b"question")


def test_ipv4_only(home: Home, phone: Listener, gateway: Listener) -> None:
    home.begin("ipv4_only")
    assert "inet6" not in home.phone.run("ip", "address", "show", "eth0")
    phone.say(b"question")
    assert gateway.hears(b"question")


def test_wifi_drops(home: Home) -> None:
    home.begin("wifi_drops", s=0.3)
    assert "NO-CARRIER" in home.phone.run("ip", "link", "show", "eth0")
    assert knock(home, "neighbour", GATEWAY) == "open"
    wait_for(lambda: not home.active(), 2)


def test_conditions_stack_and_the_capture_says_which_did_what(tmp_path: Path) -> None:
    with Home(Plan(), seed=3, folder=tmp_path) as home, Listener(home, "gateway") as gateway:
        home.begin("delay", ms=1)
        home.begin("loss", p=1, on="neighbour")
        with Listener(home, "phone") as phone:
            phone.say(b"question")
            assert gateway.hears(b"question")
        said = home.capture().read_bytes()
    assert b"phone > gateway: held by delay #1" in said
    assert b"phone > neighbour: dropped by delay #1 + loss #2" in said


def test_the_same_seed_loses_the_same_frames_of_real_machines() -> None:
    assert [lost(4), lost(5)] == [lost(4), lost(5)]
    assert lost(4) != lost(5)


def lost(seed: int) -> list[bytes]:
    """Return which of 40 frames of the phone do not reach the gateway."""
    with (
        Home(Plan(), seed=seed) as home,
        Listener(home, "phone") as phone,
        Listener(home, "gateway") as gateway,
    ):
        home.begin("multicast_lost", p=0.5)
        sent = [bytes((number,)) for number in range(1, 41)]
        for each in sent:
            phone.say(each)
        phone.say(b"end", to=GATEWAY)
        heard = {data for data, _ in gateway.heard(lambda got: got[-1][0] == b"end")}
    return [each for each in sent if each not in heard]
