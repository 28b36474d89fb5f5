from ipaddress import IPv4Address, IPv4Interface, IPv6Address, IPv6Interface

import pytest

from phone_client.searching.kernel import Neighbour, Place, default_routers, interfaces, leaves_by, neighbours
from phone_client.searching.neighbourhood import Neighbourhood
from phone_client.searching.network import Link, Surroundings, look_around, scoped, stays_on, unscoped

pytestmark = pytest.mark.adapters

ETH0 = Link("eth0", 2, (IPv4Interface("192.168.1.5/24"),), (IPv6Interface("fe80::5/64"),))
ROUTER, ROUTER_MAC = IPv4Address("192.168.1.1"), "02:05:01:01:00:00"


def test_loopback_is_found_by_address_and_by_name() -> None:
    for chosen in ("127.0.0.1", "lo"):
        surroundings = look_around((chosen,))
        (link,) = surroundings.links
        assert link.name == "lo"
        assert IPv4Address("127.0.0.1") in {each.ip for each in link.ipv4}
        assert link.is_loopback
        assert not link.tunnel
        assert surroundings.loopback_only


def test_all_means_the_real_ones() -> None:
    assert not any(each.ip.is_loopback for link in look_around(("all",)).links for each in link.addresses)


def test_what_is_not_there_is_no_link() -> None:
    around = look_around(("no-such-interface", "203.0.113.250"))
    assert around.links == ()
    assert around.missing == ("no-such-interface", "203.0.113.250")
    assert look_around(("all",)).missing == look_around(("lo", "127.0.0.1")).missing == ()


def test_the_kernel_knows_its_interfaces_and_their_addresses() -> None:
    (lo,) = [each for each in interfaces() if each.name == "lo"]
    assert IPv4Interface("127.0.0.1/8") in lo.addresses
    assert isinstance(default_routers(), tuple)
    assert isinstance(neighbours(), dict)


def test_the_kernel_tells_where_a_packet_would_leave() -> None:
    (lo,) = look_around(("lo",)).links
    assert leaves_by(IPv4Address("127.0.0.9")) == lo.index
    assert stays_on(lo, IPv4Address("127.0.0.9"))
    assert not stays_on(ETH0, IPv4Address("127.0.0.9"))


def test_what_is_on_the_link() -> None:
    assert ETH0.reaches(IPv4Address("192.168.1.200"))
    assert ETH0.reaches(IPv6Address("fe80::9%eth0"))
    assert not ETH0.reaches(IPv6Address("fe80::9%eth1"))
    assert not ETH0.reaches(IPv4Address("192.168.2.1"))
    assert ETH0.owns(IPv6Address("fe80::5%eth0"))
    assert not ETH0.owns(IPv4Address("192.168.1.6"))


def test_an_address_that_nobody_gave_does_not_make_a_link_usable() -> None:
    assert ETH0.usable
    assert not Link("eth0", 2, (IPv4Interface("169.254.7.7/16"),), ETH0.ipv6).usable
    assert not Link("eth0", 2, (), ()).usable


def test_a_link_local_address_names_its_interface_once() -> None:
    assert str(scoped(IPv6Address("fe80::9"), ETH0)) == "fe80::9%eth0"
    assert str(scoped(IPv6Address("fe80::9%eth1"), ETH0)) == "fe80::9%eth0"
    assert str(scoped(IPv6Address("2001:db8::9"), ETH0)) == "2001:db8::9"
    assert str(unscoped(IPv6Address("fe80::9%eth0"))) == "fe80::9"


def test_a_router_belongs_to_its_link() -> None:
    here, there = Place(2, ROUTER), Place(3, IPv4Address("10.0.0.1"))
    surroundings = Surroundings((ETH0,), (here, there, Place(2, IPv6Address("fe80::1"))), None)
    assert [str(each) for each in surroundings.routers_of(ETH0)] == ["192.168.1.1", "fe80::1%eth0"]


def test_only_a_fresh_answer_says_that_a_neighbour_answers() -> None:
    assert Neighbour(silent=False, answered_ago_s=2.0).answers(within_s=3.0) is True
    assert Neighbour(silent=False, answered_ago_s=20.0).answers(within_s=3.0) is None
    assert Neighbour(silent=True, answered_ago_s=2.0).answers(within_s=3.0) is False


def test_a_machine_is_known_by_its_mac_address_whatever_it_is_called() -> None:
    known = {
        Place(2, ROUTER): Neighbour(silent=False, answered_ago_s=20.0, mac=ROUTER_MAC),
        Place(2, IPv6Address("fd00::1")): Neighbour(silent=False, answered_ago_s=90.0, mac=ROUTER_MAC),
        Place(2, IPv4Address("192.168.1.20")): Neighbour(
            silent=False, answered_ago_s=1.0, mac="02:00:00:00:00:20"
        ),
        Place(2, IPv4Address("192.168.1.21")): Neighbour(silent=True, answered_ago_s=60.0),
        Place(3, IPv4Address("192.168.1.22")): Neighbour(
            silent=False, answered_ago_s=1.0, mac="02:00:00:00:00:22"
        ),
    }
    around = Neighbourhood(known, within_s=5.0)
    assert around.aliases((ROUTER,), ETH0) == ("192.168.1.1", "fd00::1", "fe80::5:1ff:fe01:0%eth0")
    assert list(around.answering(ETH0)) == ["192.168.1.20"]
    assert around.answers(ROUTER, ETH0) is None
    assert around.any_answers((ROUTER,), ETH0) is True, (
        "the kernel asks those it speaks to all day more rarely"
    )
    assert around.any_answers((IPv4Address("192.168.1.21"),), ETH0) is False
    assert around.any_answers((IPv4Address("192.168.1.99"),), ETH0) is None
