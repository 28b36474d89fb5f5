"""What a page says: words in two languages, templates."""

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Final, Literal

from chassis.templates import environment
from protocol import rules

Language = Literal["ja", "en"]
Words = Mapping[str, str]

HERE: Final = Path(__file__).parent


class View:
    """Templates and words, read once when made (not on the event loop)."""

    def __init__(self) -> None:
        self.words: dict[Language, Words] = {"ja": read_words("ja"), "en": read_words("en")}
        templates = environment(HERE / "templates")
        templates.globals["rules"] = rules
        self._templates = {name: templates.get_template(name) for name in templates.list_templates()}

    def render(self, template: str, **facts: object) -> str:
        """Return a page as text."""
        return self._templates[template].render(**facts)


def read_words(language: Language) -> Words:
    """Return every word of the club in one language."""
    return tomllib.loads((HERE / "messages" / f"{language}.toml").read_text("utf-8"))
