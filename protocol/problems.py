"""The error tree, and how a "no" crosses a wire.

    AisegError
    ├── Problem            the expected no: a kind, a sentence for people, facts (RFC 9457 on the wire)
    └── UnreachableError   could not find out: nothing answered, or nothing we understand

Anything else is a bug and may end the program. The kinds below are the one list of codes and message texts.
"""

from collections.abc import Mapping
from typing import Final, NamedTuple

MEDIA_TYPE: Final = "application/problem+json"
_TYPE_PREFIX: Final = "urn:aiseg:problem:"


class Kind(NamedTuple):
    """A stable code, its HTTP status and its sentence; `{name}` stands for a fact of the problem."""

    code: str
    status: int
    en: str
    ja: str


class AisegError(Exception):
    """Everything a program here expects to go wrong."""

    def sentence(self, language: str = "en") -> str:
        """Return what to tell a person, in `en` or `ja`."""
        raise NotImplementedError


class Problem(AisegError):
    """The expected no, with its reason: nothing was changed by the call that raised it."""

    def __init__(self, kind: Kind, /, **facts: str | int) -> None:
        super().__init__(kind.code)
        self.kind = kind
        self.facts = facts

    def __str__(self) -> str:
        return self.sentence()

    def sentence(self, language: str = "en") -> str:
        """Return the sentence with the facts filled in; a fact that is missing shows as `?`."""
        template = self.kind.ja if language == "ja" else self.kind.en
        return template.format_map(_Facts(self.facts))

    def document(self) -> dict[str, object]:
        """Return the RFC 9457 problem document, with the sentence in both languages."""
        return {
            "type": _TYPE_PREFIX + self.kind.code,
            "title": self.kind.code.replace("_", " "),
            "status": self.kind.status,
            "code": self.kind.code,
            "detail": self.sentence("en"),
            "detail_ja": self.sentence("ja"),
            "facts": dict(self.facts),
        }


class UnreachableError(AisegError):
    """Could not find out whether it was done: `what` is the thing that did not answer, `reason` why."""

    def __init__(self, what: str, reason: str, *, ja: tuple[str, str] | None = None) -> None:
        """Take what and why, and the same two in Japanese where they are words."""
        super().__init__(f"{what}: {reason}")
        self.what = what
        self.reason = reason
        self._ja = ja or (what, reason)

    def sentence(self, language: str = "en") -> str:
        """Return "… cannot be reached" in `en` or `ja`."""
        if language == "ja":
            return "{} に接続できません（{}）。".format(*self._ja)
        return f"{self.what} cannot be reached ({self.reason})."


class _Facts(dict[str, str | int]):
    def __missing__(self, key: str) -> str:
        return "?"


def read_problem(document: Mapping[str, object]) -> Problem | None:
    """Return the Problem that `document` carries, or None when it is not one of ours."""
    kind = KINDS.get(str(document.get("code")))
    facts = document.get("facts", {})
    if kind is None or not isinstance(facts, dict):
        return None
    return Problem(
        kind, **{str(name): value for name, value in facts.items() if isinstance(value, str | int)}
    )


# Every kind: code and HTTP status, the sentence in English, the sentence in Japanese.
# fmt: off
REQUEST_MALFORMED = Kind("request_malformed", 400,
    "The request cannot be read: {reason}.",
    "リクエストを読み取れません（{reason}）。")
NOT_FOUND = Kind("not_found", 404,
    "There is nothing at this address.",
    "このアドレスには何もありません。")
METHOD_NOT_ALLOWED = Kind("method_not_allowed", 405,
    "This address does not take {method}.",
    "このアドレスでは {method} は使えません。")
TOO_LARGE = Kind("too_large", 413,
    "The request is too large.",
    "リクエストが大きすぎます。")
FOREIGN_ORIGIN = Kind("foreign_origin", 403,
    "This page can only be used from its own address; reload it.",
    "このページは自身のアドレスからのみ操作できます。再読み込みしてください。")
