"""Our programs as real processes: started as a person would, killed as a power cut would."""

import asyncio
import json
import os
import signal
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import psutil

START_S = 30
STOP_S = 15


class Program:
    """A running `python -m <module>`; `hello` is the JSON object it printed when it was ready."""

    def __init__(self, process: asyncio.subprocess.Process, hello: Mapping[str, Any]) -> None:
        self._process = process
        self.hello = hello

    @property
    def pid(self) -> int:
        return self._process.pid

    def resident_bytes(self) -> int:
        """Return the resident memory of this process alone."""
        size: int = psutil.Process(self.pid).memory_info().rss
        return size

    def children(self, name: str) -> list[psutil.Process]:
        """Return this process's children with that program name."""
        return [child for child in psutil.Process(self.pid).children() if child.name() == name]

    async def kill(self) -> None:
        """Kill -9, and wait until it is gone."""
        self._process.kill()
        await self._process.wait()

    async def stop(self, how: signal.Signals = signal.SIGTERM) -> int:
        """Ask it to end and return its exit code."""
        if self._process.returncode is None:
            self._process.send_signal(how)
        async with asyncio.timeout(STOP_S):
            return await self._process.wait()


async def start(module: str, *arguments: str, environment: Mapping[str, str] | None = None) -> Program:
    """Start `python -m module … --json` and return it when it has said that it is ready."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", module, *arguments, "--json",
        stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE, env=os.environ | (environment or {}),
    )  # fmt: skip
    assert process.stdout
    async with asyncio.timeout(START_S):
        line = await process.stdout.readline()
    assert line, f"{module} ended with {await process.wait()} before it was ready"
    return Program(process, json.loads(line))


@asynccontextmanager
async def running(
    module: str, *arguments: str, environment: Mapping[str, str] | None = None
) -> AsyncIterator[Program]:
    """Run a program for a block and see that it ends afterwards, in order."""
    program = await start(module, *arguments, environment=environment)
    try:
        yield program
    finally:
        try:
            await program.stop()
        except TimeoutError:
            await program.kill()
            raise


async def run(
    module: str, *arguments: str, environment: Mapping[str, str] | None = None
) -> tuple[int, str, str]:
    """Run a program to its end; return exit code, standard output and standard error."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", module, *arguments, stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE, env=os.environ | (environment or {}),
    )  # fmt: skip
    async with asyncio.timeout(START_S):
        out, err = await process.communicate()
    return process.returncode or 0, out.decode(), err.decode()
