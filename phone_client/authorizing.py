"""A login that goes to the browser and comes back: the address, and the proof of RFC 7636 that the answer is ours."""

import base64
import hashlib
import secrets
from hmac import compare_digest
from urllib.parse import urlencode

from phone_client.session import Authorizing
from protocol.cloud_api import CLIENT_ID


def new_authorizing(cloud_url: str, redirect_uri: str) -> Authorizing:
    """Return a login with a secret of its own; the browser is given its digest only."""
    return Authorizing(
        cloud_url=cloud_url,
        state=secrets.token_urlsafe(32),
        code_verifier=secrets.token_urlsafe(48),
        redirect_uri=redirect_uri,
    )


def authorize_url(club: str, begun: Authorizing, language: str, *, sign_up: bool) -> str:
    """Return where the browser goes; `club` is the address that the cloud names (RFC 6749 §4.1.1)."""
    query = {
        "response_type": "code",
        "client_id": CLIENT_ID,
        "redirect_uri": begun.redirect_uri,
        "state": begun.state,
        "code_challenge": _challenge(begun.code_verifier),
        "code_challenge_method": "S256",
        "lang": language,
    }
    if sign_up:
        query["tab"] = "signup"
    return f"{club}?{urlencode(query)}"


def is_answer_to(begun: Authorizing, state: str) -> bool:
    """Say whether what came back is the answer to what has begun, not one that somebody slipped in."""
    return compare_digest(begun.state.encode(), state.encode())


def _challenge(code_verifier: str) -> str:
    digest = hashlib.sha256(code_verifier.encode("ascii")).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode("ascii")
