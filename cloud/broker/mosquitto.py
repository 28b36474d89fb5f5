"""Mosquitto as our child: configured, fed with logins, started again when it dies, gone when we are.

Its folder holds the configuration, the password and access files, and its store. Every client id is replaced by the user
name: the only way in Mosquitto 2.0 to keep one gateway from cutting off another. So one user has one connection, and a
second person looking on as `watcher` takes over from the first. Changed rights bind a live session at once, as Mosquitto
asks at each message; a changed password ends it.
"""

import asyncio
import contextlib
import errno
import logging
import os
import pwd
import shutil
import signal
import socket
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final, cast

import aiomqtt

from chassis.mqtt import pause_s
from chassis.tasks import beside
from cloud.broker.self_test import SelfTest
from cloud.logins import Login
from protocol.problems import PORT_TAKEN, PROGRAM_MISSING, STATE_UNWRITABLE, Problem, UnreachableError

_STARTS_WITHIN_S: Final = 10.0
_STOPS_WITHIN_S: Final = 5.0
_RELOADS_WITHIN_S: Final = 5.0
_PORT_FREE_WITHIN_S: Final = 3.0  # a predecessor whose cloud was killed is still saving its store
_RETRY_MAX_S: Final = 10.0

# What is not said here has a default that loses messages or time: 20 in flight, 1000 queued, 1800 s between saves, Nagle.
_CONFIGURATION: Final = """\
listener {port} {host}
use_username_as_clientid true
max_connections 10000
allow_anonymous false
password_file {folder}/passwords
acl_file {folder}/access
set_tcp_nodelay true
max_inflight_messages 1000
max_queued_messages 0
max_queued_bytes 33554432
max_packet_size 262144
persistence true
persistence_location {folder}/
autosave_interval 5
persistent_client_expiration 1d
sys_interval 0
user {user}
log_dest stderr
log_type error
log_type warning
log_type information
connection_messages false
"""

_log = logging.getLogger(__name__)


