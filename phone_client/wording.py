"""The words of the app: its pages and its commands say the same, from one file a language."""

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Final

Wording = Mapping[str, str]

FOLDER: Final = Path(__file__).parent / "web" / "messages"


def read_wording(language: str) -> Wording:
    """Return every word of the app in `en` or `ja`."""
    return tomllib.loads((FOLDER / f"{language}.toml").read_text("utf-8"))
