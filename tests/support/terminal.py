"""A person at a terminal: `aiseg phone …` on a pty, read and typed at as a person does. Nothing here blocks the loop."""

import asyncio
import os
import re
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

import pexpect  # type: ignore[import-untyped]

WITHIN_S: Final = 30
AGAIN_AFTER_S: Final = 5
TRIES: Final = 5
SIZE: Final = (60, 200)
_END_OF_LINE: Final = r"(?:\x1b\[0m)?\r\n"


class Terminal:
    """What is on the screen of one command, and the keys."""

    def __init__(self, child: pexpect.spawn) -> None:
        self._child = child
        self.text = ""

    async def sees(self, *texts: str) -> None:
        """Wait until each of `texts` has come up, in this order; fail with the screen."""
        for text in texts:
            await asyncio.to_thread(self._expect, re.escape(text).replace("\\\n", _END_OF_LINE))

    async def answers(self, prompt: str, text: str) -> None:
        """Wait for a prompt that begins with `prompt`, and type a line."""
        await asyncio.to_thread(self._expect, re.escape(prompt) + r"[^\r\n]*: ")
        await self.types(text)

    async def types(self, text: str) -> None:
        """Type a line."""
        await asyncio.to_thread(self._child.sendline, text)

    async def chooses(self, label: str) -> None:
        """Type the number that stands before `label`, when asked for one."""
        number = await asyncio.to_thread(self._expect, r"(\d+)\) " + re.escape(label))
        await self.sees("> ")
        await self.types(number)

    async def interrupts(self) -> None:
        """Press Ctrl-C."""
        await asyncio.to_thread(self._child.sendintr)

    async def is_interrupted(self) -> int:
        """Press Ctrl-C until the command has ended, and return its exit code.

        Once is not always enough: Python misses a signal that comes just before it waits for a line, as a person would see.
        """
        for _ in range(TRIES):
            await self.interrupts()
            if (
                await asyncio.to_thread(self._child.expect, [pexpect.EOF, pexpect.TIMEOUT], AGAIN_AFTER_S)
                == 0
            ):
                break
        self.text += self._child.before
        return await self.ends()

    async def ends(self) -> int:
        """Wait for the end of the command, and return its exit code."""
        await asyncio.to_thread(self._expect, pexpect.EOF)
        await asyncio.to_thread(self._child.wait)
        assert "Traceback" not in self.text, self.text
        return int(self._child.exitstatus or 0)

    def _expect(self, pattern: str | type[pexpect.EOF]) -> str:
        try:
            self._child.expect(pattern)
        except (pexpect.TIMEOUT, pexpect.EOF):
            raise AssertionError(f"{pattern} did not come: {self.text}{self._child.before}") from None
        self.text += f"{self._child.before}{self._child.after if pattern is not pexpect.EOF else ''}"
        return str(self._child.match[1]) if isinstance(pattern, str) and self._child.match.re.groups else ""


@asynccontextmanager
async def terminal(
    state: Path, *words: str, cloud: str, language: str = "ja", **settings: str
) -> AsyncIterator[Terminal]:
    """Run `aiseg phone` with `words` on a terminal; `settings` by their variables, e.g. `APP__OS_VERSION`."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("AISEG_")}
    environment |= {"LC_ALL": {"ja": "ja_JP.UTF-8", "en": "C.UTF-8"}[language], "TERM": "xterm"}
    environment |= {"AISEG_PHONE__SEARCH__LIMIT_S": "3", "AISEG_PHONE__CLOUD__URL": cloud}
    environment |= {f"AISEG_PHONE__{name}": value for name, value in settings.items()}
    child = await asyncio.to_thread(
        pexpect.spawn,
        sys.executable,
        ["-m", "phone_client", "--state", str(state), *words],
        env=environment,
        encoding="utf-8",
        timeout=WITHIN_S,
        dimensions=SIZE,
    )
    try:
        yield Terminal(child)
    finally:
        await asyncio.to_thread(child.close, force=True)
