"""What an app asks for when it sends a browser here (RFC 6749 §4.1, RFC 7636, RFC 8252), and how it is answered."""

import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlencode, urlsplit

from protocol.cloud_api import CLIENT_ID
from protocol.problems import REQUEST_MALFORMED, Problem

_CHARACTERS: Final = r"[A-Za-z0-9._~:/?\[\]!$&'()*+,;=%-]"
_HERE: Final = re.compile(rf"http://(127\.0\.0\.1|\[::1\]|localhost)(:[0-9]{{1,5}})?([/?]{_CHARACTERS}*)?")
_REST: Final = re.compile(rf"([/?]{_CHARACTERS}*)?")
_CHALLENGE: Final = re.compile(r"[A-Za-z0-9_-]{43}")
_STATE: Final = re.compile(r"[\x20-\x7e]{1,512}")  # RFC 6749 §A.5


@dataclass(frozen=True)
class AppRequest:
    """A login that is to end at an app: `redirect_uri` is one of ours, the rest is as it came."""

    redirect_uri: str
    state: str
    response_type: str
    code_challenge: str
    code_challenge_method: str

    @property
    def fault(self) -> str | None:
        """Name what the app has asked wrongly, as RFC 6749 §4.1.2.1 does."""
        if self.response_type != "code":
            return "unsupported_response_type"
        if self.code_challenge_method != "S256" or not _CHALLENGE.fullmatch(self.code_challenge):
            return "invalid_request"
        return None if _STATE.fullmatch(self.state) else "invalid_request"

    @property
    def app(self) -> str:
        """Name the app's host and port, for people."""
        return urlsplit(self.redirect_uri).netloc

    def answer(self, **values: str) -> str:
        """Return the address at which the app hears `values`."""
        joint = "&" if "?" in self.redirect_uri else "?"
        return f"{self.redirect_uri}{joint}{urlencode(values | {'state': self.state})}"


def read_request(query: Iterable[tuple[str, str]], redirects: Collection[str]) -> AppRequest:
    """Return what an app asks for in `query`; `redirects` are the origins of apps that do not live on this machine.

    Raises:
        Problem: `request_malformed`; the browser must not be sent anywhere.
    """
    asked: dict[str, str] = {}
    for name, value in query:
        if name in asked:
            raise Problem(REQUEST_MALFORMED, reason=f"{name} is there twice")
        asked[name] = value
    if asked.get("client_id") != CLIENT_ID:
        raise Problem(REQUEST_MALFORMED, reason="client_id is unknown")
    redirect_uri = asked.get("redirect_uri", "")
    if not _is_known(redirect_uri, redirects):
        raise Problem(REQUEST_MALFORMED, reason="redirect_uri is none of this app")
    names = ("state", "response_type", "code_challenge", "code_challenge_method")
    return AppRequest(redirect_uri, *(asked.get(name, "") for name in names))


def _is_known(redirect_uri: str, redirects: Collection[str]) -> bool:
    """Say whether a code may go there: this machine with any port (RFC 8252 §7.3), or an origin that was set."""
    if len(redirect_uri) > 256:  # noqa: PLR2004 - as protocol.cloud_api.Text, in which it comes back
        return False
    if _HERE.fullmatch(redirect_uri):
        return True
    rests = (redirect_uri.removeprefix(origin) for origin in redirects if redirect_uri.startswith(origin))
    return any(_REST.fullmatch(rest) for rest in rests)
