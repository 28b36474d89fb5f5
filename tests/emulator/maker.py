"""Whoever makes firmware: signs what it releases."""

import base64
import hashlib

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from protocol.firmware import Manifest
from protocol.identity import Model, Signed

IMAGE_BYTES = 6007  # not a multiple of the number of parts


def image_of(version: str) -> bytes:
    """Return an image unlike that of any other version."""
    block = hashlib.sha256(version.encode()).digest()
    return (block * (IMAGE_BYTES // len(block) + 1))[:IMAGE_BYTES]


def manifest_of(version: str, model: Model = "MKN702", image: bytes | None = None) -> Manifest:
    """Return what is true of an image."""
    image = image_of(version) if image is None else image
    return Manifest(
        model=model,
        version=version,
        size_bytes=len(image),
        sha256=hashlib.sha256(image).hexdigest(),
        text_ja=f"バージョン{version}の更新内容です。\n表示を改善しました。",
        text_en=f"What version {version} changes.\nThe display is better.",
    )


class Maker:
    """A maker with a key of its own."""

    def __init__(self) -> None:
        self._key = Ed25519PrivateKey.generate()

    @property
    def key(self) -> str:
        """The public key in base64."""
        return base64.b64encode(self._key.public_key().public_bytes_raw()).decode()

    def sign(self, manifest: Manifest) -> Signed:
        """Sign any manifest, right or wrong."""
        payload = manifest.model_dump_json()
        return Signed(payload=payload, signature=base64.b64encode(self._key.sign(payload.encode())).decode())
