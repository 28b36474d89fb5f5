"""Who acts in the cloud's tests: a gateway with its key, and a cloud's registry with people at a chosen instant."""

import base64
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta, timezone
from itertools import count
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import select

from cloud.arrivals import Arrival
from cloud.registry import Registry, open_registry
from cloud.registry.registrations import Registered
from cloud.registry.sessions import Who
from cloud.store.schema import metadata, texts
from protocol.areas import Place
from protocol.cloud_api import (
    AddPhone,
    Link,
    LinkPreview,
    LinkRequest,
    Login,
    MovePhone,
    RemoveUser,
    ReplacePhone,
    Session,
    SignUp,
    User,
)
from protocol.codes import with_check_digit
from protocol.identity import Frozen, Signed
from protocol.problems import Kind, Problem
from protocol.registering import (
    BeginRegistration,
    Claim,
    Consent,
    Family,
    LinkCodeRequest,
    RegistrationBegun,
    RegistrationRequest,
    RegistrationStatus,
    RegistrationStatusRequest,
)
from protocol.rules import APP_TERMS_VERSION, SERVICE_TERMS_VERSION
from protocol.telemetry import Battery, Sample
from tests.support.postgres import dump

NOON = datetime(2026, 11, 22, 3, 0, tzinfo=timezone.utc)  # noqa: UP017 - 12:00 in Japan
LATEST = {"MKN700": "2.10", "MKN702": "2.10"}
PASSWORD = "correct horse 電池"
HOME = "192.0.2.1"
"""The address that people come from."""
PUBLIC_URL = "http://cloud.example"
CONSENT = Consent(terms_version=SERVICE_TERMS_VERSION, agreed_at=NOON)
APP_CONSENT = Consent(terms_version=APP_TERMS_VERSION, agreed_at=NOON)
KADOMA = Place(prefecture="大阪府", area="大阪府", municipality="門真市")
FAMILY = Family(household_size=4, building_type="detached", energy_used="electricity_and_gas")
LATE = date(2016, 6, 21)
"""Bought on the first day that is not early."""

_numbers = count(1)


def request_id() -> str:
    return f"request-{next(_numbers):012}"


@dataclass
class Gateway:
    """A gateway as manufactured, and what a person answers at its panel: it signs what it asks."""

    gateway_id: str = "0123456789ab"
    device_code: str = "1234567890"
    model: str = "MKN702"
    firmware: str = "2.10"
    key: Ed25519PrivateKey = field(default_factory=Ed25519PrivateKey.generate)
    purchased_on: date | None = LATE
    consent: Consent = CONSENT
    place: Place = KADOMA
    family: Family = FAMILY

    @property
    def public_key(self) -> str:
        return base64.b64encode(self.key.public_key().public_bytes_raw()).decode()

    def sign(self, request: Frozen) -> Signed:
        return self.sign_text(request.model_dump_json())

    def sign_text(self, payload: str) -> Signed:
        signature = base64.b64encode(self.key.sign(payload.encode())).decode()
        return Signed(payload=payload, signature=signature)

    def beginning(self, nonce: str, run: str) -> Signed:
        claim = self._claim(nonce, run).model_dump()
        return self.sign(BeginRegistration(**claim, purchased_on=self.purchased_on))

    def registration(self, nonce: str, run: str, replacing: int = 0) -> Signed:
        claim = self._claim(nonce, run).model_dump()
        said = {"consent": self.consent, "place": self.place, "family": self.family}
        return self.sign(RegistrationRequest(**claim, **said, replacing=replacing))

    def _claim(self, nonce: str, run: str) -> Claim:
        return Claim(
            nonce=nonce,
            run_id=run,
            gateway_id=self.gateway_id,
            device_code=self.device_code,
            public_key=self.public_key,
            model=self.model,
            firmware=self.firmware,
        )

    def status(self, nonce: str) -> Signed:
        return self.sign(RegistrationStatusRequest(nonce=nonce, gateway_id=self.gateway_id))

    def link_code(self, nonce: str, family: Family | None = None) -> Signed:
        return self.sign(
            LinkCodeRequest(
                nonce=nonce,
                gateway_id=self.gateway_id,
                firmware=self.firmware,
                consent=self.consent,
                family=family,
            )
        )


