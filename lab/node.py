"""A machine of the home as its runner sees it."""

import os
import socket
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from lab.program import Asking, Program, ProgramError, memory_file, text_of

_RUN_S: Final = 30.0


class Node:
    """One machine: commands run in it, sockets opened in it are used from here."""

    def __init__(self, name: str, mac: str, ask: Asking) -> None:
        self.name = name
        self.mac = mac
        self._ask = ask

    def __repr__(self) -> str:
        return f"<node {self.name}>"

    @property
    def address(self) -> str:
        """Its present IPv4 address."""
        address: str = self._ask("address", node=self.name)[0]
        return address

    def run(
        self,
        *argv: str,
        timeout: float = _RUN_S,
        env: Mapping[str, str] | None = None,
        cwd: Path | None = None,
    ) -> str:
        """Run a command to its end and return what it printed on standard output.

        Raises:
            ProgramError: it failed.
            TimeoutError: it did not end in time, and was killed.
            OSError: there is no such command.
        """
        with memory_file() as output, memory_file() as errors, Path(os.devnull).open("rb") as nothing:
            stdio = nothing.fileno(), output.fileno(), errors.fileno()
            program = self._begin(argv, env, cwd, stdio)
            try:
                code = program.wait(timeout)
            except TimeoutError as late:
                raise TimeoutError(f"{late}; it printed:\n{text_of(output)}{text_of(errors)}") from None
            finally:
                program.end_at_once()
            if code:
                raise ProgramError(argv, code, text_of(errors) + text_of(output))
            return text_of(output)

    @contextmanager
    def running(
        self,
        *argv: str,
        env: Mapping[str, str] | None = None,
        cwd: Path | None = None,
        service: bool = False,
        separate_errors: bool = False,
    ) -> Iterator[Program]:
        """Keep a command running; ask it to end, then make it."""
        program = self.start(*argv, env=env, cwd=cwd, service=service, separate_errors=separate_errors)
        try:
            yield program
        finally:
            program.end()

    def start(
        self,
        *argv: str,
        env: Mapping[str, str] | None = None,
        cwd: Path | None = None,
        service: bool = False,
        separate_errors: bool = False,
    ) -> Program:
        """Start a command; it ends with the home at the latest.

        A `service` comes back, with the same standard input and output, when the node's power comes back. What is
        printed on standard error is in `stdout`, unless it is to be separate.
        """
        reading, writing = os.pipe()
        output_reading, output_writing = os.pipe()
        errors = os.pipe() if separate_errors else None
        inner = reading, output_writing, errors[1] if errors else output_writing
        try:
            program = self._begin(argv, env, cwd, inner, service=service)
        except BaseException:
            for each in (writing, output_reading, *(errors[:1] if errors else ())):
                os.close(each)
            raise
        finally:
            for each in dict.fromkeys(inner):
                os.close(each)
        program.open(writing, output_reading, errors[0] if errors else None)
        return program

    def _begin(
        self,
        argv: tuple[str, ...],
        env: Mapping[str, str] | None,
        cwd: Path | None,
        stdio: tuple[int, int, int],
        *,
        service: bool = False,
    ) -> Program:
        ended, end = os.pipe()
        try:
            number, _ = self._ask(
                "start",
                node=self.name,
                argv=argv,
                env=dict(os.environ if env is None else env),
                cwd=str(Path.cwd() if cwd is None else cwd),
                service=service,
                files=(*stdio, end),
            )
        except BaseException:
            os.close(ended)
            raise
        finally:
            os.close(end)
        return Program(argv, number, ended, self._ask)

    def open_socket(self, family: int, kind: int, proto: int = 0) -> socket.socket:
        """Return a socket that lives in this machine and is used from here."""
        _, (opened,) = self._ask("open_socket", node=self.name, family=family, kind=kind, proto=proto)
        return socket.socket(fileno=opened)

    def carrier(self, up: bool) -> None:
        """Pull its cable out, or plug it in again: its kernel sees it."""
        self._ask("carrier", node=self.name, up=up)