CODE_MALFORMED = Kind("code_malformed", 400,
    "This is not a link code: it has 12 digits, and one of yours is mistyped or missing.",
    "連携コードの形式が正しくありません。12桁の数字を確認してください。")
NICKNAME_UNUSABLE = Kind("nickname_unusable", 400,
    "A nickname has 1 to 10 visible characters.",
    "ニックネームは1～10文字で入力してください。")
NICKNAME_TAKEN = Kind("nickname_taken", 409,
    "Another phone of this CLUB Panasonic ID has this nickname.",
    "1台目と違うニックネームを入力してください。")
ADVERTISEMENT_MALFORMED = Kind("advertisement_malformed", 400,
    "The announcement cannot be read: {reason}.",
    "アナウンスを読み取れません（{reason}）。")
TELEMETRY_MALFORMED = Kind("telemetry_malformed", 400,
    "The telemetry cannot be read: {reason}.",
    "計測データを読み取れません（{reason}）。")
UNSUPPORTED_MODEL = Kind("unsupported_model", 400,
    "Only the models MKN700 and MKN702 are supported, not {model}.",
    "対応するAiSEGは、MKN700、MKN702です（{model} は利用できません）。")
GATEWAY_REFUSED = Kind("gateway_refused", 403,
    "The cloud did not accept this gateway's signature; another key owns the device code, or the request is stale.",
    "このAiSEGの署名はサーバーに受け付けられませんでした。")
NOT_REGISTERED = Kind("not_registered", 409,
    "This AiSEG is not registered for the server service; register it first.",
    "サーバーサービスに登録されていません。先に新規登録を行ってください。")
DEVICE_CODE_WRONG = Kind("device_code_wrong", 403,
    "This is not the device code on the side of this AiSEG; {tries_left} tries are left.",
    "機器コードが違います。AiSEGの側面に記載されている機器コードを入力してください（あと{tries_left}回入力できます）。")
DEVICE_CODE_MALFORMED = Kind("device_code_malformed", 400,
    "A device code has 10 digits; it is on the side of the AiSEG.",
    "機器コードは10桁の数字です。AiSEGの側面に記載されている機器コードを入力してください。")
TOO_MANY_DEVICE_CODES = Kind("too_many_device_codes", 429,
    "The device code was wrong too often; try again in {retry_after_s} seconds.",
    "機器コードの誤りが続いたため受け付けできません。{retry_after_s}秒後にもう一度お試しください。")
CONFIRMATION_CODE_WRONG = Kind("confirmation_code_wrong", 400,
    "This is not the confirmation code that was shown; {tries_left} tries are left.",
    "確認コードが違います（あと{tries_left}回入力できます）。")
CONFIRMATION_CODE_SPENT = Kind("confirmation_code_spent", 403,
    "The confirmation code was wrong too often; start the registration again.",
    "確認コードの誤りが続きました。新規登録を最初からやり直してください。")
ANSWER_MISSING = Kind("answer_missing", 400,
    "All items must be answered; missing: {what}.",
    "全項目必須になります。未入力：{what_ja}")
PLACE_UNKNOWN = Kind("place_unknown", 400,
    "There is no such municipality in this area; choose prefecture, area and municipality in this order.",
    "都道府県 - 地域 - 市町村の順でお選び下さい。")
SERVICE_TERMS_NOT_ACCEPTED = Kind("service_terms_not_accepted", 400,
    "The present terms of the server service must be accepted first.",
    "サーバーサービスご利用規約を確認し、同意してください。")
FAMILY_NEEDED = Kind("family_needed", 400,
    "The household's data must be given first.",
    "ご家族の情報を入力してください。")
REGISTRATION_NOT_BEGUN = Kind("registration_not_begun", 409,
    "Another screen has begun a registration meanwhile, or this one is more than a day old; start it again.",
    "別の画面で新規登録が始められたか、受付時間が過ぎました。最初からやり直してください。")
