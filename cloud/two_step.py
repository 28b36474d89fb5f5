"""2段階認証: mobile numbers and the codes that are sent to them (S-2FA-03, S-2FA-04, S-2FA-09, manual p19)."""

import re
import secrets
from datetime import timedelta
from typing import Final

from cloud.accounts import Mail
from protocol.codes import fold_digits
from protocol.problems import NUMBER_UNUSABLE, SMS_CODE_MALFORMED, Problem

RESEND_LIFE: Final = timedelta(hours=1)
"""How long after a code was sent another may be sent in its place, without the password."""

_DIGITS: Final = 6
_CODE: Final = re.compile(rf"[0-9]{{{_DIGITS}}}")
_COUNTRY: Final = "+81"
_MOBILE: Final = re.compile(r"0[6-9]0[1-9][0-9]{7}")  # 060, 070, 080 and 090; 0800 is toll-free
_SHOWN: Final = 4


def mint() -> str:
    """Return a fresh code: 6 digits, each value as likely."""
    return f"{secrets.randbelow(10**_DIGITS):0{_DIGITS}}"


def read_code(typed: str) -> str:
    """Return the code: 6 half-width digits. Full-width ones are refused, as is printed on the page (S-2FA-04).

    Raises:
        Problem: `sms_code_malformed`. No try is spent.
    """
    code = typed.strip(" \t\r\n")
    if not _CODE.fullmatch(code):
        raise Problem(SMS_CODE_MALFORMED)
    return code


def read_number(typed: str) -> str:
    """Return a Japanese mobile number in E.164, typed with or without hyphens, spaces and country code.

    Raises:
        Problem: `number_unusable`.
    """
    digits = fold_digits(typed)
    if digits.startswith(_COUNTRY):
        digits = "0" + digits.removeprefix(_COUNTRY)
    if not _MOBILE.fullmatch(digits):
        raise Problem(NUMBER_UNUSABLE)
    return _COUNTRY + digits[1:]


def masked(number: str) -> str:
    """Return an E.164 number as the page shows it: nothing but the last four digits (S-2FA-05)."""
    return f"***-****-{number[-_SHOWN:]}"


def code_text(code: str) -> str:
    """Return the SMS with a code."""
    return f"CLUB Panasonic 認証コード: {code}\nこのコードを誰にも教えないでください。Never tell this code to anybody."


def code_mail(code: str) -> Mail:
    """Return the mail with a code, where no number is known (S-2FA-07)."""
    return Mail("【CLUB Panasonic】認証コード / Your code", f"{code_text(code)}\n")