def another_gateway(number: int = 1) -> Gateway:
    return Gateway(gateway_id=f"{number:012x}", device_code=with_check_digit(f"{number:09}"))


def refusal(verb: Callable[..., object], *arguments: object, **named: object) -> Kind:
    """Return why `verb` was refused."""
    with pytest.raises(Problem) as refused:
        verb(*arguments, **named)
    return refused.value.kind


def wrong_code(number: int = 0) -> str:
    """Return a well-formed link code that nobody was given (chance 1 in 10¹¹)."""
    return with_check_digit(f"{number:011}")


def sample(seq: int, measured_at: datetime = NOON, generation_w: int = 2310) -> Sample:
    return Sample(
        seq=seq,
        measured_at=measured_at,
        generation_w=generation_w,
        consumption_w=640,
        grid_import_w=0,
        grid_export_w=generation_w - 640,
        battery=Battery(charge_w=0, discharge_w=0, state_of_charge_pct=71.5),
        generation_wh=8123,
        consumption_wh=5210,
        grid_import_wh=1400,
        grid_export_wh=3950,
        circuits=(),
    )


def link_request(
    gateway: Gateway, link_code: str, nickname: str = "お父さん", request: str | None = None
) -> LinkRequest:
    return LinkRequest(
        request_id=request or request_id(),
        consent=APP_CONSENT,
        nickname=nickname,
        device_code=gateway.device_code,
        link_code=link_code,
    )


def nicknames(link: Link) -> tuple[str, ...]:
    return tuple(phone.nickname for phone in link.phones)