REGISTRATION_LOST = Kind("registration_lost", 409,
    "The cloud has a registration of this AiSEG that is not the one kept here. Registering again makes it good, and erases its data.",
    "サーバーの登録と、このAiSEGに残っている登録が一致しません。再度登録すると使えるようになりますが、今までの蓄積データは消えます。")
REGISTRATION_CHANGED = Kind("registration_changed", 409,
    "This AiSEG has been registered meanwhile; nothing was erased. Start again to see what is at stake now.",
    "手続き中に別の登録が行われました。データは消去していません。最初からやり直してください。")
ERASURE_NOT_CONFIRMED = Kind("erasure_not_confirmed", 409,
    "This AiSEG is registered already; tick that the collected data will be erased.",
    "登録済みです。再度登録する場合は、蓄積データが消えることを確認してチェックを入れてください。")
BUSY_UPDATING = Kind("busy_updating", 409,
    "The firmware is being updated; wait until that is done.",
    "ファームウェアを更新しています。更新が完了するまでお待ちください。")
ALREADY_LATEST = Kind("already_latest", 409,
    "The firmware ({installed}) is the latest.",
    "ファームウェアは最新です（{installed}）。")
RELEASE_CHANGED = Kind("release_changed", 409,
    "Another version ({latest}) has been released meanwhile; read what it changes first.",
    "新しいバージョン（{latest}）が公開されました。更新内容をもう一度確認してください。")
RELEASE_REFUSED = Kind("release_refused", 409,
    "The firmware is not installed: {reason}. The present one runs on.",
    "ファームウェアを更新できませんでした（{reason_ja}）。現在のファームウェアで動作を続けます。")
RELEASE_EXISTS = Kind("release_exists", 409,
    "{model} has version {latest} already; a release must be newer.",
    "{model} には {latest} が公開済みです。より新しいバージョンを指定してください。")
RELEASE_UNUSABLE = Kind("release_unusable", 400,
    "This cannot be released: {reason}.",
    "この内容では公開できません（{reason_ja}）。")
PAGE_STALE = Kind("page_stale", 409,
    "This page was loaded before the AiSEG restarted, or too long ago; load it again.",
    "この画面は古くなっています。ページの再読み込みを行ってください。")
PIN_WRONG = Kind("pin_wrong", 403,
    "The PIN is wrong.",
    "暗証番号が違います。")
FIRMWARE_OUTDATED = Kind("firmware_outdated", 409,
    "The firmware ({installed}) is not the latest ({latest}); update it first.",
    "最新のファームウェアをお使いでない場合は、先にファームウェアを更新してください（{installed} → {latest}）。")
TOO_MANY_CODES = Kind("too_many_codes", 429,
    "Too many link codes were issued; try again in {retry_after_s} seconds.",
    "連携コードの発行回数が上限に達しました。{retry_after_s}秒後にもう一度お試しください。")
LINK_CODE_NOT_SHOWN = Kind("link_code_not_shown", 404,
    "The panel is not showing a link code.",
    "AiSEG画面に連携コードが表示されていません。")
PASSWORD_UNUSABLE = Kind("password_unusable", 400,
    "The password cannot be used: {reason}.",
    "このパスワードは使えません（{reason_ja}）。")
EMAIL_UNUSABLE = Kind("email_unusable", 400,
    "This is not an e-mail address.",
    "メールアドレスの形式が正しくありません。")
TERMS_NOT_ACCEPTED = Kind("terms_not_accepted", 400,
    "The terms of use must be accepted first.",
    "「利用規約に同意する」にチェックを入れてください。")
MAIL_URL_INVALID = Kind("mail_url_invalid", 404,
    "This address from a mail is not valid; have a new one sent.",
    "このURLは無効です。もう一度メールを送信してください。")
