import base64
import re
from pathlib import Path
from typing import Any

import argon2
import pytest

from cloud.pepper import Pepper, digest, keep_secret, mint_token
from protocol.problems import STATE_DAMAGED, Problem

PEPPER = Pepper(b"k" * 32)


@pytest.fixture(autouse=True)
def cheap_hashing() -> None:
    """Hash in earnest here."""


def test_a_secret_verifies_against_its_own_hash_only() -> None:
    kept = PEPPER.hash("123456789012")
    assert PEPPER.verify("123456789012", kept)
    assert not PEPPER.verify("123456789013", kept)
    assert not PEPPER.verify("123456789012", None)


def test_an_unknown_secret_costs_the_same_work_as_a_wrong_one(monkeypatch: pytest.MonkeyPatch) -> None:
    compared = []
    real = argon2.low_level.verify_secret

    def counted(*arguments: Any) -> bool:
        compared.append(arguments)
        return real(*arguments)

    kept = PEPPER.hash("123456789012")
    assert not PEPPER.verify("warm-up", None)
    monkeypatch.setattr("argon2._password_hasher.verify_secret", counted)
    for known in (kept, None):
        assert not PEPPER.verify("123456789013", known)
    assert len(compared) == 2


def test_the_hash_is_argon2id_above_the_floor_and_salted() -> None:
    kept = PEPPER.hash("secret")
    assert kept.startswith("$argon2id$v=19$m=19456,t=2,p=1,keyid=")
    assert PEPPER.hash("secret") != kept
    salt, output = kept.split("$")[-2:]
    assert (len(base64.b64decode(salt + "==")), len(base64.b64decode(output + "="))) == (16, 32)
    assert not PEPPER.is_weak(kept)
    assert PEPPER.is_weak(kept.replace("m=19456", "m=8192"))


def test_the_hash_names_its_key_and_one_that_names_none_or_another_is_to_be_renewed() -> None:
    kept = PEPPER.hash("secret")
    key = re.search(r",keyid=([0-9a-f]{8})\$", kept)
    assert key is not None
    assert f",keyid={key[1]}$" in PEPPER.hash("other")
    assert f",keyid={key[1]}$" not in Pepper(b"other").hash("secret")
    of_before = kept.replace(f",keyid={key[1]}", "")
    assert PEPPER.verify("secret", of_before)
    assert not PEPPER.verify("Secret", of_before)
    assert PEPPER.is_weak(of_before)
    assert PEPPER.is_weak(kept.replace(key[1], "0" * 8))


def test_any_text_can_be_hashed() -> None:
    for secret in ("\ud800", "\0", "", "電池" * 1000):
        assert PEPPER.verify(secret, PEPPER.hash(secret))
    assert digest("\ud800") != digest("?")


def test_without_the_pepper_nothing_verifies() -> None:
    assert not Pepper(b"other").verify("secret", PEPPER.hash("secret"))


def test_what_is_derived_can_be_derived_again_and_depends_on_every_part() -> None:
    assert PEPPER.derive("mqtt", "a", 1) == PEPPER.derive("mqtt", "a", 1)
    variants = [("mqtt", "a", 1), ("mqtt", "a", 2), ("mqtt", "b", 1), ("mqt", "ta", 1)]
    assert len({PEPPER.derive(*parts) for parts in variants}) == 4
    assert len(PEPPER.derive("x")) == 43


def test_tokens_have_256_bits_and_are_kept_as_digests() -> None:
    token = mint_token()
    assert len(token) == 43
    assert token not in digest(token)
    assert len(digest(token)) == 64


def test_a_secret_file_is_private_and_stays_the_same(tmp_path: Path) -> None:
    file = tmp_path / "pepper"
    secret = keep_secret(file)
    assert file.stat().st_mode & 0o777 == 0o600
    assert keep_secret(file) == secret
    assert [each.name for each in tmp_path.iterdir()] == ["pepper"]


@pytest.mark.parametrize("content", [b"", b"short", b"\xff" * 43])
def test_a_damaged_secret_is_named(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "pepper").write_bytes(content)
    with pytest.raises(Problem) as refused:
        keep_secret(tmp_path / "pepper")
    assert refused.value.kind is STATE_DAMAGED
