"""Secrets: hashed, derived, compared. The pepper lies beside the database, so that a stolen database alone verifies nothing."""

import base64
import hashlib
import hmac
import re
import secrets
from functools import cached_property
from pathlib import Path
from typing import Final

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerifyMismatchError

from chassis.folder import write_whole
from protocol.problems import STATE_DAMAGED, Problem

_BYTES: Final = 32
_TOKEN: Final = re.compile(r"[A-Za-z0-9_-]{43}")
_PARAMETERS: Final = re.compile(r"m=[0-9]+,t=[0-9]+,p=[0-9]+")
_KEY_ID: Final = re.compile(r",keyid=[0-9a-f]+")
_KEY_ID_CHARACTERS: Final = 8
# OWASP's floor for argon2id; about 30 ms, so it is called in a thread.
_HASHER: Final = PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1, hash_len=32, salt_len=16)


class Pepper:
    """The key of this cloud's secrets."""

    def __init__(self, key: bytes) -> None:
        self._key = key

    def hash(self, secret: str) -> str:
        """Return argon2id over HMAC-SHA-256 of `secret`: for passwords and codes. Slow on purpose.

        It names its parameters, and the key by an id (the PHC string format), so that all of them can be changed.
        """
        made = _HASHER.hash(self._mac("secret", secret))
        return _PARAMETERS.sub(rf"\g<0>,keyid={self._key_id}", made, count=1)

    def verify(self, secret: str, kept_hash: str | None) -> bool:
        """Say whether `secret` has `kept_hash`; None takes as long and is never right."""
        try:
            _HASHER.verify(_KEY_ID.sub("", kept_hash or self._nobody), self._mac("secret", secret))
        except (VerifyMismatchError, InvalidHashError):
            return False
        return kept_hash is not None

    def is_weak(self, kept_hash: str) -> bool:
        """Say whether `kept_hash` was made with weaker parameters than today's, or does not name our key."""
        own_key = f",keyid={self._key_id}$" in kept_hash
        return not own_key or _HASHER.check_needs_rehash(_KEY_ID.sub("", kept_hash))

    def derive(self, *parts: str | int) -> str:
        """Return 256 bits that only this cloud can make from `parts`, and can make again."""
        return _base64(self._mac("derive", *parts))

    @cached_property
    def _key_id(self) -> str:
        return self._mac("key id").hex()[:_KEY_ID_CHARACTERS]

    @cached_property
    def _nobody(self) -> str:
        return self.hash(secrets.token_urlsafe(_BYTES))

    def _mac(self, *parts: str | int) -> bytes:
        text = "\0".join(str(part) for part in parts)
        return hmac.digest(self._key, _octets(text), hashlib.sha256)


def mint_token() -> str:
    """Return a fresh opaque token of 256 bits."""
    return secrets.token_urlsafe(_BYTES)


def digest(token: str) -> str:
    """Return what the store keeps of an opaque token: SHA-256 is enough for 256 random bits."""
    return hashlib.sha256(_octets(token)).hexdigest()


def s256(code_verifier: str) -> str:
    """Return the challenge that a verifier answers (RFC 7636 §4.2)."""
    return _base64(hashlib.sha256(_octets(code_verifier)).digest())


def keep_secret(file: Path) -> str:
    """Return the secret in `file` (mode 0600), made now if there is none.

    Raises:
        OSError: It can be neither read nor written.
        Problem: `state_damaged` when it is not what was written.
    """
    if not file.exists():
        write_whole(file, mint_token())
    secret = file.read_text("ascii", errors="replace")
    if not _TOKEN.fullmatch(secret):
        raise Problem(STATE_DAMAGED, file=str(file), reason="not a secret of ours")
    return secret


def _base64(octets: bytes) -> str:
    return base64.urlsafe_b64encode(octets).rstrip(b"=").decode()


def _octets(text: str) -> bytes:
    """Encode whatever was typed, be it no proper Unicode."""
    return text.encode("utf-8", "surrogatepass")
