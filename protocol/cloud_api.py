"""Requests and answers of the cloud's HTTP API for phones (bearer token). The gateways' half is `protocol.registering`."""

from typing import Annotated, Literal

from pydantic import AwareDatetime, Field, StringConstraints

from protocol.codes import LinkCode
from protocol.identity import DeviceCode, FirmwareVersion, Frozen, GatewayId, Model, OpaqueId
from protocol.telemetry import Sample

Text = Annotated[str, StringConstraints(strict=True, max_length=256)]


class SignUp(Frozen):
    """`POST /api/v1/accounts`; answered alike whether or not the address is known (S-ACC-10)."""

    email: Text
    password: Text
    terms_accepted: bool
    newsletters: tuple[Text, ...] = Field(default=(), max_length=20)


class SignedUp(Frozen):
    """A mail is on its way, to whoever owns the address."""

    mail_sent_to: str
    expires_in_s: int


class Verification(Frozen):
    """`POST /api/v1/accounts/verification`: the token of the mailed URL."""

    token: Text


class Verified(Frozen):
    """The address is confirmed; `already` when it had been before."""

    email: str
    already: bool


class Login(Frozen):
    """`POST /api/v1/sessions`."""

    email: Text
    password: Text
    installation_id: OpaqueId
    platform: Literal["android", "ios"] = "android"
    os_version: Text = "14"


class Session(Frozen):
    """A bearer token for this installation, and the link if the account has one."""

    token: str
    expires_in_s: int
    email: str
    link: "Link | None"


class LinkRequest(Frozen):
    """`POST /api/v1/links`: judged alike whether the gateway was found on the LAN or not (S-DISC-11)."""

    request_id: OpaqueId
    nickname: Text
    device_code: DeviceCode
    link_code: LinkCode


class Link(Frozen):
    """The account's relation to its gateway, seen from this phone. `nickname` is null before this phone has one."""

    gateway_id: GatewayId
    model: Model
    firmware: FirmwareVersion
    linked_at: AwareDatetime
    nickname: str | None
    phones: tuple[str, ...] = Field(description="nicknames of this account's phones")


class Bucket(Frozen):
    """Mean powers (W) over one span of the timeline; all null and `samples` 0 where there is a gap."""

    start_at: AwareDatetime
    samples: int
    generation_w: int | None
    consumption_w: int | None
    grid_import_w: int | None
    grid_export_w: int | None


class Timeline(Frozen):
    """`GET /api/v1/timeline`: the app's top screen."""

    gateway_id: GatewayId
    model: Model
    online: bool
    last_seen_at: AwareDatetime | None
    newest: Sample | None
    bucket_s: int
    buckets: tuple[Bucket, ...]


class Event(Frozen):
    """Something that happened to a gateway this account is, or was, linked to (security T-32)."""

    kind: Literal["link_code_issued", "registered_anew"]
    gateway_id: GatewayId
    at: AwareDatetime


class Events(Frozen):
    """`GET /api/v1/events`: the newest first."""

    events: tuple[Event, ...]


class Health(Frozen):
    """`GET /healthz`."""

    ready: bool


Session.model_rebuild()
