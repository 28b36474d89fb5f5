"""The device API: JSON for phones and programs on the same network (protocol/README.md). Nothing here changes anything."""

from collections.abc import Iterable
from typing import Final

from aiohttp import web
from pydantic import BaseModel

from chassis.clock import Clock
from emulator.gateway import Gateway
from emulator.store import Outbox
from protocol.cloud_api import Health
from protocol.device_api import Device, Firmware, ShownLinkCode
from protocol.discovery import API_PATH
from protocol.openapi import Operation, describe
from protocol.problems import LINK_CODE_NOT_SHOWN, NOT_FOUND, Problem
from protocol.telemetry import Sample

API_VERSION: Final = "1"

DEVICE: Final = Operation("GET", f"{API_PATH}/device", "What this gateway is", Device)
FIRMWARE: Final = Operation("GET", f"{API_PATH}/firmware", "Installed and latest firmware", Firmware)
ENERGY: Final = Operation("GET", f"{API_PATH}/energy", "The newest sample", Sample, problems=(NOT_FOUND,))
LINK_CODE: Final = Operation(
    "GET",
    f"{API_PATH}/link-code",
    "The link code while the panel's screen shows one",
    ShownLinkCode,
    problems=(LINK_CODE_NOT_SHOWN,),
)
HEALTH: Final = Operation("GET", "/healthz", "Whether the gateway is ready", Health)


class DeviceApi:
    """Answers for machines; without `with_link_code` nobody can read the shown code over the network."""

    def __init__(self, gateway: Gateway, clock: Clock, *, with_link_code: bool) -> None:
        self._gateway = gateway
        self._clock = clock
        self._handlers = {
            DEVICE: self._device,
            FIRMWARE: self._firmware,
            ENERGY: self._energy,
            HEALTH: self._health,
        }
        if with_link_code:
            self._handlers[LINK_CODE] = self._link_code

    def routes(self) -> Iterable[web.AbstractRouteDef]:
        """Return the routes of the device API, of `/metrics` and of `/openapi.json`."""
        return [
            *(web.get(operation.path, handler) for operation, handler in self._handlers.items()),
            web.get("/metrics", self._metrics),
            web.get("/openapi.json", self._openapi),
        ]

    async def _device(self, _: web.Request) -> web.Response:
        return _json(self._gateway.device())

    async def _firmware(self, _: web.Request) -> web.Response:
        return _json(await self._gateway.updates.firmware())

    async def _energy(self, _: web.Request) -> web.Response:
        sample = self._gateway.newest()
        if not sample:
            raise Problem(NOT_FOUND)
        return _json(sample)

    async def _link_code(self, _: web.Request) -> web.Response:
        shown = self._gateway.shown_link_code(self._clock.now())
        if not shown:
            raise Problem(LINK_CODE_NOT_SHOWN)
        return _json(shown)

    async def _health(self, _: web.Request) -> web.Response:
        return _json(Health(ready=self._gateway.newest() is not None))

    async def _metrics(self, _: web.Request) -> web.Response:
        return web.Response(text=exposition(self._gateway, await self._gateway.outbox()))

    async def _openapi(self, _: web.Request) -> web.Response:
        return web.json_response(describe("AiSEG device API", API_VERSION, list(self._handlers)))


def _json(answer: BaseModel) -> web.Response:
    return web.Response(text=answer.model_dump_json(), content_type="application/json")


def exposition(gateway: Gateway, outbox: Outbox) -> str:
    """Return the gateway's state in Prometheus' text format."""
    sample, device = gateway.newest(), gateway.device()
    rows: list[tuple[str, str, str, float]] = [
        ("aiseg_uptime_seconds", "gauge", "Since the program started.", device.uptime_s),
        ("aiseg_registered", "gauge", "1 when registered for the server service.", device.registered),
        ("aiseg_cloud_connected", "gauge", "1 while the MQTT session is up.", device.cloud_connected),
        ("aiseg_publish_denied_total", "counter", "Messages the broker denied.", gateway.uplink.denied),
        ("aiseg_outbox_samples", "gauge", "Samples waiting for the cloud's receipt.", outbox.samples),
    ]
    if sample:
        rows += [
            ("aiseg_sample_sequence", "gauge", "Number of the newest sample.", sample.seq),
            ("aiseg_generation_watts", "gauge", "Solar generation.", sample.generation_w),
            ("aiseg_consumption_watts", "gauge", "Consumption of the house.", sample.consumption_w),
            ("aiseg_grid_import_watts", "gauge", "Bought from the grid.", sample.grid_import_w),
            ("aiseg_grid_export_watts", "gauge", "Sold to the grid.", sample.grid_export_w),
            (
                "aiseg_battery_charge_percent",
                "gauge",
                "State of charge.",
                sample.battery.state_of_charge_pct,
            ),
        ]
    return "".join(
        f"# HELP {name} {text}\n# TYPE {name} {kind}\n{name} {float(value):g}\n"
        for name, kind, text, value in rows
    )
