"""Which phones the app is for (manual p1): compared alike by the app, which says so, and by the cloud, which enforces it."""

from typing import Annotated, Literal

from pydantic import StringConstraints

from protocol.rules import OS_VERSIONS

Platform = Literal["android", "ios"]
FormFactor = Literal["phone", "tablet"]
OsVersion = Annotated[str, StringConstraints(pattern=r"^[0-9]{1,3}(\.[0-9]{1,3}){0,2}$", strict=True)]

_NAMES = {"android": "Android", "ios": "iOS"}

OsStanding = Literal["supported", "unverified", "refused"]


def os_standing(platform: str, os_version: str) -> OsStanding:
    """Say how the manual stands to an operating system: it names it, does not know it yet, or names newer ones only.

    `platform` is "android" or "ios", `os_version` dotted numbers; a patch of the newest is as good as the newest
    (S-GEN-10, S-GEN-11).
    """
    oldest, newest = (_key(version) for version in OS_VERSIONS[platform])
    version = _key(os_version)
    if _padded(version) < _padded(oldest):
        return "refused"
    return "unverified" if version[: len(newest)] > newest else "supported"


def oldest_os(platform: str) -> str:
    """Return the oldest operating system that the app is for, as people call it: Android 6.0, iOS 16."""
    return os_name(platform, OS_VERSIONS[platform][0])


def os_name(platform: str, os_version: str) -> str:
    """Return an operating system as people call it."""
    return f"{_NAMES[platform]} {os_version}"


def _key(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split("."))


def _padded(key: tuple[int, ...]) -> tuple[int, ...]:
    return (*key, 0, 0, 0)[:3]
