"""A whole cloud in a thread of its own, asked over HTTP by a test that waits for each answer."""

import asyncio
import http.client
import json
from concurrent.futures import Future
from dataclasses import dataclass
from threading import Thread
from typing import Any
from urllib.parse import urlsplit

from cloud.program import Running
from cloud.settings import Settings
from tests.cloud.serving import TestClock, served

_WITHIN_S = 30


@dataclass(frozen=True)
class Answer:
    """What came back: `done`, or the code of the refusal, and the document."""

    verdict: str
    document: Any


class Bench:
    """Runs the cloud from `begin` to `end`."""

    def __init__(self, settings: Settings) -> None:
        self.clock = TestClock()
        self._settings = settings
        self._loop = asyncio.new_event_loop()
        self._end = asyncio.Event()
        self._begun: Future[tuple[Running, TestClock]] = Future()
        self._thread = Thread(target=self._loop.run_until_complete, args=(self._serve(),))
        self._connections: dict[str, http.client.HTTPConnection] = {}

    def begin(self) -> Running:
        self._thread.start()
        running, self.clock = self._begun.result(_WITHIN_S)
        self._host = urlsplit(running.public_url)
        return running

    def end(self) -> None:
        for connection in self._connections.values():
            connection.close()
        self._loop.call_soon_threadsafe(self._end.set)
        self._thread.join(_WITHIN_S)
        self._loop.close()

    def ask(
        self, method: str, path: str, asked: object = None, token: str = "", peer: str = "127.0.0.1"
    ) -> Answer:
        connection = self._connections.get(peer)
        if connection is None:
            assert self._host.hostname
            connection = http.client.HTTPConnection(
                self._host.hostname, self._host.port, timeout=_WITHIN_S, source_address=(peer, 0)
            )
            self._connections[peer] = connection
        headers = {"Content-Type": "application/json"}
        if token:
            headers["Authorization"] = f"Bearer {token}"
        connection.request(method, path, None if asked is None else json.dumps(asked), headers)
        response = connection.getresponse()
        document: Any = json.loads(response.read() or "null")
        return Answer("done" if response.status < 300 else document["code"], document)

    async def _serve(self) -> None:
        try:
            async with served(self._settings) as serving:
                self._begun.set_result((serving.cloud, serving.clock))
                await self._end.wait()
        except BaseException as error:
            if not self._begun.done():
                self._begun.set_exception(error)
            raise
