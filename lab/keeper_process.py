"""The keeper of a home as the process that has the home sees it: started, asked, ended."""

import fcntl
import itertools
import os
import socket
import subprocess
import sys
import threading
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

from lab.messages import Message, read_problem, receive, send
from lab.program import can_be_read, memory_file
from protocol.problems import HOME_NOT_ALLOWED, PROGRAM_MISSING, Problem, UnreachableError

_CAPABILITIES: Final = (1 << 12) | (1 << 21)  # CAP_NET_ADMIN, CAP_SYS_ADMIN
_OWN: Final = ("--net", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc")
_TO_END_S: Final = 5.0
_FIRST_FREE: Final = 3
"""The number of the first file that is not standard input, output or error."""


class KeeperProcess:
    """It ends when it is told to, and with this process at the latest. Any thread may ask: one question at a time."""

    def __init__(self) -> None:
        """Start it.

        Raises:
            Problem: PROGRAM_MISSING.
        """
        self._runner = os.getpid()
        self._lock = threading.Lock()
        self._numbers = itertools.count()
        self._has_answered = False
        self._is_over = False
        self._control, keepers = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._errors = memory_file()
        try:
            self._process = self._start(keepers)
        except BaseException:
            self._control.close()
            self._errors.close()
            raise
        self._end = os.pidfd_open(self._process.pid)

    def _start(self, keepers: socket.socket) -> "subprocess.Popen[bytes]":
        user = () if may_make_namespaces() else ("--user", "--map-root-user")
        control, runner = _aside(keepers.detach()), _aside(os.pidfd_open(self._runner))
        keeper = (sys.executable, "-m", "lab.keeper", str(control), str(runner))
        try:
            return subprocess.Popen(  # noqa: S603 - the words are ours
                ["unshare", *user, *_OWN, *keeper],  # noqa: S607 - wherever this system has it
                stdin=subprocess.DEVNULL,
                stdout=self._errors,
                stderr=self._errors,
                pass_fds=(control, runner),
                start_new_session=True,  # Ctrl-C is for the runner
                env={**os.environ, "PYTHONPATH": _with_ourselves(), "PYTHONSAFEPATH": "1"},
            )
        except FileNotFoundError as error:
            raise Problem(PROGRAM_MISSING, program="unshare", remedy="apt install util-linux") from error
        finally:
            os.close(control)
            os.close(runner)

    def ask(self, verb: str, *, files: tuple[int, ...] = (), **arguments: Any) -> tuple[Any, list[int]]:
        """Return its answer and the files that came with it.

        Raises:
            Problem: what was asked cannot be.
            OSError: the system refused it.
            UnreachableError: the keeper is gone.
        """
        with self._lock:
            if self._is_over:
                raise RuntimeError("this home has been left")
            try:
                answer = self._converse({"verb": verb, **arguments}, files)
            except ConnectionError:
                answer = None
        if answer is None:
            raise self._gone()
        self._has_answered = True
        message, came = answer
        if "result" in message:
            return message["result"], came
        if "problem" in message:
            raise read_problem(message["problem"])
        if "refused" in message:
            raise OSError(*message["refused"])
        raise RuntimeError(f"the keeper of the home could not {verb}:\n{message['bug']}")

    def _converse(self, message: Message, files: tuple[int, ...]) -> tuple[Message, list[int]] | None:
        number = next(self._numbers)
        send(self._control, {"number": number, **message}, files)
        while answer := receive(self._control):
            if answer[0]["number"] == number:
                return answer
            for each in answer[1]:
                os.close(each)
        return None

    def _gone(self) -> Exception:
        can_be_read(self._end, _TO_END_S)
        self._errors.seek(0)
        said = self._errors.read().decode("utf-8", "replace").strip()
        if "Traceback" in said:
            return RuntimeError(f"the keeper of the home failed:\n{said}")
        if said.startswith("unshare:") and not self._has_answered:
            return Problem(HOME_NOT_ALLOWED, reason=said.removeprefix("unshare: "))
        return UnreachableError(
            "the virtual home", "its keeper was killed", ja=("仮想の家", "管理プロセスが強制終了されました")
        )

    def break_off(self) -> None:
        """Let it end while others still ask it: what they wait for fails, and `end` is still to come."""
        with suppress(OSError):
            self._control.shutdown(socket.SHUT_RDWR)  # other processes may have copies of our end

    def end(self) -> None:
        """End it, and all that is in its home; but not from a fork of the process that has the home."""
        self._is_over = True
        if os.getpid() == self._runner:
            self.break_off()
            if not can_be_read(self._end, _TO_END_S):
                self._process.kill()  # the processes of the home go with it
            self._process.wait()
        os.close(self._end)
        self._errors.close()
        self._control.close()


def may_make_namespaces() -> bool:
    """Say whether this process has the right to make networks and mounts as it is."""
    status = Path("/proc/self/status").read_text("ascii")
    effective = next(line for line in status.splitlines() if line.startswith("CapEff:"))
    return int(effective.split()[1], 16) & _CAPABILITIES == _CAPABILITIES


def _aside(file: int) -> int:
    """Move a file away from the standard ones, which are the keeper's own: ours may have been closed."""
    try:
        return fcntl.fcntl(file, fcntl.F_DUPFD_CLOEXEC, _FIRST_FREE)
    finally:
        os.close(file)


def _with_ourselves() -> str:
    ours = str(Path(__file__).resolve().parents[1])
    return os.pathsep.join(filter(None, (ours, os.environ.get("PYTHONPATH"))))
