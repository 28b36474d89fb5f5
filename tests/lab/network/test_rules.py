"""Rules meet every frame once for each who gets it: drop, hold, change, copy, answer; in their order, with dice of their own."""

import random
from collections.abc import Callable
from dataclasses import dataclass, field

import pytest

from lab.network.crossing import DROPPED, Copy, Crossing, Fate
from lab.network.frames import Frame
from lab.network.holding import MOST, NEVER
from lab.network.rules import MOST_COPIES
from tests.lab.network.machines import Lab, at, igmp_report, ports


@dataclass
class Does:
    """A rule that does what it is told with what comes from the phone to the gateway."""

    what: Callable[[Crossing], Fate]
    met: list[Crossing] = field(default_factory=list)

    def touch(self, crossing: Crossing, _: random.Random) -> Fate:
        if (crossing.source, crossing.target) != ("phone", "gateway"):
            return None
        self.met.append(crossing)
        return self.what(crossing)


class Throws:
    """A rule that drops every other frame, as its dice fall."""

    def touch(self, _: Crossing, dice: random.Random) -> Fate:
        return DROPPED if dice.random() < 0.5 else None


def append(byte: bytes) -> Callable[[Crossing], Fate]:
    return lambda crossing: crossing.changed(crossing.frame.data + byte)


def hold(seconds: float) -> Callable[[Crossing], Fate]:
    return lambda crossing: crossing.held(seconds)


def test_a_rule_meets_each_receiver_alone() -> None:
    lab = Lab()
    lab.network.add_rule(1, "drop", Does(lambda _: DROPPED))
    assert ports(lab.send("phone", lab.multicast("phone"))) == {"neighbour"}
    fates = {each.target: (each.fate, each.rule) for each in lab.traced}
    assert fates == {
        "gateway": ("dropped", "drop #1"),
        "neighbour": ("passed", None),
        "router.home": ("passed", None),
    }


def test_a_rule_that_touches_nothing_changes_nothing() -> None:
    lab = Lab()
    lab.network.add_rule(1, "idle", Does(lambda _: None))
    sent = lab.multicast("phone")
    assert {each.data for each in lab.send("phone", sent)} == {sent}
    assert {(each.fate, each.rule) for each in lab.traced} == {("passed", None)}


def test_rules_act_one_after_the_other() -> None:
    lab = Lab()
    lab.network.add_rule(1, "a", Does(append(b"a")))
    lab.network.add_rule(2, "b", Does(append(b"b")))
    sent = lab.multicast("phone")
    (heard,) = at("gateway", lab.send("phone", sent))
    assert heard.data == sent + b"ab"
    (traced,) = [each for each in lab.traced if each.target == "gateway"]
    assert (traced.fate, traced.rule, traced.data) == ("changed", "a #1 + b #2", sent + b"ab")
    lab.network.remove_rules(1)
    (heard,) = at("gateway", lab.send("phone", sent))
    assert heard.data == sent + b"b"
    assert [str(each) for each in lab.network.conditions] == ["b #2"]


def test_what_is_dropped_meets_no_later_rule() -> None:
    lab = Lab()
    later = Does(lambda _: None)
    lab.network.add_rule(1, "drop", Does(lambda _: DROPPED))
    lab.network.add_rule(2, "later", later)
    lab.send("phone", lab.multicast("phone"))
    assert later.met == []


def test_holding_adds_up_and_later_rules_see_the_later_moment() -> None:
    lab = Lab()
    second = Does(hold(0.3))
    lab.network.add_rule(1, "hold", Does(hold(0.2)))
    lab.network.add_rule(2, "hold", second)
    began = lab.now
    assert not at("gateway", lab.send("phone", lab.multicast("phone")))
    assert second.met[0].at == pytest.approx(began + 0.2)
    assert lab.network.due == pytest.approx(began + 0.5)
    assert not at("gateway", lab.later(0.49))
    assert at("gateway", lab.later(0.02))
    assert lab.traced[-1][4:] == ("hold #1 + hold #2", "held")
    assert lab.network.due == NEVER


def test_held_frames_leave_by_their_moment_and_in_their_order() -> None:
    lab = Lab()
    waits = iter((0.2, 0.1, 0.1))
    lab.network.add_rule(1, "hold", Does(lambda crossing: crossing.held(next(waits))))
    for word in (b"one", b"two", b"three"):
        lab.send("phone", lab.multicast("phone", word))
    assert [each.udp.data for each in at("gateway", lab.later(1))] == [b"two", b"three", b"one"]


def test_a_copy_comes_beside_the_frame() -> None:
    lab = Lab()
    lab.network.add_rule(1, "twice", Does(lambda each: (Copy(each.frame), Copy(each.frame, 0.1))))
    assert len(at("gateway", lab.send("phone", lab.multicast("phone")))) == 1
    assert len(at("gateway", lab.later(0.1))) == 1
    assert [each.fate for each in lab.traced if each.target == "gateway"] == ["passed", "copied"]