MAIL_URL_EXPIRED = Kind("mail_url_expired", 410,
    "This address from a mail was good for one hour and has expired; have a new one sent.",
    "URLの有効期限（1時間）が切れています。もう一度メールを送信してください。")
LOGIN_REFUSED = Kind("login_refused", 403,
    "The e-mail address or the password is wrong, or the address is not confirmed yet.",
    "メールアドレスまたはパスワードが違うか、メールアドレスの確認が済んでいません。")
NEW_PASSWORD_NEEDED = Kind("new_password_needed", 403,
    "The password was wrong too often in a row; have a mail sent to you and set a new one.",
    "パスワードの誤りが続きました。「パスワードを忘れた方はこちら」から新しいパスワードを設定してください。")
NOT_LOGGED_IN = Kind("not_logged_in", 401,
    "Log in first.",
    "ログインしてください。")
SESSION_ENDED = Kind("session_ended", 401,
    "This session was ended for safety: its refresh token was used twice, or the password was changed. Log in again.",
    "安全のためログアウトしました。もう一度ログインしてください。")
PHONE_MOVED = Kind("phone_moved", 401,
    "This phone's registration was moved to another phone.",
    "このスマートフォンの登録は、別のスマートフォンに移されました（機種変更）。")
PHONE_REMOVED = Kind("phone_removed", 401,
    "This phone's registration was removed.",
    "このスマートフォンの登録は削除されました。")
ACCOUNT_DELETED = Kind("account_deleted", 401,
    "This account was deleted from the app.",
    "アカウントは削除されました。")
AUTHORIZATION_REFUSED = Kind("authorization_refused", 403,
    "This login cannot be finished: it is too old, was finished already, or belongs to another app. Log in again.",
    "ログインを完了できませんでした。もう一度ログインしてください。")
SMS_CODE_NEEDED = Kind("sms_code_needed", 403,
    "A code was sent to {sent_to}; type it to log in.",
    "{sent_to} にメッセージが送信されました。メッセージに記載された認証コードを入力してください。")
SMS_CODE_MALFORMED = Kind("sms_code_malformed", 400,
    "The code has 6 digits; type them half-width.",
    "認証コードは6桁の半角数字のみで入力してください。")
SMS_CODE_WRONG = Kind("sms_code_wrong", 403,
    "The code is wrong; {tries_left} tries are left.",
    "認証コードが違います（あと{tries_left}回入力できます）。")
SMS_CODE_SPENT = Kind("sms_code_spent", 410,
    "This code is no longer good; have a new one sent.",
    "この認証コードは使えません。認証コードを再送信してください。")
NUMBER_UNUSABLE = Kind("number_unusable", 400,
    "This is not a mobile number.",
    "携帯電話番号の形式が正しくありません。")
TOO_MANY_MESSAGES = Kind("too_many_messages", 429,
    "Too many messages were sent; try again in {retry_after_s} seconds.",
    "送信回数が上限に達しました。{retry_after_s}秒後にもう一度お試しください。")
OS_UNSUPPORTED = Kind("os_unsupported", 403,
    "This app needs {oldest} or newer, not {version}.",
    "本アプリは {oldest} 以降に対応しています（{version} では利用できません）。")
APP_TERMS_NOT_ACCEPTED = Kind("app_terms_not_accepted", 400,
    "The present terms of the app must be accepted first.",
    "スマートHEMSサービスのご利用規約を確認し、同意してください。")
PHONE_NOT_REGISTERED = Kind("phone_not_registered", 409,
    "This phone is not registered yet.",
    "このスマートフォンは登録されていません。")
PHONE_REGISTERED = Kind("phone_registered", 409,
    "This phone is registered already.",
    "このスマートフォンは登録済みです。")
PHONE_UNKNOWN = Kind("phone_unknown", 404,
    "There is no such registration; it may have been removed meanwhile.",
    "この登録は見つかりません。すでに削除された可能性があります。")
