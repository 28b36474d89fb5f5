"""Accounts, phones, codes and gateways in plain Python: what the cloud must do, told without a database or a thread.

A verb changes the model, or raises `No` with the code of the refusal and has changed nothing but a count of wrong tries.
Secrets are those that the real cloud has given out. Instants are milliseconds. People are named by their addresses, apps by
their installations, gateways by their device codes.
"""

import unicodedata
from dataclasses import dataclass, field

from tests.cloud.model_sessions import DAY, HOUR, MINUTE, No, Sessions
from tests.cloud.model_things import Account, Code, Gateway, Phone, WrongPair

LINK_CODE_LIFE, CHANGE_CODE_LIFE, PERMIT_LIFE = HOUR, 7 * DAY, 10 * MINUTE
PLACES, SLOTS = (1, 2, 3, 4), (1, 2)


@dataclass
class Model(Sessions):
    gateways: dict[str, Gateway] = field(default_factory=dict)
    accounts: dict[str, Account] = field(default_factory=dict)
    wrong_pairs: list[WrongPair] = field(default_factory=list)
    mails: dict[str, list[int]] = field(default_factory=dict)

    def register(self, device_code: str, run: str, replacing: int) -> None:
        gateway = self.gateways.get(device_code, Gateway())
        if gateway.run == run:
            return
        if gateway.epoch != replacing:
            raise No("registration_changed")
        self.gateways[device_code] = gateway
        gateway.run = run
        for email, account in self.accounts.items():
            if account.gateway == device_code:
                for phone in account.phones.values():
                    self.end(email, phone.installation, "phone_removed")
                _unlink(account)
        gateway.epoch += 1
        gateway.codes.clear()
        gateway.samples.clear()

    def measure(self, device_code: str, epoch: int, seq: int) -> None:
        if self.gateways[device_code].epoch == epoch:
            self.gateways[device_code].samples.add(seq)

    def issue_link_code(self, device_code: str, code: str) -> None:
        gateway = self.gateways.get(device_code)
        if gateway is None:
            raise No("not_registered")
        if self.since(HOUR, [each.issued_at for each in gateway.codes]) >= 10:
            raise No("too_many_codes")
        if self.since(DAY, [each.at for each in self.wrong_pairs if each.device_code == device_code]) >= 60:
            raise No("too_many_tries")
        gateway.codes.append(Code(code, self.now))

    def sign_up(self, email: str) -> None:
        asked = self.mails.setdefault(email, [])
        if self.since(HOUR, asked) >= 5:
            raise No("too_many_messages")
        asked.append(self.now)
        for other, account in list(self.accounts.items()):
            is_stale = account.signed_up_at <= self.now - DAY
            if not account.verified and (is_stale or other == email):
                del self.accounts[other]
        self.accounts.setdefault(email, Account(self.now))

    def verify(self, email: str) -> None:
        self.accounts[email].verified = True

    def is_verified(self, email: str) -> bool:
        return email in self.accounts and self.accounts[email].verified

    def withdraw(self, email: str) -> None:
        if email not in self.accounts:
            raise No("not_logged_in")
        self.end(email, None, "account_deleted")
        self.forgive(email)
        del self.accounts[email]
        self.wrong_pairs = [each for each in self.wrong_pairs if each.email != email]

    def preview(
        self, token: str, device_code: str, code: str, *, nickname: str, peer: str, permit: str
    ) -> list[tuple[str, bool]]:
        email, installation = self.who(token)
        _check_nickname(nickname)
        found = self._judge_pair(email, device_code, code, peer)
        self._check_app(email, installation, device_code)
        self.accounts[email].permit = (permit, found, self.now)
        return self._users(email, device_code)

    def link(
        self,
        token: str,
        device_code: str,
        code: str,
        *,
        request: str,
        nickname: str,
        peer: str,
        phone_id: str,
    ) -> None:
        email, installation = self.who(token)
        account = self.accounts[email]
        if self._made(email, installation, request):
            return
        _check_nickname(nickname)
        found = self._judge_pair(email, device_code, code, peer)
        self._check_app(email, installation, device_code)
        taken = [each.place for each in self.accounts.values() if each.gateway == device_code]
        if account.gateway is None and len(taken) == len(PLACES):
            raise No("accounts_full")
        self._check_slot(account, installation, nickname)
        found.spent = True
        if account.gateway is None:
            account.gateway, account.place = device_code, min(set(PLACES) - set(taken))
        self._seat(account, installation, nickname, request, phone_id)

    def current_link(self, token: str) -> list[str]:
        email, _ = self.who(token)
        return [phone.nickname for _, phone in sorted(self._linked(email).phones.items())]

    def add_phone(self, token: str, request: str, nickname: str, phone_id: str) -> None:
        email, installation = self.who(token)
        _check_nickname(nickname)
        if self._made(email, installation, request):
            return
        account = self._newcomers(email, installation)
        self._check_slot(account, installation, nickname)
        self._seat(account, installation, nickname, request, phone_id)

    def issue_change_code(self, token: str, code: str) -> None:
        self._registered(*self.who(token)).change_code = Code(code, self.now)

    def move_phone(self, token: str, request: str, code: str) -> None:
        email, installation = self.who(token)
        if self._made(email, installation, request):
            return
        account = self._newcomers(email, installation)
        if self.since(HOUR, account.wrong_changes) >= 5:
            raise No("too_many_tries")
        for phone in account.phones.values():
            found = phone.change_code
            if found is None or found.code != code or found.spent or self._is_worn(account, found):
                continue
            if not found.is_live(CHANGE_CODE_LIFE, self.now):
                raise No("change_code_expired")
            found.spent = True
            self._hand_over(email, phone, installation, request)
            return
        account.wrong_changes.append(self.now)
        raise No("change_refused")

    def replace_phone(self, token: str, request: str, phone_id: str) -> None:
        email, installation = self.who(token)
        if self._made(email, installation, request):
            return
        account = self._newcomers(email, installation)
        phone = next((each for each in account.phones.values() if each.phone_id == phone_id), None)
        if phone is None:
            raise No("phone_unknown")
        if phone.change_code and not phone.change_code.spent:
            phone.change_code = None
        self._hand_over(email, phone, installation, request)

    def users(self, token: str) -> list[tuple[str, bool]]:
        email, installation = self.who(token)
        self._registered(email, installation)
        return self._users(email, self.accounts[email].gateway)

    def remove_user(self, token: str, phone_id: str, permit: str | None) -> list[tuple[str, bool]]:
        email, installation = self.who(token)
        if permit is None:
            self._registered(email, installation)
            gateway = self.accounts[email].gateway
        else:
            gateway = self._permitted(self.accounts[email], permit)
        for owner, account in self.accounts.items():
            for slot, phone in account.phones.items():
                if phone.phone_id == phone_id and account.gateway == gateway:
                    self.end(owner, phone.installation, "phone_removed")
                    del account.phones[slot]
                    if not account.phones:
                        _unlink(account)
                    return self._users(email, gateway)
        raise No("phone_unknown")

    def delete_account(self, token: str) -> None:
        email, _ = self.who(token)
        account = self._linked(email)
        self.end(email, None, "account_deleted")
        _unlink(account)

    def _linked(self, email: str) -> Account:
        if self.accounts[email].gateway is None:
            raise No("not_linked")
        return self.accounts[email]

    def _registered(self, email: str, installation: str) -> Phone:
        phone = self._linked(email).phone(installation)
        if phone is None:
            raise No("phone_not_registered")
        return phone

    def _made(self, email: str, installation: str, request: str) -> bool:
        phone = self.accounts[email].phone(installation)
        return phone is not None and phone.request == request

    def _newcomers(self, email: str, installation: str) -> Account:
        account = self._linked(email)
        if account.phone(installation):
            raise No("phone_registered")
        self._check_app(email, installation, account.gateway)
        return account

    def _check_app(self, email: str, installation: str, gateway: str | None) -> None:
        here = {each.gateway for each in self.accounts.values() if each.phone(installation)}
        if (here | {self.accounts[email].gateway}) - {None, gateway}:
            raise No("other_gateway")

    def _check_slot(self, account: Account, installation: str, nickname: str) -> None:
        if account.phone(installation) is None and len(account.phones) == len(SLOTS):
            raise No("phones_full")
        others = [each for each in account.phones.values() if each.installation != installation]
        if any(_key(each.nickname) == _key(nickname) for each in others):
            raise No("nickname_taken")

    def _seat(self, account: Account, installation: str, nickname: str, request: str, phone_id: str) -> None:
        phone = account.phone(installation)
        if phone is None:
            slot = min(set(SLOTS) - set(account.phones))
            account.phones[slot] = Phone(phone_id, installation, nickname, request)
        else:
            phone.nickname, phone.request = nickname, request

    def _hand_over(self, email: str, phone: Phone, installation: str, request: str) -> None:
        self.end(email, phone.installation, "phone_moved")
        phone.installation, phone.request = installation, request

    def _judge_pair(self, email: str, device_code: str, code: str, peer: str) -> Code:
        self._check_budgets(email, device_code, peer)
        found = self._open_code(device_code)
        if found is None or found.code != code:
            self.wrong_pairs.append(WrongPair(email, device_code, peer, found, self.now))
            raise No("link_refused")
        if not found.is_live(LINK_CODE_LIFE, self.now):
            raise No("link_code_expired")
        return found

    def _check_budgets(self, email: str, device_code: str, peer: str) -> None:
        tries = self.wrong_pairs
        by_account = [each.at for each in tries if each.email == email]
        by_peer = [each.at for each in tries if each.peer == peer]
        at_gateway = [each.at for each in tries if each.device_code == device_code]
        if (
            self.since(HOUR, by_account) >= 5
            or self.since(DAY, by_account) >= 20
            or self.since(HOUR, by_peer) >= 20
            or self.since(DAY, at_gateway) >= 60
        ):
            raise No("too_many_tries")

    def _open_code(self, device_code: str) -> Code | None:
        codes = self.gateways[device_code].codes if device_code in self.gateways else []
        newest = codes[-1] if codes else None
        if newest is None or newest.spent:
            return None
        return None if sum(each.code is newest for each in self.wrong_pairs) >= 20 else newest

    def _is_worn(self, account: Account, code: Code) -> bool:
        return sum(at >= code.issued_at for at in account.wrong_changes) >= 10

    def _permitted(self, account: Account, permit: str) -> str:
        if account.permit and account.permit[0] == permit:
            _, code, given_at = account.permit
            for device_code in self.gateways:
                is_open = self._open_code(device_code) is code and code.is_live(LINK_CODE_LIFE, self.now)
                if is_open and given_at <= self.now < given_at + PERMIT_LIFE:
                    return device_code
        raise No("permit_refused")

    def _users(self, asking: str, gateway: str | None) -> list[tuple[str, bool]]:
        members = sorted(
            (each.place, email) for email, each in self.accounts.items() if each.gateway == gateway
        )
        return [
            (phone.nickname, email == asking)
            for _, email in members
            for _, phone in sorted(self.accounts[email].phones.items())
        ]


def _unlink(account: Account) -> None:
    account.gateway, account.place, account.permit = None, 0, None
    account.phones.clear()


def _key(nickname: str) -> str:
    return unicodedata.normalize("NFKC", nickname).casefold().strip()


def _check_nickname(nickname: str) -> None:
    """Let pass what the tests use: letters that are one character each."""
    if not 1 <= len(nickname.strip()) <= 10:
        raise No("nickname_unusable")
