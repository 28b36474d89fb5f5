"""What a screen says: words in two languages, templates, and what is worked out for a picture."""

from datetime import datetime
from pathlib import Path
from typing import Final, Literal

import segno

from chassis.templates import environment
from phone_client.wording import Wording, read_wording
from protocol.codes import in_fours
from protocol.rules import TOKYO

Language = Literal["ja", "en"]

HERE: Final = Path(__file__).parent


class View:
    """Templates and words, read once when made (not on the event loop)."""

    def __init__(self) -> None:
        self.words: dict[Language, Wording] = {"ja": read_wording("ja"), "en": read_wording("en")}
        templates = environment(HERE / "templates")
        templates.filters["tokyo"] = tokyo_time
        self._templates = {name: templates.get_template(name) for name in templates.list_templates()}

    def render(self, template: str, **facts: object) -> str:
        """Return a page as text."""
        return self._templates[template].render(**facts)


def tokyo_time(at: datetime, form: str = "%Y-%m-%d %H:%M") -> str:
    """Return an instant as a person in Japan reads it."""
    return at.astimezone(TOKYO).strftime(form)


def code_facts(change_code: str) -> dict[str, object]:
    """Return what the change code's screen shows: groups of four, QR."""
    qr = segno.make_qr(change_code).svg_inline(
        scale=6, border=2, omitsize=True, svgclass=None, lineclass=None
    )
    return {"groups": in_fours(change_code).split(), "qr": qr}