PERMIT_REFUSED = Kind("permit_refused", 403,
    "This list is too old; check the codes again.",
    "この一覧は古くなっています。もう一度コードを入力してください。")
CHANGE_CODE_MALFORMED = Kind("change_code_malformed", 400,
    "This is not a change code: it has 12 digits, and one of yours is mistyped or missing.",
    "機種変更コードの形式が正しくありません。12桁の数字を確認してください。")
CHANGE_REFUSED = Kind("change_refused", 403,
    "The change code is wrong; a change code works once, for one week, with the CLUB Panasonic ID it was issued for.",
    "機種変更コードが違います。機種変更コードは、発行から一週間以内に1回だけ、発行したCLUB Panasonic IDでのみ使えます。")
CHANGE_CODE_EXPIRED = Kind("change_code_expired", 410,
    "The change code has expired; issue a new one on the old phone.",
    "機種変更コードの有効期限（一週間）が切れています。機種変更前のスマートフォンで再発行してください。")
NOT_LINKED = Kind("not_linked", 404,
    "This account is not linked to an AiSEG.",
    "AiSEGと連携されていません。")
LINK_REFUSED = Kind("link_refused", 403,
    "The device code or the link code is wrong; a link code works once, for one hour, with its own AiSEG.",
    "機器コードまたは連携コードが違います。連携コードは、発行から1時間以内に1回だけ、発行したAiSEGでのみ使えます。")
LINK_CODE_EXPIRED = Kind("link_code_expired", 410,
    "The link code has expired; issue a new one on the AiSEG's panel.",
    "連携コードの有効期限が切れています。AiSEG画面から再発行してください。")
LINK_CODE_NEEDED = Kind("link_code_needed", 400,
    "A link code is needed: issue one on the AiSEG's panel and give it with --link-code.",
    "連携コードが必要です。AiSEG画面から発行し、--link-code で入力してください。")
ACCOUNTS_FULL = Kind("accounts_full", 409,
    "The limit is reached: 4 CLUB Panasonic IDs use this AiSEG.",
    "上限に達しています")
PHONES_FULL = Kind("phones_full", 409,
    "The limit is reached: 2 phones use this CLUB Panasonic ID.",
    "上限に達しています")
OTHER_GATEWAY = Kind("other_gateway", 409,
    "This app is linked to another AiSEG; delete that link first.",
    "1つのアプリに複数台のAiSEGは登録できません。")
TOO_MANY_TRIES = Kind("too_many_tries", 429,
    "Too many wrong tries; try again in {retry_after_s} seconds.",
    "入力の誤りが続いたため受け付けできません。{retry_after_s}秒後にもう一度お試しください。")
TOO_BUSY = Kind("too_busy", 503,
    "Too many people are at it; try again in {retry_after_s} seconds.",
    "ただいま混み合っています。{retry_after_s}秒後にもう一度お試しください。")
INPUT_MISSING = Kind("input_missing", 400,
    "{what} is missing, and there is no terminal to ask for it.",
    "{what} が指定されておらず、入力を求める端末もありません。")
SETTINGS_WRONG = Kind("settings_wrong", 400,
    "{file}: {key}: {reason}.",
    "{file}: {key}: {reason}")
PORT_TAKEN = Kind("port_taken", 409,
    "{address} is taken by another program; choose another port, or 0 for a free one.",
    "{address} は他のプログラムが使用中です。別のポート、または 0（空きポート）を指定してください。")
STATE_DAMAGED = Kind("state_damaged", 409,
    "{file} is damaged ({reason}); move it away and start again.",
    "{file} が壊れています（{reason}）。移動してから起動し直してください。")
STATE_UNWRITABLE = Kind("state_unwritable", 409,
    "{file} cannot be written: {reason}.",
    "{file} に書き込めません（{reason}）。")
