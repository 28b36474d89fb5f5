"""What the club lets nobody do: forged headers, other sites' pages, pages from another time (security T-13, T-29 to T-31)."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from html.parser import HTMLParser
from http.cookies import SimpleCookie
from urllib.parse import urlencode, urlsplit

import pytest
from sqlalchemy import select

from cloud.club.pages import screens
from cloud.store.schema import metadata
from tests.cloud.actors import PASSWORD
from tests.cloud.club.browsing import (
    APP,
    CALLBACK,
    NUMBER,
    Browser,
    begin_sign_up,
    browser_at,
    log_in,
    mailed_url,
    member,
    redeem,
    sign_up,
    texted_code,
)
from tests.cloud.serving import Served

pytestmark = pytest.mark.adapters

FATHER, MOTHER, CHILD = "father@example.jp", "mother@example.jp", "child@example.jp"
FORGED = {
    "X-Forwarded-For": "127.0.0.1",
    "X-Forwarded-Host": "localhost",
    "X-Forwarded-Proto": "https",
    "X-Real-IP": "127.0.0.1",
    "Forwarded": "for=127.0.0.1;host=localhost;proto=https",
    "Aiseg-Via-Proxy": "1",
}
FOREIGN_HOSTS = ["evil.example", "127.0.0.1.evil.example", "localhost.evil.example:80", "club.local", "[::1"]
SCREENS = screens(with_social=True)
SHOWN = [APP if each.path == "/authorize" else each.path for each in SCREENS]
SENT = [path for path, each in zip(SHOWN, SCREENS, strict=True) if each.act]
FORM = {
    "go": "on",
    "email": MOTHER,
    "password": PASSWORD,
    "terms": "on",
    "sure": "on",
    "number": NUMBER,
    "subject": "taro",
    "newsletter_club": "on",
}
"""What does something on whichever page it is taken."""


def contents(cloud: Served) -> dict[str, list[tuple[object, ...]]]:
    """Return every row of every table, to compare it; but for what counts tries, which may grow."""
    with cloud.cloud.registry.store.reading() as store:
        return {
            table.name: [tuple(row) for row in store.execute(select(table))]
            for table in metadata.sorted_tables
            if table.name not in ("nonces", "tallies")
        }


@dataclass
class Prey:
    """Browsers at which every form would do something."""

    cloud: Served
    browsers: list[Browser]

    async def state(self) -> object:
        """Return what the cloud has stored, and where each browser is."""
        pages = []
        for each in self.browsers:
            for path in ("/account", "/sign-up/terms", "/verify", "/password/new", "/code"):
                await each.look(path)
                pages.append((path, each.status, "/login" if each.at == "/authorize" else each.at))
        return await asyncio.to_thread(contents, self.cloud), pages


@asynccontextmanager
async def prey_of(cloud: Served) -> AsyncIterator[Prey]:
    """Have one browser logged in, with two mailed URLs tapped and a code to type; and one before 確定."""
    async with browser_at(cloud) as first, browser_at(cloud) as second, browser_at(cloud) as third:
        await member(first, FATHER)
        await begin_sign_up(third, CHILD)
        await first.look(await mailed_url(cloud))
        await third.look("/password")
        await third.tap(email=FATHER)
        await first.look(await mailed_url(cloud))
        await first.look("/account/two-step")
        await first.tap(number=NUMBER, password=PASSWORD)
        await second.look(f"{APP}&tab=signup")
        await second.tap("sign-up", email=MOTHER, password=PASSWORD)
        yield Prey(cloud, [first, second])


async def form_at(browser: Browser) -> dict[str, str]:
    """Return a form that this browser's pages would take."""
    await browser.look("/login")
    token = browser.token()
    return FORM | {"token": token, "code": await texted_code(browser.cloud)}


async def test_another_name_for_our_address_is_refused(cloud: Served) -> None:
    async with prey_of(cloud) as prey:
        before = await prey.state()
        for browser in prey.browsers:
            form = await form_at(browser)
            for host in FOREIGN_HOSTS:
                for path in [*SHOWN, "/static/club.js"]:
                    await browser.look(path, headers={"Host": host})
                    assert browser.status == 403, (path, host)
                    assert "<main>" not in browser.page
                for path in SENT:
                    await browser.send(path, form, Host=host)
                    assert browser.status == 403, (path, host)
        assert await prey.state() == before