def test_an_answer_goes_back_past_the_other_rules() -> None:
    lab = Lab()

    class Watches:
        def __init__(self) -> None:
            self.met: list[tuple[str, str]] = []

        def touch(self, crossing: Crossing, _: random.Random) -> Fate:
            self.met.append((crossing.source, crossing.target))
            return None

    watches = Watches()
    back = lab.udp("gateway", "phone", data=b"no")
    lab.network.add_rule(1, "refuse", Does(lambda crossing: crossing.answered(back)))
    lab.network.add_rule(2, "watch", watches)
    going = lab.send("phone", lab.udp("phone", "gateway"))
    assert [each.udp.data for each in at("phone", going)] == [b"no"]
    assert not at("gateway", going)
    assert ("gateway", "phone") in watches.met
    assert ("phone", "gateway") not in watches.met


def test_what_is_held_for_somebody_who_left_is_lost() -> None:
    lab = Lab()
    lab.network.add_rule(1, "hold", Does(hold(0.2)))
    lab.send("phone", lab.multicast("phone"))
    lab.network.plug("gateway", "guest")
    assert not at("gateway", lab.later(1))
    assert lab.traced[-1].fate == "dropped"


def test_the_end_of_a_condition_frees_what_it_holds() -> None:
    lab = Lab()
    lab.network.add_rule(1, "hold", Does(hold(60)))
    for word in (b"one", b"two"):
        lab.send("phone", lab.multicast("phone", word))
    lab.network.remove_rules(1)
    assert lab.network.due < lab.now
    assert [each.udp.data for each in at("gateway", lab.network.wake(lab.now))] == [b"one", b"two"]


def test_only_so_many_frames_can_wait() -> None:
    lab = Lab()
    lab.network.add_rule(1, "hold", Does(hold(60)))
    sent = lab.multicast("phone")
    for _ in range(MOST + 5):
        lab.send("phone", sent)
    assert [each.fate for each in lab.traced if each.target == "gateway"].count("dropped") == 5
    assert len(at("gateway", lab.later(61))) == MOST


def fates(seed: int, *, number: int = 1, noise: bool = False) -> list[str]:
    """Return what becomes of 200 frames from the phone to the gateway."""
    lab = Lab(seed=seed)
    lab.network.add_rule(number, "throw", Throws())
    for _ in range(200):
        lab.send("phone", lab.multicast("phone"))
        if noise:
            lab.send("neighbour", lab.multicast("neighbour"))
            lab.send("phone", igmp_report(lab, "phone"))  # as kernels do when it pleases them
    sent = lab.multicast("phone")
    return [each.fate for each in lab.traced if each.target == "gateway" and each.data == sent]


def test_the_same_seed_drops_the_same_frames() -> None:
    assert fates(1) == fates(1)
    assert fates(1) == fates(1, noise=True)  # what others send does not shift the dice
    assert 60 < fates(1).count("dropped") < 140


def test_another_seed_drops_others() -> None:
    assert fates(1) != fates(2)


def test_what_has_ended_before_does_not_shift_the_dice() -> None:
    assert fates(1) == fates(1, number=2)


def test_two_at_the_same_time_have_dice_of_their_own() -> None:
    def met_by_second(others: int) -> int:
        lab, second = Lab(), Does(lambda _: None)
        for number in range(others):
            lab.network.add_rule(number, "throw", Throws())
        lab.network.add_rule(others, "look", second)
        for _ in range(200):
            lab.send("phone", lab.multicast("phone"))
        return sum(each.target == "gateway" for each in second.met)

    assert met_by_second(2) < met_by_second(1) - 20  # the same dice would drop the same frames again


def test_conditions_that_copy_do_not_multiply_without_end() -> None:
    lab = Lab()
    for number in range(20):
        lab.network.add_rule(number, "twice", Does(lambda each: (Copy(each.frame), Copy(each.frame))))
    assert len(at("gateway", lab.send("phone", lab.multicast("phone")))) == MOST_COPIES


def test_each_receiver_has_dice_of_its_own() -> None:
    lab = Lab()
    lab.network.add_rule(1, "throw", Throws())
    for _ in range(100):
        lab.send("phone", lab.multicast("phone"))
    by_target = {each.target: [] for each in lab.traced}  # type: dict[str, list[str]]
    for each in lab.traced:
        by_target[each.target].append(each.fate)
    assert by_target["gateway"] != by_target["neighbour"]


def test_a_rule_knows_who_is_on_the_air() -> None:
    lab = Lab()
    met = Does(lambda _: None)
    lab.network.add_rule(1, "look", met)
    lab.send("phone", lab.multicast("phone"))
    (crossing,) = met.met
    assert (crossing.from_radio, crossing.to_radio, crossing.segment) == (True, False, "home")
    assert crossing.nodes == ("phone", "gateway")
    assert isinstance(crossing.frame, Frame)
