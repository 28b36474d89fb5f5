"""Firmware releases as their maker makes them: a stand-in image, its manifest, the signature (security T-33)."""

import base64
import binascii
import hashlib
from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from pydantic import ValidationError

from protocol.faults import first_fault
from protocol.firmware import Manifest
from protocol.identity import Signed
from protocol.problems import RELEASE_UNUSABLE, Problem

_FILLING_BYTES: Final = 512 * 1024
_DEFAULT_JA: Final = "ファームウェア {version} を公開しました。"
_DEFAULT_EN: Final = "Firmware {version} is available."

# What is wrong, by the field of the manifest that it is wrong with.
_FAULTS: Final = {
    "version": (
        "the version is two to four numbers with dots between, such as 2.11",
        "バージョンは 2.11 のように、数字を「.」で区切って入力してください",
    ),
    "text_ja": (
        "the Japanese text has 1 to 2000 characters",
        "日本語の更新内容は1～2000文字で入力してください",
    ),
    "text_en": ("the English text has 1 to 2000 characters", "英語の更新内容は1～2000文字で入力してください"),
}
_TOO_LONG: Final = ("the texts are too long together", "更新内容が長すぎます")


class ReleaseKey:
    """The key that the maker signs releases with."""

    def __init__(self, secret: str) -> None:
        """Make it of a secret of 256 bits, as `cloud.pepper.keep_secret` keeps one."""
        self._key = Ed25519PrivateKey.from_private_bytes(base64.urlsafe_b64decode(f"{secret}="))

    @property
    def public(self) -> str:
        """The public key in base64."""
        return base64.b64encode(self._key.public_key().public_bytes_raw()).decode()

    def has_signed(self, release: Signed) -> bool:
        """Say whether `release` is under this key's signature."""
        try:
            signature = base64.b64decode(release.signature, validate=True)
            self._key.public_key().verify(signature, release.payload.encode())
        except (InvalidSignature, binascii.Error):
            return False
        return True

    def sign(self, manifest: Manifest) -> Signed:
        """Return `manifest` under the maker's signature.

        Raises:
            Problem: `release_unusable`: it is too long to be sent.
        """
        payload = manifest.model_dump_json()
        signature = base64.b64encode(self._key.sign(payload.encode())).decode()
        try:
            return Signed(payload=payload, signature=signature)
        except ValidationError:
            raise _unusable(_TOO_LONG) from None


def build_image(model: str, version: str) -> bytes:
    """Return the stand-in image of a release: a line that says what it is, then bytes that differ in every version."""
    header = f"Emulated firmware image of {model} {version}; nothing in it can be run.\n".encode()
    return header + hashlib.shake_256(header).digest(_FILLING_BYTES)


def manifest_of(model: str, version: str, image: bytes, text_ja: str, text_en: str) -> Manifest:
    """Describe `image` for those who install it; line ends in the texts become plain ones.

    Raises:
        Problem: `release_unusable`, saying what is wrong with the version or a text.
    """
    try:
        return Manifest.model_validate(
            {
                "model": model,
                "version": version,
                "size_bytes": len(image),
                "sha256": hashlib.sha256(image).hexdigest(),
                "text_ja": _plain(text_ja),
                "text_en": _plain(text_en),
            }
        )
    except ValidationError as error:
        raise _unusable(_FAULTS[first_fault(error)[0]]) from None


def default_texts(version: str) -> tuple[str, str]:
    """Return the Japanese and the English text of a release that came without any."""
    return _DEFAULT_JA.format(version=version), _DEFAULT_EN.format(version=version)


def _plain(text: str) -> str:
    return "\n".join(text.splitlines()).strip()


def _unusable(fault: tuple[str, str]) -> Problem:
    return Problem(RELEASE_UNUSABLE, reason=fault[0], reason_ja=fault[1])
