"""Sign-up, login, logout, アカウント削除 (manual p17 to p19, p28, p29)."""

import json
import sys

import click

from phone_client.call import Call
from phone_client.given import json_option, options
from phone_client.printable import printable
from phone_client.prompts import ask, choose, has_terminal, read_password
from phone_client.settings import PASSWORD_VARIABLE
from protocol.cloud_api import Session, SignedUp
from protocol.problems import (
    ACCOUNT_DELETED,
    EXIT_REFUSED,
    SMS_CODE_MALFORMED,
    SMS_CODE_NEEDED,
    SMS_CODE_WRONG,
    TERMS_NOT_ACCEPTED,
    Problem,
)

_password = click.option(
    "--password", envvar=PASSWORD_VARIABLE, help=f"Better: the variable {PASSWORD_VARIABLE}, or asked for."
)
_password_stdin = click.option("--password-stdin", is_flag=True, help="Read the password's line from stdin.")


@click.command()
@options
@json_option
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
    email = email or ask_email(call)
    password = password or ask_password(call, from_stdin=password_stdin)
    if not accept_terms:
        accept_club_terms(call)
    sent = call.run(lambda phone: phone.sign_up(email, password, terms_accepted=True, newsletters=newsletter))
    call.answer(sent, lambda: call.screen.say(mail_sent(call, sent)))


@click.command()
@options
@json_option
@click.argument("token_or_url", required=False)
def verify(*, as_json: bool, token_or_url: str | None, **given: object) -> None:
    """Confirm the e-mail address with the mailed URL, or its token."""
    call = Call(given, as_json=as_json)
    token = token_or_url or ask("TOKEN_OR_URL", call.word("URL from the mail", "メールのURL"))
    verified = call.run(lambda phone: phone.verify(token))
    email = printable(verified.email)
    done = call.word(f"{email} is confirmed.", f"{email} の登録が完了しました。")
    call.answer(verified, lambda: call.screen.say(done))


@click.command()
@options
@json_option
@_password
@_password_stdin
@click.option("--email")
@click.option("--challenge", help="With --sms-code: what `login --json` said when a code was sent.")
@click.option("--sms-code", help="The 6 digits that were sent; ends a login that was asked for one.")
def login(
    *,
    as_json: bool,
    email: str | None,
    password: str | None,
    password_stdin: bool,
    challenge: str | None,
    sms_code: str | None,
    **given: object,
) -> None:
    """Log in with the CLUB Panasonic ID; a login that needs a code as well asks for it.

    Without a terminal, `--json` then prints the refusal with its `challenge` (exit code 1): call again with
    `--challenge` and `--sms-code`.
    """
    call = Call(given, as_json=as_json)
    if (challenge is None) != (sms_code is None):
        raise click.UsageError("--challenge and --sms-code go together.")
    if challenge and sms_code:
        session = call.run(lambda phone: phone.log_in_with_code(challenge, sms_code))
    else:
        email = email or ask_email(call)
        session = log_in(call, email, password or ask_password(call, from_stdin=password_stdin))
    call.answer(
        session.model_dump(mode="json", exclude={"token", "refresh_token"}),
        lambda: call.screen.say(logged_in(call, session)),
    )


@click.command()
@options
@json_option
def logout(*, as_json: bool, **given: object) -> None:
    """End the session; what is registered stays. Without the cloud it is forgotten here, and ended there later."""
    call = Call(given, as_json=as_json)
    call.run(lambda phone: phone.log_out())
    call.answer({"logged_out": True}, lambda: call.screen.say(call.words["logged_out"]))


@click.command()
@options
@json_option
@click.option("--yes", is_flag=True, help="Answer both questions with OK.")
def delete(*, as_json: bool, yes: bool, **given: object) -> None:
    """Delete the account from the app: link, phones and sessions. The CLUB Panasonic ID stays."""
    call = Call(given, as_json=as_json)
    if not yes and not agrees_to_delete(call):
        sys.exit(EXIT_REFUSED)
    call.run(lambda phone: phone.delete_account())
    call.answer({"deleted": True}, lambda: call.screen.say(call.words["deleted"]))


def ask_email(call: Call) -> str:
    """Ask for the CLUB Panasonic ID."""
    return ask("--email", call.word("E-mail (login ID)", "メールアドレス(ログインID)"))


def ask_password(call: Call, *, from_stdin: bool = False) -> str:
    """Ask for the password, or read it."""
    return read_password(call.word("Password", "パスワード"), from_stdin=from_stdin)


def accept_club_terms(call: Call) -> None:
    """Ask for 利用規約に同意する.

    Raises:
        Problem: `terms_not_accepted`.
    """
    question = call.word(
        "Accept the terms of use of CLUB Panasonic?", "CLUB Panasonicの利用規約に同意しますか"
    )
    agree = call.word("Accept the terms of use", "利用規約に同意する")
    if choose("--accept-terms", (agree, call.words["cancel"]), lead=(question,)) != 0:
        raise Problem(TERMS_NOT_ACCEPTED)


def mail_sent(call: Call, sent: SignedUp) -> str:
    """Return where the mail went and how long its URL is good."""
    minutes, address = sent.expires_in_s // 60, printable(sent.mail_sent_to)
    return call.word(
        f"A mail is on its way to {address}; use the URL in it within {minutes} minutes.",
        f"{address} にメールを送りました。{minutes}分以内にメールのURLを使ってください。",
    )


def logged_in(call: Call, session: Session) -> str:
    """Return the sentence of a login."""
    email = printable(session.email)
    return call.word(f"Logged in as {email}.", f"{email} でログインしました。")


def log_in(call: Call, email: str, password: str) -> Session:
    """Log in; on a terminal, ask for the code that was sent."""
    try:
        return call.run(lambda phone: phone.log_in(email, password))
    except Problem as problem:
        if problem.kind is not SMS_CODE_NEEDED:
            raise
        if has_terminal():
            call.screen.note(problem.sentence(call.language))
            return _log_in_with_code(call, str(problem.facts.get("challenge")))
        if call.as_json:
            click.echo(json.dumps(problem.document(), ensure_ascii=False))
        raise


def _log_in_with_code(call: Call, challenge: str) -> Session:
    """Ask for the code until it is right or no longer good."""
    code = ask("--sms-code", call.word("Code (6 digits)", "認証コード（6桁、半角数字のみ）"))
    try:
        return call.run(lambda phone: phone.log_in_with_code(challenge, code))
    except Problem as problem:
        if problem.kind not in (SMS_CODE_MALFORMED, SMS_CODE_WRONG):
            raise
        call.screen.note(problem.sentence(call.language))
    return _log_in_with_code(call, challenge)


def agrees_to_delete(call: Call) -> bool:
    """Ask twice, as the manual draws it; a no to either changes nothing (S-DEL-01, S-DEL-02, S-DEL-07)."""
    standing = call.run(lambda phone: phone.standing())
    if standing.email is None and standing.ended is not ACCOUNT_DELETED:
        call.standing()
    words = call.words
    for dialog in (("delete_all", "delete_all_lead", "club_stays", "club_leave"), ("delete_sure",)):
        if choose("--yes", (words["ok"], words["cancel"]), lead=[words[line] for line in dialog]) != 0:
            return False
    return True
