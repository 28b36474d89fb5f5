"""Loss, delay, order, copies, speed, and the ways of Wi-Fi."""

import pytest

from tests.lab.conditions.fake_hands import FakeHands
from tests.lab.network.machines import Lab, at, ports


def sent_and_heard(lab: Lab, count: int = 200) -> tuple[int, int, int]:
    """Return how many of so many multicast, broadcast and unicast frames of the gateway reach the phone."""
    lab.send("phone", lab.multicast("phone"))
    kinds = lab.multicast("gateway"), lab.who_has("gateway", lab.ip("phone")), lab.udp("gateway", "phone")
    many, every, one = (
        sum(len(at("phone", lab.send("gateway", each))) for _ in range(count)) for each in kinds
    )
    return many, every, one


def test_loss_is_for_all_frames_alike(hands: FakeHands, lab: Lab) -> None:
    hands.begin("loss", p=0.3)
    assert all(100 < heard < 180 for heard in sent_and_heard(lab))


@pytest.mark.parametrize(("p", "heard"), [(0.0, 200), (1.0, 0)])
def test_loss_of_nothing_and_of_everything(hands: FakeHands, lab: Lab, p: float, heard: int) -> None:
    hands.begin("loss", p=p)
    assert sent_and_heard(lab) == (heard, heard, heard)


def test_loss_on_one_machine_spares_the_others(hands: FakeHands, lab: Lab) -> None:
    hands.begin("loss", p=1, on="phone")
    assert ports(lab.send("gateway", lab.multicast("gateway"))) == {"neighbour"}
    assert ports(lab.send("phone", lab.multicast("phone"))) == set()


def test_lost_multicast_spares_unicast_and_broadcast(hands: FakeHands, lab: Lab) -> None:
    hands.begin("multicast_lost", p=1)
    assert sent_and_heard(lab) == (0, 200, 200)


def test_some_multicast_is_lost(hands: FakeHands, lab: Lab) -> None:
    hands.begin("multicast_lost", p=0.5)
    many, every, one = sent_and_heard(lab)
    assert 60 < many < 140
    assert (every, one) == (200, 200)


def test_delay_keeps_the_order_whatever_the_jitter(hands: FakeHands, lab: Lab) -> None:
    hands.begin("delay", ms=60, jitter=50)
    for number in range(50):
        assert lab.send("phone", lab.multicast("phone", bytes((number,)))) == []
        lab.now += 0.0001
    heard = at("gateway", lab.later(1))
    assert [each.udp.data[0] for each in heard] == list(range(50))


def test_delay_without_jitter_is_exact(hands: FakeHands, lab: Lab) -> None:
    hands.begin("delay", ms=50)
    lab.send("phone", lab.multicast("phone"))
    assert not lab.later(0.0499)
    assert ports(lab.later(0.0002)) == {"gateway", "neighbour"}


def test_reorder_lets_later_frames_overtake(hands: FakeHands, lab: Lab) -> None:
    hands.begin("reorder", p=0.3, ms=20)
    heard: list[int] = []
    for number in range(100):
        going = lab.send("phone", lab.multicast("phone", bytes((number,)))) + lab.later(0.005)
        heard += [each.udp.data[0] for each in at("gateway", going)]
    heard += [each.udp.data[0] for each in at("gateway", lab.later(1))]
    assert heard != sorted(heard)
    assert sorted(heard) == list(range(100))


def test_duplicate_brings_some_twice(hands: FakeHands, lab: Lab) -> None:
    hands.begin("duplicate", p=0.5)
    many, every, one = sent_and_heard(lab)
    assert all(260 < heard < 340 for heard in (many, every, one))


def test_rate_lets_so_many_bits_pass_and_drops_what_waits_too_long(hands: FakeHands, lab: Lab) -> None:
    hands.begin("rate", kbps=80, buffer_ms=450, on="phone")
    sent = lab.multicast("phone", bytes(958))  # 1000 bytes with all headers: a tenth of a second each
    assert len(sent) == 1000
    for _ in range(20):
        lab.send("phone", sent)
    assert len(at("gateway", lab.later(0.301))) == 3
    assert len(at("gateway", lab.later(10))) == 2
    assert at("gateway", lab.send("neighbour", lab.multicast("neighbour")))


def test_wifi_air_holds_multicast_to_the_phone_for_the_beacon(hands: FakeHands, lab: Lab) -> None:
    hands.begin("wifi_air", p=0, dtim_ms=100)
    lab.now = 1000.03
    assert not at("phone", lab.send("gateway", lab.multicast("gateway")))
    assert not at("phone", lab.later(0.0699))
    assert at("phone", lab.later(0.0002))


def test_wifi_air_loses_half_of_the_multicast_to_the_phone_and_none_from_it(
    hands: FakeHands, lab: Lab
) -> None:
    hands.begin("wifi_air")
    to_phone = from_phone = one = 0
    for _ in range(200):
        going = lab.send("gateway", lab.multicast("gateway")) + lab.later(0.2)
        to_phone += len(at("phone", going))
        going = lab.send("phone", lab.multicast("phone")) + lab.later(0.2)
        from_phone += len(at("gateway", going))
        going = lab.send("gateway", lab.udp("gateway", "phone")) + lab.later(0.0041)
        one += len(at("phone", going))
    assert 60 < to_phone < 140
    assert (from_phone, one) == (200, 200)


def test_wifi_air_spares_broadcast_unless_it_is_asked_not_to(hands: FakeHands, lab: Lab) -> None:
    asked = lab.who_has("gateway", lab.ip("phone"))
    first = hands.begin("wifi_air", p=1)
    assert len(at("phone", lab.send("gateway", asked) + lab.later(0.005))) == 1
    hands.register.end(first.number)
    hands.begin("wifi_air", p=1, broadcast=True)
    assert not at("phone", lab.send("gateway", asked) + lab.later(0.2))


def test_wifi_drops_takes_the_carrier_for_a_while(hands: FakeHands) -> None:
    hands.begin("wifi_drops", s=3)
    assert hands.did == [("carrier", "phone", False)]
    hands.pass_time(3)
    assert hands.did[1:] == [("carrier", "phone", True)]


def test_conditions_stack_in_the_order_they_began(hands: FakeHands, lab: Lab) -> None:
    hands.begin("delay", ms=100)
    hands.begin("duplicate", p=1)
    hands.begin("delay", ms=20)
    lab.send("phone", lab.multicast("phone"))
    assert len(at("gateway", lab.later(0.119))) == 0
    assert len(at("gateway", lab.later(0.002))) == 2
    (first, second) = [each for each in lab.traced if each.target == "gateway"]
    assert first.rule == second.rule == "delay #1 + duplicate #2 + delay #3"


def test_the_same_seed_does_the_same_through_a_condition() -> None:
    def heard(seed: int) -> list[str]:
        lab = Lab(seed=seed)
        FakeHands(lab).begin("loss", p=0.5)
        for _ in range(100):
            lab.send("phone", lab.multicast("phone"))
        return [each.fate for each in lab.traced]

    assert heard(7) == heard(7)
    assert heard(7) != heard(8)