async def test_what_a_proxy_is_said_to_have_said_changes_nothing(cloud: Served) -> None:
    async with prey_of(cloud) as prey, browser_at(cloud) as stranger:
        for browser in (*prey.browsers, stranger):
            for path in SHOWN:
                seen = []
                for headers in ({}, FORGED):
                    await browser.look(path, headers=headers)
                    seen.append((browser.status, browser.path, browser.page, browser.left_for))
                assert seen[0] == seen[1], path


async def test_only_a_form_of_this_visit_from_our_own_page_does_anything(cloud: Served) -> None:
    async with prey_of(cloud) as prey, browser_at(cloud) as other:
        before = await prey.state()
        await other.look("/login")
        own = cloud.cloud.club_url
        another_port = f"http://127.0.0.1:{(urlsplit(own).port or 0) + 1}"
        for browser in prey.browsers:
            form = await form_at(browser)
            without = {name: value for name, value in form.items() if name != "token"}
            wrong: list[tuple[dict[str, str], dict[str, str], int]] = [
                (without, {}, 409),
                (form | {"token": ""}, {}, 409),
                (form | {"token": other.token()}, {}, 409),
                (form | {"token": form["token"][:-1]}, {}, 409),
                (form, {"Origin": "https://evil.example"}, 403),
                (form, {"Origin": "null"}, 403),
                (form, {"Origin": cloud.cloud.public_url}, 403),
                (form, {"Origin": another_port}, 403),
                (form, {"Sec-Fetch-Site": "cross-site"}, 403),
                (form, {"Sec-Fetch-Site": "same-site"}, 403),
                (form, {"Origin": own, "Sec-Fetch-Site": "none"}, 403),
            ]
            for path in SENT:
                for fields, headers, status in wrong:
                    await browser.send(path, fields, **headers)
                    assert browser.status == status, f"{path} {headers or fields.get('token')!r}"
        assert await prey.state() == before

        first, second = prey.browsers
        await second.send("/sign-up/terms", await form_at(second), Origin=own)
        assert second.at == "/sign-up/mail", "our own page is let through"
        await first.send("/account/leave", await form_at(first), Origin=own)
        assert first.at == "/left"


async def test_looking_changes_nothing(cloud: Served) -> None:
    async with prey_of(cloud) as prey:
        before = await prey.state()
        for browser in prey.browsers:
            query = urlencode(await form_at(browser))
            for path in SHOWN:
                await browser.look(f"{path}{'&' if '?' in path else '?'}{query.replace('token=', 'x=')}")
                assert browser.status < 500, path
                url = f"{cloud.cloud.club_url}{path}"
                async with browser.client.head(url, allow_redirects=False) as answer:
                    assert answer.status < 500, path
                for method in ("PUT", "PATCH", "DELETE", "OPTIONS"):
                    async with browser.client.request(method, url, data=FORM) as answer:
                        assert answer.status == 405, path
        assert await prey.state() == before


class _Page(HTMLParser):
    """Notes what a policy without inline code forbids, and what a page would load."""

    def __init__(self) -> None:
        super().__init__()
        self.inline: list[str] = []
        self.loads: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        names = dict(attrs)
        if tag == "style" or (tag == "script" and "src" not in names):
            self.inline.append(f"<{tag}>")
        self.inline += [f"{tag} {name}" for name in names if name == "style" or name.startswith("on")]
        self.inline += [value for value in names.values() if value and value.startswith("javascript:")]
        self.loads += [names.get("src") or ""] if "src" in names else []
        self.loads += [names.get("href") or ""] if tag == "link" else []


def is_guarded(browser: Browser) -> None:
    """See that a browser is told to run nothing that is not ours, to keep nothing, and to be framed by nobody."""
    policy = dict(
        part.strip().partition(" ")[::2] for part in browser.headers["Content-Security-Policy"].split(";")
    )
    assert policy["default-src"] == policy["frame-ancestors"] == policy["base-uri"] == "'none'"
    assert policy["script-src"] == policy["style-src"] == "'self'"
    assert policy["form-action"] in ("'self'", f"'self' http://{urlsplit(CALLBACK).netloc}")
    assert "unsafe" not in browser.headers["Content-Security-Policy"]
    assert browser.headers["Cache-Control"] == "no-store"
    assert browser.headers["X-Content-Type-Options"] == "nosniff"
    assert browser.headers["Referrer-Policy"] in ("strict-origin", "no-referrer")
    page = _Page()
    page.feed(browser.page)
    assert page.inline == []
    assert all(each.startswith("/static/") for each in page.loads), "nothing is loaded from elsewhere (T-21)"


