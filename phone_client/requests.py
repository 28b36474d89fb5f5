"""What a person typed, made into a request for the cloud, or refused before anything is sent. Pure."""

import hashlib
from typing import Final, TypeVar
from urllib.parse import parse_qs, urlsplit

from pydantic import BaseModel, TypeAdapter, ValidationError

from protocol.codes import fold_digits
from protocol.faults import reason
from protocol.identity import DeviceCode
from protocol.problems import DEVICE_CODE_MALFORMED, REQUEST_MALFORMED, Problem

Request = TypeVar("Request", bound=BaseModel)

_DEVICE_CODE: Final = TypeAdapter[str](DeviceCode)


def build(model: type[Request], **values: object) -> Request:
    """Return the request.

    Raises:
        Problem: `request_malformed`, naming the first value that cannot be sent.
    """
    try:
        return model.model_validate(values)
    except ValidationError as error:
        raise Problem(REQUEST_MALFORMED, reason=reason(error)) from None


def read_device_code(typed: str) -> str:
    """Return the 10 digits as a person may type them; the cloud alone knows whether they are right.

    Raises:
        Problem: `device_code_malformed` when they are not 10 digits.
    """
    try:
        return _DEVICE_CODE.validate_python(fold_digits(typed))
    except ValidationError:
        raise Problem(DEVICE_CODE_MALFORMED) from None


def read_token(typed: str) -> str:
    """Return the token in the mailed URL, or what was typed as the token itself.

    Raises:
        Problem: `request_malformed` when it is half a URL.
    """
    typed = typed.strip()
    try:
        query = parse_qs(urlsplit(typed).query)
    except ValueError:
        raise Problem(REQUEST_MALFORMED, reason="the URL is not one") from None
    return query.get("token", [typed])[0]


def fingerprint(installation_id: str, *parts: str) -> str:
    """Tell one request from another without keeping the link code, which never rests on a disk.

    It cannot be guessed back in the hour that the code is good: each guess costs what this call costs (50 ms, 16 MiB),
    and `installation_id`, the salt, is random. Blocks.
    """
    return hashlib.scrypt("\0".join(parts).encode(), salt=installation_id.encode(), n=2**14, r=8, p=1).hex()
