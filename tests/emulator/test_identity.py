import base64
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from emulator.identity import IDENTITY_FILE, load_identity
from protocol.codes import has_check_digit
from protocol.problems import STATE_DAMAGED, Problem

pytestmark = pytest.mark.adapters


def test_an_identity_is_made_once_and_kept(tmp_path: Path) -> None:
    made, kept = load_identity(tmp_path), load_identity(tmp_path)
    assert (made.gateway_id, made.device_code) == (kept.gateway_id, kept.device_code)
    assert made.public_key == kept.public_key
    assert len(made.gateway_id) == 12
    assert len(made.device_code) == 10
    assert has_check_digit(made.device_code)
    assert [file.name for file in tmp_path.iterdir()] == [IDENTITY_FILE]


def test_only_its_owner_can_read_it(tmp_path: Path) -> None:
    load_identity(tmp_path)
    assert (tmp_path / IDENTITY_FILE).stat().st_mode & 0o777 == 0o600


def test_a_signature_fits_the_public_key(tmp_path: Path) -> None:
    identity = load_identity(tmp_path)
    public = Ed25519PublicKey.from_public_bytes(base64.b64decode(identity.public_key))
    public.verify(base64.b64decode(identity.sign("機器コード")), "機器コード".encode())


@pytest.mark.parametrize(
    "content",
    [b"", b"{}", b"\xff\xfe", b'{"v":1,"gateway_id":"xyz","device_code":"1","private_key":""}'],
)
def test_a_damaged_file_is_named_and_left_as_it_is(tmp_path: Path, content: bytes) -> None:
    (tmp_path / IDENTITY_FILE).write_bytes(content)
    with pytest.raises(Problem) as caught:
        load_identity(tmp_path)
    assert caught.value.kind is STATE_DAMAGED
    assert IDENTITY_FILE in str(caught.value)
    assert (tmp_path / IDENTITY_FILE).read_bytes() == content


def test_a_damaged_key_is_refused(tmp_path: Path) -> None:
    load_identity(tmp_path)
    file = tmp_path / IDENTITY_FILE
    text = file.read_text("utf-8")
    file.write_text(text.replace('"private_key": "', '"private_key": "AAAA'), "utf-8")
    with pytest.raises(Problem) as caught:
        load_identity(tmp_path)
    assert caught.value.kind is STATE_DAMAGED
