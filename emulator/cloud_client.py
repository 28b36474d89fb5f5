"""The cloud's HTTP API as the gateway sees it: signed requests, problem documents read back, bounded waiting."""

import json
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import date
from http import HTTPStatus
from types import TracebackType
from typing import Any, Final, TypeVar

import aiohttp
from pydantic import BaseModel, ValidationError

from emulator.identity import Identity
from emulator.registration import Answers
from protocol.firmware import LatestFirmware
from protocol.identity import Model, Signed
from protocol.problems import AisegError, UnreachableError, read_problem
from protocol.registering import (
    BeginRegistration,
    Claim,
    Consent,
    Family,
    IssuedLinkCode,
    LinkCodeRequest,
    Nonce,
    Registration,
    RegistrationBegun,
    RegistrationRequest,
    RegistrationStatus,
    RegistrationStatusRequest,
)

TIMEOUT_S: Final = 10.0

Answer = TypeVar("Answer", bound=BaseModel)


class CloudClient:
    """Fits `emulator.gateway.Cloud` and `emulator.firmware.offers.Releases`. An async context: entered it holds connections, left it has closed them."""

    def __init__(self, url: str, identity: Identity, model: Model, timeout_s: float = TIMEOUT_S) -> None:
        self._url = url
        self._identity = identity
        self._model: Model = model
        self._timeout = aiohttp.ClientTimeout(total=timeout_s)

    async def __aenter__(self) -> "CloudClient":
        self._http = aiohttp.ClientSession(timeout=self._timeout)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._http.close()

    async def begin_registration(
        self, run_id: str, firmware: str, purchased_on: date | None
    ) -> RegistrationBegun:
        """Have a confirmation code issued."""
        claim = await self._claim(run_id, firmware)
        request = BeginRegistration(**claim.model_dump(), purchased_on=purchased_on)
        return await self._send_signed("gateways/registration-runs", request, RegistrationBegun)

    async def register(self, run_id: str, firmware: str, answers: Answers) -> Registration:
        """Register with a key that nobody else has; the same `run_id` again has one effect."""
        claim = await self._claim(run_id, firmware)
        said = {name: getattr(answers, name) for name in ("replacing", "consent", "place", "family")}
        request = RegistrationRequest(**claim.model_dump(), **said)
        return await self._send_signed("gateways/registrations", request, Registration)

    async def registration_status(self) -> RegistrationStatus:
        """Ask whether this gateway is registered."""
        request = RegistrationStatusRequest(nonce=await self._nonce(), gateway_id=self._identity.gateway_id)
        return await self._send_signed("gateways/registration-status", request, RegistrationStatus)

    async def issue_link_code(self, firmware: str, consent: Consent, family: Family | None) -> IssuedLinkCode:
        """Mint a link code."""
        request = LinkCodeRequest(
            nonce=await self._nonce(),
            gateway_id=self._identity.gateway_id,
            firmware=firmware,
            consent=consent,
            family=family,
        )
        return await self._send_signed("gateways/link-codes", request, IssuedLinkCode)

    async def latest_firmware(self) -> LatestFirmware:
        """Ask for the latest firmware of this model."""
        return await self._ask("GET", f"firmware/{self._model}", LatestFirmware)

    async def firmware_image(self, version: str, start: int, length: int) -> bytes:
        """Return `length` bytes of the image of `version` from `start`, fewer at its end."""
        path = f"firmware/{self._model}/{version}/image"
        part = {"Range": f"bytes={start}-{start + length - 1}"}
        async with self._exchange("GET", path, headers=part) as response:
            if response.status == HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE:
                return b""
            size = response.content_length
            if response.status == HTTPStatus.PARTIAL_CONTENT and size is not None and size <= length:
                return await response.read()
            raise _refusal(response.status, await response.read())

    async def _claim(self, run_id: str, firmware: str) -> Claim:
        """Return what this box says of itself in both steps of a registration."""
        return Claim(
            nonce=await self._nonce(),
            run_id=run_id,
            gateway_id=self._identity.gateway_id,
            device_code=self._identity.device_code,
            public_key=self._identity.public_key,
            model=self._model,
            firmware=firmware,
        )

    async def _nonce(self) -> str:
        return (await self._ask("POST", "gateways/nonces", Nonce)).nonce

    async def _send_signed(self, path: str, request: BaseModel, answer: type[Answer]) -> Answer:
        payload = request.model_dump_json()
        signed = Signed(payload=payload, signature=self._identity.sign(payload))
        return await self._ask("POST", path, answer, signed)

    async def _ask(
        self, method: str, path: str, answer: type[Answer], request: BaseModel | None = None
    ) -> Answer:
        """Return the cloud's answer; raises as `_exchange` does."""
        body = request.model_dump(mode="json") if request else None
        async with self._exchange(method, path, json=body) as response:
            content = await response.read()
            if response.status >= HTTPStatus.MULTIPLE_CHOICES:
                raise _refusal(response.status, content)
            return answer.model_validate_json(content)

    @asynccontextmanager
    async def _exchange(
        self, method: str, path: str, **request: Any
    ) -> AsyncIterator[aiohttp.ClientResponse]:
        """Send one request.

        Raises:
            Problem: the cloud said no.
            UnreachableError: nothing answered in time, or nothing we understand.
        """
        try:
            url = f"{self._url}/api/v1/{path}"
            async with self._http.request(method, url, allow_redirects=False, **request) as response:
                yield response
        except TimeoutError:
            raise UnreachableError(
                self._url, "no answer in time", ja=(self._url, "応答がありません")
            ) from None
        except (aiohttp.ClientError, OSError) as error:
            raise UnreachableError(self._url, _in_words(error)) from None
        except ValidationError:
            raise UnreachableError(self._url, f"not our cloud's answer to {path}") from None


def _refusal(status: int, content: bytes) -> AisegError:
    """Return the problem that `content` carries, or that it is no answer of our cloud's."""
    try:
        document = json.loads(content)
    except (ValueError, RecursionError):
        document = None
    problem = read_problem(document) if isinstance(document, dict) else None
    return problem or UnreachableError("the cloud", f"HTTP {status}")


def _in_words(error: Exception) -> str:
    """Return why there was no answer: the system's own word where it has one, such as "Connection refused"."""
    number = getattr(error, "errno", None)
    return os.strerror(number) if number else str(error) or type(error).__name__
