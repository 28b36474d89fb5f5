"""A gateway for the phone to find: python-zeroconf announces, aiohttp answers. Also a program, for namespaces."""

import argparse
import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import get_args

from aiohttp import web
from zeroconf.asyncio import AsyncServiceInfo, AsyncZeroconf

from protocol.device_api import Device, ShownLinkCode
from protocol.discovery import SERVICE_TYPE, Advertisement
from protocol.identity import Model
from protocol.problems import LINK_CODE_NOT_SHOWN, MEDIA_TYPE, Problem

GATEWAY_ID = "0123456789ab"
PORT = 8080


@dataclass
class GatewayDouble:
    """What it says of itself, and every request it got, whole."""

    gateway_id: str = GATEWAY_ID
    model: str = "MKN702"
    busy: bool = False
    shown_link_code: str | None = None
    port: int = 0
    requests: list[str] = field(default_factory=list)

    @property
    def advertisement(self) -> Advertisement:
        return Advertisement(
            gateway_id=self.gateway_id, model=self.model, firmware="2.10", registered=True, busy=self.busy
        )

    def device(self) -> Device:
        return Device.model_validate(
            {
                "gateway_id": self.gateway_id,
                "model": self.model if self.model in get_args(Model) else "MKN702",
                "name": self.advertisement.instance_name,
                "firmware": "2.10",
                "uptime_s": 1,
                "registered": True,
                "busy": self.busy,
                "cloud_connected": True,
            }
        )

    async def answer(self, request: web.Request) -> web.Response:
        body = await request.text()
        self.requests.append(f"{request.method} {request.path_qs} {dict(request.headers)} {body}")
        if request.path == "/api/v1/device":
            return web.json_response(text=self.device().model_dump_json())
        if self.shown_link_code is None:
            problem = Problem(LINK_CODE_NOT_SHOWN).document()
            return web.json_response(problem, status=404, content_type=MEDIA_TYPE)
        shown = ShownLinkCode(link_code=self.shown_link_code, expires_in_s=60)
        return web.json_response(text=shown.model_dump_json())


@asynccontextmanager
async def serving(gateway: GatewayDouble, address: str = "127.0.0.1") -> AsyncIterator[GatewayDouble]:
    """Serve the device API of `gateway` without announcing it."""
    app = web.Application()
    app.router.add_get("/api/v1/{what}", gateway.answer)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    try:
        site = web.TCPSite(runner, address, gateway.port)
        await site.start()
        gateway.port = runner.addresses[0][1]
        yield gateway
    finally:
        await runner.cleanup()


@asynccontextmanager
async def announced(
    gateway: GatewayDouble,
    address: str = "127.0.0.1",
    service_type: str = SERVICE_TYPE,
    *,
    settled: bool = False,
) -> AsyncIterator[GatewayDouble]:
    """Serve and announce `gateway` at `address`; of another type it is a foreign device.

    `settled`: the block begins when the last unasked announcement is out, so that only answers can be heard in it.
    """
    async with serving(gateway, address):
        zeroconf = AsyncZeroconf(interfaces=[address])
        said = gateway.advertisement
        service = AsyncServiceInfo(
            service_type,
            f"{said.instance_name}.{service_type}",
            addresses=[socket.inet_aton(address)],
            port=gateway.port,
            properties=said.to_txt(),
            server=said.host_name,
        )
        try:
            announcing = await zeroconf.async_register_service(service)
            if settled:
                await announcing
            yield gateway
        finally:
            await zeroconf.async_close()


async def _serve(address: str, gateway: GatewayDouble, service_type: str) -> None:
    async with announced(gateway, address, service_type, settled=service_type == SERVICE_TYPE):
        print("announced", flush=True)  # noqa: T201 - the test waits for this line
        await asyncio.Event().wait()


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("address")
    parser.add_argument("--port", type=int, default=PORT)
    parser.add_argument("--model", default="MKN702")
    parser.add_argument("--id", default=GATEWAY_ID)
    parser.add_argument("--busy", action="store_true")
    parser.add_argument("--type", default=SERVICE_TYPE)
    given = parser.parse_args()
    gateway = GatewayDouble(gateway_id=given.id, model=given.model, busy=given.busy, port=given.port)
    asyncio.run(_serve(given.address, gateway, given.type))


if __name__ == "__main__":
    main()
