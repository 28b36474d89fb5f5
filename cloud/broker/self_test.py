"""Does a broker keep to the rights it was given? Asked at each start of one that is not our own code."""

import asyncio
import secrets
from dataclasses import dataclass, field
from typing import Final

from chassis.mqtt import MqttClient
from cloud.logins import Login, hash_password
from protocol.problems import BROKER_UNGUARDED, Problem

_TOPIC: Final = "self-test/secret"
_ANSWER_WITHIN_S: Final = 5.0


@dataclass(frozen=True)
class SelfTest:
    """One user who may write and read a topic, and one who may do nothing at all."""

    witness_password: str = field(default_factory=secrets.token_urlsafe, repr=False)
    intruder_password: str = field(default_factory=secrets.token_urlsafe, repr=False)

    def logins(self) -> tuple[Login, Login]:
        """Return what the broker must know for the test."""
        return (
            Login("self-test-witness", hash_password(self.witness_password), (_TOPIC,), (_TOPIC,)),
            Login("self-test-intruder", hash_password(self.intruder_password), (), ()),
        )

    async def run(self, host: str, port: int) -> None:
        """Let the intruder listen to everything while the witness speaks. Asserts delivery: a SUBACK proves nothing.

        Raises:
            Problem: `broker_unguarded`.
            aiomqtt.MqttError: no answer.
        """
        async with (
            MqttClient(host, port, "self-test-witness", self.witness_password) as witness,
            MqttClient(host, port, "self-test-intruder", self.intruder_password) as intruder,
        ):
            await witness.subscribe(_TOPIC, qos=1)
            await intruder.subscribe("#", qos=1)
            await witness.publish(_TOPIC, b"secret", qos=1)
            async with asyncio.timeout(_ANSWER_WITHIN_S):
                await anext(witness.messages)
            await intruder.subscribe("#", qos=1)  # once this is answered, it has whatever it was going to get
            if len(intruder.messages):
                raise Problem(BROKER_UNGUARDED, address=f"{host}:{port}")
