"""The search, and the registration of a phone with the codes of a gateway (manual p19 to p21)."""

import sys
from dataclasses import dataclass

import click

from phone_client.call import Call
from phone_client.commands.searching import find
from phone_client.given import json_option, options
from phone_client.phone import Linked
from phone_client.printable import printable
from phone_client.prompts import ask, choose, has_terminal
from phone_client.requests import read_device_code
from phone_client.searching.finding import Found
from phone_client.searching.search import Hit
from protocol.cloud_api import LinkPreview, User, Users
from protocol.codes import in_fours, read_link_code
from protocol.problems import APP_TERMS_NOT_ACCEPTED, EXIT_REFUSED, LINK_CODE_NEEDED, Problem
from protocol.rules import APP_TERMS_VERSION


@dataclass(frozen=True)
class Typed:
    """The three fields of 登録."""

    nickname: str
    device_code: str
    link_code: str


@click.command()
@options
@json_option
@click.option("--nickname")
@click.option("--device-code", help="The 10 digits on the side of the AiSEG.")
@click.option("--link-code", help="The 12 digits of the panel; without them, a search reads them there.")
@click.option("--accept-terms", is_flag=True, help="Accept the app's terms of use without being asked.")
def link(
    *,
    as_json: bool,
    nickname: str | None,
    device_code: str | None,
    link_code: str | None,
    accept_terms: bool,
    **given: object,
) -> None:
    """Link this phone to an AiSEG. Without a terminal to ask on, this accepts the app's terms of use."""
    call = Call(given, as_json=as_json)
    typed_code = read_link_code(link_code) if link_code else None
    if has_terminal() or (nickname and device_code):
        call.standing()
    nickname = nickname or ask_nickname(call)
    device_code = read_device_code(device_code) if device_code else ask_device_code(call)
    if has_terminal() and not accept_terms:
        accept_app_terms(call)
    found, source, read = (None, None, None) if typed_code else find_shown_code(call)
    typed = Typed(nickname, device_code, typed_code or read or ask_link_code(call))
    linked = register(call, typed, found, source)
    if linked is None:
        sys.exit(EXIT_REFUSED)
    call.answer(linked_document(linked), lambda: show_linked(call, linked))


@click.command("list")
@options
@json_option
def list_phones(*, as_json: bool, **given: object) -> None:
    """Show the linked AiSEG and the phones of this account."""
    call = Call(given, as_json=as_json)
    current = call.run(lambda phone: phone.current_link())
    call.answer(current, lambda: call.screen.show_link(current))


def find_shown_code(call: Call) -> tuple[Found, Hit | None, str | None]:
    """Search, and read the link code where exactly one panel shows one."""
    found = find(
        call, way_on=call.word("(Ctrl-C, then --link-code)", "(Ctrl-C で中止し、--link-code で入力)")
    )
    source, code = call.run(lambda phone: phone.one_shown_code(found.hits))
    return found, source, code


def accept_app_terms(call: Call) -> None:
    """Show the app's terms and ask for 同意する (S-BIND-01, S-BIND-02).

    Raises:
        Problem: `app_terms_not_accepted`.
    """
    words = call.words
    terms = [f"  {line}. {words[f'terms_{line}']}" for line in range(1, 6)]
    lead = (words["terms_lead"], *terms, f"  {words['terms_version']} {APP_TERMS_VERSION}")
    if choose("--accept-terms", (words["agree"], words["cancel"]), lead=lead) != 0:
        raise Problem(APP_TERMS_NOT_ACCEPTED)


def ask_nickname(call: Call, before: str = "") -> str:
    """Ask for ニックネーム (S-BIND-03)."""
    words = call.words
    lead = f"{words['nickname_lead']} {words['nickname_example']}"
    return ask("--nickname", words["nickname"], lead=(lead,), before=before)


def ask_device_code(call: Call, before: str = "") -> str:
    """Ask for 機器コード; no search ever fills it in (S-BIND-05)."""
    words = call.words
    lead = (words["device_code_lead"],)
    return ask("--device-code", words["device_code"], lead=lead, before=before, read=read_device_code)


def ask_link_code(call: Call, before: str = "", *, is_read: bool = False) -> str:
    """Ask for 連携コード; `is_read` says that the panel is showing the one before.

    Raises:
        Problem: `link_code_needed` when there is nobody to ask.
    """
    if not has_terminal():
        raise Problem(LINK_CODE_NEEDED)
    words = call.words
    lead = (words["link_code_read" if before and is_read else "link_code_where"], words["link_code_lead"])
    return ask("--link-code", words["link_code"], lead=lead, before=in_fours(before), read=read_link_code)


def register(call: Call, typed: Typed, found: Found | None, source: Hit | None) -> Linked | None:
    """Show whose AiSEG it is and who uses it, then link; None when a person at a terminal does not want to."""
    three = (typed.nickname, typed.device_code, typed.link_code)
    if not call.run(lambda phone: phone.was_sent(*three)):
        preview = call.run(lambda phone: phone.preview(*three))
        if not call.as_json:
            call.screen.show_preview(preview, mismatch=_mismatch(preview, found))
        if has_terminal() and not _goes_on(call, preview):
            return None
    linked = call.run(lambda phone: phone.link(*three))
    return Linked(linked.link, source, found)


def show_linked(call: Call, linked: Linked) -> None:
    """Say what was linked and where the code came from, and what comes first if the firmware is old (S-BIND-17)."""
    if linked.code_from:
        name = linked.code_from.name
        call.screen.say(
            call.word(f"The link code was read from {name}.", f"連携コードは {name} から読み取りました。")
        )
    call.screen.show_link(linked.link)
    call.screen.say(call.words["linked_done"])
    if linked.link.is_outdated:
        call.screen.show_firmware_popup(linked.link)
        call.screen.show_update_guide()


def linked_document(linked: Linked) -> dict[str, object]:
    """Return the link, where the code came from (null: typed), and whether another gateway was found than linked."""
    return {
        "link": linked.link.model_dump(mode="json"),
        "code_from": linked.code_from.gateway_id if linked.code_from else None,
        "other_found": linked.other_found,
    }


def confirm_removal(call: Call, user: User) -> bool:
    """Ask whether a registration may be deleted, and say what that means for its owner (S-BIND-16)."""
    words = call.words
    lead = (words["remove_title"], words["remove_lead"].format(nickname=printable(user.nickname)))
    return choose("--yes", (words["ok"], words["cancel"]), lead=lead) == 0


def remove(call: Call, user: User, permit: str | None = None) -> Users:
    """Delete a registration, and return those that are left."""
    return call.run(lambda phone: phone.remove_user(user.phone_id, permit))


def _mismatch(preview: LinkPreview, found: Found | None) -> str:
    """Name the gateway that was found when the codes are those of another (S-DISC-10)."""
    hits = found.hits if found else ()
    if not hits or preview.gateway_id in {hit.gateway_id for hit in hits}:
        return ""
    return ", ".join(hit.name for hit in hits)


def _goes_on(call: Call, preview: LinkPreview) -> bool:
    """Let a person remove users of the gateway before the phone is registered, and finish or not (S-BIND-16)."""
    users, words = preview.users, call.words
    while True:
        removals = [words["remove_of"].format(nickname=call.screen.name_of(user)) for user in users]
        lead = (words["users_before_lead"],) if users else ()
        chosen = choose("--link-code", (words["finish"], words["cancel"], *removals), lead=lead)
        if chosen <= 1:
            return chosen == 0
        if confirm_removal(call, users[chosen - 2]):
            users = remove(call, users[chosen - 2], preview.permit).users
