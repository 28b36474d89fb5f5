"""Taps a panel as a browser without JavaScript does: `python -m tests.support.tapping URL DEVICE_CODE`, from any host.

Registers the gateway and has a link code shown, page by page, and leaves it on the screen.
"""

import re
import sys
import urllib.parse
import urllib.request
from http.cookiejar import CookieJar

ANSWERS = {
    "prefecture": "大阪府",
    "area": "大阪府",
    "municipality": "門真市",
    "household_size": "4",
    "building_type": "detached",
    "energy_used": "electricity_and_gas",
}


class Browser:
    """Keeps the cookie and sends each page's token back with its form."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(CookieJar()))
        self.page = ""
        self.path = ""

    def look(self, path: str) -> None:
        """Open a page."""
        self._open(urllib.request.Request(f"{self._url}{path}"))

    def tap(self, **fields: str) -> None:
        """Send the form of the page that is open."""
        token = _one(r'name="token" value="([^"]+)"', self.page)
        form = urllib.parse.urlencode({"token": token, "go": "on"} | fields).encode()
        self._open(urllib.request.Request(f"{self._url}{self.path}", form, {"Origin": self._url}))

    def _open(self, request: urllib.request.Request) -> None:
        with self._opener.open(request, timeout=15) as answer:
            self.page = answer.read().decode()
            self.path = urllib.parse.urlsplit(answer.url).path


def register_and_show_link_code(url: str, device_code: str) -> str:
    """Walk 新規登録 to its end and return where that leads."""
    browser = Browser(url)
    browser.look("/register")
    for _ in ("cautions", "steps", "terms"):
        browser.tap()
    browser.tap(device_code=device_code)
    code = _one(r"data-confirmation-code>([0-9]{6})<", browser.page)
    browser.tap()
    browser.tap(confirmation_code=code)
    browser.tap(**ANSWERS)
    for _ in ("check", "done"):
        browser.tap()
    return browser.path


def _one(pattern: str, text: str) -> str:
    found = re.search(pattern, text)
    assert found, f"{pattern} is not on the page: {text}"
    return found[1]


if __name__ == "__main__":
    sys.stdout.write(register_and_show_link_code(*sys.argv[1:]))