class MosquittoBroker:
    """A `cloud.broker.Broker` that runs the program Mosquitto (2.0 or newer)."""

    def __init__(self, host: str, port: int, folder: Path, binary: str = "mosquitto") -> None:
        self.host = host
        self.port = port
        self._folder = folder
        self._binary = binary
        self._logins: dict[str, Login] = {}
        self._admitting = asyncio.Lock()
        self._reloaded = asyncio.Event()
        self._process: asyncio.subprocess.Process | None = None
        self._last_words = ""

    @asynccontextmanager
    async def serving(self, logins: Iterable[Login]) -> AsyncIterator[None]:
        """Serve until the block is left.

        Raises:
            Problem: `program_missing`, `port_taken`, `state_unwritable`, `broker_unguarded`.
            UnreachableError: it does not start; the reason is its own.
        """
        command = await asyncio.to_thread(self._command)
        self_test = SelfTest()
        self._logins = {login.username: login for login in (*logins, *self_test.logins())}
        self.port = await _free_port(self.host, self.port)
        await asyncio.to_thread(self._write_files)
        async with beside(self._keep_running(command)):
            await self._wait_until_safe(self_test)
            yield

    async def admit(self, login: Login) -> None:
        """Add or replace a login; done when Mosquitto has taken it in.

        Raises:
            UnreachableError: it does not react.
        """
        async with self._admitting:
            self._logins[login.username] = login
            await asyncio.to_thread(self._write_files)
            self._reloaded.clear()
            if self._process and self._process.returncode is None:
                self._process.send_signal(signal.SIGHUP)
                await self._wait_for_reload()

    async def _wait_for_reload(self) -> None:
        try:
            async with asyncio.timeout(_RELOADS_WITHIN_S):
                await self._reloaded.wait()
        except TimeoutError:
            raise UnreachableError("mosquitto", "it does not read its logins again") from None

    def _command(self) -> list[str]:
        where = f"{os.environ.get('PATH', os.defpath)}:/usr/local/sbin:/usr/sbin"
        found = {name: shutil.which(name, path=where) for name in ("setpriv", self._binary)}
        for name, path in found.items():
            if path is None:
                package = "util-linux" if name == "setpriv" else "mosquitto"
                raise Problem(PROGRAM_MISSING, program=name, remedy=f"sudo apt-get install {package}")
        # setpriv: if we are killed, the kernel tells the child, which then saves its store and ends.
        setpriv, mosquitto = (str(path) for path in found.values())
        return [setpriv, "--pdeathsig", "TERM", mosquitto, "-c", str(self._folder / "mosquitto.conf")]

    def _write_files(self) -> None:
        # As root Mosquitto would become another user, who may not enter our folder. It stays what we are.
        user = pwd.getpwuid(os.getuid()).pw_name
        logins = self._logins.values()
        files = {
            "mosquitto.conf": _CONFIGURATION.format(
                host=self.host, port=self.port, folder=self._folder, user=user
            ),
            "passwords": "".join(f"{login.username}:{login.password_hash}\n" for login in logins),
            "access": "".join(map(_access_lines, logins)),
        }
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            for name, content in files.items():
                _replace(self._folder / name, content)
        except OSError as error:
            raise Problem(STATE_UNWRITABLE, file=str(self._folder), reason=str(error.strerror)) from None

    async def _keep_running(self, command: list[str]) -> None:
        failures = 0
        while True:
            started = asyncio.get_running_loop().time()
            status = await self._run(command)
            if asyncio.get_running_loop().time() - started > _RETRY_MAX_S:
                failures = 0
            _log.warning("mosquitto ended with status %s; starting it again", status)
            await asyncio.sleep(pause_s(failures, _RETRY_MAX_S))
            failures += 1

    async def _run(self, command: list[str]) -> int:
        process = await asyncio.create_subprocess_exec(
            *command, stdin=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.PIPE
        )
        self._process = process
        try:
            async for line in cast(asyncio.StreamReader, process.stderr):
                self._hear(line.decode(errors="replace").strip())
            return await process.wait()
        finally:
            await _stop(process)

    def _hear(self, words: str) -> None:
        _log.debug("mosquitto: %s", words)
        self._last_words = words
        # It reads its files again before it turns to any client; one that the signal met too early starts anew.
        if "Reloading config" in words or words.endswith("running"):
            self._reloaded.set()

    async def _wait_until_safe(self, self_test: SelfTest) -> None:
        now = asyncio.get_running_loop().time
        deadline = now() + _STARTS_WITHIN_S
        while now() < deadline:
            with contextlib.suppress(aiomqtt.MqttError):
                await self_test.run(self.host, self.port)
                return
            await asyncio.sleep(0.05)
        raise UnreachableError("mosquitto", self._last_words)


def _access_lines(login: Login) -> str:
    may_write = [f"topic write {each}\n" for each in login.may_write]
    may_read = [f"topic read {each}\n" for each in login.may_read]
    return "".join((f"user {login.username}\n", *may_write, *may_read, "\n"))


def _replace(path: Path, content: str) -> None:
    """Write a file that only we can read, all of it or nothing."""
    draft = path.with_suffix(".new")
    draft.unlink(missing_ok=True)
    with open(draft, "x", opener=lambda name, flags: os.open(name, flags, 0o600)) as file:
        file.write(content)
    draft.replace(path)


async def _stop(process: asyncio.subprocess.Process) -> None:
    if process.returncode is not None:
        return
    with contextlib.suppress(ProcessLookupError):
        process.terminate()
    try:
        async with asyncio.timeout(_STOPS_WITHIN_S):
            await process.wait()
    except TimeoutError:
        process.kill()
        await process.wait()


async def _free_port(host: str, port: int) -> int:
    """Return `port`, or a free one for 0, once it can be bound."""
    deadline = asyncio.get_running_loop().time() + _PORT_FREE_WITHIN_S
    while True:
        try:
            with socket.create_server((host, port)) as probe:
                free: int = probe.getsockname()[1]
                return free
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                raise
            if asyncio.get_running_loop().time() > deadline:
                raise Problem(PORT_TAKEN, address=f"{host}:{port}") from None
        await asyncio.sleep(0.1)
