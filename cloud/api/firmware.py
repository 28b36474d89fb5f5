"""Firmware releases over HTTP, for whoever asks: nothing here is secret, and nothing here starts an update (S-FW-16)."""

import asyncio
from dataclasses import dataclass
from typing import Final

from aiohttp import web

from cloud.api.routes import Route
from cloud.registry import Registry
from protocol.firmware import LatestFirmware
from protocol.openapi import Operation
from protocol.problems import NOT_FOUND, UNSUPPORTED_MODEL

_IMAGE: Final = "application/octet-stream"

LATEST: Final = Operation(
    "GET",
    "/api/v1/firmware/{model}",
    "The latest firmware of a model, as its maker signed it.",
    LatestFirmware,
    problems=(UNSUPPORTED_MODEL,),
)
IMAGE: Final = Operation(
    "GET",
    "/api/v1/firmware/{model}/{version}/image",
    "The image of a release.",
    None,
    problems=(NOT_FOUND,),
    file=_IMAGE,
)


@dataclass(frozen=True)
class FirmwareApi:
    """Translates between requests and the catalogue."""

    registry: Registry

    def routes(self) -> tuple[Route, ...]:
        """Return what is served."""
        return (Route(LATEST, self._latest), Route(IMAGE, self._image))

    async def _latest(self, request: web.Request) -> LatestFirmware:
        return await asyncio.to_thread(self.registry.firmware, request.match_info["model"])

    async def _image(self, request: web.Request) -> web.FileResponse:
        model, version = request.match_info["model"], request.match_info["version"]
        file = await asyncio.to_thread(self.registry.image, model, version)
        return web.FileResponse(file, headers={"Content-Type": _IMAGE})
