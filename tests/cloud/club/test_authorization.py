"""What an app may ask for: nobody's browser is sent to where no app of ours is (RFC 8252, RFC 9700)."""

from urllib.parse import parse_qsl, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloud.club.authorization import read_request
from protocol.problems import REQUEST_MALFORMED, Problem
from tests.cloud.actors import refusal
from tests.cloud.club.browsing import CALLBACK, STATE, asked

REDIRECTS = ("http://192.168.1.6:8082", "https://app.example")


@pytest.mark.req("S-2FA-08")
@pytest.mark.parametrize(
    "uri",
    [
        CALLBACK,
        "http://127.0.0.1/",
        "http://127.0.0.1",
        "http://127.0.0.1:1?a=b",
        "http://[::1]:50000/login/callback",
        "http://localhost:8082/login/callback?phone=1",
        "http://192.168.1.6:8082",
        "http://192.168.1.6:8082/login/callback",
        "https://app.example/x",
    ],
)
def test_an_app_on_this_machine_or_one_that_was_set_is_answered(uri: str) -> None:
    request = read_request(asked(redirect_uri=uri).items(), REDIRECTS)
    assert request.redirect_uri == uri
    assert request.fault is None


@pytest.mark.req("S-2FA-08")
@pytest.mark.parametrize(
    "uri",
    [
        "",
        "/login/callback",
        "//127.0.0.1/",
        "https://127.0.0.1:8082/",
        "http://127.0.0.1.evil.example/",
        "http://127.0.0.1:8082@evil.example/",
        "http://evil.example#http://127.0.0.1/",
        "http://evil.example/?http://127.0.0.1/",
        "http://127.0.0.1:8082/#fragment",
        "http://127.0.0.1\\@evil.example/",
        "http://127.0.0.1:8082\\.evil.example/",
        "http://127.0.0.1:8082/a\r\nSet-Cookie: x=y",
        "http://127.0.0.1:8082/ x",
        "http://127.0.0.1:8082/\n",
        "http://127.0.0.1:8082/é",
        "http://127.1/",
        "http://0.0.0.0/",
        "http://2130706433/",
        "http://localhost.evil.example/",
        "http://evil-localhost/",
        "http://[::1].evil.example/",
        "http://192.168.1.6:80820/",
        "http://192.168.1.6:8082.evil.example/",
        "http://192.168.1.6:8082@evil.example/",
        "http://192.168.1.6/",
        "http://app.example/",
        "https://app.example.evil.example/",
        "javascript:alert(1)//127.0.0.1",
        "data:text/html,x",
        "aiseg-app://callback",
        f"http://127.0.0.1/{'a' * 256}",
    ],
)
def test_no_other_address_is(uri: str) -> None:
    assert refusal(read_request, asked(redirect_uri=uri).items(), REDIRECTS) is REQUEST_MALFORMED


@given(st.text(max_size=60), st.sampled_from(["", *REDIRECTS, "http://127.0.0.1", "http://localhost:1"]))
def test_whatever_is_let_through_leads_to_a_known_host(text: str, begins: str) -> None:
    uri = begins + text
    try:
        read_request(asked(redirect_uri=uri).items(), REDIRECTS)
    except Problem:
        return
    assert urlsplit(uri).hostname in ("127.0.0.1", "::1", "localhost", "192.168.1.6", "app.example")
    assert urlsplit(uri).username is None


@pytest.mark.parametrize("client_id", [None, "", "AISEG-APP", "another-app"])
def test_only_our_app_is_known(client_id: str | None) -> None:
    assert refusal(read_request, asked(client_id=client_id).items(), REDIRECTS) is REQUEST_MALFORMED


@pytest.mark.parametrize("name", asked())
def test_nothing_may_be_said_twice(name: str) -> None:
    twice = [*asked().items(), (name, "http://127.0.0.1/")]
    assert refusal(read_request, twice, REDIRECTS) is REQUEST_MALFORMED


@pytest.mark.req("S-2FA-08")
@pytest.mark.parametrize(
    ("changed", "fault"),
    [
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"response_type": None}, "unsupported_response_type"),
        ({"code_challenge_method": "plain"}, "invalid_request"),
        ({"code_challenge_method": None}, "invalid_request"),
        ({"code_challenge": None}, "invalid_request"),
        ({"code_challenge": "a" * 42}, "invalid_request"),
        ({"code_challenge": "a" * 42 + "="}, "invalid_request"),
        ({"state": None}, "invalid_request"),
        ({"state": ""}, "invalid_request"),
        ({"state": "a" * 513}, "invalid_request"),
        ({"state": "tab\t"}, "invalid_request"),
    ],
)
def test_what_else_is_wrong_is_told_to_the_app(changed: dict[str, str | None], fault: str) -> None:
    assert read_request(asked(**changed).items(), ()).fault == fault


@pytest.mark.parametrize(("uri", "query"), [(CALLBACK, {}), (f"{CALLBACK}?phone=1", {"phone": "1"})])
def test_an_answer_keeps_what_the_app_has_in_its_address(uri: str, query: dict[str, str]) -> None:
    answer = read_request(asked(redirect_uri=uri).items(), ()).answer(code="c&d")
    assert answer.startswith(uri)
    assert dict(parse_qsl(urlsplit(answer).query)) == query | {"code": "c&d", "state": STATE}
