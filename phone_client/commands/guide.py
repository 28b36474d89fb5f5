"""The way that leads a person on a terminal through the app, screen by screen as the manual draws it (p16 to p21)."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from http import HTTPStatus
from typing import Final

import click

from phone_client.call import Call
from phone_client.commands import account, linking
from phone_client.commands.menu import choose_registration, leave, log_out, show_help, show_popup, show_top
from phone_client.commands.searching import find
from phone_client.given import options
from phone_client.prompts import ask, choose, has_terminal, pick
from phone_client.searching.finding import Found
from phone_client.standing import Place, Standing
from protocol.phones import oldest_os, os_name
from protocol.problems import INPUT_MISSING, OS_UNSUPPORTED, SESSION_ENDED, AisegError, Problem


@click.command()
@options
def start(**given: object) -> None:
    """Be led through the app: introduction, login, search, registration, timeline."""
    lead(Call(given))


def lead(call: Call) -> None:
    """Lead a person from screen to screen until they leave.

    Raises:
        Problem: `input_missing` when there is no terminal, `os_unsupported`.
    """
    if not has_terminal():
        raise Problem(INPUT_MISSING, what="VERB")
    _greet(call)
    goes_on = True
    while goes_on:
        standing = call.run(lambda phone: phone.standing())
        try:
            goes_on = _SCREENS[standing.place](call, standing)
        except AisegError as error:
            call.screen.note(error.sentence(call.language), bold=True)


def _greet(call: Call) -> None:
    """Say what this is, and how the app stands to this phone (S-GEN-05, S-GEN-10)."""
    words, standing = call.words, call.run(lambda phone: phone.standing())
    app = standing.app
    system = os_name(app.platform, app.os_version)
    call.screen.note(words["app"], bold=True)
    call.screen.note(words["band"])
    if standing.os == "refused":
        raise Problem(OS_UNSUPPORTED, oldest=oldest_os(app.platform), version=system)
    if standing.os == "unverified":
        call.screen.note(words["unverified"].format(system=system))
    if app.form_factor == "tablet" and not standing.tablet_noticed:
        call.screen.note(words["tablet"], bold=True)
        call.screen.note(words["tablet_lead"])
        pick({words["ok"]: None})
        call.run(lambda phone: phone.dismiss_tablet_notice())


def _introduce(call: Call, _: Standing) -> bool:
    """機能紹介 and what to know before (S-APP-06)."""
    words = call.words
    call.screen.note(words["introduction"], bold=True)
    for feature in ("feature_now", "feature_past", "feature_away"):
        call.screen.note(f"  {words[feature]}: {words[f'{feature}_lead']}")
    for title, lines in (
        ("checks", ("check_router", "check_error", "check_firmware")),
        ("notes", ("note_free", "note_traffic", "note_download", "note_apple")),
    ):
        call.screen.note(words[title], bold=True)
        for line in lines:
            call.screen.note(f"  - {words[line]}")
    call.screen.note(words["introduction_lead"])
    pick({words["use"]: None})
    call.run(lambda phone: phone.use())
    return True


def _log_in(call: Call, standing: Standing) -> bool:
    """ログイン, or 新規登録 (manual p17)."""
    words = call.words
    if standing.ended:
        call.screen.note(Problem(standing.ended).sentence(call.language), bold=True)
        if standing.ended is not SESSION_ENDED:  # which says so itself
            call.screen.note(words["ended_lead"])
    call.screen.note(words["login"], bold=True)
    sign_up, leave = call.word("Sign up", "新規登録"), call.word("Leave", "終了")
    enter = pick({words["login"]: _be_known, sign_up: _sign_up, leave: None})
    if enter is None:
        return False
    if known := enter(call):
        call.screen.note(account.logged_in(call, account.log_in(call, *known)))
    return True


def _be_known(call: Call) -> tuple[str, str]:
    return account.ask_email(call), account.ask_password(call)


def _sign_up(call: Call) -> tuple[str, str] | None:
    """Sign up, and confirm the address with the mailed URL (manual p17 to p19); None when the person goes back."""
    words = call.words
    call.screen.note(words["mail_domains"])
    email, password = _be_known(call)
    account.accept_club_terms(call)
    _send_mail(call, email, password)
    while not _is_verified(call, ask("TOKEN_OR_URL", call.word("URL from the mail", "メールのURL"))):
        send_again = call.word("Send the mail again", "メールを再送信する")
        way = pick({words["retry"]: "type", send_again: "send", words["back"]: "back"})
        if way == "back":
            return None
        if way == "send":
            _send_mail(call, email, password)
    call.screen.note(call.word("You are signed up.", "CLUB Panasonicへの登録が完了しました。"))
    return email, password


def _send_mail(call: Call, email: str, password: str) -> None:
    sent = call.run(lambda phone: phone.sign_up(email, password, terms_accepted=True))
    call.screen.note(account.mail_sent(call, sent))


def _is_verified(call: Call, url: str) -> bool:
    try:
        call.run(lambda phone: phone.verify(url))
    except Problem as problem:
        call.screen.note(problem.sentence(call.language))
        return False
    return True


def _start(call: Call, _: Standing) -> bool:
    """AISEGをお持ちの方, or not (manual p19)."""
    words = call.words
    call.screen.note(words["start"], bold=True)
    way = pick(
        {
            words["own_aiseg"]: _find_and_register,
            words["no_aiseg"]: _tell_of_emulator,
            words["help_title"]: show_help,
            words["logout"]: log_out,
            call.word("Leave", "終了"): leave,
        }
    )
    return way(call)


def _tell_of_emulator(call: Call) -> bool:
    call.screen.note(call.words["no_aiseg_text"])
    return True


def _find_and_register(call: Call) -> bool:
    """Search, then terms and the three fields, whether it was found or not (S-DISC-06, S-DISC-11)."""
    found = _search(call)
    linking.accept_app_terms(call)
    source, code = call.run(lambda phone: phone.one_shown_code(found.hits))
    typed = linking.Typed("", "", code or "")
    while True:
        typed = _fill_in(call, typed, is_read=typed.link_code == code)
        try:
            linked = linking.register(call, typed, found, source if typed.link_code == code else None)
        except AisegError as error:
            if isinstance(error, Problem) and error.kind.status == HTTPStatus.UNAUTHORIZED:
                raise
            call.screen.note(error.sentence(call.language), bold=True)
            if not pick({call.words["retry"]: True, call.words["back"]: False}):
                return True
        else:
            if linked:
                linking.show_linked(call, linked)
            return True


def _search(call: Call) -> Found:
    """Search until a person goes on: with the AiSEG that was found, or to type the code (S-DISC-04, S-DISC-09)."""
    words = call.words
    while True:
        try:
            found = find(call, way_on=f"(Ctrl-C: {words['type_code']})")
        except KeyboardInterrupt:
            return Found((), None)
        hits = [hit for hit in found.hits if not hit.busy]
        if hits:
            chosen = 0 if len(hits) == 1 else choose("VERB", [hit.name for hit in hits])
            return replace(found, hits=(hits[chosen],))
        call.screen.note(words["not_found_lead"])
        if not pick({words["search_again"]: True, words["type_code"]: False}):
            return found


def _fill_in(call: Call, typed: linking.Typed, *, is_read: bool) -> linking.Typed:
    """Ask for the three fields; what was typed before is kept by Enter."""
    return linking.Typed(
        linking.ask_nickname(call, typed.nickname),
        linking.ask_device_code(call, typed.device_code),
        linking.ask_link_code(call, typed.link_code, is_read=is_read),
    )


_SCREENS: Final[Mapping[Place, Callable[[Call, Standing], bool]]] = {
    "introduction": _introduce,
    "login": _log_in,
    "search": _start,
    "phone": choose_registration,
    "firmware": show_popup,
    "timeline": show_top,
}
"""Each screen says whether the way goes on."""
