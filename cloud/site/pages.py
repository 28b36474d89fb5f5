"""How the cloud's pages are made: templates in two languages, Japanese first; `?lang=en` switches and stays."""

from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Final

from aiohttp import web
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from yarl import URL

from protocol.rules import TOKYO

HERE: Final = Path(__file__).parent
_KILO: Final = 1000


class Pages:
    """Every template, read once. Making one reads files: do it in a thread."""

    def __init__(self) -> None:
        loader = FileSystemLoader(HERE / "templates")
        pages = Environment(
            loader=loader, autoescape=True, undefined=StrictUndefined, auto_reload=False, trim_blocks=True
        )
        pages.filters["japan"] = _in_japan
        pages.filters["kilo"] = _in_kilo
        self._templates = {name: pages.get_template(name) for name in pages.list_templates()}

    def page(self, request: web.Request, name: str, *, status: int = 200, **values: object) -> web.Response:
        """Return a page in the language that was asked for."""
        language = "en" if request.query.get("lang") == "en" else "ja"
        here = {"language": language, "say": _speaker(language), "link": _linker(language)}
        other = request.rel_url.update_query(lang="ja" if language == "en" else "en")
        path = request.path
        text = self._templates[name].render(**values, **here, path=path, other_language=str(other))
        return web.Response(text=text, status=status, content_type="text/html")


def _speaker(language: str) -> Callable[[str, str], str]:
    """Return what picks the sentence of a page's language."""
    return lambda japanese, english: english if language == "en" else japanese


def _linker(language: str) -> Callable[..., str]:
    """Return what makes a link that keeps the language; of its query, what says something."""

    def link(path: str, **query: str | int) -> str:
        kept = {"lang": "en"} if language == "en" else {}
        said = {key: str(value) for key, value in query.items() if value}
        return str(URL(path).with_query(kept | said))

    return link


def _in_japan(at: datetime | None, form: str = "%Y-%m-%d %H:%M:%S") -> str:
    return "–" if at is None else at.astimezone(TOKYO).strftime(form)


def _in_kilo(watts: int) -> str:
    return f"{watts / _KILO:.2f}"
