"""What the runner asks for, one thing after the other, and the answers."""

import os
import socket
import time
import traceback
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from chassis.clock import SystemClock
from lab.conditions.active import Argument
from lab.keeper.capture import Capture
from lab.keeper.hands import Hands
from lab.keeper.programs import Program
from lab.messages import Message, read_plan, receive, send, written_active, written_problem
from protocol.problems import Problem

if TYPE_CHECKING:
    from lab.conditions.register import Register

Answer = tuple[Any, Sequence[int]]


class Control:
    """Answers until the runner is gone. What is asked while a condition begins has to wait."""

    def __init__(self, connection: socket.socket, runner: int) -> None:
        self._connection = connection
        self._capture: Capture | None = None
        asked = receive(connection)
        if asked is None or not self._reply(asked[0]["number"], lambda: self._build(**asked[0])):
            _end()
        self._hands.pump.watch(connection, self._answer_next)
        self._hands.pump.watch(runner, _end)

    def _build(
        self, plan: Message, seed: int, folder: str | None, movable_clocks: bool, **_: object
    ) -> Answer:
        if folder:
            self._capture = Capture(Path(folder, "packets.pcapng"), time.monotonic())
        self._hands = Hands(read_plan(plan), seed, self._capture, movable_clocks=movable_clocks)
        return [[name, each.mac] for name, each in self._hands.machines.items()], ()

    def keep(self) -> NoReturn:
        """Keep the home until the runner is gone."""
        try:
            self._hands.pump.run()
        finally:
            if self._capture:
                with suppress(OSError):  # nobody is there any more who could be told
                    self._capture.flush()

    def _answer_next(self) -> None:
        if self._hands.busy:
            self._answer_later()
            return
        asked = receive(self._connection)
        if asked is None:
            _end()
        message, files = asked
        verb: Callable[..., Answer] = getattr(self, f"do_{message.pop('verb')}")
        number = message.pop("number")
        self._reply(number, lambda: verb(**message, **({"files": files} if files else {})))

    def _answer_later(self) -> None:
        """Look away until what is being done is done, unless there is nobody any more."""
        if not self._connection.recv(1, socket.MSG_PEEK):
            _end()
        self._hands.pump.unwatch(self._connection)
        self._hands.pump.later(0, lambda: self._hands.pump.watch(self._connection, self._answer_next))

    def _reply(self, number: int, verb: Callable[[], Answer]) -> bool:
        files: Sequence[int] = ()
        answer: Message
        try:
            result, files = verb()
            answer = {"result": result}
        except Problem as problem:
            answer = {"problem": written_problem(problem)}
        except OSError as error:
            answer = {"refused": [error.errno, ": ".join(filter(None, (error.strerror, error.filename)))]}
        except Exception:  # noqa: BLE001 - the runner has to know, whatever it is
            answer = {"bug": traceback.format_exc()}
        try:
            send(self._connection, {"number": number, **answer}, files)
        except ConnectionError:
            _end()
        for each in files:
            os.close(each)
        return "result" in answer

    # Programs and sockets

    def do_start(
        self,
        *,
        node: str,
        argv: Sequence[str],
        env: Mapping[str, str],
        cwd: str,
        service: bool,
        files: Sequence[int],
    ) -> Answer:
        """Start a program: `files` are its standard input, output and error, and where its exit code goes."""
        stdin, stdout, stderr, ended = files
        place = self._hands.machines[node].place
        program = Program(place, argv, env, cwd, (stdin, stdout, stderr), ended, service)
        try:
            return self._hands.programs.start(program), ()
        except BaseException:
            for each in files:
                os.close(each)
            raise

    def do_signal(self, program: int, sent: int) -> Answer:
        """Send a signal to a program."""
        self._hands.programs.send_signal(program, sent)
        return None, ()

    def do_open_socket(self, node: str, family: int, kind: int, proto: int) -> Answer:
        """Open a socket in a node."""
        opened = self._hands.machines[node].place.do(socket.socket, family, kind, proto)
        return None, [opened.detach()]

    # Conditions

    @cached_property
    def _register(self) -> "Register":
        from lab.conditions.register import Register  # noqa: PLC0415 - most homes are well

        return Register(self._hands, SystemClock().now)

    def do_begin(self, name: str, args: Mapping[str, Argument], ttl_s: float | None) -> Answer:
        """Begin a condition."""
        return written_active(self._register.begin(name, args, ttl_s)), ()

    def do_end(self, condition: int) -> Answer:
        """End one."""
        self._register.end(condition)
        return None, ()

    def do_active(self) -> Answer:
        """List them."""
        return [written_active(each) for each in self._register.active()], ()

    def do_all_clear(self) -> Answer:
        """End all."""
        self._register.all_clear()
        return None, ()

    # The home

    def do_address(self, node: str) -> Answer:
        """Return a node's IPv4 address."""
        return self._hands.machines[node].address, ()

    def do_capture(self) -> Answer:
        """Write every frame so far.

        Raises:
            OSError: some could not be written.
        """
        if self._capture:
            self._capture.flush()
        return None, ()

    def do_carrier(self, node: str, up: bool) -> Answer:
        """Plug a node's cable in or out."""
        self._hands.carrier(node, up)
        return None, ()


def _end() -> NoReturn:
    raise SystemExit
