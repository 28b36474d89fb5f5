"""Further phones, 機種変更, and the phones that use the gateway (manual p21, p23 to p27)."""

import sys
from collections.abc import Sequence
from typing import TypeVar

import click

from phone_client.call import Call
from phone_client.commands.linking import confirm_removal, remove
from phone_client.given import json_option, options
from phone_client.printable import printable
from phone_client.prompts import ask, choose, has_terminal
from protocol.cloud_api import Link, OwnPhone, User
from protocol.codes import read_change_code
from protocol.problems import EXIT_REFUSED, PHONE_UNKNOWN, PHONES_FULL, Problem
from protocol.rules import MAX_PHONES_PER_ACCOUNT

Named = TypeVar("Named", OwnPhone, User)


@click.command()
@options
@json_option
@click.option("--nickname")
def add(*, as_json: bool, nickname: str | None, **given: object) -> None:
    """Register this phone as a further one of a linked CLUB Panasonic ID: a nickname is enough."""
    call = Call(given, as_json=as_json)
    nickname = nickname or ask_further_nickname(call)
    added = call.run(lambda phone: phone.add_phone(nickname))
    call.answer(added, lambda: show_added(call, added))


@click.group("change-code")
def change_code() -> None:
    """Move a registration to a new phone: issue a code on the old one, redeem it on the new one."""


@change_code.command()
@options
@json_option
def issue(*, as_json: bool, **given: object) -> None:
    """Issue a change code for this phone; it is shown once, and good once, for one week."""
    call = Call(given, as_json=as_json)
    issued = call.run(lambda phone: phone.issue_change_code())
    call.answer(issued, lambda: call.screen.show_change_code(issued))


@change_code.command()
@options
@json_option
@click.argument("code", required=False)
def redeem(*, as_json: bool, code: str | None, **given: object) -> None:
    """Take over the registration of the phone that was given CODE; the old phone is logged out at once."""
    call = Call(given, as_json=as_json)
    code = read_change_code(code) if code else ask_change_code(call)
    moved = call.run(lambda phone: phone.move_here(code))
    call.answer(moved, lambda: show_moved(call, moved))


@click.command()
@options
@json_option
@click.argument("phone", required=False, metavar="PHONE")
def replace(*, as_json: bool, phone: str | None, **given: object) -> None:
    """Take over the registration of a phone that was lost: PHONE is its nickname or id, see `list`."""
    call = Call(given, as_json=as_json)
    link = call.run(lambda doorway: doorway.current_link())
    lost = named(link.phones, phone) if phone else choose_phone(call, link)
    replaced = call.run(lambda doorway: doorway.replace_phone(lost.phone_id))
    call.answer(replaced, lambda: show_moved(call, replaced))


@click.group()
def users() -> None:
    """See and remove the phones that use the AiSEG."""


@users.command("list")
@options
@json_option
def list_users(*, as_json: bool, **given: object) -> None:
    """Show every phone that is registered with the AiSEG, by the name its owner gave it."""
    call = Call(given, as_json=as_json)
    seen = call.run(lambda phone: phone.users())
    call.answer(seen, lambda: call.screen.show_users(seen))


@users.command("remove")
@options
@json_option
@click.argument("user", metavar="USER")
@click.option("--yes", is_flag=True, help="Remove it without being asked.")
def remove_user(*, as_json: bool, user: str, yes: bool, **given: object) -> None:
    """Remove a phone from the AiSEG: USER is its nickname or id. Its owner is told by mail."""
    call = Call(given, as_json=as_json)
    doomed = named(call.run(lambda phone: phone.users()).users, user)
    if not yes and not confirm_removal(call, doomed):
        sys.exit(EXIT_REFUSED)
    left = remove(call, doomed)
    call.answer(left, lambda: call.screen.show_users(left))


def ask_further_nickname(call: Call) -> str:
    """Ask for the nickname of a further phone (S-ADD-06, S-ADD-07).

    Raises:
        Problem: `phones_full`, before anything is asked (S-ADD-05).
    """
    if has_terminal():
        call.standing()
        link = call.run(lambda phone: phone.current_link())
        if link.nickname is None and len(link.phones) >= MAX_PHONES_PER_ACCOUNT:
            raise Problem(PHONES_FULL)
    lead = (call.words["add_nickname_lead"], call.words["nickname_rule"])
    return ask("--nickname", call.words["nickname"], lead=lead)


def ask_change_code(call: Call) -> str:
    """Ask for 機種変更コード."""
    words = call.words
    return ask("CODE", words["change_code"], lead=(words["redeem_lead"],), read=read_change_code)


def choose_phone(call: Call, link: Link) -> OwnPhone:
    """Let a person choose which phone of the account was lost."""
    names = [printable(phone.nickname) for phone in link.phones]
    return link.phones[choose("PHONE", names, lead=(call.words["replace_pick"],))]


def show_added(call: Call, link: Link) -> None:
    """Say that the phone is registered (manual p24)."""
    call.screen.say(call.words["added_done"])
    call.screen.show_link(link)


def show_moved(call: Call, link: Link) -> None:
    """Say that this phone is registered now (manual p27)."""
    call.screen.say(call.words["changed_done"])
    call.screen.show_link(link)


def named(phones: Sequence[Named], name: str) -> Named:
    """Return the phone with this id, or the only one with this nickname.

    Raises:
        Problem: `phone_unknown`.
    """
    same = [each for each in phones if name == each.phone_id] or [
        each for each in phones if name == each.nickname
    ]
    if len(same) != 1:
        raise Problem(PHONE_UNKNOWN)
    return same[0]
