"""Requests and answers of the cloud's HTTP API, for gateways (signed) and phones (bearer token)."""

from typing import Annotated, Literal

from pydantic import AwareDatetime, Field, StringConstraints

from protocol.codes import LinkCode
from protocol.identity import DeviceCode, FirmwareVersion, Frozen, GatewayId, Model
from protocol.telemetry import Sample

OpaqueId = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{16,64}$", strict=True)]
"""An id made by the caller: an installation, or a request whose repetition must have one effect."""

Text = Annotated[str, StringConstraints(strict=True, max_length=256)]


class Nonce(Frozen):
    """`POST /api/v1/gateways/nonces`: signed into the next request, good once and for `expires_in_s`."""

    nonce: str
    expires_in_s: int


class Signed(Frozen):
    """A gateway's request: the exact text that was signed, and its Ed25519 signature in base64."""

    payload: Annotated[str, StringConstraints(strict=True, max_length=8192)]
    signature: Annotated[str, StringConstraints(strict=True, max_length=128)]


class RegistrationRequest(Frozen):
    """Payload of `POST /api/v1/gateways/registrations`; `request_id` makes a repetition harmless."""

    purpose: Literal["register"] = "register"
    nonce: str
    request_id: OpaqueId
    gateway_id: GatewayId
    device_code: DeviceCode
    public_key: str = Field(max_length=64, description="Ed25519 public key, 32 bytes in base64")
    model: str = Field(max_length=32)
    firmware: FirmwareVersion


class Registration(Frozen):
    """Answer to a registration: what the gateway needs to speak MQTT. The password is told this once."""

    gateway_id: GatewayId
    epoch: int
    registered_at: AwareDatetime
    mqtt_password: str
    mqtt_host: str
    mqtt_port: int


class RegistrationStatusRequest(Frozen):
    """Payload of `POST /api/v1/gateways/registration-status`; changes nothing (S-ST-09)."""

    purpose: Literal["registration_status"] = "registration_status"
    nonce: str
    gateway_id: GatewayId


class RegistrationStatus(Frozen):
    """Whether the cloud knows this gateway as registered, and since when."""

    registered: bool
    epoch: int | None
    registered_at: AwareDatetime | None


class LinkCodeRequest(Frozen):
    """Payload of `POST /api/v1/gateways/link-codes`."""

    purpose: Literal["issue_link_code"] = "issue_link_code"
    nonce: str
    request_id: OpaqueId
    gateway_id: GatewayId
    firmware: FirmwareVersion


class IssuedLinkCode(Frozen):
    """A link code, told once; valid `expires_in_s` from now on the cloud's clock."""

    link_code: LinkCode
    expires_in_s: int


class LatestFirmware(Frozen):
    """`GET /api/v1/firmware/{model}`."""

    model: Model
    latest: FirmwareVersion


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


class Health(Frozen):
    """`GET /healthz`."""

    ready: bool


Session.model_rebuild()
