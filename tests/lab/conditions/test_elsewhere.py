"""A machine on another segment, on two, or in a tunnel."""

import dpkt  # type: ignore[import-untyped]
import pytest

from lab.network.frames import udp4
from tests.lab.conditions.fake_hands import FakeHands
from tests.lab.network.machines import Lab, at, ports

CLOUD = bytes((203, 0, 113, 10))


@pytest.mark.parametrize(
    ("name", "segment", "router"),
    [
        ("guest_wifi", "guest", (192, 168, 5, 1)),
        ("other_router", "inner", (192, 168, 10, 1)),
        ("other_network", "mobile", (100, 64, 0, 1)),
    ],
)
def test_elsewhere_the_cloud_is_reached_and_the_home_is_not_heard(
    hands: FakeHands, lab: Lab, name: str, segment: str, router: tuple[int, ...]
) -> None:
    hands.begin(name)
    assert hands.did == [("join", "phone", segment)]
    assert not ports(lab.send("phone", lab.multicast("phone")))
    assert not at("phone", lab.send("gateway", lab.multicast("gateway")))
    mac = lab.ask_router("phone", bytes(router))
    going = lab.send("phone", lab.frame("phone", mac, udp4(lab.ip("phone"), CLOUD, 40000, 9, b"x")))
    going += lab.tell("cloud", going)
    (asked,) = [each for each in at("cloud", going) if each.udp]
    back = lab.frame("cloud", asked.source, udp4(CLOUD, asked.ip4.src, 9, asked.udp.sport, b"y"))
    (answer,) = at("phone", lab.send("cloud", back))
    assert answer.udp.data == b"y"


def test_the_gateway_can_be_behind_the_second_router(hands: FakeHands, lab: Lab) -> None:
    hands.begin("other_router", on="gateway")
    assert lab.network.segment_of("gateway") == "inner"
    assert lab.ask_router("phone", bytes((192, 168, 0, 2)))  # the second router's outer side


def test_the_second_router_is_there_only_for_so_long(hands: FakeHands, lab: Lab) -> None:
    began = hands.begin("other_router")
    hands.register.end(began.number)
    assert not at("phone", lab.send("phone", lab.who_has("phone", bytes((192, 168, 0, 2)))))


def test_a_second_interface_is_on_another_segment(hands: FakeHands, lab: Lab) -> None:
    hands.begin("two_nics_wrong_one")
    assert hands.did == [("second_nic", "phone", "mobile")]
    assert lab.network.segment_of("phone.eth1") == "mobile"
    assert ports(lab.send("phone", lab.multicast("phone"))) == {"gateway", "neighbour"}
    assert ports(lab.send("phone.eth1", lab.multicast("phone"))) == set()


def test_a_vpn_swallows_what_is_local_and_carries_the_rest(hands: FakeHands, lab: Lab) -> None:
    hands.begin("vpn_on_phone")
    assert hands.did == [("tunnel", "phone", True)]
    assert ports(lab.send("phone", lab.multicast("phone"))) == set()
    assert ports(lab.send("phone", lab.udp("phone", "gateway"))) == set()
    assert not at("phone", lab.send("gateway", lab.multicast("gateway")))
    assert not at("gateway", lab.send("phone", lab.who_has("phone", lab.ip("gateway"))))
    router = bytes((192, 168, 0, 1))
    mac = lab.ask_router("phone", router)
    ping = dpkt.icmp.ICMP(type=8, data=dpkt.icmp.ICMP.Echo(id=1))
    local = dpkt.ip.IP(src=lab.ip("phone"), dst=router, p=1, data=ping)
    assert not lab.send("phone", lab.frame("phone", mac, local))
    assert lab.send("phone", lab.frame("phone", mac, udp4(lab.ip("phone"), CLOUD, 40000, 9, b"tunnel")))
    assert ports(lab.send("gateway", lab.multicast("gateway"))) == {"neighbour"}


def test_a_vpn_may_leave_the_own_network_alone(hands: FakeHands, lab: Lab) -> None:
    hands.begin("vpn_on_phone", swallows=False)
    assert ports(lab.send("phone", lab.multicast("phone"))) == {"gateway", "neighbour"}
