"""CLUB Panasonic IDs: which addresses and passwords are usable, and what is mailed to them."""

import re
import unicodedata
from dataclasses import dataclass
from typing import Final

from cloud.instants import in_ms
from protocol.problems import EMAIL_UNUSABLE, PASSWORD_UNUSABLE, Problem
from protocol.rules import EMAIL_URL_LIFE, PASSWORD_MIN_CHARACTERS

SENDER: Final = "CLUB Panasonic (emulator) <no-reply@emulator.panasonic.jp>"
"""Under one of the domains that users are told to accept (S-GEN-20). Nothing is ever sent (S-GEN-21)."""

_EMAIL: Final = re.compile(r"[^@\s]+@[^@\s.]+(\.[^@\s.]+)+")
_EMAIL_MAX: Final = 254  # RFC 5321 §4.5.3.1.3
# fmt: off
_BLOCKED: Final = frozenset((
    "12345678", "123456789", "1234567890", "11111111", "00000000", "87654321", "password", "password1", "passw0rd",
    "p@ssw0rd", "qwertyui", "qwerty123", "qwertyuiop", "1q2w3e4r", "1qaz2wsx", "zaq12wsx", "asdfghjk", "abcd1234",
    "abcdefgh", "iloveyou", "sunshine", "princess", "football", "baseball", "superman", "trustno1", "welcome1",
    "admin123", "administrator", "sakura123", "doraemon", "panasonic", "panasonic1", "clubpanasonic", "smarthems",
))
# fmt: on


@dataclass(frozen=True)
class Mail:
    """A mail to be caught in the inbox."""

    subject: str
    body: str


def normal_email(typed: str) -> str:
    """Return the form of an e-mail address by which accounts are told apart.

    Raises:
        Problem: `email_unusable`.
    """
    email = unicodedata.normalize("NFKC", typed).strip().lower()
    if len(email) > _EMAIL_MAX or not _EMAIL.fullmatch(email) or not email.isprintable():
        raise Problem(EMAIL_UNUSABLE)
    return email


def usable_password(typed: str, email: str) -> str:
    """Return the password as it is hashed (NFC): 8 characters or more, none of the guessed-first ones (S-ACC-12).

    Raises:
        Problem: `password_unusable`.
    """
    password = normal_password(typed)
    if len(password) < PASSWORD_MIN_CHARACTERS:
        raise Problem(
            PASSWORD_UNUSABLE,
            reason=f"it needs {PASSWORD_MIN_CHARACTERS} characters or more",
            reason_ja=f"{PASSWORD_MIN_CHARACTERS}文字以上で入力してください",
        )
    if password.lower() in _BLOCKED | {email}:
        raise Problem(
            PASSWORD_UNUSABLE, reason="it is easy to guess", reason_ja="推測されやすいパスワードです"
        )
    return password


def normal_password(typed: str) -> str:
    """Return the form of a password that is hashed."""
    return unicodedata.normalize("NFC", typed)


def url_is_live(sent_at_ms: int, now_ms: int) -> bool:
    """Say whether a mailed URL is good: `sent <= now < sent + 3600 s` (S-ACC-04)."""
    return sent_at_ms <= now_ms < sent_at_ms + in_ms(EMAIL_URL_LIFE)


def verification_mail(url: str) -> Mail:
    """Return the mail whose URL confirms an address."""
    return Mail(
        "【CLUB Panasonic】メールアドレスの確認 / Confirm your address",
        f"1時間以内に次のURLをタップしてください。\nTap this address within one hour.\n\n{url}\n",
    )


def notice_mail() -> Mail:
    """Return the mail to the owner of an address that somebody signed up with again (S-ACC-10)."""
    return Mail(
        "【CLUB Panasonic】登録済みのメールアドレスです / You already have an account",
        "このメールアドレスで新規登録の操作がありましたが、すでに登録されています。パスワードは変わっていません。\n"
        "Somebody signed up with this address, which already has an account. Nothing was changed.\n",
    )


def registered_anew_mail() -> Mail:
    """Return the mail to those who were linked to a gateway that has been registered again (security T-04)."""
    return Mail(
        "【CLUB Panasonic】AiSEGが再登録されました / Your AiSEG was registered again",
        "連携していたAiSEGで、サーバーサービスの新規登録が行われました。今までの蓄積データは消去され、連携は解除されました。\n"
        "AiSEGの画面で連携コードを発行し、アプリでもう一度登録してください。お心当たりのない場合は、ご家族にご確認ください。\n"
        "The AiSEG that you were linked to has been registered for the server service again. Its collected data were "
        "erased, and your link to it has ended.\n"
        "Issue a link code on its panel and link the app again. If this was not you, ask the others in your house.\n",
    )
