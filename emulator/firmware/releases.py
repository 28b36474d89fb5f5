"""Which releases a gateway accepts (security T-33, T-34): the maker's signature, its own model, the very image. No I/O."""

import base64
import binascii
import hashlib

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from pydantic import ValidationError

from protocol.firmware import Manifest
from protocol.identity import Model, Signed, firmware_key
from protocol.problems import RELEASE_REFUSED, Problem


def refusal(reason: str, reason_ja: str) -> Problem:
    """Return the refusal of a release, with its reason in both languages."""
    return Problem(RELEASE_REFUSED, reason=reason, reason_ja=reason_ja)


def is_newer(version: str, than: str) -> bool:
    """Say whether `version` comes after `than`."""
    return firmware_key(version) > firmware_key(than)


def read_release(release: Signed, release_key: str, model: Model) -> Manifest:
    """Return what the holder of `release_key` (Ed25519, base64) signed for `model`.

    Raises:
        Problem: `release_refused`.
    """
    if not _is_signed(release, release_key):
        raise refusal("it is not signed with the key this AiSEG trusts", "署名が正しくありません")
    try:
        manifest = Manifest.model_validate_json(release.payload)
    except ValidationError:
        raise refusal("its description cannot be read", "内容を読み取れません") from None
    if manifest.model != model:
        raise refusal(f"it is for the model {manifest.model}", f"{manifest.model}用のファームウェアです")
    return manifest


def check_image(manifest: Manifest, size_bytes: int, sha256: str) -> None:
    """See that an image is the one that was signed for.

    Raises:
        Problem: `release_refused`.
    """
    if size_bytes != manifest.size_bytes:
        raise refusal("the image has the wrong size", "データの大きさが正しくありません")
    if sha256 != manifest.sha256:
        raise refusal("the image is not the one that was signed", "データが壊れています")


def digest(image: bytes) -> str:
    """Return the SHA-256 of `image` as a manifest writes it. Slow for a large one: not for the event loop."""
    return hashlib.sha256(image).hexdigest()


def _is_signed(release: Signed, release_key: str) -> bool:
    try:
        key = Ed25519PublicKey.from_public_bytes(base64.b64decode(release_key, validate=True))
        key.verify(base64.b64decode(release.signature, validate=True), release.payload.encode())
    except (InvalidSignature, binascii.Error, ValueError):
        return False
    return True
