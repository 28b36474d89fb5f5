"""`aiseg phone`: every verb of the app as a command. Asks on a terminal for what is missing, refuses without one."""

import asyncio
import json
import os
import sys
from collections.abc import Awaitable, Callable
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from typing import Any, Final, NoReturn, TypeVar

import click
from pydantic import BaseModel

from phone_client.finding import Found
from phone_client.phone import Linked, Phone
from phone_client.screens import Screen, found_document
from phone_client.settings import PASSWORD_VARIABLE, read_settings
from protocol.problems import (
    EXIT_NOT_FOUND,
    INPUT_MISSING,
    LINK_CODE_NEEDED,
    AisegError,
    Problem,
    exit_code,
)

EXIT_INTERRUPTED: Final = 130

Verb = TypeVar("Verb", bound=Callable[..., None])
Result = TypeVar("Result")

_everywhere = (
    click.option("--config", type=click.Path(path_type=Path), help="Settings; see config/phone.toml."),
    click.option("--state", type=click.Path(path_type=Path), help="Folder of the phone's memory."),
    click.option("--cloud", metavar="URL", help="The cloud's address."),
    click.option("--interface", multiple=True, help="Search here: an address or name; may be repeated."),
    click.option("--lan", is_flag=True, help="Search on every interface that is not loopback."),
)


def _options(verb: Verb) -> Verb:
    for option in reversed(_everywhere):
        verb = option(verb)
    return verb


class Call:
    """One call of a verb: its settings, the language, and whether a script wants JSON."""

    def __init__(self, given: dict[str, Any], *, as_json: bool = False) -> None:
        context = click.get_current_context()
        group = context.parent.params if context.parent else {}
        chosen = {
            key: given.get(key) or group.get(key) for key in ("config", "state", "cloud", "interface", "lan")
        }
        keys = {
            "store.folder": chosen["state"],
            "cloud.url": chosen["cloud"],
            "network.interfaces": "all" if chosen["lan"] else chosen["interface"],
        }
        self.settings = read_settings(
            chosen["config"], given={key: value for key, value in keys.items() if value}
        )
        self.as_json = as_json
        self.screen = Screen(_language())

    def run(self, do: Callable[[Phone], Awaitable[Result]]) -> Result:
        """Run `do` with the phone; Ctrl-C ends it cleanly."""

        async def with_phone() -> Result:
            async with Phone(self.settings) as phone:
                return await do(phone)

        try:
            return asyncio.run(with_phone())
        except KeyboardInterrupt:
            _interrupted()

    def answer(self, value: BaseModel | dict[str, object], show: Callable[[], None]) -> None:
        """Print `value` as JSON, or show it."""
        if not self.as_json:
            show()
        elif isinstance(value, BaseModel):
            click.echo(value.model_dump_json())
        else:
            click.echo(json.dumps(value, ensure_ascii=False))


_json = click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
_password = click.option(
    "--password", envvar=PASSWORD_VARIABLE, help=f"Better: the variable {PASSWORD_VARIABLE}, or asked for."
)
_password_stdin = click.option("--password-stdin", is_flag=True, help="Read the password's line from stdin.")


@click.group("phone")
@_options
def command(**_: object) -> None:
    """Be the app: search for the AiSEG, link it, see the timeline."""


@command.command()
@_options
@_json
@click.option("--timeout", "limit_s", type=click.FloatRange(0, 60, min_open=True), help="Seconds.")
def search(*, as_json: bool, limit_s: float | None, **given: object) -> None:
    """Look for gateways on the network; say why when there is none (exit code 3)."""
    call = Call(given, as_json=as_json)
    with call.screen.searching(typing_helps=False) as watch:
        found = call.run(lambda phone: phone.search(limit_s, watch))
    call.answer(found_document(found), lambda: call.screen.show_found(found))
    if not found.hits:
        sys.exit(EXIT_NOT_FOUND)


@command.command()
@_options
@_json
@_password
@_password_stdin
@click.option("--email")
@click.option("--accept-terms", is_flag=True, help="Accept the terms of use without being asked.")
@click.option("--newsletter", multiple=True, help="A newsletter to receive; may be repeated.")
def signup(
    *,
    as_json: bool,
    email: str | None,
    password: str | None,
    password_stdin: bool,
    accept_terms: bool,
    newsletter: tuple[str, ...],
    **given: object,
) -> None:
    """Ask for a CLUB Panasonic ID; a mail with a URL comes."""
    call = Call(given, as_json=as_json)
    email = email or _ask("--email", "E-mail", "メールアドレス")
    password = password or _read_password(from_stdin=password_stdin)
    accepted = accept_terms or _accept_terms()
    sent = call.run(
        lambda phone: phone.sign_up(email, password, terms_accepted=accepted, newsletters=newsletter)
    )
    minutes = sent.expires_in_s // 60
    call.answer(
        sent,
        lambda: call.screen.say(
            f"A mail is on its way to {sent.mail_sent_to}; use the URL in it within {minutes} minutes.",
            f"{sent.mail_sent_to} にメールを送りました。{minutes}分以内にメールのURLを使ってください。",
        ),
    )


@command.command()
@_options
@_json
@click.argument("token_or_url", required=False)
def verify(*, as_json: bool, token_or_url: str | None, **given: object) -> None:
    """Confirm the e-mail address with the mailed URL, or its token."""
    call = Call(given, as_json=as_json)
    token = token_or_url or _ask("TOKEN_OR_URL", "URL from the mail", "メールのURL")
    verified = call.run(lambda phone: phone.verify(token))
    call.answer(
        verified,
        lambda: call.screen.say(
            f"{verified.email} is confirmed.", f"{verified.email} の登録が完了しました。"
        ),
    )