class World:
    """A registry in a folder of its own, or with its tables in PostgreSQL, and what it takes to get something done there."""

    def __init__(self, folder: Path, postgresql: str | None = None) -> None:
        self.folder = folder
        self.postgresql = postgresql
        self.now = NOON
        self.registry: Registry = self.open()

    def open(self) -> Registry:
        """Return another registry of the same store, as another process would have one."""
        return open_registry(self.folder, LATEST, self.postgresql)

    def restart(self) -> None:
        self.registry.close()
        self.registry = self.open()

    def pass_time(self, **span: float) -> None:
        self.now += timedelta(**span)

    def nonce(self) -> str:
        return self.registry.mint_nonce(self.now).nonce

    def begin(self, gateway: Gateway, run: str | None = None) -> RegistrationBegun:
        return self.registry.begin_registration(
            gateway.beginning(self.nonce(), run or request_id()), self.now
        )

    def finish(self, gateway: Gateway, run: str, replacing: int = 0) -> Registered:
        return self.registry.register(gateway.registration(self.nonce(), run, replacing), self.now)

    def register(self, gateway: Gateway, run: str | None = None) -> Registered:
        """Go through the whole wizard, agreeing to what it says will be erased."""
        run = run or request_id()
        at_stake = self.begin(gateway, run).at_stake
        return self.finish(gateway, run, at_stake.epoch if at_stake else 0)

    def status(self, gateway: Gateway) -> RegistrationStatus:
        return self.registry.registration_status(gateway.status(self.nonce()), self.now)

    def issue(self, gateway: Gateway, family: Family | None = None) -> str:
        signed = gateway.link_code(self.nonce(), family)
        return self.registry.issue_link_code(signed, self.now).link_code

    def mailed_token(self) -> str:
        token = re.search(r"token=(\S+)", self.registry.inbox()[0].body)
        assert token is not None
        return token[1]

    def sign_up(self, email: str) -> None:
        asked = SignUp(email=email, password=PASSWORD, terms_accepted=True)
        self.registry.sign_up(asked, PUBLIC_URL, self.now)

    def session(self, email: str, installation: str) -> Session:
        asked = Login(email=email, password=PASSWORD, installation_id=f"installation-{installation:_>4}")
        return self.registry.log_in(asked, HOME, self.now)

    def log_in(self, email: str, installation: str) -> Who:
        return self.who(self.session(email, installation).token)

    def who(self, token: str) -> Who:
        return self.registry.authenticate(token, self.now)

    def person(self, name: str, installation: str | None = None) -> Who:
        """Return a new account's session."""
        email = f"{name}@example.jp"
        self.sign_up(email)
        self.registry.verify(self.mailed_token(), self.now)
        return self.log_in(email, installation or name)

    def texted_code(self) -> str:
        """Return the code of the newest SMS."""
        newest = select(texts.c.body).order_by(texts.c.text_id.desc()).limit(1)
        with self.registry.store.reading() as store:
            code = re.search(r"[0-9]{6}", store.scalars(newest).one())
        assert code is not None
        return code[0]

    def turn_on_two_step(self, account_id: int, number: str = "090-1234-5678") -> None:
        challenge = self.registry.begin_two_step(account_id, number, self.now).challenge
        self.registry.answer_code(challenge, self.texted_code(), self.now)

    def link(
        self,
        who: Who,
        gateway: Gateway,
        link_code: str,
        nickname: str = "お父さん",
        *,
        request: str | None = None,
        peer: str = HOME,
    ) -> Link:
        asked = link_request(gateway, link_code, nickname, request)
        return self.registry.link(who, asked, peer, self.now)

    def preview(
        self,
        who: Who,
        gateway: Gateway,
        link_code: str,
        nickname: str = "お父さん",
        *,
        peer: str = HOME,
    ) -> LinkPreview:
        return self.registry.preview_link(who, link_request(gateway, link_code, nickname), peer, self.now)

    def add(self, who: Who, nickname: str = "二台目", request: str | None = None) -> Link:
        asked = AddPhone(request_id=request or request_id(), nickname=nickname)
        return self.registry.add_phone(who, asked, self.now)

    def change_code(self, who: Who) -> str:
        return self.registry.issue_change_code(who, self.now).change_code

    def move(self, who: Who, change_code: str, request: str | None = None) -> Link:
        asked = MovePhone(request_id=request or request_id(), change_code=change_code)
        return self.registry.move_phone(who, asked, self.now)

    def replace(self, who: Who, phone_id: str, request: str | None = None) -> Link:
        asked = ReplacePhone(request_id=request or request_id(), phone_id=phone_id)
        return self.registry.replace_phone(who, asked, self.now)

    def remove(self, who: Who, phone_id: str, permit: str | None = None) -> tuple[User, ...]:
        asked = RemoveUser(phone_id=phone_id, permit=permit)
        return self.registry.remove_user(who, asked, self.now).users.users

    def send(
        self, registered: Registered, samples: Sequence[Sample], oldest: int | None = None
    ) -> int | None:
        arrival = Arrival(registered.gateway_id, registered.epoch, oldest, tuple(samples))
        answer = self.registry.accept_samples([arrival], self.now)
        return answer.get((registered.gateway_id, registered.epoch))

    def kept(self) -> bytes:
        """Return everything that is kept, as whoever steals it would see it: the files, or every row of the server."""
        if self.postgresql:
            return dump(self.postgresql)
        return b"".join(file.read_bytes() for file in self.folder.glob("cloud.sqlite3*"))

    def contents(self, *without: str) -> dict[str, list[tuple[object, ...]]]:
        """Return every row of every table but nonces and `without`, to show that nothing has changed."""
        tables = [table for table in metadata.sorted_tables if table.name not in ("nonces", *without)]
        with self.registry.store.reading() as store:
            return {
                table.name: [
                    tuple(row) for row in store.execute(select(table).order_by(*table.primary_key.columns))
                ]
                for table in tables
            }