STATE_IN_USE = Kind("state_in_use", 409,
    "Another process is using {folder}; give this one a state folder of its own.",
    "{folder} は別のプロセスが使用中です。別のフォルダーを指定してください。")
BROKER_LOGIN_REFUSED = Kind("broker_login_refused", 403,
    "The broker refused this gateway's login ({reason}); register it again.",
    "MQTTサーバーへのログインが拒否されました（{reason}）。もう一度、新規登録を行ってください。")
PUBLISH_DENIED = Kind("publish_denied", 403,
    "The broker took nothing on {topic} ({reason}); samples are kept here.",
    "MQTTサーバーが {topic} への送信を拒否しました（{reason}）。計測データはAiSEGに保持されています。")
PROGRAM_MISSING = Kind("program_missing", 409,
    "The program {program} is not installed: {remedy}.",
    "{program} がインストールされていません（{remedy}）。")
BROKER_UNGUARDED = Kind("broker_unguarded", 409,
    "The MQTT broker at {address} does not keep to the access rules it was given.",
    "MQTTブローカー（{address}）がアクセス権の設定に従っていません。")
NO_LAN = Kind("no_lan", 409,
    "This machine is on no network; leave --lan away to stay on loopback.",
    "このパソコンはネットワークに接続されていません。--lan を付けずに実行してください。")
HOME_NOT_ALLOWED = Kind("home_not_allowed", 409,
    "This system does not let you make a network of your own ({reason}); run this as root (sudo), or allow user namespaces.",
    "仮想ネットワークを作成できません（{reason}）。root 権限（sudo）で実行するか、ユーザー名前空間を許可してください。")
CONDITION_UNKNOWN = Kind("condition_unknown", 404,
    "There is no condition {name}; these come nearest: {near}.",
    "{name} という状態はありません。近いもの: {near}")
PARAMETER_UNKNOWN = Kind("parameter_unknown", 400,
    "The condition {name} has no parameter {parameter}; it has: {near}.",
    "{name} にパラメーター {parameter} はありません。使えるもの: {near}")
PARAMETER_WRONG = Kind("parameter_wrong", 400,
    "The parameter {parameter} of the condition {name} cannot be {value}; it takes: {takes}.",
    "{name} のパラメーター {parameter} に {value} は指定できません。指定できる値: {takes}")
NODE_UNKNOWN = Kind("node_unknown", 404,
    "There is no {node} in this home; there is: {near}.",
    "この家に {node} はありません。あるもの: {near}")
SCENARIO_WRONG = Kind("scenario_wrong", 400,
    "{file}:{line}:{column}: {reason}",
    "{file}:{line}:{column}: {reason_ja}")
SCENARIO_UNKNOWN = Kind("scenario_unknown", 404,
    "There is no scenario {name}; these come nearest: {near}.",
    "{name} というシナリオはありません。近いもの: {near}")
CANNOT_RUN_HERE = Kind("cannot_run_here", 409,
    "This cannot be done on this machine: {what} is missing.",
    "このパソコンでは実行できません（{what} がありません）。")
# fmt: on

KINDS: Final[Mapping[str, Kind]] = {
    value.code: value for value in list(vars().values()) if isinstance(value, Kind)
}

EXIT_DONE: Final = 0
EXIT_REFUSED: Final = 1
EXIT_USAGE: Final = 2
EXIT_NOT_FOUND: Final = 3
EXIT_UNREACHABLE: Final = 4
_USAGE: Final = (SETTINGS_WRONG, SCENARIO_WRONG, SCENARIO_UNKNOWN, INPUT_MISSING, LINK_CODE_NEEDED)


def exit_code(error: AisegError) -> int:
    """Return the exit code a command ends with (protocol/README.md, the command)."""
    if isinstance(error, UnreachableError):
        return EXIT_UNREACHABLE
    if isinstance(error, Problem) and error.kind in _USAGE:
        return EXIT_USAGE
    return EXIT_REFUSED
