import base64
import hashlib

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from hypothesis import given
from hypothesis import strategies as st

from cloud.pepper import mint_token
from cloud.releases import ReleaseKey, build_image, default_texts, manifest_of
from protocol.firmware import Manifest
from protocol.identity import Signed
from protocol.problems import RELEASE_UNUSABLE, Problem

KEY = ReleaseKey(mint_token())
IMAGE = build_image("MKN702", "2.11")
MANIFEST = manifest_of("MKN702", "2.11", IMAGE, "改善", "Better")
SIGNED = KEY.sign(MANIFEST)


def verifies(signed: Signed, public: str = KEY.public) -> bool:
    key = Ed25519PublicKey.from_public_bytes(base64.b64decode(public))
    try:
        key.verify(base64.b64decode(signed.signature), signed.payload.encode())
    except InvalidSignature:
        return False
    return True


def test_an_image_says_what_it_is_and_is_always_the_same() -> None:
    header, _, filling = IMAGE.partition(b"\n")
    assert header == b"Emulated firmware image of MKN702 2.11; nothing in it can be run."
    assert len(filling) == 512 * 1024
    assert build_image("MKN702", "2.11") == IMAGE


@pytest.mark.parametrize(("model", "version"), [("MKN702", "2.12"), ("MKN700", "2.11")])
def test_images_of_different_releases_differ_everywhere(model: str, version: str) -> None:
    one, other = IMAGE.partition(b"\n")[2], build_image(model, version).partition(b"\n")[2]
    assert all(one[start : start + 64] != other[start : start + 64] for start in range(0, len(one), 64))


@pytest.mark.req("S-FW-22")
def test_the_manifest_names_size_and_digest_and_is_signed() -> None:
    manifest = Manifest.model_validate_json(SIGNED.payload)
    assert manifest == MANIFEST
    assert (manifest.size_bytes, manifest.sha256) == (len(IMAGE), hashlib.sha256(IMAGE).hexdigest())
    assert (manifest.text_ja, manifest.text_en) == ("改善", "Better")
    assert verifies(SIGNED)
    assert not verifies(SIGNED, ReleaseKey(mint_token()).public)


@pytest.mark.req("S-FW-22")
@given(st.integers(min_value=0), st.integers(1, 255))
def test_any_changed_byte_of_manifest_or_signature_is_noticed(place: int, change: int) -> None:
    payload, signature = bytearray(SIGNED.payload.encode()), bytearray(base64.b64decode(SIGNED.signature))
    signature[place % len(signature)] ^= change
    assert not verifies(Signed(payload=SIGNED.payload, signature=base64.b64encode(signature).decode()))
    payload[place % len(payload)] ^= change
    key = Ed25519PublicKey.from_public_bytes(base64.b64decode(KEY.public))
    with pytest.raises(InvalidSignature):
        key.verify(base64.b64decode(SIGNED.signature), bytes(payload))


def test_the_key_is_made_of_its_secret_and_nothing_else() -> None:
    secret = mint_token()
    assert ReleaseKey(secret).public == ReleaseKey(secret).public != KEY.public


def test_line_ends_of_a_form_become_plain_ones() -> None:
    manifest = manifest_of("MKN702", "2.11", IMAGE, " 一\r\n二\n", "one\rtwo")
    assert (manifest.text_ja, manifest.text_en) == ("一\n二", "one\ntwo")


@pytest.mark.parametrize(
    ("version", "text_ja", "text_en", "en", "ja"),
    [
        ("two", "一", "one", "version", "バージョン"),
        ("2", "一", "one", "version", "バージョン"),
        ("2.1\n", "一", "one", "version", "バージョン"),
        ("../2.1", "一", "one", "version", "バージョン"),
        ("2.11", "", "one", "Japanese", "日本語"),
        ("2.11", "一" * 2001, "one", "Japanese", "日本語"),
        ("2.11", "一", " \n", "English", "英語"),
        ("2.11", '"' * 2000, "\x01" * 2000, "too long", "長すぎ"),
    ],
)
def test_what_cannot_be_released_is_refused_in_both_languages(
    version: str, text_ja: str, text_en: str, en: str, ja: str
) -> None:
    with pytest.raises(Problem) as refused:
        KEY.sign(manifest_of("MKN702", version, IMAGE, text_ja, text_en))
    assert refused.value.kind is RELEASE_UNUSABLE
    assert en in refused.value.sentence("en")
    assert ja in refused.value.sentence("ja")


@pytest.mark.parametrize("text", ["x", "x" * 2000, "一" * 2000])
def test_texts_up_to_2000_characters_can_be_sent(text: str) -> None:
    assert verifies(KEY.sign(manifest_of("MKN702", "2.11", IMAGE, text, text)))


def test_the_default_texts_name_the_version() -> None:
    assert all("2.10" in text for text in default_texts("2.10"))
