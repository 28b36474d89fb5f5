import pytest

from cloud.logins import Login, hash_password, verify_password


def test_a_password_is_known_by_its_hash() -> None:
    password_hash = hash_password("secret")
    assert verify_password(b"secret", password_hash)
    assert not verify_password(b"Secret", password_hash)
    assert not verify_password(b"", password_hash)
    assert "secret" not in password_hash


def test_the_hash_is_salted() -> None:
    assert hash_password("secret") != hash_password("secret")


@pytest.mark.parametrize("username", ["", "evil+", "#", "a/b", "a:b", "a\nuser root", "あ", "x" * 65])
def test_names_that_could_widen_a_right_are_refused(username: str) -> None:
    with pytest.raises(ValueError, match="unusable"):
        Login(username, hash_password("secret"), (), ())
