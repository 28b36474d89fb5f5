"""The results as tables: the same rows for a terminal and for the documentation."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from rich.console import Console
from rich.table import Table

from benchmarks.discovery.conformance import CHECKS
from benchmarks.discovery.figures import COUNTS, Series, best, milliseconds, ratio
from benchmarks.discovery.here import INSTALL
from benchmarks.discovery.results import Judged, Results, is_ours, machine, title
from benchmarks.discovery.scenes import SCENES
from benchmarks.discovery.starts import PUBLISHED
from benchmarks.discovery.versions import versions


class Sheet(NamedTuple):
    """A table: what it shows, its columns, its rows, and which rows are ours."""

    title: str
    columns: Sequence[str]
    rows: Sequence[Sequence[str]]
    ours: frozenset[int] = frozenset()
    note: str = ""


_FIGURES = ("median ms", "p95 ms", "found", "within 1 s", "÷ ours")


def sheets(results: Results) -> Iterator[Sheet]:
    """Yield all tables."""
    for name in results.scenes:
        yield _scene(results, name)
    if results.started.took_ms:
        yield _starts(results)
    if results.conformance:
        yield _conformance(results)
    if results.houses.built_ms:
        yield _houses(results)
    yield _goals(results)


def _scene(results: Results, name: str) -> Sheet:
    scene, measured = SCENES[name], results.scenes[name]
    ours = measured.series(scene.ours)
    who = list(measured.took_ms)
    who.sort(key=scene.searches.index)
    rows = [[title(each), *_figures(measured.series(each), ours, mine=is_ours(each))] for each in who]
    for need, why in results.here.absent.items():
        gone = [each for each in scene.searches if scene.search(each).need == need]
        rows += [[title(each), f"not here: {why}", "", "", "", ""] for each in gone]
    rows += [[f"{each} (published)", figures, "", "", "", ""] for each, figures in scene.published.items()]
    note = f"Round trip phone to gateway {milliseconds(measured.round_trip_ms)} ms."
    besides = Series(tuple(measured.besides_ms.get(scene.ours, ())))
    if besides.took_ms:
        what = "its process had ended" if name == "process" else "the gateway had confirmed it by HTTP"
        note += f" Ours until {what}: {milliseconds(besides.median_ms)} / {milliseconds(besides.p95_ms)} ms."
    mine = frozenset(place for place, each in enumerate(who) if is_ours(each))
    return Sheet(scene.title, ("who searches", *_FIGURES), rows, mine, note)


def _figures(series: Series, ours: Series, *, mine: bool) -> Sequence[str]:
    runs = len(series.took_ms)
    return (
        milliseconds(series.median_ms),
        milliseconds(series.p95_ms),
        f"{series.found}/{runs}",
        f"{series.within_1s}/{runs}",
        "" if mine else ratio(series.median_ms, ours.median_ms),
    )


def _starts(results: Results) -> Sheet:
    started = results.started
    mine = next(each for each in started.took_ms if is_ours(each))
    rows = []
    for each in started.took_ms:
        series = started.series(each)
        figures = _figures(series, started.series(mine), mine=each == mine)
        rows.append([title(each), *figures[:2], figures[4], "; ".join(started.faults[each]) or "right"])
    rows += [[f"{each} (published)", figures, "", "", ""] for each, figures in PUBLISHED.items()]
    columns = ("who announces", "median ms", "p95 ms", "÷ ours", "probing (RFC 6762 §8.1, §8.2)")
    ours = frozenset(place for place, each in enumerate(started.took_ms) if each == mine)
    return Sheet("process start to first announcement on the wire", columns, rows, ours)


def _conformance(results: Results) -> Sheet:
    rows = [
        [
            name,
            f"{score.passed}",
            f"{score.failed}",
            f"{score.not_applicable}",
            f"{score.further_passed} of {score.further}",
        ]
        for name, score in results.conformance.items()
    ]
    rows.append(["Apple mDNSResponder (published)", "43", "2", "1", ""])
    columns = ("responder", f"of {CHECKS} passed", "failed", "not applicable", "further checks passed")
    return Sheet("conformance with RFC 6762 and 6763", columns, rows, frozenset({0}))


def _houses(results: Results) -> Sheet:
    rows = [
        [what, milliseconds(series.median_ms), milliseconds(series.p95_ms)]
        for what, series in (("build", results.houses.built), ("tear down", results.houses.gone))
    ]
    return Sheet("the home: gateway, phone, neighbour, cloud, routers", ("what", "median ms", "p95 ms"), rows)


def _goals(results: Results) -> Sheet:
    rows = [
        [_place(each.scene), _measure(each), _goal(each), _reached(each), "yes" if each.met else "NO"]
        for each in results.judged()
    ]
    if results.conformance:
        passed = results.conformance["ours"].passed
        met = "yes" if passed == CHECKS else "NO"
        rows.append(["conformance", "passed", f"{CHECKS} of {CHECKS}", f"{passed} of {CHECKS}", met])
    return Sheet("goals", ("where", "measure", "goal", "ours", "met"), rows)


def _place(scene: str) -> str:
    return SCENES[scene].title if scene in SCENES else "process start to first announcement"


def _measure(judged: Judged) -> str:
    words = {"median_ms": "median", "p95_ms": "p95", "within_1s": "found within 1 s", "found": "found"}
    return words[judged.goal.measure]


def _goal(judged: Judged) -> str:
    at = judged.goal.at
    return f"{at * 30:.0f} of 30" if judged.goal.measure in COUNTS else f"≤ {at:g} ms"


def _reached(judged: Judged) -> str:
    if judged.goal.measure in COUNTS:
        return f"{getattr(judged.series, judged.goal.measure)} of {len(judged.series.took_ms)}"
    return f"{milliseconds(judged.series.share(judged.goal.measure))} ms"


def show(results: Results, console: Console) -> None:
    """Print all tables to a terminal."""
    console.print(headline(results), style="bold")
    for sheet in sheets(results):
        table = Table(
            title=sheet.title, title_justify="left", caption=sheet.note or None, caption_justify="left"
        )
        for place, column in enumerate(sheet.columns):
            table.add_column(column, justify="left" if place == 0 else "right", no_wrap=place == 0)
        for place, row in enumerate(sheet.rows):
            style = "bold" if place in sheet.ours else ("red" if row[-1] == "NO" else None)
            table.add_row(*row, style=style)
        console.print(table)
    for need, why in results.here.absent.items():
        console.print(f"not here: {why}; to measure it too: {INSTALL[need]}")


def markdown(results: Results, picture: str) -> str:
    """Return the page for the documentation."""
    lines = [
        "# How fast a gateway is found, side by side",
        "",
        f"Written by `python -m benchmarks.discovery` on {results.at:%Y-%m-%d}: {machine()}; {results.runs} runs each,",
        f"everybody in turn and in the same homes of `lab`, in {results.seconds / 60:.0f} minutes (load average of everything",
        f"else before the run {results.load:.1f}). A search knows nothing before and ends when name, address, port and TXT are",
        'known; opening its sockets counts, starting its process does not. "Published" is what others measured, not this run.',
        "",
        f"Peers: {'; '.join(versions(results.here))}. Not in Debian and not measured: Apple's mDNSResponder.",
        "",
        headline(results),
        "",
        f"![Each search as a dot]({picture})",
        "",
    ]
    for sheet in sheets(results):
        lines += [f"## {sheet.title[0].upper()}{sheet.title[1:]}", "", _line(sheet.columns)]
        lines.append(_line(["---", *("---:" for _ in sheet.columns[1:])]))
        for place, row in enumerate(sheet.rows):
            lines.append(_line([f"**{cell}**" if place in sheet.ours and cell else cell for cell in row]))
        lines += ["", *([sheet.note, ""] if sheet.note else [])]
    lines += [f"Not here: {why} (`{INSTALL[need]}`)." for need, why in results.here.absent.items()]
    return "\n".join(lines).rstrip("\n") + "\n"


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def headline(results: Results) -> str:
    """Return the one sentence that people look for: how ours stands to the fastest of the others on a clean network."""
    if "clean" not in results.scenes:
        return f"{results.runs} runs each."
    measured = results.scenes["clean"]
    ours = measured.series(SCENES["clean"].ours).median_ms
    others = {who: measured.series(who).median_ms for who in measured.took_ms if not is_ours(who)}
    first = best(others.values())
    who = next((title(each) for each, took in others.items() if took == first), "nobody")
    return f"On a clean LAN ours finds the gateway in {milliseconds(ours)} ms; of the others {who} is first, in {milliseconds(first)} ms."
