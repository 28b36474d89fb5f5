"""What a screen says: words in two languages, live values as text, templates."""

import tomllib
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Final, Literal

import segno

from chassis.templates import environment
from emulator.gateway import Gateway
from protocol.codes import in_fours
from protocol.device_api import Update
from protocol.rules import LINK_CODE_LIFE, TOKYO
from protocol.telemetry import Sample

Language = Literal["ja", "en"]
Words = Mapping[str, str]

HERE: Final = Path(__file__).parent


class View:
    """Templates and words, read once when made (not on the event loop)."""

    def __init__(self) -> None:
        self.words: dict[Language, Words] = {"ja": read_words("ja"), "en": read_words("en")}
        templates = environment(HERE / "templates")
        templates.filters["tokyo"] = tokyo_time
        self._templates = {name: templates.get_template(name) for name in templates.list_templates()}

    def render(self, template: str, **facts: object) -> str:
        """Return a page as text."""
        return self._templates[template].render(**facts)


def read_words(language: Language) -> Words:
    """Return every word of the panel in one language."""
    return tomllib.loads((HERE / "messages" / f"{language}.toml").read_text("utf-8"))


def live(gateway: Gateway, words: Words, language: Language) -> dict[str, str]:
    """Return what moves on the screens, as text by name; also what an event carries."""
    trouble = gateway.uplink.trouble
    connected = gateway.uplink.connected
    return {
        "cloud": "on" if connected else "off",
        "cloud_text": words["cloud_on" if connected else "cloud_off"],
        "cloud_trouble": trouble.sentence(language) if trouble else "",
        "mdns": "on" if gateway.announcement.name else "off",
        "mdns_text": gateway.announcement.name or gateway.announcement.sentence(language),
        "notices": words["notices_one"] if gateway.updates.has_notice else "",
        "registered": "yes" if gateway.registration else "no",
        "registered_text": words["registered_yes" if gateway.registration else "registered_no"],
        **_update(gateway.updates.progress(), words),
        **(_flow(sample, words) if (sample := gateway.newest()) else {}),
    }


def _update(update: Update | None, words: Words) -> dict[str, str]:
    if not update:
        return {"update": "none", "update_text": "", "update_pct": "0"}
    return {
        "update": update.state,
        "update_text": words[f"update_{update.state}"],
        "update_pct": str(update.progress_pct),
    }


def _flow(sample: Sample, words: Words) -> dict[str, str]:
    battery = sample.battery
    grid = "in" if sample.grid_import_w else "out" if sample.grid_export_w else "idle"
    store = "in" if battery.discharge_w else "out" if battery.charge_w else "idle"
    return {
        "solar": "in" if sample.generation_w else "idle",
        "solar_text": words["generating" if sample.generation_w else "idle"],
        "solar_w": f"{sample.generation_w:,}",
        "grid": grid,
        "grid_text": words[{"in": "importing", "out": "exporting", "idle": "idle"}[grid]],
        "grid_w": f"{sample.grid_import_w or sample.grid_export_w:,}",
        "battery": store,
        "battery_text": words[{"in": "discharging", "out": "charging", "idle": "idle"}[store]],
        "battery_w": f"{battery.discharge_w or battery.charge_w:,}",
        "battery_pct": f"{battery.state_of_charge_pct:.0f}",
        "house_w": f"{sample.consumption_w:,}",
        "measured_at": tokyo_time(sample.measured_at, "%H:%M:%S"),
    } | {f"circuit_{each.circuit}": f"{each.power_w}" for each in sample.circuits}


def tokyo_time(at: datetime, form: str = "%Y-%m-%d %H:%M") -> str:
    """Return an instant as a person in Japan reads it."""
    return at.astimezone(TOKYO).strftime(form)


def code_facts(link_code: str, expires_in_s: int) -> dict[str, object]:
    """Return what the link code's screen shows: groups of four, QR, remaining seconds."""
    return {
        "groups": in_fours(link_code).split(),
        "qr": segno.make_qr(link_code).svg_inline(
            scale=6, border=2, omitsize=True, svgclass=None, lineclass=None
        ),
        "expires_in_s": expires_in_s,
        "life_s": int(LINK_CODE_LIFE.total_seconds()),
        "clock_text": f"{expires_in_s // 60:02}:{expires_in_s % 60:02}",
    }
