"""Settings: a TOML file, overridden by `AISEG_<PROGRAM>__<SECTION>__<KEY>` of the environment, then by options."""

import os
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from protocol.faults import first_fault
from protocol.problems import SETTINGS_WRONG, Problem


class Section(BaseModel):
    """A table of the file: immutable, unknown keys refused."""

    model_config = ConfigDict(frozen=True, extra="forbid")


SettingsT = TypeVar("SettingsT", bound=Section)

Port = Annotated[int, Field(ge=0, le=65535)]
"""A TCP port; 0 lets the system choose a free one."""

Url = Annotated[str, Field(pattern=r"^https?://[^/?#\s]+$")]
"""An http(s) address without a path."""


def _split(value: object) -> object:
    return [each.strip() for each in value.split(",")] if isinstance(value, str) else value


Names = Annotated[tuple[str, ...], BeforeValidator(_split)]
"""Several names; as one string (environment, option) they are divided by commas."""


def read_settings(
    model: type[SettingsT],
    program: str,
    file: Path | None = None,
    options: Mapping[str, object] | None = None,
    environment: Mapping[str, str] = os.environ,
) -> SettingsT:
    """Return the `model` of `file` (none: the defaults), overridden by `environment`, then by dotted `options`.

    Raises:
        Problem: `settings_wrong`, naming where the value came from, its key and the reason.
    """
    values = _read_toml(file) if file else {}
    origin: dict[str, str] = {}
    for source, overrides in (
        ("environment", _overrides(program, environment)),
        ("command line", options or {}),
    ):
        for key, value in overrides.items():
            _put(values, key, value, source)
            origin[key] = source
    try:
        return model.model_validate(values)
    except ValidationError as error:
        key, what = first_fault(error)
        places = [
            where
            for given, where in origin.items()
            if f"{key}.".startswith(f"{given}.") or given.startswith(f"{key}.")
        ]
        raise Problem(SETTINGS_WRONG, file=(*places, str(file))[0], key=key, reason=what) from None


def _read_toml(file: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(file.read_text("utf-8"))
    except (OSError, ValueError) as error:
        reason = str(error.strerror) if isinstance(error, OSError) else str(error)
        raise Problem(SETTINGS_WRONG, file=str(file), key="-", reason=reason) from None


def _overrides(program: str, environment: Mapping[str, str]) -> Mapping[str, str]:
    prefix = f"AISEG_{program.upper()}__"
    return {
        name.removeprefix(prefix).lower().replace("__", "."): environment[name]
        for name in sorted(environment)
        if name.startswith(prefix)
    }


def _put(values: dict[str, Any], key: str, value: object, source: str) -> None:
    *sections, last = key.split(".")
    for section in sections:
        values = values.setdefault(section, {})
        if not isinstance(values, dict):
            raise Problem(SETTINGS_WRONG, file=source, key=key, reason=f"{section} is not a table")
    values[last] = value
