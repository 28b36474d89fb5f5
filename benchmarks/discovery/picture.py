"""Every search as a dot, as an SVG: milliseconds to the right (each line ten times the last), not found at the edge."""

from collections.abc import Iterator, Sequence
from html import escape
from math import log10
from typing import Final, NamedTuple

from benchmarks.discovery.figures import Series, milliseconds
from benchmarks.discovery.results import ANNOUNCING, Results, is_ours, title
from benchmarks.discovery.scenes import SCENES
from phone_client.drawing import tag

WIDTH: Final = 760.0
_NAMES: Final = 230.0
_FIGURES: Final = 70.0
_NEVER: Final = 56.0
_ROW: Final = 17.0
_HEAD: Final = 30.0
_LEAST_MS: Final = 0.5
_MOST_MS: Final = 10_000.0
_LINES_MS: Final = (1, 10, 100, 1000, 10_000)
_SPREAD: Final = 3.5
_STYLE: Final = """
text { font: 11px system-ui, sans-serif; fill: #333 }
.title { font-weight: bold; font-size: 13px } .ours { font-weight: bold } .axis { fill: #777; font-size: 9px }
.figure { text-anchor: end } .middle { text-anchor: middle } .line { stroke: #ddd } .ground { fill: #fff }
circle { fill: #8a8f98; fill-opacity: .55 } circle.ours { fill: #0a7a5a; fill-opacity: .7 }
.median { stroke: #333; stroke-width: 2 }
@media (prefers-color-scheme: dark) {
  text { fill: #ddd } .axis { fill: #999 } .line { stroke: #444 } .ground { fill: #16181c }
  circle { fill: #9aa0aa } circle.ours { fill: #3fcf9f } .median { stroke: #eee }
}
"""


class _Panel(NamedTuple):
    title: str
    rows: Sequence[tuple[str, Series]]

    @property
    def height(self) -> float:
        return _HEAD + _ROW * len(self.rows) + 12


def draw(results: Results) -> str:
    """Return the picture."""
    panels = list(_panels(results))
    height = sum(panel.height for panel in panels)
    drawn, top = [tag("style", _STYLE), tag("rect", width=WIDTH, height=height, class_="ground")], 0.0
    for panel in panels:
        drawn += _draw_panel(panel, top)
        top += panel.height
    namespace = "http://www.w3.org/2000/svg"
    label = "Milliseconds of every search, by scene and by who searched; the tables say the same"
    return tag(
        "svg", *drawn, xmlns=namespace, viewBox=f"0 0 {WIDTH:g} {height:g}", role="img", aria_label=label
    )


def _panels(results: Results) -> Iterator[_Panel]:
    for name, measured in results.scenes.items():
        order = SCENES[name].searches
        names = sorted(measured.took_ms, key=order.index)
        yield _Panel(SCENES[name].title, [(each, measured.series(each)) for each in names])
    started = results.started
    if started.took_ms:
        rows = [(each, started.series(each)) for each in started.took_ms]
        yield _Panel(f"{ANNOUNCING}: process start to first announcement", rows)


def _draw_panel(panel: _Panel, top: float) -> Iterator[str]:
    yield tag("text", escape(panel.title), x=8, y=top + 16, class_="title")
    bottom = top + _HEAD + _ROW * len(panel.rows)
    for line in _LINES_MS:
        x = _across(line)
        yield tag("path", d=f"M{x:.1f} {top + _HEAD - 2:.1f}V{bottom:.1f}", class_="line")
        words = f"{line} ms" if line < 1000 else f"{line // 1000} s"  # noqa: PLR2004 - milliseconds of a second
        yield tag("text", words, x=x, y=bottom + 9, class_="axis middle")
    yield tag("text", "never", x=WIDTH - 20.0, y=bottom + 9, class_="axis middle")
    for place, (who, series) in enumerate(panel.rows):
        yield from _draw_row(who, series, top + _HEAD + _ROW * (place + 0.5))


def _draw_row(who: str, series: Series, middle: float) -> Iterator[str]:
    kind = "ours" if is_ours(who) else "theirs"
    yield tag("text", escape(title(who)), x=8, y=middle + 4, class_=kind)
    yield tag(
        "text",
        milliseconds(series.median_ms),
        x=_NAMES + _FIGURES - 22,
        y=middle + 4,
        class_=f"figure {kind}",
    )
    for place, took in enumerate(series.took_ms):
        y = middle + _SPREAD * ((place * 5) % 7 - 3) / 3  # apart from each other, the same in every picture
        yield tag("circle", cx=_across(took), cy=y, r=2.2, class_=kind)
    if series.median_ms is not None:
        yield tag("path", d=f"M{_across(series.median_ms):.1f} {middle - 7:.1f}v14", class_="median")


def _across(took_ms: float | None) -> float:
    if took_ms is None:
        return WIDTH - 20.0
    room = WIDTH - _NAMES - _FIGURES - _NEVER - 12
    share = log10(max(took_ms, _LEAST_MS) / _LEAST_MS) / log10(_MOST_MS / _LEAST_MS)
    return _NAMES + _FIGURES + room * min(share, 1.0)
