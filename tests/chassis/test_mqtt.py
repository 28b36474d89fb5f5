import asyncio

import aiomqtt
import pytest

from chassis.mqtt import MqttClient, pause_s


async def test_a_connection_that_breaks_on_leaving_does_not_swallow_a_cancellation(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def enter(client: MqttClient) -> MqttClient:
        return client

    async def break_down(*_: object) -> None:
        raise aiomqtt.MqttError("the broker ended in the same moment")

    monkeypatch.setattr(aiomqtt.Client, "__aenter__", enter)
    monkeypatch.setattr(aiomqtt.Client, "__aexit__", break_down)
    with pytest.raises(asyncio.CancelledError):
        async with MqttClient("127.0.0.1", 1, "x", "y"):
            raise asyncio.CancelledError
    with pytest.raises(aiomqtt.MqttError):
        async with MqttClient("127.0.0.1", 1, "x", "y"):
            pass


def test_pauses_grow_up_to_their_limit() -> None:
    assert all(pause_s(0, 60) <= 0.2 for _ in range(100))
    assert max(pause_s(2000, 60) for _ in range(1000)) <= 60
