"""A gateway's requests to the cloud, each signed over a nonce, and the answers: registration and link codes.

A registration has two steps, as the panel's wizard has: begin (the cloud issues a confirmation code, nothing is registered)
and register (決定). A repeated `run_id` has one effect.
"""

from datetime import date
from typing import Annotated, Literal

from pydantic import AwareDatetime, Field, StringConstraints

from protocol.areas import Place
from protocol.codes import LinkCode
from protocol.identity import DeviceCode, FirmwareVersion, Frozen, GatewayId, OpaqueId
from protocol.rules import PURCHASE_CUTOFF

PublicKey = Annotated[str, Field(max_length=64, description="Ed25519 public key, 32 bytes in base64")]

ConfirmationCode = Annotated[str, StringConstraints(pattern=r"^[0-9]{6}$", strict=True)]
"""6 digits, shown and re-typed once in the wizard (S-REG-26, manual p11)."""

BuildingType = Literal["detached", "apartment", "other"]
EnergyUsed = Literal["electricity_and_gas", "all_electric", "electricity_and_oil", "other"]

HOUSEHOLD_MAX = 10
"""The largest household that can be chosen; it means "ten or more"."""


def bought_early(purchased_on: date | None) -> bool:
    """Say whether a box needs the latest firmware to register: bought on or before 2016-06-20 in Japan (S-REG-08).

    Nobody can check the day, so unknown counts as early (A-03).
    """
    return purchased_on is None or purchased_on <= PURCHASE_CUTOFF


class Nonce(Frozen):
    """`POST /api/v1/gateways/nonces`: signed into the next request, good once and for `expires_in_s`."""

    nonce: str
    expires_in_s: int


class Consent(Frozen):
    """That a person tapped 同意し次へ under this version of the terms (S-REG-05, S-LC-06)."""

    terms_version: Annotated[str, StringConstraints(strict=True, max_length=32)]
    agreed_at: AwareDatetime


class Family(Frozen):
    """ご家族の情報 (manual p11, p13): 世帯人数, 建物種別, 利用エネルギー."""

    household_size: Annotated[int, Field(ge=1, le=HOUSEHOLD_MAX, strict=True)]
    building_type: BuildingType
    energy_used: EnergyUsed


class Claim(Frozen):
    """What both steps of a registration say: which run, and which box with which key asks."""

    nonce: str
    run_id: OpaqueId
    gateway_id: GatewayId
    device_code: DeviceCode
    public_key: PublicKey
    model: str = Field(max_length=32)
    firmware: FirmwareVersion


class BeginRegistration(Claim):
    """Payload of `POST /api/v1/gateways/registration-runs`: the person has typed the device code."""

    purpose: Literal["begin_registration"] = "begin_registration"
    purchased_on: date | None = Field(description="in Japan; null: unknown, which counts as early (A-03)")


class AtStake(Frozen):
    """What registering again erases: the samples of the present epoch, and how many accounts and phones are linked."""

    epoch: int
    registered_at: AwareDatetime
    samples: int
    first_measured_at: AwareDatetime | None
    last_measured_at: AwareDatetime | None
    accounts: int
    phones: int


class RegistrationBegun(Frozen):
    """A confirmation code, told this once, and what an existing registration has to lose (null: there is none)."""

    confirmation_code: ConfirmationCode
    at_stake: AtStake | None


class RegistrationRequest(Claim):
    """Payload of `POST /api/v1/gateways/registrations` (決定).

    `replacing` is the epoch that the person agreed to erase, 0 when there was none.
    """

    purpose: Literal["register"] = "register"
    replacing: Annotated[int, Field(ge=0, strict=True)]
    consent: Consent
    place: Place
    family: Family


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
    """Whether the cloud knows this gateway as registered, since when, and whether a link code needs 家族の情報 first."""

    registered: bool
    epoch: int | None
    registered_at: AwareDatetime | None
    family_needed: bool = Field(description="S-LC-08: registered before 2015-12-21, or an answer is missing")


class LinkCodeRequest(Frozen):
    """Payload of `POST /api/v1/gateways/link-codes`; a new code voids the one before, so it needs no id of its own."""

    purpose: Literal["issue_link_code"] = "issue_link_code"
    nonce: str
    gateway_id: GatewayId
    firmware: FirmwareVersion
    consent: Consent
    family: Family | None = Field(description="null where `family_needed` is false")


class IssuedLinkCode(Frozen):
    """A link code, told once; valid `expires_in_s` from now. `issued_at` is the cloud's clock, as are those of notices."""

    link_code: LinkCode
    issued_at: AwareDatetime
    expires_in_s: int
