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
SESSION_LIFE: Final = timedelta(days=30)

NICKNAME_MAX_CHARACTERS: Final = 10  # S-ADD-07, manual p24
PASSWORD_MIN_CHARACTERS: Final = 8  # S-ACC-12

SAMPLE_INTERVAL: Final = timedelta(seconds=10)
SAMPLES_PER_MESSAGE: Final = 100  # protocol/README.md, MQTT
SILENT_INTERVALS_UNTIL_OFFLINE: Final = 3  # S-TEL-06
SEARCH_LIMIT: Final = timedelta(seconds=10)  # S-DISC-02
