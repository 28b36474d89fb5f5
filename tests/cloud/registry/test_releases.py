"""The firmware catalogue: what is the latest, what may be published, what lies on the disk."""

import base64
import hashlib
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from cloud.registry import open_registry
from cloud.releases import build_image
from protocol.firmware import LatestFirmware, Manifest
from protocol.problems import (
    NOT_FOUND,
    RELEASE_EXISTS,
    RELEASE_UNUSABLE,
    STATE_DAMAGED,
    STATE_UNWRITABLE,
    UNSUPPORTED_MODEL,
    Kind,
)
from tests.cloud.actors import LATEST, Gateway, World, another_gateway, refusal

pytestmark = pytest.mark.adapters


def publish(world: World, version: str = "2.11", model: str = "MKN702", text: str = "改善") -> object:
    return world.registry.publish_release(model, version, text, "Better", world.now)


def files(world: World) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in (world.folder / "images").iterdir()}


def manifest(latest: LatestFirmware) -> Manifest:
    """Return what the maker signed, the signature checked."""
    key = Ed25519PublicKey.from_public_bytes(base64.b64decode(latest.release_key))
    key.verify(base64.b64decode(latest.release.signature), latest.release.payload.encode())
    return Manifest.model_validate_json(latest.release.payload)


@pytest.mark.req("S-GEN-16", "S-FW-22")
def test_a_new_cloud_has_the_version_of_its_settings_for_each_model(world: World) -> None:
    for model in LATEST:
        latest = world.registry.firmware(model)
        assert (latest.model, latest.latest) == (model, "2.10")
        signed = manifest(latest)
        assert (signed.model, signed.version) == (model, "2.10")
        image = world.registry.image(model, "2.10").read_bytes()
        assert (signed.size_bytes, signed.sha256) == (len(image), hashlib.sha256(image).hexdigest())
        assert "2.10" in signed.text_ja
    assert set(files(world)) == {"MKN700-2.10.image", "MKN702-2.10.image"}


@pytest.mark.req("S-GEN-16")
def test_a_newer_release_is_the_latest_of_its_model_only(world: World) -> None:
    world.register(another_gateway())
    publish(world)
    latest = world.registry.firmware("MKN702")
    assert latest.latest == manifest(latest).version == "2.11"
    assert (manifest(latest).text_ja, manifest(latest).text_en) == ("改善", "Better")
    assert world.registry.image("MKN702", "2.11").read_bytes() == build_image("MKN702", "2.11")
    assert world.registry.firmware("MKN700").latest == "2.10"
    assert world.registry.image("MKN702", "2.10").exists(), "who was offered it can still fetch it"


def test_the_registered_gateways_of_the_model_are_named(world: World, gateway: Gateway) -> None:
    other = another_gateway()
    other.model = "MKN700"
    world.register(other)
    world.register(gateway)
    world.register(gateway)
    assert publish(world) == [(gateway.gateway_id, 2)]


@pytest.mark.req("S-GEN-14", "S-GEN-16")
@pytest.mark.parametrize(
    ("model", "version", "text", "kind"),
    [
        ("MKN702", "2.10", "同じ", RELEASE_EXISTS),
        ("MKN702", "2.9", "古い", RELEASE_EXISTS),
        ("MKN702", "2.010", "同じ", RELEASE_EXISTS),
        ("MKN704", "9.0", "新", UNSUPPORTED_MODEL),
        ("", "9.0", "新", UNSUPPORTED_MODEL),
        ("MKN702", "newest", "新", RELEASE_UNUSABLE),
        ("MKN702", "../../2.11", "新", RELEASE_UNUSABLE),
        ("MKN702", "2.11", "", RELEASE_UNUSABLE),
        ("MKN702", "2.11", "新" * 2001, RELEASE_UNUSABLE),
    ],
)
def test_what_is_not_newer_or_not_readable_is_not_published(
    world: World, model: str, version: str, text: str, kind: Kind
) -> None:
    before, kept = world.contents(), files(world)
    assert refusal(publish, world, version, model, text) is kind
    assert (world.contents(), files(world)) == (before, kept)


def test_an_image_that_cannot_be_written_is_not_published(world: World) -> None:
    before = world.contents()
    (world.folder / "images" / "MKN702-2.11.image").mkdir()
    assert refusal(publish, world) is STATE_UNWRITABLE
    assert world.contents() == before
    assert world.registry.firmware("MKN702").latest == "2.10"


@pytest.mark.parametrize(
    ("model", "version"),
    [("MKN702", "2.11"), ("MKN704", "2.10"), ("MKN702", "../MKN702-2.10"), ("mkn702", "2.10"), ("", "")],
)
def test_there_is_no_image_of_what_was_not_released(world: World, model: str, version: str) -> None:
    assert refusal(world.registry.image, model, version) is NOT_FOUND


@pytest.mark.parametrize(("settings", "latest"), [("2.9", "2.11"), ("2.11", "2.11"), ("2.12", "2.12")])
def test_settings_can_only_raise_the_catalogue(world: World, settings: str, latest: str) -> None:
    publish(world)
    before = world.contents()
    world.registry.close()
    world.registry = open_registry(world.folder, LATEST | {"MKN702": settings}, world.postgresql)
    assert world.registry.firmware("MKN702").latest == latest
    assert (world.contents() == before) is (latest == "2.11")


def test_a_restart_keeps_catalogue_key_and_images(world: World) -> None:
    publish(world)
    before, kept, key = world.contents(), files(world), world.registry.firmware("MKN702").release_key
    world.restart()
    assert (world.contents(), files(world)) == (before, kept)
    assert world.registry.firmware("MKN702").release_key == key


def test_the_catalogue_is_sorted_by_number(world: World) -> None:
    world.registry.publish_release("MKN700", "2.100", "百", "hundred", world.now)
    listed = [(each.manifest.model, each.manifest.version) for each in world.registry.catalogue()]
    assert listed == [("MKN700", "2.100"), ("MKN700", "2.10"), ("MKN702", "2.10")]
    assert [each.published_at for each in world.registry.catalogue()] == [world.now, None, None]


def test_the_release_key_is_private(world: World) -> None:
    file = world.folder / "release-key"
    assert file.stat().st_mode & 0o777 == 0o600
    assert file.read_text() not in repr(world.registry)
    values = [str(value) for rows in world.contents().values() for row in rows for value in row]
    assert not any(file.read_text() in value for value in values)


def test_a_lost_release_key_is_not_replaced(tmp_path: Path) -> None:
    """Gateways trust the key that they have seen: a new one would shut them out of every update."""
    open_registry(tmp_path, LATEST).close()
    (tmp_path / "release-key").unlink()
    assert refusal(open_registry, tmp_path, LATEST) is STATE_DAMAGED
    assert not (tmp_path / "release-key").exists()
