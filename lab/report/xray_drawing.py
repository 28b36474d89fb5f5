"""An X-ray as SVG: phone, access point, AiSEG, the question on its way there and the answer on its way back."""

from html import escape
from typing import Final

from lab.report.sheet import Sheet, text
from lab.report.words import ACTORS, WORDS
from lab.xray.look import Stage, State, Xray
from lab.xray.words import MARKS, OUTCOMES, STATES
from phone_client.drawing import number, tag

_BOX: Final = 38.0
_ASKED_Y: Final = 82.0
_ANSWERED_Y: Final = 158.0
_HEIGHT: Final = 196.0
_DOT: Final = 10.0
_MOST_LETTERS: Final = 18
_STAYS: Final[tuple[State, ...]] = ("no", "nothing")


def draw(xray: Xray, sheet: Sheet, language: str) -> str:
    """Return the picture of one search."""
    half = (62.0 if sheet.is_wide else 46.0) * (1.25 if sheet.is_wide else 1)
    columns = half, sheet.width / 2, sheet.width - half
    names = ACTORS["phone"], WORDS["access_point"], ACTORS["gateway"]
    title = f"{sheet.name}-title"
    stages = {each.name: each for each in xray.stages}
    lines = [tag("line", x1=x, x2=x, y1=_BOX, y2=_HEIGHT - 6, class_="life") for x in columns]
    boxes = [_box(x, half, name.say(language)) for x, name in zip(columns, names, strict=True)]
    asked, at_gateway = stages["asked"], stages["question_at_gateway"]
    first = stages["question_at_access_point"] if asked.frames else asked
    answered, at_phone = stages["answered"], stages["answer_at_phone"]
    back = stages["answer_at_access_point"] if answered.frames else answered
    reached = first.state not in _STAYS
    return tag(
        "svg",
        tag("title", escape(OUTCOMES[xray.outcome].say(language)), id=title),
        *lines,
        *boxes,
        text(columns[0] + 8, _ASKED_Y - 31, WORDS["question"].say(language), "way"),
        _leg(columns[0], columns[1], _ASKED_Y, first, language),
        _leg(columns[1], columns[2], _ASKED_Y, at_gateway if reached else _never(at_gateway), language),
        text(columns[2] - 8, _ANSWERED_Y - 31, WORDS["answer"].say(language), "way", "end"),
        _leg(columns[2], columns[1], _ANSWERED_Y, back, language),
        _leg(columns[1], columns[0], _ANSWERED_Y, at_phone, language),
        viewBox=f"0 0 {number(sheet.width)} {number(_HEIGHT)}",
        role="img",
        aria_labelledby=title,
        class_="xray",
        xmlns="http://www.w3.org/2000/svg",
    )


def _never(stage: Stage) -> Stage:
    return Stage(stage.name, "nothing")


def _box(x: float, half: float, name: str) -> str:
    wide = half - 2
    box = tag("rect", x=x - wide, y=1, width=2 * wide, height=_BOX - 2, rx=8, class_="station")
    return box + text(x, 24, name, "station-name", "middle")


def _leg(start: float, end: float, y: float, stage: Stage, language: str) -> str:
    """Return one leg of the way: an arrow that arrives, or ends half-way where it does not."""
    forward = 1 if end > start else -1
    middle = (start + end) / 2
    stops = stage.state in _STAYS
    tip = middle if stops else end - forward * 3
    path = f"M{number(start)} {number(y)}H{number(tip)}"
    if not stops:
        path += f"m{-7 * forward} -5l{7 * forward} 5l{-7 * forward} 5"
    rest = tag("path", d=f"M{number(middle)} {number(y)}H{number(end)}", class_="rest") if stops else ""
    hover = tag("title", escape(STATES[stage.state].say(language)))
    dot = tag("circle", cx=middle, cy=y, r=_DOT)
    mark = text(middle, y + 4.5, MARKS[stage.state], "state", "middle")
    parts = [hover, rest, tag("path", d=path, class_="leg"), dot, mark, *_said(stage, middle, y)]
    return tag("g", *parts, class_=f"is-{stage.state}")


def _said(stage: Stage, x: float, y: float) -> list[str]:
    """Return the number of a frame above, and what lost some below."""
    first = stage.frames[0] if stage.frames else stage.lost[0].number if stage.lost else None
    above = [text(x, y - 15, f"#{first}", "frame", "middle")] if first else []
    lines = _wrapped(" + ".join(stage.rules))
    return above + [text(x, y + 24 + 12 * place, line, "rule", "middle") for place, line in enumerate(lines)]


def _wrapped(name: str) -> list[str]:
    """Return a condition's name in lines that fit between two stations."""
    lines = [""]
    for part in name.replace("_", "_ ").split():
        if lines[-1] and len(lines[-1]) + len(part) > _MOST_LETTERS:
            lines.append("")
        lines[-1] += part if lines[-1].endswith("_") or not lines[-1] else f" {part}"
    return [each for each in lines if each]
