"""A program of `peers` on its standard input and output: a line is said, a line of JSON is heard."""

import json
import time
from typing import Any

from lab.program import Program


class ProgramEndedError(Exception):
    """A program of the benchmark ended before it had answered; what it said last."""


class Talk:
    """Talks with a program; lines that are not JSON are its own affair."""

    def __init__(self, program: Program) -> None:
        self._program = program

    def say(self, line: str) -> None:
        """Write a line."""
        self._program.stdin.write(f"{line}\n")
        self._program.stdin.flush()

    def hear(self, limit_s: float) -> dict[str, Any]:
        """Return the next answer.

        Raises:
            TimeoutError: none came within the limit.
            ProgramEndedError: it ended; with its last words.
        """
        deadline = time.monotonic() + limit_s
        last = ""
        while line := self._program.read_line(max(0.0, deadline - time.monotonic())):
            if line.startswith("{"):
                heard: dict[str, Any] = json.loads(line)
                return heard
            last = line.strip() or last
        raise ProgramEndedError(last)

    def ask(self, line: str, limit_s: float) -> dict[str, Any]:
        """Say a line and return the answer."""
        self.say(line)
        return self.hear(limit_s)
