"""The manual's constants and our own few, each with its row in docs/requirements.csv."""

from datetime import date, timedelta
from typing import Final
from zoneinfo import ZoneInfo

TOKYO: Final = ZoneInfo("Asia/Tokyo")
"""The manual's dates are days in Japan, wherever a program runs."""

MAX_ACCOUNTS_PER_GATEWAY: Final = 4  # S-GEN-17, manual p1
MAX_PHONES_PER_ACCOUNT: Final = 2  # S-GEN-18, manual p1

PURCHASE_CUTOFF: Final = date(2016, 6, 20)  # S-REG-08, manual p10: bought on this day or before it is early
FAMILY_CUTOFF: Final = date(2015, 12, 21)  # S-LC-09, manual p13: registered on this day or after it is late
SERVICE_TERMS_VERSION: Final = "2026-11"  # サーバーサービスご利用規約 as the panel shows it
REGISTRATION_RUN_LIFE: Final = timedelta(hours=24)  # from the confirmation code to 決定
CONFIRMATION_CODE_TRIES: Final = 10  # S-REG-13, for one run of the wizard
WRONG_DEVICE_CODES_PER_HOUR: Final = 10  # S-ST-08, at one panel

FIRMWARE_UPDATE_NOMINAL: Final = timedelta(minutes=10)  # S-FW-10, manual p5
FIRMWARE_UPDATE_HARD_STOP: Final = 3  # times nominal

LINK_CODE_LIFE: Final = timedelta(seconds=3600)  # S-LC-12, manual p14
LINK_CODE_ISSUES_PER_HOUR: Final = 10  # S-LC-25
LINK_CODE_WRONG_TRIES: Final = 20  # wrong tries one live link code survives; the next voids it
WRONG_TRIES_PER_ACCOUNT_AND_HOUR: Final = 5
WRONG_TRIES_PER_ACCOUNT_AND_DAY: Final = 20
WRONG_TRIES_PER_GATEWAY_AND_DAY: Final = 60
WRONG_TRIES_PER_ADDRESS_AND_HOUR: Final = 20

EMAIL_URL_LIFE: Final = timedelta(seconds=3600)  # S-ACC-04, manual p18
UNVERIFIED_ACCOUNT_LIFE: Final = timedelta(hours=24)  # S-ACC-14
PASSWORD_URL_LIFE: Final = timedelta(seconds=3600)
MAILS_PER_ADDRESS_AND_HOUR: Final = 5  # S-ACC-13

AUTHORIZATION_CODE_LIFE: Final = timedelta(seconds=60)  # RFC 6749 §4.1.2 allows ten minutes
ACCESS_TOKEN_LIFE: Final = timedelta(minutes=15)
REFRESH_TOKEN_LIFE: Final = timedelta(days=30)
REFRESH_GRACE: Final = timedelta(seconds=60)  # a renewal whose answer was lost may be repeated
SESSION_LIFE: Final = timedelta(days=180)  # however often it is renewed

LOGIN_FREE_FAILURES: Final = 5  # in a row, at one account, from addresses that never logged in to it
LOGIN_WAIT_MIN: Final = timedelta(seconds=30)  # after the next failure; doubled with each further one
LOGIN_WAIT_MAX: Final = timedelta(hours=1)
LOGIN_FAILURES_IN_A_ROW: Final = 100  # NIST SP 800-63B: then only a new password helps
LOGIN_FAILURES_PER_ADDRESS_AND_HOUR: Final = 20
LOGIN_FAILURES_KEPT: Final = timedelta(
    days=365
)  # then one counts no more, so that nothing is counted for ever

SMS_CODE_LIFE: Final = timedelta(minutes=10)  # S-2FA-09
SMS_CODE_TRIES: Final = 5
SMS_PER_NUMBER_AND_HOUR: Final = 5
SMS_FAILURES_PER_ACCOUNT_AND_HOUR: Final = 25
SMS_FAILURES_IN_A_ROW: Final = 100
SMS_FAILURES_KEPT: Final = timedelta(days=7)  # as above; a new password does not help here (security T-23)

APP_TERMS_VERSION: Final = "2026-11"  # スマートHEMSサービスのご利用規約 as the app shows it (S-BIND-01)
CHANGE_CODE_LIFE: Final = timedelta(seconds=604_800)  # S-CHG-05, manual p25
CHANGE_CODE_WRONG_TRIES: Final = 10
WRONG_CHANGE_CODES_PER_ACCOUNT_AND_HOUR: Final = 5
PERMIT_LIFE: Final = timedelta(minutes=10)

OS_LIST_AS_OF: Final = "2023-12"
OS_VERSIONS: Final = {"android": ("6.0", "14"), "ios": ("16", "17")}
"""Oldest and newest that the manual names (S-GEN-10, S-GEN-11): older is refused, newer is not verified."""

NICKNAME_MAX_CHARACTERS: Final = 10  # S-ADD-07, manual p24
PASSWORD_MIN_CHARACTERS: Final = 8  # S-ACC-12
PASSWORD_MAX_CHARACTERS: Final = 256  # as protocol.cloud_api.Text

SAMPLE_INTERVAL: Final = timedelta(seconds=10)
SAMPLES_PER_MESSAGE: Final = 100  # protocol/README.md, MQTT
SILENT_INTERVALS_UNTIL_OFFLINE: Final = 3  # S-TEL-06
SEARCH_LIMIT: Final = timedelta(seconds=10)  # S-DISC-02
