"""Queue, packet numbers and resending of one session, whatever order things happen in."""

from collections.abc import Sequence

import mqtt5
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cloud.broker import sessions
from cloud.broker.sessions import Delivery, Key, Message, Session, Share

steps = st.lists(st.sampled_from(["offer", "share", "send", "acknowledge", "reconnect"]), max_size=60)


def delivery(number: int, share: Share | None = None, qos: int = 1) -> Delivery:
    packet = mqtt5.PublishPacket("t", b"%d" % number)
    return Delivery(Message(packet, None), qos, retain=False, share=share)


def sent(session: Session) -> list[mqtt5.PublishPacket]:
    packets = [mqtt5.read(memoryview(frame))[0] for frame in session.take(0, 10_000)]
    return [packet for packet in packets if isinstance(packet, mqtt5.PublishPacket)]


@settings(max_examples=300, deadline=None)
@given(steps, st.integers(1, 2))
def test_everything_arrives_and_no_number_is_used_twice_at_a_time(
    what_happens: Sequence[str], receive_max: int
) -> None:
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(sessions, "_PACKET_IDS", 2)
        live(what_happens, receive_max)


def live(what_happens: Sequence[str], receive_max: int) -> None:
    session = Session(Key("u", "c"))
    session.receive_max = receive_max
    offered, arrived = 0, set[bytes]()
    in_flight: dict[int, bytes] = {}
    for step in [*what_happens, *["send", "acknowledge"] * len(what_happens)]:
        match step:
            case "offer" | "share":
                assert session.offer(delivery(offered, Share("g", "t") if step == "share" else None))
                offered += 1
            case "send":
                for packet in sent(session):
                    assert packet.packet_id not in in_flight
                    assert packet.packet_id
                    in_flight[packet.packet_id] = packet.payload
                assert len(in_flight) <= receive_max
            case "acknowledge" if in_flight:
                number = next(iter(in_flight))
                arrived.add(in_flight.pop(number))
                session.acknowledge(number)
            case "reconnect":
                in_flight.clear()
                session.rewind()
                for shared in session.give_back():
                    session.offer(shared)
    assert arrived == {b"%d" % number for number in range(offered)}
    assert session.load == 0


def test_a_full_queue_takes_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sessions, "QUEUE_MAX_BYTES", 3 * delivery(0).size)
    session = Session(Key("u", "c"))
    assert [session.offer(delivery(number)) for number in range(4)] == [True, True, True, False]
    assert session.load == 3


def test_qos_0_needs_no_number_and_no_answer() -> None:
    session = Session(Key("u", "c"))
    for number in range(3):
        session.offer(delivery(number, qos=0))
    assert [packet.payload for packet in sent(session)] == [b"0", b"1", b"2"]
    assert session.load == 0
