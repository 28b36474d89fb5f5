"""What a person sees in the terminal, in Japanese or English, but for the search (`found_screen`)."""

from rich.console import Console
from rich.table import Table
from rich.text import Text

from phone_client.printable import printable
from phone_client.searching.advice import Words
from phone_client.spoken import moment
from phone_client.timeline_screen import draw_timeline
from phone_client.wording import Wording
from protocol.cloud_api import (
    Events,
    IssuedChangeCode,
    Link,
    LinkPreview,
    Timeline,
    User,
    Users,
)
from protocol.codes import in_fours


class Screen:
    """Prints in one language: results to stdout, what is under way to stderr."""

    def __init__(self, language: str, words: Wording) -> None:
        self._language = language
        self._words = words
        self._out = Console(highlight=False, markup=False)
        self._err = Console(stderr=True, highlight=False, markup=False)

    def say(self, text: str) -> None:
        """Print a sentence that is the result."""
        self._out.print(Text(text), soft_wrap=True)

    def note(self, text: str, *, bold: bool = False) -> None:
        """Print a sentence on the way to the result."""
        self._err.print(Text(text, style="bold" if bold else ""), soft_wrap=True)

    def show_preview(self, preview: LinkPreview, *, mismatch: str = "") -> None:
        """Tell, before anything is sent, which AiSEG the codes are of; `mismatch` names the other that was found (S-DISC-10)."""
        self.note(f"AiSEG {preview.model} ({preview.gateway_id[-6:]})  {printable(preview.place)}", bold=True)
        if mismatch:
            self.note(self._words["mismatch"].format(found=mismatch))
        if preview.users:
            self.note(f"{self._words['users_before']}: {', '.join(map(self.name_of, preview.users))}")

    def name_of(self, user: User) -> str:
        """Return a user's nickname, marked when it is of the account that asks."""
        own = f" ({self._words['own']})" if user.own else ""
        return printable(user.nickname) + own

    def show_link(self, link: Link) -> None:
        """Print the linked gateway and the phones of this account."""
        phones = ", ".join(printable(phone.nickname) for phone in link.phones)
        self.say(
            self._word(
                f"Linked to AiSEG {link.model} ({link.gateway_id[-6:]}). Phones: {phones}",
                f"AiSEG {link.model}（{link.gateway_id[-6:]}）と連携しています。スマートフォン: {phones}",
            )
        )

    def show_firmware_popup(self, link: Link) -> None:
        """Print what comes instead of the top screen while the AiSEG's firmware is old (S-BIND-17)."""
        words = self._words
        self.say(words["firmware_old"])
        self.say(f"{words['installed']} {link.firmware}  {words['latest']} {link.latest_firmware}")
        self.say(words["firmware_old_lead"])

    def show_update_guide(self) -> None:
        """Print ファームウェア更新方法 (S-BIND-18)."""
        words = self._words
        self.say(f"{words['guide']}: {words['guide_lead']}")
        for step in range(1, 6):
            self.say(f"  {step}. {words[f'guide_{step}']}")

    def show_help(self) -> None:
        """Print the steps, the limits and whom to call (S-GEN-22)."""
        limits = ("models", "aiseg", "one_app", "one_gateway", "accounts", "phones")
        desk = ("name", "free", "number", "hours", "mobile", "other", "other_number", "note")
        for key in (
            "help_1",
            "help_2",
            *(f"limit_{each}" for each in limits),
            *(f"desk_{each}" for each in desk),
        ):
            self.say(self._words[key])

    def show_users(self, users: Users) -> None:
        """Print every phone of the gateway, and the ids by which they are removed."""
        table = Table(box=None)
        for title in (self._words["nickname"], "ID"):
            table.add_column(title)
        for user in users.users:
            table.add_row(Text(self.name_of(user)), user.phone_id)
        self._out.print(table)

    def show_change_code(self, issued: IssuedChangeCode) -> None:
        """Print the code, once, and what to do with it (S-CHG-04, S-CHG-24)."""
        words = self._words
        self.say(f"{words['change_code']}  {in_fours(issued.change_code)}")
        for key in ("change_note", "change_life", "change_never", "change_delete_app", "change_done"):
            self.say(words[key])
        self.say(words["change_next"])
        for step in range(1, 4):
            self.say(f"  {step}. {words[f'change_next_{step}']}")

    def show_timeline(self, timeline: Timeline) -> None:
        """Print the newest values, and the day as a plot or a table with bars."""
        self._out.print(draw_timeline(timeline, self._words, self._out.width))

    def show_events(self, events: Events) -> None:
        """Print what has happened, a line each."""
        if not events.events:
            self.say(self._words["notices_none"])
        for event in events.events:
            what = self._words[f"event_{event.kind}"]
            self.say(f"{moment(event.at, self._words)}  AiSEG {event.gateway_id[-6:]}: {what}")

    def _word(self, en: str, ja: str) -> str:
        return Words(en, ja).say(self._language)
