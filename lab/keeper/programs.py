"""What runs in the nodes. Every child of the keeper is waited for here, those that were orphaned included."""

import os
import signal
import subprocess
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from lab.keeper.namespaces import Place


@dataclass
class Program:
    """A command in a place. A service comes back with its node's power, with the same standard input and output.

    `ended` is a pipe's end: the exit code is written there when the program will not come back.
    """

    place: Place
    argv: Sequence[str]
    env: Mapping[str, str]
    cwd: str
    stdio: tuple[int, int, int]
    ended: int | None = None
    service: bool = False
    process: subprocess.Popen[bytes] | None = None
    code: int | None = None
    resting: bool = False
    number: int = 0


class Programs:
    """All that run or rest, by number; `news` can be read when a child of the keeper has ended, and `reap` is called for."""

    def __init__(self) -> None:
        self._numbers = 0
        self._all: dict[int, Program] = {}
        self.news, writing = os.pipe()
        for each in (self.news, writing):
            os.set_blocking(each, False)
        signal.set_wakeup_fd(writing, warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda *_: None)

    def start(self, program: Program) -> int:
        """Start a program and return its number.

        Raises:
            OSError: there is no such command, or it cannot be run.
        """
        _run(program)
        self._numbers += 1
        program.number = self._numbers
        self._all[program.number] = program
        return program.number

    def __contains__(self, number: int) -> bool:
        return number in self._all

    def send_signal(self, number: int, sent: int) -> None:
        """Send a signal to a program; to all that it has started too, if it is one that cannot be refused."""
        program = self._all.get(number)
        if program and program.process and program.process.returncode is None:
            with suppress(ProcessLookupError):
                (os.killpg if sent == signal.SIGKILL else os.kill)(program.process.pid, sent)
        elif program and program.resting:
            self._finish(program, -sent)

    def reap(self) -> None:
        """Take note of every child that has ended."""
        with suppress(BlockingIOError):
            os.read(self.news, 4096)
        while (ended := _next_ended()) is not None:
            pid, status = ended
            for program in tuple(self._all.values()):
                if program.process and program.process.pid == pid and program.process.returncode is None:
                    program.process.returncode = os.waitstatus_to_exitcode(status)
                    if not program.resting:
                        self._finish(program, program.process.returncode)

    def cut_power(self, place: Place) -> None:
        """Kill all that runs in `place`, whoever started it; services rest until `restore_power`."""
        for program in self._of(place):
            program.resting = program.service
        for pid in _living_in(place):
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)

    def restore_power(self, place: Place) -> None:
        """Start the services of `place` again."""
        for program in self._of(place):
            if program.resting:
                program.resting = False
                _run(program)

    def _of(self, place: Place) -> list[Program]:
        return [each for each in self._all.values() if each.place is place]

    def _finish(self, program: Program, code: int) -> None:
        program.code = code
        del self._all[program.number]
        for each in program.stdio:
            os.close(each)
        if program.ended is not None:
            with suppress(BrokenPipeError):
                os.write(program.ended, str(code).encode("ascii"))
            os.close(program.ended)


def _run(program: Program) -> None:
    stdin, stdout, stderr = program.stdio
    program.process = program.place.do(
        subprocess.Popen,
        program.argv,
        stdin=stdin,
        stdout=stdout,
        stderr=stderr,
        env={**program.env, **program.place.environment},
        cwd=program.cwd,
        start_new_session=True,
    )


def _next_ended() -> tuple[int, int] | None:
    try:
        pid, status = os.waitpid(-1, os.WNOHANG)
    except ChildProcessError:
        return None
    return (pid, status) if pid else None


def _living_in(place: Place) -> list[int]:
    network = os.fstat(place.network).st_ino
    pids = [int(each.name) for each in Path("/proc").iterdir() if each.name.isdigit()]
    return [pid for pid in pids if pid != os.getpid() and _network_of(pid) == network]


def _network_of(pid: int) -> int | None:
    with suppress(OSError):
        return Path(f"/proc/{pid}/ns/net").stat().st_ino
    return None
