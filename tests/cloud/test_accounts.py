import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloud.accounts import (
    _COMMON,
    SENDER,
    email_key,
    new_password_mail,
    normal_email,
    url_is_live,
    usable_password,
    verification_mail,
)
from protocol.problems import EMAIL_UNUSABLE, PASSWORD_UNUSABLE, Problem


@pytest.mark.parametrize("typed", ["Taro@Example.JP", "  taro@example.jp ", "ｔａｒｏ＠ｅｘａｍｐｌｅ．ｊｐ"])
def test_an_address_is_one_however_it_is_typed(typed: str) -> None:
    assert normal_email(typed) == "taro@example.jp"


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "taro",
        "taro@",
        "@example.jp",
        "taro@example",
        "a b@example.jp",
        "a@b@c.jp",
        "a@.jp",
        "a\nb@c.jp",
        "a\0@c.jp",
        "a,b@c.jp",
        "a <a@c.jp>",
        '"a"@c.jp',
        "a@c.jp;d",
        "x" * 250 + "@c.jp",
    ],
)
def test_what_is_no_address_is_refused(typed: str) -> None:
    with pytest.raises(Problem) as refused:
        normal_email(typed)
    assert refused.value.kind is EMAIL_UNUSABLE


@given(st.text(max_size=40))
def test_normalising_is_total_and_idempotent(typed: str) -> None:
    try:
        email = normal_email(typed)
    except Problem:
        return
    assert normal_email(email) == email


@pytest.mark.req("S-ACC-12")
@pytest.mark.parametrize(
    "password",
    [
        "8 letter",
        "pässwörter",
        "電池" * 4,
        "xy" * 32,
        "long " * 50,
        " leading and trailing ",
        "👨‍👩‍👧👨‍👩‍👧👨‍👩‍👧",
        "\x00" * 7 + "a",
    ],
)
def test_any_characters_make_a_password(password: str) -> None:
    assert usable_password(password, "taro@example.jp") == password


@pytest.mark.req("S-ACC-12")
@pytest.mark.parametrize(
    "password",
    [
        "",
        "7letter",
        "e\u0301" * 4,
        "12345678",
        "Password1",
        "ｐａｓｓｗｏｒｄ",
        "aaaaaaaa",
        "サササササササササ",
        "taro@example.jp",
        "TARO2026",
        "Panasonic2026!",
        "!!!aiseg!!!",
        "パナソニック123",
        "スマートＨＥＭＳ1",
    ],
)
def test_short_and_common_passwords_are_refused(password: str) -> None:
    with pytest.raises(Problem) as refused:
        usable_password(password, "taro@example.jp")
    assert refused.value.kind is PASSWORD_UNUSABLE
    assert "?" not in refused.value.sentence("ja") + refused.value.sentence("en")


@pytest.mark.req("S-ACC-12")
def test_thousands_of_common_passwords_are_refused() -> None:
    assert len(_COMMON) >= 3000
    assert min(len(password) for password in _COMMON) >= 8
    for password in _COMMON:
        with pytest.raises(Problem):
            usable_password(password.title(), "taro@example.jp")


@pytest.mark.req("S-ACC-12")
@given(st.text(max_size=100))
def test_a_password_is_taken_as_it_is_hashed_or_refused(typed: str) -> None:
    try:
        password = usable_password(typed, "taro@example.jp")
    except Problem as problem:
        assert problem.kind is PASSWORD_UNUSABLE
        return
    assert len(password) >= 8
    assert usable_password(password, "taro@example.jp") == password  # nothing but NFC is done to it


@given(st.text(max_size=40))
def test_what_is_no_address_is_looked_up_as_nobodys(typed: str) -> None:
    key = email_key(typed)
    assert "\0" not in key
    assert key.startswith(" ") or key == normal_email(typed)


def test_mailed_urls_are_of_the_club() -> None:
    assert "\nhttp://club.example/verify?token=abc\n" in verification_mail("http://club.example", "abc").body
    assert (
        "\nhttp://club.example/password/new?token=abc\n"
        in new_password_mail("http://club.example", "abc").body
    )


@pytest.mark.req("S-ACC-04", "S-ACC-05")
@pytest.mark.parametrize(("age_ms", "live"), [(-1, False), (0, True), (3_599_999, True), (3_600_000, False)])
def test_a_mailed_url_lives_one_hour_without_its_end(age_ms: int, live: bool) -> None:
    assert url_is_live(1000, 1000 + age_ms) is live


@pytest.mark.req("S-GEN-20")
def test_mails_come_from_a_domain_that_users_were_told_to_accept() -> None:
    domain = SENDER.rstrip(">").rpartition("@")[2]
    assert domain.endswith((".panasonic.jp", ".panasonic.com"))
