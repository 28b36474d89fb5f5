"""What `aiseg lab` prints."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any, Final

from rich.console import Console
from rich.markup import escape
from rich.padding import Padding

from lab.conditions.active import Active
from lab.conditions.catalogue import Entry, Parameter
from lab.conditions.words import TEXTS
from lab.residents import Said
from lab.xray.look import Xray
from lab.xray.words import HEADING, lines

WORDS: Final[dict[str, dict[str, str]]] = {
    "en": {
        "packets": "packets: ",
        "seen": "seen: ",
        "origin": "real life: ",
        "try": "Try one: aiseg lab search --with loss:p=0.5,on=phone",
        "true": "What is true in this home",
        "nothing": "Nothing is wrong.",
        "says": "What the phone says, after {took_s:.1f} s ({knows})",
        "knows": "it has met this AiSEG before",
        "first": "it has never met this AiSEG",
        "found": "found: {name}, {model}, firmware {firmware}, at {address} port {port}, after {elapsed_ms:.0f} ms",
        "not_found": "not found",
        "also": "it could also be: {codes}",
        "capture": "Every packet, and what became of it",
        "seed": "The same again: --seed {seed}",
    },
    "ja": {
        "packets": "パケット：",
        "seen": "見え方：",
        "origin": "実際の例：",
        "try": "試すには: aiseg lab search --with loss:p=0.5,on=phone",
        "true": "この家の本当の状態",
        "nothing": "異常はありません。",
        "says": "スマートフォンの表示（{took_s:.1f}秒後、{knows}）",
        "knows": "このAiSEGを以前に見つけたことがあります",
        "first": "このAiSEGを見つけるのは初めてです",
        "found": "見つかりました: {name}、{model}、ファームウェア {firmware}、{address} ポート {port}、{elapsed_ms:.0f}ミリ秒後",
        "not_found": "見つかりません",
        "also": "次の可能性もあります: {codes}",
        "capture": "全パケットとその行方",
        "seed": "同じ条件で再現: --seed {seed}",
    },
}


@dataclass(frozen=True)
class Search:
    """One search in a home: what was true there, and what the phone said."""

    build_s: float
    seed: int
    first_contact: bool
    conditions: Sequence[Active]
    said: Said
    capture: Path
    xray: Xray


def entry_document(entry: Entry) -> dict[str, Any]:
    """Return a condition as JSON has it."""
    words = {key: value._asdict() for key, value in entry.text._asdict().items() if key != "evidence"}
    parameters = [each._asdict() | {"words": each.words._asdict()} for each in entry.parameters]
    return {"name": entry.name, "parameters": parameters, **words, "evidence": list(entry.text.evidence)}


def search_document(done: Search) -> dict[str, Any]:
    """Return a search as JSON has it."""
    return {
        "conditions": [
            {"number": number, "name": name, "args": dict(args)} for number, name, args, _ in done.conditions
        ],
        "seed": done.seed,
        "first_contact": done.first_contact,
        "phone": done.said.document,
        "took_s": round(done.said.took_s, 3),
        "build_s": round(done.build_s, 3),
        "xray": asdict(done.xray),
        "capture": str(done.capture),
    }


def tell_entries(entries: Iterable[Entry], language: str) -> None:
    """Print all conditions, each a paragraph."""
    words, console = WORDS[language], Console(highlight=False)
    for entry in entries:
        text = entry.text
        lines = [f"[bold]{escape(text.sentence.say(language))}[/]"]
        for word, said in (("packets", text.effect), ("seen", text.seen), ("origin", text.origin)):
            lines.append(f"[dim]{words[word]}[/]{escape(said.say(language))}")
        lines += [f"[dim]{each.name}: [/]{escape(each.words.say(language))}" for each in entry.parameters]
        lines += [f"[dim]{escape(each)}[/]" for each in text.evidence]
        console.print(f"[bold cyan]{entry.name}[/]  {', '.join(map(_parameter, entry.parameters))}")
        console.print(Padding("\n".join(lines), (0, 0, 1, 2), expand=False))
    console.print(words["try"])


def _parameter(parameter: Parameter) -> str:
    bounds = f" ({parameter.least:g}…{parameter.most:g})" if parameter.most is not None else ""
    default = "-" if parameter.default is None else parameter.default
    return escape(f"{parameter.name}={default}{bounds}")


def tell_search(done: Search, language: str) -> None:
    """Print what was true, what the phone said, and where the capture lies."""
    words, say = WORDS[language], partial(Console(highlight=False).print, soft_wrap=True)
    say(f"[bold]{words['true']}[/]")
    for number, name, args, _ in done.conditions:
        given = ", ".join(f"{key}={value}" for key, value in args.items() if value is not None)
        say(f"  {number}. {escape(TEXTS[name].sentence.say(language))} [dim]{name}({escape(given)})[/]")
    if not done.conditions:
        say(f"  {words['nothing']}")
    knows = words["first" if done.first_contact else "knows"]
    say(f"\n[bold]{words['says'].format(took_s=done.said.took_s, knows=knows)}[/]")
    for line in _said(done.said, language):
        say(f"  {escape(line)}")
    say(f"\n[bold]{HEADING.say(language)}[/]")
    for line in lines(done.xray, language):
        say(f"  {escape(line)}")
    say(f"\n[bold]{words['capture']}[/]\n  {escape(str(done.capture))}")
    say(f"  {words['seed'].format(seed=done.seed)}")


def _said(said: Said, language: str) -> list[str]:
    words = WORDS[language]
    lines = [words["found"].format(**each) for each in said.found] or [words["not_found"]]
    diagnosis = said.document["diagnosis"]
    if diagnosis:
        lines.append(f"{diagnosis['code']}: {diagnosis['advice'][language]}")
        if said.could_also_be:
            lines.append(words["also"].format(codes=", ".join(said.could_also_be)))
        lines += [f"- {each[language]}" for each in diagnosis["evidence"]]
    return lines
