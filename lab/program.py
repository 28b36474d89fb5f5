"""A program that runs in a node, as its runner sees it."""

import io
import json
import os
import select
import signal
import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from typing import IO, Any, Final, Protocol, TextIO

_FOR_ENDING_S: Final = 5.0


class Asking(Protocol):
    """How a node asks the keeper of its home."""

    def __call__(self, verb: str, *, files: tuple[int, ...] = (), **arguments: Any) -> tuple[Any, list[int]]:
        """Return the keeper's answer and the files that came with it."""


class ProgramError(Exception):
    """A program ended in failure: `code` is its exit code (negative: the signal), `output` what it printed."""

    def __init__(self, argv: tuple[str, ...], code: int, output: str) -> None:
        super().__init__(f"{' '.join(argv)} ended with {code}:\n{output}")
        self.code = code
        self.output = output


class Program:
    """A command that runs in a node, or ran. `stdin`, `stdout` and, if it was asked for, `stderr` are text files."""

    stdin: TextIO
    stdout: TextIO
    stderr: TextIO

    def __init__(self, argv: tuple[str, ...], number: int, ended: int, ask: Asking) -> None:
        self.argv = argv
        self._number = number
        self._ended = os.fdopen(ended, "rb", buffering=0)
        self._noting = threading.Lock()
        self._ask = ask
        self._code: int | None = None
        self._files: list[TextIO] = []

    def open(self, stdin: int, stdout: int, stderr: int | None) -> None:
        """Take our ends of its standard files."""
        self.stdin = os.fdopen(stdin, "w", encoding="utf-8", errors="surrogateescape")
        self._pipe = _Pipe(stdout)
        self.stdout = _as_text(self._pipe)
        self._files += [self.stdin, self.stdout]
        if stderr is not None:
            self.stderr = _as_text(_Pipe(stderr))
            self._files.append(self.stderr)

    def poll(self) -> int | None:
        """Return its exit code, or None while it runs."""
        try:
            return self.wait(0)
        except TimeoutError:
            return None

    def wait(self, timeout: float | None = None) -> int:
        """Return its exit code (negative: the signal that ended it) when it has ended.

        Raises:
            TimeoutError: it has not, within `timeout` seconds.
        """
        if self._code is None and not can_be_read(self._ended.fileno(), timeout):
            raise TimeoutError(f"{' '.join(self.argv)} has not ended within {timeout} s")
        with self._noting:
            if self._code is None:
                code = self._ended.read(16)
                self._code = int(code) if code else -signal.SIGKILL  # nobody wrote it: it went with its home
            return self._code

    def read_line(self, timeout: float = 10.0) -> str:
        """Return the next line of its output, with its end; "" when there will be none.

        Raises:
            TimeoutError: there was none in time.
        """
        self._pipe.deadline = time.monotonic() + timeout
        try:
            return self.stdout.readline()
        except TimeoutError:
            raise TimeoutError(f"{' '.join(self.argv)} printed no line within {timeout} s") from None
        finally:
            self._pipe.deadline = None

    def read_document(self, timeout: float) -> Mapping[str, Any] | None:
        """Return the JSON object that one of our programs prints as a line when it serves; None if it ends before.

        Raises:
            TimeoutError: it did neither in time.
        """
        deadline = time.monotonic() + timeout
        while line := self.read_line(max(0.0, deadline - time.monotonic())):
            if line.startswith("{"):
                document: Mapping[str, Any] = json.loads(line)
                return document
        return None

    def send_signal(self, number: int) -> None:
        """Send it a signal, if it runs."""
        if self.poll() is None:
            self._ask("signal", program=self._number, sent=number)

    def terminate(self) -> None:
        """Ask it to end."""
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        """End it, and what it has started."""
        self.send_signal(signal.SIGKILL)

    def end(self) -> None:
        """Ask it to end, make it end if it does not, and close its files."""
        try:
            self.terminate()
            with suppress(TimeoutError):
                self.wait(_FOR_ENDING_S)
        finally:
            self.end_at_once()

    def end_at_once(self) -> None:
        """Make it end, if it runs, and close its files."""
        try:
            self.kill()
            self.wait(_FOR_ENDING_S)
        finally:
            self.close()

    def close(self) -> None:
        """Close our ends of its files; how it ends can be asked for all the same."""
        for each in self._files:
            with suppress(BrokenPipeError):
                each.close()
        if self.poll() is not None:
            self._ended.close()

    def __enter__(self) -> "Program":
        return self

    def __exit__(self, *_: object) -> None:
        self.end()


class _Pipe(io.RawIOBase):
    """The end of a pipe that is waited for no longer than until `deadline`."""

    def __init__(self, reading: int) -> None:
        self._reading = reading
        self.deadline: float | None = None

    def readable(self) -> bool:
        return True

    def fileno(self) -> int:
        return self._reading

    def readinto(self, buffer: Any) -> int:
        left = None if self.deadline is None else max(0.0, self.deadline - time.monotonic())
        if not can_be_read(self._reading, left):
            raise TimeoutError
        return os.readv(self._reading, [buffer])

    def close(self) -> None:
        if not self.closed:
            os.close(self._reading)
        super().close()


def _as_text(pipe: _Pipe) -> TextIO:
    return io.TextIOWrapper(io.BufferedReader(pipe), encoding="utf-8", errors="surrogateescape")


def can_be_read(file: int, within_s: float | None) -> bool:
    """Say whether something comes, or its end, within so many seconds (None: wait for ever)."""
    waiting = select.poll()  # `select` knows no files above number 1023
    waiting.register(file, select.POLLIN)
    return bool(waiting.poll(None if within_s is None else within_s * 1000))


def memory_file() -> IO[bytes]:
    """Return a file that has no name and is gone when it is closed."""
    return os.fdopen(os.memfd_create("output"), "w+b")


def text_of(file: IO[bytes]) -> str:
    """Return all that is in it."""
    file.seek(0)
    return file.read().decode("utf-8", "replace")
