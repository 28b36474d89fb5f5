"""Answers of the gateway's device API (LAN, plain HTTP, JSON; protocol/README.md)."""

from typing import Annotated, Literal

from pydantic import Field

from protocol.codes import LinkCode
from protocol.identity import FirmwareVersion, Frozen, GatewayId, Model


class Device(Frozen):
    """`GET /api/v1/device`."""

    gateway_id: GatewayId
    model: Model
    name: str
    firmware: FirmwareVersion
    uptime_s: Annotated[int, Field(ge=0)]
    registered: bool
    busy: bool
    cloud_connected: bool


class Update(Frozen):
    """A firmware update under way, or the one that failed last: then the old version runs on."""

    state: Literal["downloading", "verifying", "installing", "applying", "restarting", "failed"]
    progress_pct: Annotated[int, Field(ge=0, le=100)]
    version: FirmwareVersion


class Firmware(Frozen):
    """`GET /api/v1/firmware`. Unknown (cloud away) is a verdict of its own, never "up to date" (S-FW-01)."""

    installed: FirmwareVersion
    latest: FirmwareVersion | None
    verdict: Literal["up_to_date", "update_available", "unknown"]
    update: Update | None = None


class ShownLinkCode(Frozen):
    """`GET /api/v1/link-code`, only while the panel's screen shows one."""

    link_code: LinkCode
    expires_in_s: Annotated[int, Field(ge=0)]
