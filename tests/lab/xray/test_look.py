"""The X-ray of a search: how far the question went, how far the answer, and which condition stopped them."""

from pathlib import Path
from typing import Any

import pytest

from lab.conditions.air import Loss
from lab.conditions.link_layer import ApIsolation, MdnsBlocked
from lab.xray.captured import read
from lab.xray.look import Xray, look
from lab.xray.words import lines, way_end
from tests.lab.xray.captures import QUESTION, RST_ACK, Wire, drops

NOT_FOUND: dict[str, Any] = {"found": [], "diagnosis": None}
FOUND: dict[str, Any] = {"found": [{"gateway_id": "0123456789ab", "found_by": "mdns"}], "diagnosis": None}
REMEMBERED: dict[str, Any] = {"found": [{"gateway_id": "0123456789ab", "found_by": "remembered"}]}


def seen_through(wire: Wire, document: dict[str, Any] = NOT_FOUND, began_s: float = 0.0) -> Xray:
    frames = list(read(wire.written().read_bytes()))
    return look(frames, wire.epoch + began_s, wire.epoch + began_s + 10, document)


def states(xray: Xray) -> str:
    marks = {"yes": "y", "partly": "p", "no": "n", "nothing": "-"}
    return "".join(marks[each.state] for each in xray.stages)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "packets.pcapng"


def test_a_question_and_its_answer_are_followed_all_the_way(file: Path) -> None:
    wire = Wire(file)
    wire.later(1)
    wire.ask()
    wire.answer()
    xray = seen_through(wire, FOUND)
    assert states(xray) == "yyyyyy"
    assert xray.outcome == "found"
    assert (xray.phone_on, xray.gateway_on) == ("home", "home")


def test_what_mdns_blocked_drops_is_named_with_its_frames(file: Path) -> None:
    wire = Wire(file, ("mdns_blocked", MdnsBlocked()))
    wire.later(1)
    wire.ask()
    xray = seen_through(wire)
    assert states(xray) == "yyn---"
    assert (xray.outcome, xray.stopped_by) == ("heard_nothing", ("mdns_blocked",))
    (lost,) = xray.stage("question_at_gateway").lost
    frames = {each.number: each for each in read(file.read_bytes())}
    assert frames[lost.number].frame.data.endswith(QUESTION)
    assert (frames[lost.number].source, frames[lost.number].target) == ("phone", "gateway")


def test_what_was_found_without_multicast_says_so(file: Path) -> None:
    wire = Wire(file, ("mdns_blocked", MdnsBlocked()))
    wire.ask()
    wire.resolve()
    wire.connect()
    wire.ask_directly()
    xray = seen_through(wire, REMEMBERED)
    assert xray.outcome == "found_otherwise"
    ends = {each.name: way_end(each) for each in xray.ways}
    assert ends == {"resolve": "answered", "connect": "answered", "ask_directly": "silent"}
    assert next(each for each in xray.ways if each.name == "ask_directly").rules == ("mdns_blocked",)


def test_an_answer_that_is_lost_on_its_way_back(file: Path) -> None:
    wire = Wire(file, ("phone_firewalled", drops("gateway", "phone")))
    wire.ask()
    wire.answer()
    xray = seen_through(wire)
    assert states(xray) == "yyyyyn"
    assert (xray.outcome, xray.stopped_by) == ("answer_lost", ("phone_firewalled",))


def test_a_gateway_that_heard_and_said_nothing(file: Path) -> None:
    wire = Wire(file)
    wire.ask()
    wire.resolve()
    xray = seen_through(wire)
    assert states(xray) == "yyyn--"
    assert xray.outcome == "not_answered"


def test_a_plug_from_which_nothing_comes_is_no_gateway_that_heard(file: Path) -> None:
    wire = Wire(file)
    wire.ask()
    xray = seen_through(wire)
    assert states(xray) == "yyn---"
    assert xray.outcome == "no_sign_of_life"


