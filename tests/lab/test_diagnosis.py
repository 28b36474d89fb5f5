"""Each cause of a failed search, made on purpose in network namespaces, gets its own right answer."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from phone_client.places import PlacesFile
from tests.lab.home import Home, Searched, drop, home, mac_of
from tests.phone_client.gateway_double import GATEWAY_ID, PORT
from tests.support.namespaces import Host, hosts_on_a_bridge


@pytest.fixture
def lan(tmp_path: Path) -> Iterator[Home]:
    with home(tmp_path / "phone") as made:
        yield made


def not_found(searched: Searched) -> str | None:
    """Return the code, after seeing that it really was not found and that the limit of 2 s was kept."""
    assert searched.code == 3
    assert searched.found == []
    assert searched.took_s < 4
    return searched.diagnosis


def found_with_warning(searched: Searched) -> str | None:
    assert searched.code == 0
    assert [hit["gateway_id"] for hit in searched.found] == [GATEWAY_ID]
    return searched.diagnosis


def test_no_network(lan: Home) -> None:
    lan.remember()
    lan.phone.run("ip", "link", "set", "eth0", "down")
    with lan.announcing():
        searched = lan.search()
    assert not_found(searched) == "no_network"
    assert searched.took_s < 2


def test_no_address(lan: Home) -> None:
    lan.phone.run("ip", "address", "flush", "dev", "eth0", "scope", "global")
    assert not_found(lan.search()) == "no_address"


@pytest.mark.req("S-DISC-13")
def test_permission_denied(lan: Home) -> None:
    drop(lan.phone, "output udp dport 5353")
    with lan.announcing():
        searched = lan.search()
    assert not_found(searched) == "permission_denied"
    assert "Sent 0 mDNS packets. The system refused mDNS (Operation not permitted)." in searched.evidence


def test_gateway_unreachable(lan: Home) -> None:
    drop(lan.gateway, f"input tcp dport {PORT}")
    with lan.announcing():
        searched = lan.search(3)
    assert searched.diagnosis == "gateway_unreachable"
    assert "no answer within 2 s" in searched.evidence


@pytest.mark.req("S-DISC-12")
def test_gateway_busy(lan: Home) -> None:
    with lan.announcing(None, "--busy"):
        assert found_with_warning(lan.search()) == "gateway_busy"


@pytest.mark.req("S-GEN-14")
def test_unsupported_model(lan: Home) -> None:
    with lan.announcing(None, "--model", "MKN7100"):
        assert not_found(lan.search()) == "unsupported_model"


def test_off_link_answer(lan: Home) -> None:
    lan.gateway.run("ip", "address", "add", "198.51.100.2/24", "dev", "eth0")
    lan.gateway.run("ip", "address", "del", f"{lan.gateway.address}/24", "dev", "eth0")
    with lan.announcing(address="198.51.100.2"):
        assert not_found(lan.search()) == "off_link_answer"


def test_vpn_active(lan: Home) -> None:
    lan.phone.run("ip", "tuntap", "add", "dev", "tun0", "mode", "tun")
    lan.phone.run("ip", "link", "set", "tun0", "up")
    for half in ("192.0.2.0/25", "192.0.2.128/25"):  # as OpenVPN takes a network over
        lan.phone.run("ip", "route", "add", half, "dev", "tun0")
    assert not_found(lan.search()) == "vpn_active"


@pytest.mark.req("S-DISC-15")
def test_mdns_blocked_but_the_gateway_is_reached(lan: Home) -> None:
    lan.remember()
    drop(lan.gateway, "input udp dport 5353")
    with lan.announcing():
        assert found_with_warning(lan.search()) == "mdns_blocked"


@pytest.mark.req("S-DISC-15")
def test_multicast_not_carried_but_the_gateway_is_reached(lan: Home) -> None:
    lan.remember()
    drop(lan.gateway, "input ip daddr 224.0.0.0/4")
    drop(lan.phone, "ingress ip daddr 224.0.0.0/4")
    with lan.announcing():
        assert found_with_warning(lan.search()) == "multicast_not_carried"


@pytest.mark.req("S-DISC-15")
def test_client_isolation(lan: Home) -> None:
    lan.remember()
    drop(lan.phone, f"ingress ether saddr != {mac_of(lan.router)}")
    with lan.announcing():
        assert not_found(lan.search()) == "client_isolation"


def test_gateway_firewalled(lan: Home) -> None:
    lan.remember()
    drop(lan.gateway, "input meta l4proto { tcp, udp, icmp }")
    with lan.announcing(), lan.printer():
        assert not_found(lan.search()) == "gateway_firewalled"


def test_an_answer_of_before_the_search_is_none(lan: Home) -> None:
    with lan.announcing():
        assert found_with_warning(lan.search()) is None
    lan.gateway.run("ip", "link", "set", "eth0", "down")
    with lan.printer():
        searched = lan.search()
    assert not_found(searched) == "gateway_off_or_elsewhere"
    assert "ARP" not in searched.evidence


def test_gateway_firewalled_at_an_ipv6_address(lan: Home) -> None:
    lan.phone.run("ip", "address", "add", "2001:db8::1/64", "dev", "eth0")
    lan.gateway.run("ip", "address", "add", "2001:db8::2/64", "dev", "eth0")
    lan.remember("2001:db8::2")
    drop(lan.gateway, "input meta l4proto { tcp, udp }")
    with lan.announcing(), lan.printer():
        searched = lan.search()
    assert not_found(searched) == "gateway_firewalled"
    assert "It answers NDP." in searched.evidence


def test_gateway_not_running(lan: Home) -> None:
    lan.remember()
    with lan.printer():
        assert not_found(lan.search()) == "gateway_not_running"


@pytest.mark.req("S-DISC-12")
def test_gateway_off(lan: Home) -> None:
    lan.remember()
    lan.gateway.run("ip", "link", "set", "eth0", "down")
    with lan.printer():
        assert not_found(lan.search()) == "gateway_off"


def test_other_subnet_but_the_gateway_is_reached(lan: Home) -> None:
    lan.remember("198.51.100.2")
    with hosts_on_a_bridge(1) as (far,):
        plug_in_behind_the_router(lan, far)
        with lan.announcing(far, address="198.51.100.2"):
            assert found_with_warning(lan.search()) == "other_subnet"


def plug_in_behind_the_router(lan: Home, far: Host) -> None:
    """Give the router a second link, 198.51.100.0/24, with `far` as .2 at its other end."""
    far.run("ip", "address", "flush", "dev", "eth0")
    peer = ["peer", "name", "eth1", "netns", str(far.pid)]
    lan.router.run("ip", "link", "add", "eth1", "up", "type", "veth", *peer)
    lan.router.run("ip", "address", "add", "198.51.100.1/24", "dev", "eth1")
    lan.router.run("sysctl", "-qw", "net.ipv4.ip_forward=1")
    far.run("ip", "address", "add", "198.51.100.2/24", "dev", "eth1")
    far.run("ip", "link", "set", "eth1", "up")
    far.run("ip", "route", "add", "default", "via", "198.51.100.1")


@pytest.mark.req("S-DISC-03", "S-GEN-07", "S-FAR-02")
def test_other_network(lan: Home, tmp_path: Path) -> None:
    with home(tmp_path / "phone") as elsewhere:
        elsewhere.phone.run("ip", "address", "add", "198.51.100.9/24", "dev", "eth0")
        elsewhere.phone.run("ip", "address", "del", f"{elsewhere.phone.address}/24", "dev", "eth0")
        lan.remember()
        with lan.announcing(), elsewhere.printer():
            assert not_found(elsewhere.search()) == "other_network"


def test_first_contact_claims_only_what_can_be_known(lan: Home) -> None:
    assert not_found(lan.search()) == "multicast_blocked_or_isolated"
    with lan.printer():
        assert not_found(lan.search()) == "gateway_off_or_elsewhere"


def test_another_gateway_at_the_last_address_is_not_taken_for_ours(lan: Home) -> None:
    lan.remember()
    drop(lan.gateway, "input udp dport 5353")
    with lan.announcing(None, "--id", "ffffffffffff"), lan.printer():
        searched = lan.search()
    assert not_found(searched) == "gateway_off_or_elsewhere"
    assert "something else answered" in searched.evidence


def test_a_machine_that_was_given_the_last_address_is_not_taken_for_a_stopped_gateway(lan: Home) -> None:
    lan.remember(mac="02:00:00:00:00:99")
    with lan.printer():
        searched = lan.search()
    assert not_found(searched) == "gateway_off_or_elsewhere"
    assert "Another machine than then has that address now." in searched.evidence


def test_a_network_with_the_same_numbers_is_told_by_its_router(lan: Home) -> None:
    lan.remember(router_mac="02:00:00:00:00:99")
    lan.gateway.run("ip", "link", "set", "eth0", "down")
    with lan.printer():
        searched = lan.search()
    assert not_found(searched) == "other_network"
    assert "The router is another one" in searched.evidence


def test_what_a_search_has_learnt_tells_the_network_the_next_time(lan: Home) -> None:
    with lan.announcing():
        assert found_with_warning(lan.search()) is None
    (place,) = PlacesFile(lan.state).read().gateways
    assert (place.mac, place.router_mac) == (mac_of(lan.gateway), mac_of(lan.router))


@pytest.mark.req("S-DISC-15")
def test_each_address_the_gateway_had_is_tried(lan: Home) -> None:
    lan.remember("192.0.2.77", more=("2001:db8::77", lan.gateway.address))
    drop(lan.gateway, "input udp dport 5353")
    with lan.announcing():
        searched = lan.search()
    assert found_with_warning(searched) == "mdns_blocked"
    assert [(hit["address"], hit["found_by"]) for hit in searched.found] == [
        (lan.gateway.address, "remembered")
    ]


@pytest.mark.req("S-DISC-13")
def test_the_phones_own_firewall_is_told_from_a_dead_network(lan: Home) -> None:
    drop(lan.phone, "input udp dport 5353", "input udp sport 5353")
    with lan.announcing(), lan.printer():
        searched = lan.search()
    assert not_found(searched) == "permission_denied"
    assert "did not even hear its own question" in searched.evidence


def test_a_remembered_address_of_another_kind_says_nothing(lan: Home) -> None:
    lan.remember("2001:db8::9")
    lan.phone.run("sysctl", "-qw", "net.ipv6.conf.eth0.disable_ipv6=1")
    with lan.printer():
        searched = lan.search()
    assert not_found(searched) == "gateway_off_or_elsewhere"
    assert "cannot be tried" in searched.evidence
