from ipaddress import IPv4Address, IPv4Interface, IPv6Address, IPv6Interface
from pathlib import Path

import pytest

from phone_client import network
from phone_client.network import Link, Neighbour, Surroundings, look_around, scoped, unscoped

pytestmark = pytest.mark.adapters

ETH0 = Link("eth0", 2, (IPv4Interface("192.168.1.5/24"),), (IPv6Interface("fe80::5/64"),))


def test_loopback_is_found_by_address_and_by_name() -> None:
    for chosen in ("127.0.0.1", "lo"):
        surroundings = look_around((chosen,))
        (link,) = surroundings.links
        assert link.name == "lo"
        assert IPv4Address("127.0.0.1") in {each.ip for each in link.ipv4}
        assert surroundings.loopback_only


def test_all_means_the_real_ones() -> None:
    assert not any(each.ip.is_loopback for link in look_around(("all",)).links for each in link.addresses)


def test_what_is_not_there_is_no_link() -> None:
    assert look_around(("no-such-interface", "203.0.113.250")).links == ()


def test_what_is_on_the_link() -> None:
    assert ETH0.reaches(IPv4Address("192.168.1.200"))
    assert ETH0.reaches(IPv6Address("fe80::9%eth0"))
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


def test_a_router_counts_only_on_a_link_that_is_searched() -> None:
    here, there = IPv4Address("192.168.1.1"), IPv4Address("10.0.0.1")
    assert Surroundings((ETH0,), here, None).router_here == here
    assert Surroundings((ETH0,), there, None).router_here is None


def test_the_kernels_routes_are_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    route = tmp_path / "route"
    monkeypatch.setattr(network, "_ROUTES", route)
    assert network.default_router() is None
    route.write_text(
        "Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT\n"
        "eth0\t0001A8C0\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0\n"
        "eth0\t00000000\t0101A8C0\t0003\t0\t0\t0\t00000000\t0\t0\t0\n"
    )
    assert network.default_router() == IPv4Address("192.168.1.1")


def test_only_a_fresh_answer_says_that_a_neighbour_answers() -> None:
    assert Neighbour(silent=False, answered_ago_s=2.0).answers(within_s=3.0) is True
    assert Neighbour(silent=False, answered_ago_s=20.0).answers(within_s=3.0) is None
    assert Neighbour(silent=True, answered_ago_s=2.0).answers(within_s=3.0) is False
