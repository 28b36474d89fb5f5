"""`aiseg phone`: every verb of the app as a command."""

import sys
from contextlib import nullcontext
from dataclasses import replace

import click

from chassis.ending import run
from phone_client.call import Call, ask, has_terminal, options, read_password
from phone_client.finding import Found
from phone_client.phone import Linked
from phone_client.screens import found_document
from phone_client.settings import PASSWORD_VARIABLE
from protocol.problems import EXIT_NOT_FOUND, LINK_CODE_NEEDED, Problem

_json = click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
_password = click.option(
    "--password", envvar=PASSWORD_VARIABLE, help=f"Better: the variable {PASSWORD_VARIABLE}, or asked for."
)
_password_stdin = click.option("--password-stdin", is_flag=True, help="Read the password's line from stdin.")


@click.group("phone")
@options
def command(**_: object) -> None:
    """Be the app: search for the AiSEG, link it, see the timeline."""


@command.command()
@options
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
@options
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
    email = email or ask("--email", "E-mail", "メールアドレス")
    password = password or read_password(from_stdin=password_stdin)
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
@options
@_json
@click.argument("token_or_url", required=False)
def verify(*, as_json: bool, token_or_url: str | None, **given: object) -> None:
    """Confirm the e-mail address with the mailed URL, or its token."""
    call = Call(given, as_json=as_json)
    token = token_or_url or ask("TOKEN_OR_URL", "URL from the mail", "メールのURL")
    verified = call.run(lambda phone: phone.verify(token))
    call.answer(
        verified,
        lambda: call.screen.say(
            f"{verified.email} is confirmed.", f"{verified.email} の登録が完了しました。"
        ),
    )


@command.command()
@options
@_json
@_password
@_password_stdin
@click.option("--email")
def login(
    *, as_json: bool, email: str | None, password: str | None, password_stdin: bool, **given: object
) -> None:
    """Log in with the CLUB Panasonic ID."""
    call = Call(given, as_json=as_json)
    email = email or ask("--email", "E-mail", "メールアドレス")
    password = password or read_password(from_stdin=password_stdin)
    session = call.run(lambda phone: phone.log_in(email, password))
    call.answer(
        session.model_dump(mode="json", exclude={"token"}),
        lambda: call.screen.say(f"Logged in as {session.email}.", f"{session.email} でログインしました。"),
    )


@command.command()
@options
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
    nickname = nickname or ask("--nickname", "Nickname", "ニックネーム")
    device_code = device_code or ask("--device-code", "Device code", "機器コード")
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
        if problem.kind is not LINK_CODE_NEEDED or not has_terminal():
            raise
    typed = ask("--link-code", "Link code", "連携コード")
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
@options
@_json
def list_phones(*, as_json: bool, **given: object) -> None:
    """Show the linked AiSEG and the phones of this account."""
    call = Call(given, as_json=as_json)
    current = call.run(lambda phone: phone.current_link())
    call.answer(current, lambda: call.screen.show_link(current))


@command.command()
@options
@_json
def events(*, as_json: bool, **given: object) -> None:
    """Show what has happened to the AiSEG: link codes issued, registered anew."""
    call = Call(given, as_json=as_json)
    happened = call.run(lambda phone: phone.events())
    call.answer(happened, lambda: call.screen.show_events(happened))


@command.command()
@options
@_json
@click.option("--hours", type=click.IntRange(1), default=6, show_default=True)
@click.option("--bucket", "bucket_s", type=click.IntRange(1), default=900, show_default=True, help="Seconds.")
def timeline(*, as_json: bool, hours: int, bucket_s: int, **given: object) -> None:
    """Show what the house made and used."""
    call = Call(given, as_json=as_json)
    shown = call.run(lambda phone: phone.timeline(hours, bucket_s))
    call.answer(shown, lambda: call.screen.show_timeline(shown))


@command.command()
@options
def logout(**given: object) -> None:
    """End the session."""
    call = Call(given)
    call.run(lambda phone: phone.log_out())
    call.screen.say("Logged out.", "ログアウトしました。")


def _accept_terms() -> bool:
    answer = ask(
        "--accept-terms", "Accept the terms of use? (yes/no)", "利用規約に同意しますか (はい/いいえ)"
    )
    return answer.strip().lower() in ("y", "yes", "はい")


if __name__ == "__main__":
    run(command)