async def test_every_answer_is_guarded_and_no_page_has_code_in_it(cloud: Served) -> None:
    shown, leading = 0, set()
    async with prey_of(cloud) as prey, browser_at(cloud) as stranger:
        for browser in (*prey.browsers, stranger):
            for path in [*SHOWN, "/nothing-here", "/authorize", "/verify?token=x", "/password/new?token=x"]:
                await browser.look(path)
                is_guarded(browser)
                shown += "<main>" in browser.page
                if CALLBACK.rpartition("/login")[0] in browser.headers["Content-Security-Policy"]:
                    leading.add(browser.at)
            for path in SENT:
                for headers in ({}, {"Origin": "null"}):
                    await browser.send(path, {}, **headers)
                    is_guarded(browser)
    assert shown > 40
    assert "/authorize" in leading, "an app's login may end there"
    assert not leading & {"/account", "/account/leave", "/password", "/login", "/verify"}, (
        "no other page's form may"
    )


async def test_the_visit_is_the_browsers_own(cloud: Served, browser: Browser) -> None:
    for path in ("/login", "/help?lang=en"):
        async with browser.client.get(f"{cloud.cloud.club_url}{path}") as answer:
            cookies = answer.headers.getall("Set-Cookie")
        assert len(cookies) == 1 + ("lang" in path)
        for each in cookies:
            assert "; HttpOnly" in each
            assert "; SameSite=Lax" in each, "Strict would lose it on the way from the app"
            assert "domain" not in each.lower()
    (name,) = {each.key for each in browser.client.cookie_jar} - {"club-lang"}
    assert name == f"club-{urlsplit(cloud.cloud.club_url).port}", "cookies know no ports"
    async with browser_at(cloud) as other:
        await other.look("/login", headers={"Cookie": f"{name}=chosen-by-somebody"})
        (given,) = SimpleCookie(other.headers["Set-Cookie"]).values()
        assert given.value != "chosen-by-somebody", "a visit is not fixed from outside"


MARKUP = [
    '"><script>alert(1)</script>',
    "'\"><img src=x onerror=alert(1)>",
    "{{ 7*7 }}</title><b>",
    "&lt;b&gt;",
]


async def test_what_people_type_is_text_on_every_page(cloud: Served) -> None:
    async with prey_of(cloud) as prey:
        for browser in prey.browsers:
            for markup in MARKUP:
                token = (await form_at(browser))["token"]
                typed = dict.fromkeys(FORM, markup) | {"token": token, "code": markup, "sure": ""}
                for path in SENT:
                    if path in ("/account/leave",):
                        continue
                    await browser.send(path, typed)
                    is_guarded(browser)
                    assert markup not in browser.page, path
                    assert "49</title>" not in browser.page
                await browser.look(f"{APP}&{urlencode({'x': markup, 'lang': markup})}")
                assert markup not in browser.page
                is_guarded(browser)


async def test_no_secret_is_in_an_address_or_in_the_log(
    cloud: Served, browser: Browser, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    addresses: list[str] = []
    secrets = {"password": PASSWORD, "new password": "another password 2"}
    await sign_up(browser, FATHER)
    secrets["mailed token"] = (await mailed_url(cloud)).partition("=")[2]
    await browser.tap()
    addresses.append(browser.path)
    await browser.tap(number=NUMBER)
    addresses.append(browser.path)
    secrets["SMS code"] = await texted_code(cloud)
    await browser.tap(code=secrets["SMS code"])
    secrets["authorization code"] = browser.told_app()["code"]
    secrets["bearer token"] = (await redeem(cloud, secrets["authorization code"])).document["token"]
    await browser.look("/password")
    await browser.tap(email=FATHER)
    addresses.append(browser.path)
    secrets["token for a password"] = (await mailed_url(cloud)).partition("=")[2]
    await browser.look(await mailed_url(cloud))
    addresses.append(browser.path)
    await browser.tap(password=secrets["new password"])
    addresses.append(browser.path)
    await log_in(browser, FATHER, password=secrets["new password"])
    secrets["second SMS code"] = await texted_code(cloud)
    secrets["form token"] = browser.token()
    for each in browser.client.cookie_jar:
        secrets[f"cookie {each.key}"] = each.value
    assert len({*addresses}) >= 4
    for where, text in {"an address": "\n".join(addresses), "the log": caplog.text}.items():
        for name, secret in secrets.items():
            assert len(secret) >= 2
            if name != "cookie club-lang":
                assert secret not in text, f"the {name} is in {where}"
