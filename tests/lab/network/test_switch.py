"""A segment is a switch: it learns, forgets, and with no rule leaves every byte alone."""

import dpkt  # type: ignore[import-untyped]
import pytest

from lab.network.frames import BROADCAST, IPV4, IPV6, MDNS_6, Frame, frame, group_address
from lab.network.plan import MOST_NEIGHBOURS, Plan
from lab.network.switch import FORGETS_AFTER_S, MOST_ADDRESSES
from tests.lab.network.machines import MDNS_GROUP, Lab, at, igmp_report, ports


def test_what_nobody_knows_goes_to_everybody_and_then_to_one() -> None:
    lab = Lab()
    assert ports(lab.send("phone", lab.udp("phone", "gateway"))) == {"gateway", "neighbour"}
    assert ports(lab.send("gateway", lab.udp("gateway", "phone"))) == {"phone"}
    assert ports(lab.send("phone", lab.udp("phone", "gateway"))) == {"gateway"}


def test_multicast_and_broadcast_go_to_everybody_on_the_segment() -> None:
    lab = Lab()
    assert ports(lab.send("phone", lab.multicast("phone"))) == {"gateway", "neighbour"}
    assert ports(lab.send("phone", lab.who_has("phone", lab.ip("gateway")))) == {"gateway", "neighbour"}


def test_with_no_rule_every_frame_arrives_as_it_was_sent() -> None:
    lab = Lab()
    odd = BROADCAST + lab.mac("phone") + b"\x88\xb5" + bytes(range(256)) + b"no known type, odd length"
    for sent in (lab.multicast("phone"), odd, lab.udp("phone", "gateway") + b"padding"):
        assert {each.data for each in lab.send("phone", sent)} == {sent}
        assert all(each.data == sent and each.fate == "passed" and each.rule is None for each in lab.traced)
        lab.traced.clear()


def test_an_address_that_was_silent_for_long_is_forgotten() -> None:
    lab = Lab()
    lab.send("gateway", lab.udp("gateway", "phone"))
    lab.later(FORGETS_AFTER_S)
    assert ports(lab.send("phone", lab.udp("phone", "gateway"))) == {"gateway", "neighbour"}


def test_a_machine_that_moves_takes_its_address_along() -> None:
    lab = Lab()
    lab.send("phone", lab.multicast("phone"))
    lab.network.plug("phone", "guest")
    assert not at("phone", lab.send("gateway", lab.multicast("gateway")))
    assert not at("phone", lab.send("gateway", lab.udp("gateway", "phone")))
    lab.network.plug("phone", "home")
    assert at("phone", lab.send("gateway", lab.multicast("gateway")))


def test_an_unplugged_machine_neither_speaks_nor_hears() -> None:
    lab = Lab()
    lab.network.unplug("phone")
    lab.network.unplug("phone")  # twice is as good as once
    assert lab.send("phone", lab.multicast("phone")) == []
    assert not at("phone", lab.send("gateway", lab.multicast("gateway")))


def test_a_flood_of_addresses_is_not_remembered() -> None:
    lab = Lab()
    for number in range(MOST_ADDRESSES + 50):
        lab.send("phone", BROADCAST + b"\x02" + number.to_bytes(5) + b"\x88\xb5")
    assert len(lab.network.switch("home").stations("phone")) == MOST_ADDRESSES


@pytest.mark.parametrize("version", [2, 3])
def test_the_switch_notes_who_listens_to_which_group(version: int) -> None:
    lab = Lab()
    memberships = lab.network.switch("home").memberships
    lab.send("gateway", igmp_report(lab, "gateway", version))
    assert memberships.reported_at(MDNS_GROUP, "gateway") == lab.now
    assert memberships.reported_at(MDNS_GROUP, "phone") is None
    lab.send("gateway", igmp_report(lab, "gateway", version, leave=True))
    assert memberships.reported_at(MDNS_GROUP, "gateway") is None


@pytest.mark.parametrize("version", [1, 2])
def test_the_switch_notes_who_listens_to_which_group_of_ipv6(version: int) -> None:
    lab = Lab()
    if version == 1:
        report = dpkt.icmp6.ICMP6(type=131, data=bytes(4) + MDNS_6)
    else:
        report = dpkt.icmp6.ICMP6(type=143, data=bytes((0, 0, 0, 1, 4, 0, 0, 0)) + MDNS_6)
    hop_by_hop = bytes((58, 0, 5, 2, 0, 0, 1, 0))
    packet = dpkt.ip6.IP6(
        src=b"\xfe\x80" + bytes(14), dst=MDNS_6, nxt=0, hlim=1, data=hop_by_hop + bytes(report)
    )
    packet.plen = len(hop_by_hop) + len(report)
    header = packet.pack_hdr()
    sent = frame(group_address(MDNS_6), lab.mac("gateway"), IPV6, header + hop_by_hop + bytes(report))
    lab.send("gateway", sent)
    assert lab.network.switch("home").memberships.reported_at(MDNS_6, "gateway") == lab.now


def test_a_plan_has_its_machines_and_those_that_are_added() -> None:
    plan = Plan(neighbours=3).with_node("printer").with_node("tablet", "guest", radio=True)
    assert list(plan.hosts) == [
        "gateway",
        "phone",
        "cloud",
        "neighbour",
        "neighbour2",
        "neighbour3",
        "printer",
        "tablet",
    ]
    addresses = [str(plan.address(each.name, each.segment)) for each in plan.hosts.values()]
    assert addresses[:4] == ["192.168.0.20/24", "192.168.0.30/24", "203.0.113.10/24", "192.168.0.40/24"]
    assert addresses[6:] == ["192.168.0.60/24", "192.168.5.61/24"]
    assert len({plan.mac(name) for name in plan.hosts}) == len(plan.hosts)
    assert str(plan.address6("phone", "home")) == "fd00:5::1e/64"
    assert Plan(bare=True).hosts == {}


@pytest.mark.parametrize("name", ["phone", "router", "", "no name", "a.b", "x" * 40])
def test_a_plan_refuses_a_name_that_is_taken_or_none(name: str) -> None:
    with pytest.raises(ValueError, match="name"):
        Plan().with_node(name)


def test_a_plan_refuses_what_does_not_fit() -> None:
    with pytest.raises(ValueError, match="segment"):
        Plan().with_node("tv", "attic")
    with pytest.raises(ValueError, match="neighbours"):
        Plan(neighbours=MOST_NEIGHBOURS + 1)
    full = Plan()
    for number in range(40):
        full = full.with_node(f"tv{number}")
    with pytest.raises(ValueError, match="full"):
        full.with_node("one_too_many")


def test_a_frame_that_is_cut_off_has_no_packet() -> None:
    lab = Lab()
    whole = lab.udp("phone", "gateway", data=b"12345678")
    assert Frame(whole).udp.data == b"12345678"  # type: ignore[union-attr]
    assert Frame(whole[:-3]).ip4 is None
    broken = bytearray(whole)
    broken[15] ^= 1  # the header's checksum is wrong
    assert Frame(bytes(broken)).ip4 is None
    assert Frame(whole).type == IPV4