@command.command()
@_options
@_json
@_password
@_password_stdin
@click.option("--email")
def login(
    *, as_json: bool, email: str | None, password: str | None, password_stdin: bool, **given: object
) -> None:
    """Log in with the CLUB Panasonic ID."""
    call = Call(given, as_json=as_json)
    email = email or _ask("--email", "E-mail", "メールアドレス")
    password = password or _read_password(from_stdin=password_stdin)
    session = call.run(lambda phone: phone.log_in(email, password))
    call.answer(
        session.model_dump(mode="json", exclude={"token"}),
        lambda: call.screen.say(f"Logged in as {session.email}.", f"{session.email} でログインしました。"),
    )


@command.command()
@_options
@_json
@click.option("--nickname")
@click.option("--device-code", help="The 10 digits on the side of the AiSEG.")
@click.option("--link-code", help="The 12 digits of the panel; without them, a search reads them there.")
def link(
    *,
    as_json: bool,
    nickname: str | None,
    device_code: str | None,
    link_code: str | None,
    **given: object,
) -> None:
    """Link this phone to an AiSEG."""
    call = Call(given, as_json=as_json)
    nickname = nickname or _ask("--nickname", "Nickname", "ニックネーム")
    device_code = device_code or _ask("--device-code", "Device code", "機器コード")
    linked = _link(call, nickname, device_code, link_code)
    call.answer(_linked_document(linked), lambda: call.screen.show_linked(linked))


def _link(call: Call, nickname: str, device_code: str, link_code: str | None) -> Linked:
    """Search and link; on a terminal, ask for the code when no panel showed one."""
    seen: list[Found] = []

    def show(found: Found) -> None:
        seen.append(found)
        if not call.as_json:
            call.screen.show_found(found)

    searching = nullcontext(None) if link_code else call.screen.searching(typing_helps=True)
    try:
        with searching as watch:
            extra = {"watch": watch} if watch else {}
            return call.run(lambda phone: phone.link(nickname, device_code, link_code, show=show, **extra))
    except Problem as problem:
        if problem.kind is not LINK_CODE_NEEDED or not _has_terminal():
            raise
    typed = _ask("--link-code", "Link code", "連携コード")
    linked = call.run(lambda phone: phone.link(nickname, device_code, typed))
    return replace(linked, found=seen[-1])


def _linked_document(linked: Linked) -> dict[str, object]:
    """Return the link, where the code came from (null: typed), and whether another gateway was found than linked."""
    return {
        "link": linked.link.model_dump(mode="json"),
        "code_from": linked.code_from.gateway_id if linked.code_from else None,
        "other_found": linked.other_found,
    }


@command.command("list")
@_options
@_json
def list_phones(*, as_json: bool, **given: object) -> None:
    """Show the linked AiSEG and the phones of this account."""
    call = Call(given, as_json=as_json)
    current = call.run(lambda phone: phone.current_link())
    call.answer(current, lambda: call.screen.show_link(current))


@command.command()
@_options
@_json
@click.option("--hours", type=click.IntRange(1), default=6, show_default=True)
@click.option("--bucket", "bucket_s", type=click.IntRange(1), default=900, show_default=True, help="Seconds.")
def timeline(*, as_json: bool, hours: int, bucket_s: int, **given: object) -> None:
    """Show what the house made and used."""
    call = Call(given, as_json=as_json)
    shown = call.run(lambda phone: phone.timeline(hours, bucket_s))
    call.answer(shown, lambda: call.screen.show_timeline(shown))


@command.command()
@_options
def logout(**given: object) -> None:
    """End the session."""
    call = Call(given)
    call.run(lambda phone: phone.log_out())
    call.screen.say("Logged out.", "ログアウトしました。")


def _has_terminal() -> bool:
    return sys.stdin is not None and not sys.stdin.closed and sys.stdin.isatty()


def _ask(option: str, en: str, ja: str, *, hidden: bool = False) -> str:
    """Ask on the terminal; without one, refuse and name the option."""
    if not _has_terminal():
        raise Problem(INPUT_MISSING, what=option)
    try:
        answer: str = click.prompt(ja if _language() == "ja" else en, hide_input=hidden, err=True)
    except click.Abort:
        _interrupted()
    return answer


def _read_password(*, from_stdin: bool) -> str:
    if not from_stdin:
        return _ask(PASSWORD_VARIABLE, "Password", "パスワード", hidden=True)
    line = sys.stdin.readline().rstrip("\r\n") if sys.stdin else ""
    if not line:
        raise Problem(INPUT_MISSING, what="the password on stdin")
    return line


def _accept_terms() -> bool:
    answer = _ask(
        "--accept-terms", "Accept the terms of use? (yes/no)", "利用規約に同意しますか (はい/いいえ)"
    )
    return answer.strip().lower() in ("y", "yes", "はい")


def _language() -> str:
    return "ja" if (os.environ.get("LC_ALL") or os.environ.get("LANG") or "").startswith("ja") else "en"


def _interrupted() -> NoReturn:
    click.echo(err=True)
    sys.exit(EXIT_INTERRUPTED)


def main() -> None:
    """Run the command; say a problem in one sentence of the user's language."""
    try:
        command.main(prog_name="python -m phone_client")
    except AisegError as error:
        click.echo(error.sentence(_language()), err=True)
        sys.exit(exit_code(error))


if __name__ == "__main__":
    main()
