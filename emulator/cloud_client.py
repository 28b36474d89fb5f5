"""The cloud's HTTP API as the gateway sees it: signed requests, problem documents read back, bounded waiting."""

import json
from http import HTTPStatus
from types import TracebackType
from typing import Final, TypeVar

import aiohttp
from pydantic import BaseModel, ValidationError

from emulator.identity import Identity
from protocol.cloud_api import (
    IssuedLinkCode,
    LatestFirmware,
    LinkCodeRequest,
    Nonce,
    Registration,
    RegistrationRequest,
    RegistrationStatus,
    RegistrationStatusRequest,
    Signed,
)
from protocol.identity import Model
from protocol.problems import UnreachableError, read_problem

TIMEOUT_S: Final = 10.0

Answer = TypeVar("Answer", bound=BaseModel)


class CloudClient:
    """Fits `emulator.gateway.Cloud`. An async context: entered it holds connections, left it has closed them."""

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

    async def register(self, request_id: str, firmware: str) -> Registration:
        """Register with a key that nobody else has; the same `request_id` again has one effect."""
        request = RegistrationRequest(
            nonce=await self._nonce(),
            request_id=request_id,
            gateway_id=self._identity.gateway_id,
            device_code=self._identity.device_code,
            public_key=self._identity.public_key,
            model=self._model,
            firmware=firmware,
        )
        return await self._send_signed("gateways/registrations", request, Registration)

    async def registration_status(self) -> RegistrationStatus:
        """Ask whether this gateway is registered."""
        request = RegistrationStatusRequest(nonce=await self._nonce(), gateway_id=self._identity.gateway_id)
        return await self._send_signed("gateways/registration-status", request, RegistrationStatus)

    async def issue_link_code(self, request_id: str, firmware: str) -> IssuedLinkCode:
        """Mint a link code."""
        request = LinkCodeRequest(
            nonce=await self._nonce(),
            request_id=request_id,
            gateway_id=self._identity.gateway_id,
            firmware=firmware,
        )
        return await self._send_signed("gateways/link-codes", request, IssuedLinkCode)

    async def latest_firmware(self) -> LatestFirmware:
        """Ask for the latest firmware of this model."""
        return await self._ask("GET", f"firmware/{self._model}", LatestFirmware)

    async def _nonce(self) -> str:
        return (await self._ask("POST", "gateways/nonces", Nonce)).nonce

    async def _send_signed(self, path: str, request: BaseModel, answer: type[Answer]) -> Answer:
        payload = request.model_dump_json()
        signed = Signed(payload=payload, signature=self._identity.sign(payload))
        return await self._ask("POST", path, answer, signed)

    async def _ask(
        self, method: str, path: str, answer: type[Answer], request: BaseModel | None = None
    ) -> Answer:
        """Return the cloud's answer.

        Raises:
            Problem: the cloud said no.
            UnreachableError: nothing answered in time, or nothing we understand.
        """
        body = request.model_dump(mode="json") if request else None
        try:
            async with self._http.request(
                method, f"{self._url}/api/v1/{path}", json=body, allow_redirects=False
            ) as response:
                return _read(response.status, await response.read(), answer)
        except TimeoutError:
            raise UnreachableError(self._url, "no answer in time") from None
        except (aiohttp.ClientError, OSError) as error:
            raise UnreachableError(self._url, str(error) or type(error).__name__) from None
        except ValidationError:
            raise UnreachableError(self._url, f"not our cloud's answer to {path}") from None


def _read(status: int, content: bytes, answer: type[Answer]) -> Answer:
    if status < HTTPStatus.MULTIPLE_CHOICES:
        return answer.model_validate_json(content)
    try:
        document = json.loads(content)
    except (ValueError, RecursionError):
        document = None
    problem = read_problem(document) if isinstance(document, dict) else None
    raise problem or UnreachableError("the cloud", f"HTTP {status}")
