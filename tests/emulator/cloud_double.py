"""A small cloud for the gateway to talk to: checks nonces and signatures, numbers epochs, has releases, can fall silent."""

import asyncio
import base64
import json
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from aiohttp import web
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from protocol.codes import with_check_digit
from protocol.firmware import LatestFirmware
from protocol.identity import Model, Signed
from protocol.problems import (
    FAMILY_NEEDED,
    GATEWAY_REFUSED,
    MEDIA_TYPE,
    NOT_REGISTERED,
    REGISTRATION_CHANGED,
    REGISTRATION_NOT_BEGUN,
    Problem,
)
from protocol.registering import (
    AtStake,
    IssuedLinkCode,
    Nonce,
    Registration,
    RegistrationBegun,
    RegistrationStatus,
)
from tests.emulator.maker import Maker, image_of, manifest_of


@dataclass
class CloudDouble:
    """What it knows and how it behaves. `lose_answers`: requests are carried out, a proxy on the way loses the answers.

    `latest` is signed by `maker` when it is asked for; `release` and `image`, when set, are given instead.
    """

    mqtt_port: int = 1
    issued_at: datetime = datetime(2026, 11, 22, 3, 0, tzinfo=UTC)
    latest: str = "2.10"
    maker: Maker = field(default_factory=Maker)
    release: Signed | None = None
    image: bytes | None = None
    parts: list[tuple[str, str]] = field(default_factory=list)
    """Version and range of each part of an image that was given out."""
    silent: bool = False
    """No request is answered any more."""
    waiting: int = 0
    """How many requests wait in vain."""
    family_needed: bool = False
    lose_answers: bool = False
    refusal: Problem | None = None
    registrations: dict[str, Registration] = field(default_factory=dict)
    purposes: list[str] = field(default_factory=list)
    payloads: list[dict[str, Any]] = field(default_factory=list)
    asked_for_latest: int = 0
    _port: int = 0
    _nonces: set[str] = field(default_factory=set)
    _runs: set[str] = field(default_factory=set)
    _public_key: Ed25519PublicKey | None = None

    @property
    def registration(self) -> Registration | None:
        """The newest registration."""
        return next(reversed(self.registrations.values()), None)

    @property
    def url(self) -> str:
        """Where it serves, or would."""
        return f"http://127.0.0.1:{self._port}"

    @asynccontextmanager
    async def serving(self) -> AsyncIterator[str]:
        """Serve on loopback and yield the URL; left, it is away, and back at the same URL when entered again."""
        app = web.Application(middlewares=[self._refuse])
        app.add_routes(
            [
                web.post("/api/v1/gateways/nonces", self._nonce),
                web.post("/api/v1/gateways/registration-runs", self._begin),
                web.post("/api/v1/gateways/registrations", self._register),
                web.post("/api/v1/gateways/registration-status", self._status),
                web.post("/api/v1/gateways/link-codes", self._issue),
                web.get("/api/v1/firmware/{model}", self._firmware),
                web.get("/api/v1/firmware/{model}/{version}/image", self._image),
            ]
        )
        runner = web.AppRunner(app, shutdown_timeout=0.1)
        await runner.setup()
        try:
            await web.TCPSite(runner, "127.0.0.1", self._port).start()
            self._port = runner.addresses[0][1]
            yield self.url
        finally:
            await runner.cleanup()

    @web.middleware
    async def _refuse(self, request: web.Request, handler: Any) -> web.StreamResponse:
        if self.silent:
            self.waiting += 1
            await asyncio.Event().wait()
        try:
            if self.refusal:
                raise self.refusal
            answer: web.StreamResponse = await handler(request)
        except Problem as problem:
            return web.json_response(problem.document(), status=problem.kind.status, content_type=MEDIA_TYPE)
        if self.lose_answers and not request.path.endswith("/nonces"):
            raise web.HTTPBadGateway
        return answer

    async def _nonce(self, _: web.Request) -> web.Response:
        nonce = secrets.token_urlsafe(16)
        self._nonces.add(nonce)
        return web.Response(text=Nonce(nonce=nonce, expires_in_s=60).model_dump_json(), status=201)

    async def _payload(self, request: web.Request) -> dict[str, Any]:
        signed = Signed.model_validate_json(await request.text())
        payload: dict[str, Any] = json.loads(signed.payload)
        if payload["nonce"] not in self._nonces:
            raise Problem(GATEWAY_REFUSED)
        self._nonces.remove(payload["nonce"])
        if payload["purpose"] == "begin_registration" and not self._public_key:
            raw = base64.b64decode(payload["public_key"])
            self._public_key = Ed25519PublicKey.from_public_bytes(raw)
        if self._public_key:
            self._public_key.verify(base64.b64decode(signed.signature), signed.payload.encode())
        self.purposes.append(payload["purpose"])
        self.payloads.append(payload)
        return payload

    async def _begin(self, request: web.Request) -> web.Response:
        payload = await self._payload(request)
        self._runs.add(payload["run_id"])
        known = self.registration
        at_stake = known and AtStake(
            epoch=known.epoch,
            registered_at=known.registered_at,
            samples=3,
            first_measured_at=datetime(2026, 11, 22, 5, 0, tzinfo=UTC),
            last_measured_at=datetime(2026, 11, 22, 5, 1, tzinfo=UTC),
            accounts=1,
            phones=2,
        )
        begun = RegistrationBegun(confirmation_code=f"{secrets.randbelow(10**6):06}", at_stake=at_stake)
        return web.Response(text=begun.model_dump_json(), status=201)

    async def _register(self, request: web.Request) -> web.Response:
        payload = await self._payload(request)
        run_id, present = payload["run_id"], self.registration
        if run_id not in self._runs:
            raise Problem(REGISTRATION_NOT_BEGUN)
        if run_id not in self.registrations:
            if payload["replacing"] != (present.epoch if present else 0):
                raise Problem(REGISTRATION_CHANGED)
            self.registrations[run_id] = Registration(
                gateway_id=payload["gateway_id"],
                epoch=len(self.registrations) + 1,
                registered_at=datetime(2026, 11, 22, 5, 0, tzinfo=UTC),
                mqtt_password=secrets.token_urlsafe(32),
                mqtt_host="127.0.0.1",
                mqtt_port=self.mqtt_port,
            )
        answer = self.registrations[run_id]
        return web.Response(text=answer.model_dump_json(), status=201, content_type="application/json")

    async def _status(self, request: web.Request) -> web.Response:
        await self._payload(request)
        known = self.registration
        answer = RegistrationStatus(
            registered=known is not None,
            epoch=known and known.epoch,
            registered_at=known and known.registered_at,
            family_needed=self.family_needed,
        )
        return web.Response(text=answer.model_dump_json())

    async def _issue(self, request: web.Request) -> web.Response:
        payload = await self._payload(request)
        if not self.registrations:
            raise Problem(NOT_REGISTERED)
        if self.family_needed and not payload["family"]:
            raise Problem(FAMILY_NEEDED)
        code = with_check_digit(f"{secrets.randbelow(10**11):011}")
        answer = IssuedLinkCode(link_code=code, issued_at=self.issued_at, expires_in_s=3600)
        return web.Response(text=answer.model_dump_json(), status=201)

    async def _firmware(self, request: web.Request) -> web.Response:
        self.asked_for_latest += 1
        model: Model = "MKN700" if request.match_info["model"] == "MKN700" else "MKN702"
        signed = self.release or self.maker.sign(manifest_of(self.latest, model))
        answer = LatestFirmware(model=model, latest=self.latest, release=signed, release_key=self.maker.key)
        return web.Response(text=answer.model_dump_json())

    async def _image(self, request: web.Request) -> web.Response:
        version, part = request.match_info["version"], request.http_range
        image = image_of(version) if self.image is None else self.image
        if part.start >= len(image):
            raise web.HTTPRequestRangeNotSatisfiable
        self.parts.append((version, request.headers["Range"]))
        return web.Response(status=206, body=image[part])
