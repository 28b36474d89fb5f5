import re
import tomllib
from pathlib import Path

import pytest


def pinned_by_uv() -> dict[str, str]:
    packages = tomllib.loads(Path("uv.lock").read_text("utf-8"))["package"]
    return {each["name"]: each["version"] for each in packages if "registry" in each["source"]}


def pinned_for_pip(name: str) -> dict[str, str]:
    pins = re.findall(r"^([a-z0-9._-]+)==([^ \\;]+)", Path(name).read_text("utf-8"), re.MULTILINE)
    return dict(pins)


def test_pip_installs_the_versions_that_uv_locks() -> None:
    locked = pinned_by_uv()
    assert pinned_for_pip("requirements-dev.txt") == locked
    assert pinned_for_pip("requirements.txt").items() <= locked.items()


@pytest.mark.parametrize("dependency", ["dependencies", "dev"])
def test_every_dependency_says_why_it_is_there(dependency: str) -> None:
    text = Path("pyproject.toml").read_text("utf-8")
    block = re.search(rf"^{dependency} = \[\n(.*?)^\]", text, re.MULTILINE | re.DOTALL)
    assert block
    assert all(re.search(r'",\s+# \S', line) for line in block[1].splitlines()), block[1]


@pytest.mark.parametrize(("package", "floor"), [("zeroconf", (0, 150)), ("aiohttp", (3, 14, 3))])
def test_versions_with_known_advisories_are_not_locked(package: str, floor: tuple[int, ...]) -> None:
    assert tuple(int(part) for part in pinned_by_uv()[package].split(".")) >= floor
