"""Firmware releases: what the maker signs, what the cloud offers, what a gateway installs (security T-33, T-34)."""

from typing import Annotated, Final, Literal

from pydantic import Field, StringConstraints

from protocol.identity import FirmwareVersion, Frozen, Model, Signed

IMAGE_MAX_BYTES: Final = 64 * 1024 * 1024

ReleaseText = Annotated[str, StringConstraints(strict=True, min_length=1, max_length=2000)]
"""What a release changes (更新内容), plain text with line breaks."""


class Manifest(Frozen):
    """What the maker signs: which image this is, its digest, and the text people read before they install it."""

    v: Literal[1] = 1
    model: Model
    version: FirmwareVersion
    size_bytes: Annotated[int, Field(ge=1, le=IMAGE_MAX_BYTES, strict=True)]
    sha256: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$", strict=True)]
    text_ja: ReleaseText
    text_en: ReleaseText


class LatestFirmware(Frozen):
    """`GET /api/v1/firmware/{model}`: `release` carries a `Manifest` as its payload, signed with `release_key`.

    A gateway trusts the key it was made with, or the first one it has seen; this one only says which to look for.
    """

    model: Model
    latest: FirmwareVersion
    release: Signed
    release_key: Annotated[str, StringConstraints(strict=True, max_length=64)]
