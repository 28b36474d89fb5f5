"""CLUB Panasonic IDs: which addresses and passwords are usable, and what is mailed to them."""

import re
import unicodedata
from dataclasses import dataclass
from importlib.resources import files
from typing import Final

from cloud.instants import in_ms
from protocol.problems import EMAIL_UNUSABLE, PASSWORD_UNUSABLE, Problem
from protocol.rules import EMAIL_URL_LIFE, PASSWORD_MAX_CHARACTERS, PASSWORD_MIN_CHARACTERS

SENDER: Final = "CLUB Panasonic (emulator) <no-reply@emulator.panasonic.jp>"
"""Under one of the domains that users are told to accept (S-GEN-20). Mails stay here unless an SMTP server is set (S-GEN-21)."""

# No quoted local parts and none of RFC 5322's specials: a mail header would read them as several addresses.
_EMAIL: Final = re.compile(r"""[^@\s,;:<>()\[\]\\"]+@[^@\s.,;:<>()\[\]\\"]+(\.[^@\s.,;:<>()\[\]\\"]+)+""")
_EMAIL_MAX: Final = 254  # RFC 5321 §4.5.3.1.3
_SERVICE_WORDS: Final = {
    "panasonic",
    "clubpanasonic",
    "aiseg",
    "smarthems",
    "hems",
    "パナソニック",
    "スマートhems",
}
_COMMON: Final = frozenset(
    line
    for line in files("cloud").joinpath("common_passwords.txt").read_text("ascii").splitlines()
    if not line.startswith("#")
)


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


def email_key(typed: str) -> str:
    """Return the normal form of an address, and for any other text something that is no address, and fit for the store."""
    try:
        return normal_email(typed)
    except Problem:
        return " " + typed.encode("unicode_escape").decode("ascii")


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
    if len(password) > PASSWORD_MAX_CHARACTERS:
        raise Problem(
            PASSWORD_UNUSABLE,
            reason=f"it has more than {PASSWORD_MAX_CHARACTERS} characters",
            reason_ja=f"{PASSWORD_MAX_CHARACTERS}文字以内で入力してください",
        )
    if _is_easy(password, email):
        raise Problem(
            PASSWORD_UNUSABLE, reason="it is easy to guess", reason_ja="推測されやすいパスワードです"
        )
    return password


def normal_password(typed: str) -> str:
    """Return the form of a password that is hashed."""
    return unicodedata.normalize("NFC", typed)


def _is_easy(password: str, email: str) -> bool:
    """Say whether it is guessed first: common, one character again and again, or a name with digits or signs around it."""
    plain = unicodedata.normalize("NFKC", password).casefold()
    name = re.sub(r"^[\W\d_]+|[\W\d_]+$", "", plain)
    names = _SERVICE_WORDS | {email.partition("@")[0]}
    return plain in _COMMON or plain == email or name in names or len(set(plain)) == 1


def url_is_live(sent_at_ms: int, now_ms: int) -> bool:
    """Say whether a mailed URL is good: `sent <= now < sent + 3600 s` (S-ACC-04)."""
    return sent_at_ms <= now_ms < sent_at_ms + in_ms(EMAIL_URL_LIFE)


def verification_mail(club_url: str, token: str) -> Mail:
    """Return the mail whose URL confirms an address."""
    return Mail(
        "【CLUB Panasonic】メールアドレスの確認 / Confirm your address",
        "1時間以内に次のURLをタップしてください。\nTap this address within one hour.\n\n"
        f"{club_url}/verify?token={token}\n",
    )


def new_password_mail(club_url: str, token: str) -> Mail:
    """Return the mail whose URL sets a new password (S-APP-12)."""
    return Mail(
        "【CLUB Panasonic】パスワードの再設定 / Set a new password",
        "1時間以内に次のURLをタップして、新しいパスワードを設定してください。お心当たりのない場合は、何もする必要はありません。\n"
        "Tap this address within one hour to set a new password. If this was not you, there is nothing to do.\n\n"
        f"{club_url}/password/new?token={token}\n",
    )


def password_changed_mail() -> Mail:
    """Return the mail to the owner of an account whose password has changed (security T-23)."""
    return Mail(
        "【CLUB Panasonic】パスワードが変更されました / Your password was changed",
        "パスワードが変更されました。すべてのスマートフォンで、もう一度ログインしてください。\n"
        "お心当たりのない場合は、「パスワードを忘れた方はこちら」から、すぐにパスワードを再設定してください。\n"
        "Your password was changed. Log in again on every phone.\n"
        "If this was not you, set a new password at once.\n",
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
