"""What a person sees in the terminal, in Japanese or English, and the JSON that scripts get instead."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from itertools import groupby
from typing import Final

from rich.console import Console, Group, RenderableType
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

from phone_client.advice import Words
from phone_client.answers import printable
from phone_client.diagnosis import Diagnosis
from phone_client.finding import Found, Watch
from phone_client.phone import Linked
from protocol.cloud_api import Bucket, Events, Link, Timeline

_BAR_CELLS: Final = 16
_SAME_ROUTER: Final = Words(
    "For this search the phone must be on Wi-Fi, on the same router as the AiSEG.",
    "スマートフォンは必ず無線LAN（Wi-Fi）でAiSEGと同じルーターに接続してください。",
)
_EVENTS: Final = {
    "link_code_issued": Words("a link code was issued at its panel", "画面で連携コードが発行されました"),
    "registered_anew": Words(
        "it was registered anew: its data and every link are gone",
        "新規登録が行われ、蓄積データと連携が消去されました",
    ),
}


def found_document(found: Found) -> dict[str, object]:
    """Return `aiseg phone search --json` (protocol/README.md, the command)."""
    keys = ("gateway_id", "model", "firmware", "address", "port", "name", "elapsed_ms")
    return {
        "found": [{key: getattr(hit, key) for key in keys} for hit in found.hits],
        "diagnosis": _diagnosis_document(found.diagnosis) if found.diagnosis else None,
    }


def _diagnosis_document(diagnosis: Diagnosis) -> dict[str, object]:
    return {
        "code": diagnosis.code,
        "evidence": [line._asdict() for line in diagnosis.evidence],
        "advice": diagnosis.advice._asdict(),
    }


class Screen:
    """Prints in one language: results to stdout, what is under way to stderr."""

    def __init__(self, language: str) -> None:
        self._language = language
        self._out = Console(highlight=False, markup=False)
        self._err = Console(stderr=True, highlight=False, markup=False)

    def say(self, en: str, ja: str) -> None:
        """Print one sentence."""
        self._out.print(Text(Words(en, ja).say(self._language)), soft_wrap=True)

    @contextmanager
    def searching(self, *, typing_helps: bool) -> Iterator[Watch]:
        """Say what a search needs (S-FLOW-02), then show seconds and what is being tried; on a terminal only."""
        if self._err.is_terminal:
            self._err.print(_SAME_ROUTER.say(self._language), soft_wrap=True)
        hint = Words(
            "Ctrl-C, then --link-code: type the code instead", "Ctrl-C で中止し、--link-code で入力できます"
        )
        with Progress(
            SpinnerColumn(),
            TimeElapsedColumn(),
            TextColumn("{task.description}", markup=False),
            console=self._err,
            transient=True,
            disable=not self._err.is_terminal,
        ) as progress:
            task = progress.add_task("", total=None)

            def watch(words: Words) -> None:
                tail = f" ({hint.say(self._language)})" if typing_helps else ""
                progress.update(task, description=words.say(self._language) + tail)

            yield watch

    def show_found(self, found: Found) -> None:
        """Print the table of gateways and the diagnosis."""
        if found.hits:
            self._out.print(self._table(found))
        if found.diagnosis:
            self._out.print(self._diagnosis(found.diagnosis, warning=bool(found.hits)), soft_wrap=True)

    def show_linked(self, linked: Linked) -> None:
        """Say what was linked, where the code came from, and when another gateway was found than the one linked."""
        if linked.code_from:
            name = linked.code_from.name
            self.say(f"The link code was read from {name}.", f"連携コードは {name} から読み取りました。")
        if linked.other_found:
            self.say(
                "Note: this is not the AiSEG found on this network; the device code decides.",
                "注意: このネットワークで見つかったAiSEGとは別のAiSEGです（機器コードが優先されます）。",
            )
        self.show_link(linked.link)

    def show_link(self, link: Link) -> None:
        """Print the linked gateway and the phones of this account."""
        phones = ", ".join(printable(phone) for phone in link.phones)
        self.say(
            f"Linked to AiSEG {link.model} ({link.gateway_id[-6:]}). Phones: {phones}",
            f"AiSEG {link.model}（{link.gateway_id[-6:]}）と連携しています。スマートフォン: {phones}",
        )

    def show_timeline(self, timeline: Timeline) -> None:
        """Print newest values and the buckets; a gap is one line that says how long it is."""
        state = Words("online", "接続中") if timeline.online else Words("offline", "未接続")
        self.say(
            f"AiSEG {timeline.model} ({timeline.gateway_id[-6:]}): {state.en}",
            f"AiSEG {timeline.model}（{timeline.gateway_id[-6:]}）: {state.ja}",
        )
        self._out.print(self._buckets(timeline))

    def show_events(self, events: Events) -> None:
        """Print what has happened, a line each."""
        if not events.events:
            self.say("Nothing has happened.", "お知らせはありません。")
        for event in events.events:
            words, gateway = _EVENTS[event.kind], f"AiSEG {event.gateway_id[-6:]}"
            self.say(
                f"{_local(event.at)}  {gateway}: {words.en}", f"{_local(event.at)}  {gateway}: {words.ja}"
            )

    def _word(self, en: str, ja: str) -> str:
        return Words(en, ja).say(self._language)

    def _table(self, found: Found) -> RenderableType:
        table = Table(box=None)
        for title in (
            self._word("name", "名前"),
            self._word("model", "機種"),
            self._word("firmware", "ファームウェア"),
            self._word("address", "アドレス"),
            "ms",
        ):
            table.add_column(title)
        for hit in found.hits:
            where = f"{hit.address} port {hit.port}"
            table.add_row(hit.name, hit.model, hit.firmware, where, f"{hit.elapsed_ms:.1f}")
        return table

    def _diagnosis(self, diagnosis: Diagnosis, *, warning: bool) -> RenderableType:
        headline = (
            self._word("Found, but", "見つかりましたが、注意が必要です")
            if warning
            else self._word("No AiSEG was found", "AiSEGが見つかりません")
        )
        lines = [Text(f"  - {line.say(self._language)}", style="dim") for line in diagnosis.evidence]
        advice = Text(f"-> {diagnosis.advice.say(self._language)}", style="bold")
        return Group(Text(f"{headline}: {diagnosis.code}"), *lines, advice)

    def _buckets(self, timeline: Timeline) -> RenderableType:
        table = Table(box=None, pad_edge=False)
        zone = timeline.buckets[0].start_at.astimezone().tzname() if timeline.buckets else ""
        table.add_column(self._word(f"from ({zone})", f"開始 ({zone})"), no_wrap=True)
        for title in (self._word("generation", "発電"), self._word("consumption", "消費")):
            table.add_column("W", justify="right", no_wrap=True)
            table.add_column(title, min_width=_BAR_CELLS, no_wrap=True)
        for title in (self._word("import", "買電"), self._word("export", "売電")):
            table.add_column(f"{title} W", justify="right", no_wrap=True)
        most = max(
            (watt for each in timeline.buckets for watt in (each.generation_w, each.consumption_w) if watt),
            default=1,
        )
        for measured, run in groupby(timeline.buckets, key=lambda each: each.samples > 0):
            buckets = list(run)
            if measured:
                for each in buckets:
                    table.add_row(*_cells(each, most))
            else:
                length = timedelta(seconds=len(buckets) * timeline.bucket_s)
                gap = self._word(f"no data {length}", f"データなし {length}")
                table.add_row(_local(buckets[0].start_at), "-", gap, "-", "", "-", "-", style="dim")
        return table


def _cells(bucket: Bucket, most_w: int) -> tuple[str, ...]:
    return (
        _local(bucket.start_at),
        str(bucket.generation_w),
        _bar(bucket.generation_w, most_w),
        str(bucket.consumption_w),
        _bar(bucket.consumption_w, most_w),
        str(bucket.grid_import_w),
        str(bucket.grid_export_w),
    )


def _bar(watt: int | None, most_w: int) -> str:
    """Return a bar of eighths of a cell."""
    eighths = round((watt or 0) / most_w * _BAR_CELLS * 8)
    return "█" * (eighths // 8) + ("▏▎▍▌▋▊▉"[eighths % 8 - 1] if eighths % 8 else "")


def _local(instant: datetime) -> str:
    return instant.astimezone().strftime("%m-%d %H:%M")