def test_a_question_that_the_air_lost_never_reached_the_access_point(file: Path) -> None:
    wire = Wire(file, ("loss", Loss(p=1)))
    wire.ask()
    xray = seen_through(wire)
    assert states(xray)[:3] == "ynn"
    assert xray.stage("question_at_access_point").rules == ("loss",)


def test_isolation_lets_the_question_come_as_far_as_the_access_point(file: Path) -> None:
    wire = Wire(file, ("ap_isolation", ApIsolation()))
    wire.ask()
    wire.connect(None)
    xray = seen_through(wire)
    assert states(xray)[:3] == "yyn"
    assert xray.stopped_by == ("ap_isolation",)


def test_a_gateway_on_another_network_is_not_called_deaf(file: Path) -> None:
    wire = Wire(file)
    wire.lab.network.plug("phone", "guest")
    wire.ask()
    wire.answer()
    xray = seen_through(wire)
    assert xray.outcome == "elsewhere"
    assert (xray.phone_on, xray.gateway_on) == ("guest", "home")
    assert states(xray) == "yyn---"
    assert any("nobody is there to hear it" in each for each in lines(xray, "en"))


def test_a_phone_that_asked_nothing(file: Path) -> None:
    wire = Wire(file)
    wire.answer("neighbour")
    xray = seen_through(wire)
    assert xray.outcome == "not_asked"
    assert states(xray)[0] == "n"
    assert xray.strangers == ("neighbour",)


def test_an_answer_whose_address_cannot_be_reached(file: Path) -> None:
    wire = Wire(file)
    wire.ask()
    wire.answer()
    wire.begin(1, "gateway_firewalled", drops("phone", "gateway"))
    wire.connect(None)
    xray = seen_through(wire)
    assert xray.outcome == "address_unreachable"
    (way,) = (each for each in xray.ways if each.name == "connect")
    assert (way_end(way), way.rules) == ("silent", ("gateway_firewalled",))


def test_an_answer_that_the_phone_makes_nothing_of(file: Path) -> None:
    wire = Wire(file)
    wire.ask()
    wire.answer()
    assert seen_through(wire).outcome == "answer_not_taken"


def test_a_refused_connection_and_a_sweep(file: Path) -> None:
    wire = Wire(file)
    wire.ask()
    wire.connect(RST_ACK)
    wire.sweep(20)
    ways = {each.name: each for each in seen_through(wire).ways}
    assert way_end(ways["connect"]) == "refused"
    assert len(ways["sweep"].sent) == 20
    assert way_end(ways["sweep"]) == "silent"


def test_what_was_before_and_after_the_search_does_not_count(file: Path) -> None:
    wire = Wire(file)
    wire.ask()
    wire.answer()
    wire.later(5)
    wire.begin(1, "mdns_blocked", MdnsBlocked())
    wire.ask()
    wire.later(20)
    wire.lab.network.remove_rules(1)
    wire.answer()
    assert states(seen_through(wire, began_s=4)) == "yyn---"


def test_an_announcement_that_came_by_itself_is_not_called_an_answer(file: Path) -> None:
    wire = Wire(file, ("loss", drops("phone", "gateway")))
    wire.ask()
    wire.answer()
    xray = seen_through(wire, FOUND)
    assert xray.outcome == "found"
    assert "✓ The AiSEG spoke of its own accord  #4" in lines(xray, "en")


@pytest.mark.parametrize("language", ["ja", "en"])
def test_it_is_told_one_line_for_each_stage(file: Path, language: str) -> None:
    wire = Wire(file, ("mdns_blocked", MdnsBlocked()))
    wire.ask()
    wire.connect()
    told = lines(seen_through(wire), language)
    assert len(told) == 1 + 6 + 1
    assert told[3].startswith("✗")
    assert "mdns_blocked" in told[3]
    assert "#2" in told[3]


def test_a_capture_that_was_cut_off_is_read_as_far_as_it_goes(file: Path) -> None:
    wire = Wire(file)
    wire.ask()
    whole = wire.written().read_bytes()
    assert [each.number for each in read(whole)] == [1, 2, 3]
    assert [each.number for each in read(whole[:-5])] == [1, 2]
    assert list(read(b"")) == []
