import pytest

from protocol.phones import oldest_os, os_name, os_standing


@pytest.mark.req("S-GEN-10")
@pytest.mark.parametrize(
    ("version", "standing"),
    [
        ("5.1", "refused"),
        ("5.1.1", "refused"),
        ("5", "refused"),
        ("6", "supported"),
        ("6.0", "supported"),
        ("6.0.1", "supported"),
        ("10", "supported"),
        ("14", "supported"),
        ("14.0.1", "supported"),
        ("15", "unverified"),
        ("100", "unverified"),
    ],
)
def test_android(version: str, standing: str) -> None:
    assert os_standing("android", version) == standing


@pytest.mark.req("S-GEN-11")
@pytest.mark.parametrize(
    ("version", "standing"),
    [
        ("9", "refused"),
        ("15.8", "refused"),
        ("15.8.3", "refused"),
        ("16", "supported"),
        ("16.0", "supported"),
        ("17.6.1", "supported"),
        ("18", "unverified"),
        ("18.0", "unverified"),
    ],
)
def test_ios(version: str, standing: str) -> None:
    assert os_standing("ios", version) == standing


@pytest.mark.req("S-GEN-10", "S-GEN-11")
def test_the_oldest_is_called_as_the_manual_does() -> None:
    assert (oldest_os("android"), oldest_os("ios")) == ("Android 6.0", "iOS 16")
    assert os_name("ios", "15.8") == "iOS 15.8"
