"""Requests and answers of the cloud's HTTP API for phones (bearer token). The gateways' half is `protocol.registering`."""

from typing import Annotated, Final, Literal

from pydantic import AwareDatetime, Field, StringConstraints

from protocol.codes import ChangeCode, LinkCode
from protocol.identity import DeviceCode, FirmwareVersion, Frozen, GatewayId, Model, OpaqueId, firmware_key
from protocol.phones import FormFactor, OsVersion, Platform
from protocol.registering import Consent
from protocol.telemetry import Sample

Text = Annotated[str, StringConstraints(strict=True, max_length=256)]
PhoneId = OpaqueId
"""Names a registered phone to those who may see it; 128 bits, made by the cloud."""

CLIENT_ID: Final = "aiseg-app"
"""The app's name at the club (RFC 6749 §2.2)."""


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


class Club(Frozen):
    """`GET /api/v1/club`: where a person logs in with a CLUB Panasonic ID, on an origin of its own (S-2FA-08)."""

    authorize_url: str
    account_url: str


class App(Frozen):
    """What an app says of itself when it opens a session (S-GEN-04)."""

    installation_id: OpaqueId
    platform: Platform = "android"
    os_version: OsVersion = "14"
    form_factor: FormFactor = "phone"


class Login(App):
    """`POST /api/v1/sessions`: for a person without a browser; an app with one asks the club (S-2FA-08)."""

    email: Text
    password: Text


class LoginCode(App):
    """`POST /api/v1/sessions/codes`: the rest of a login that was answered `sms_code_needed`."""

    challenge: OpaqueId
    code: Annotated[str, StringConstraints(strict=True, max_length=64)]


class AuthorizedLogin(App):
    """`POST /api/v1/sessions/authorized`: what the club sent the browser back with, and the proof of RFC 7636."""

    code: OpaqueId
    code_verifier: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9._~-]{43,128}$", strict=True)]
    redirect_uri: Text


class Renewal(Frozen):
    """`POST /api/v1/sessions/renewals`: a refresh token, good once; twice ends the session."""

    refresh_token: Text


class Session(Frozen):
    """Tokens for this installation, and the link if the account has one.

    `token` is the bearer token, good for `expires_in_s`; `refresh_token` buys the next pair.
    """

    token: str
    expires_in_s: int
    refresh_token: str
    email: str
    link: "Link | None"


class LinkRequest(Frozen):
    """`POST /api/v1/links`: judged alike whether the gateway was found on the LAN or not (S-DISC-11).

    `POST /api/v1/link-previews` takes the same and changes nothing: who uses this AiSEG already? (S-BIND-15)
    """

    request_id: OpaqueId
    consent: Consent = Field(description="同意する under the app's terms (S-BIND-02)")
    nickname: Text
    device_code: DeviceCode
    link_code: LinkCode


class User(Frozen):
    """A registered phone of a gateway, by the name its owner gave it; never an address (S-BIND-15, A-01)."""

    phone_id: PhoneId
    nickname: str
    own: bool = Field(description="of the account that asks")


class LinkPreview(Frozen):
    """The pair of codes is right and not spent. `permit` allows to remove phones from the list, for ten minutes (S-BIND-16)."""

    gateway_id: GatewayId
    model: Model
    place: str = Field(description="as on the panel's check page: 大阪府-大阪府-門真市")
    users: tuple[User, ...]
    permit: OpaqueId


class Users(Frozen):
    """`GET /api/v1/users`: every phone registered with the account's gateway."""

    users: tuple[User, ...]


class RemoveUser(Frozen):
    """`POST /api/v1/users/removals`: by an account of the gateway, or by the holder of a preview's `permit`."""

    phone_id: PhoneId
    permit: OpaqueId | None = None


class AddPhone(Frozen):
    """`POST /api/v1/phones`: a further phone of a linked account needs a nickname only (manual p24, S-ADD-08)."""

    request_id: OpaqueId
    nickname: Text


class IssuedChangeCode(Frozen):
    """`POST /api/v1/change-codes`: told once, for the phone that asks; the one before is void (S-CHG-18)."""

    change_code: ChangeCode
    expires_in_s: int


class MovePhone(Frozen):
    """`POST /api/v1/phones/moves`: this installation takes the slot of the phone that was given the code (manual p27)."""

    request_id: OpaqueId
    change_code: ChangeCode


class ReplacePhone(Frozen):
    """`POST /api/v1/phones/replacements`: the same without a code, for a phone that was lost (A-09, A-11)."""

    request_id: OpaqueId
    phone_id: PhoneId


class OwnPhone(Frozen):
    """A phone of the account."""

    phone_id: PhoneId
    nickname: str


class Link(Frozen):
    """The account's relation to its gateway, seen from this phone. `nickname` is null before this phone has one."""

    gateway_id: GatewayId
    model: Model
    firmware: FirmwareVersion
    latest_firmware: FirmwareVersion
    linked_at: AwareDatetime
    nickname: str | None
    phones: tuple[OwnPhone, ...] = Field(description="of this account, in the order of their slots")

    @property
    def is_outdated(self) -> bool:
        """Say whether the gateway has to be updated at its panel first (S-BIND-17)."""
        return firmware_key(self.firmware) < firmware_key(self.latest_firmware)


By = Literal["ten_minutes", "hour", "day", "month"]
"""How long a bucket of the timeline is. Ten minutes and hours fill a day, days a month, months a year, all in Japan."""


class CircuitEnergy(Frozen):
    """What one circuit used in a bucket."""

    circuit: int
    name: str
    energy_wh: int


class Bucket(Frozen):
    """Energies (Wh) of one span of the timeline; all null and no circuits where there is a gap.

    They are what the counters rose in `measured_s`, which is less than the span beside a gap and now. `battery_wh` is
    positive for what the storage battery gave, negative for what it took, on balance.
    """

    start_at: AwareDatetime
    end_at: AwareDatetime
    measured_s: int
    generation_wh: int | None
    consumption_wh: int | None
    grid_import_wh: int | None
    grid_export_wh: int | None
    battery_wh: int | None
    circuits: tuple[CircuitEnergy, ...]

    @property
    def is_gap(self) -> bool:
        """Say whether nothing was measured."""
        return self.consumption_wh is None


class Timeline(Frozen):
    """`GET /api/v1/timeline?by=…&on=YYYY-MM-DD`: the app's top screen, for the day, month or year that holds `on` in Japan.

    Buckets of the future are not there.
    """

    gateway_id: GatewayId
    model: Model
    online: bool
    last_seen_at: AwareDatetime | None
    newest: Sample | None
    by: By
    start_at: AwareDatetime
    end_at: AwareDatetime
    buckets: tuple[Bucket, ...]


EventKind = Literal[
    "link_code_issued",
    "registered_anew",
    "linked",
    "phone_added",
    "phone_moved",
    "phone_removed",
    "account_deleted",
    "firmware_updated",
]


class Event(Frozen):
    """Something that happened to a gateway this account is, or was, linked to (security T-32); it names no person."""

    kind: EventKind
    gateway_id: GatewayId
    at: AwareDatetime


class Events(Frozen):
    """`GET /api/v1/events`: the newest first."""

    events: tuple[Event, ...]


class Health(Frozen):
    """`GET /healthz`."""

    ready: bool


Session.model_rebuild()
