"""What the verbs share beyond what they are given: the phone they ask, and the screen it is shown on."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from phone_client.given import Given
from phone_client.phone import Phone
from phone_client.screens import Screen
from phone_client.standing import Standing
from phone_client.wording import read_wording
from protocol.problems import NOT_LOGGED_IN, Problem

Result = TypeVar("Result")


class Call(Given):
    """One call of a verb, with its screen and words."""

    def __init__(
        self, given: dict[str, Any], *, as_json: bool = False, more: dict[str, object] | None = None
    ) -> None:
        super().__init__(given, as_json=as_json, more=more)
        self.words = read_wording(self.language)
        self.screen = Screen(self.language, self.words)

    def run(self, do: Callable[[Phone], Awaitable[Result]]) -> Result:
        """Run `do` with the phone."""

        async def with_phone() -> Result:
            async with Phone(self.settings) as phone:
                return await do(phone)

        return asyncio.run(with_phone())

    def standing(self) -> Standing:
        """Return where the person stands, of one who is logged in.

        Raises:
            Problem: `not_logged_in`, or why the session has ended.
        """
        standing = self.run(lambda phone: phone.standing())
        if standing.email is None:
            raise Problem(standing.ended or NOT_LOGGED_IN)
        return standing
