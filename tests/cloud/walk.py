"""What people and gateways may do next, over HTTP, each answer compared with the model's."""

from collections.abc import Callable
from typing import Any, Final, NamedTuple

from sqlalchemy import select

from cloud.arrivals import Arrival
from cloud.instants import to_ms
from cloud.store.schema import accounts
from tests.cloud.actors import PASSWORD, Gateway, another_gateway, request_id, sample, wrong_code
from tests.cloud.bench import Bench
from tests.cloud.model import Model
from tests.cloud.model_sessions import No, Pair
from tests.cloud.serving import link_request

GATEWAYS: Final = (Gateway(), another_gateway())
PEOPLE: Final = tuple(f"{name}@example.jp" for name in ("father", "mother", "uncle", "aunt", "child"))
APPS: Final = tuple(f"installation-app-{number}" for number in range(4))
NICKNAMES: Final = ("お父さん", "お母さん", "ｐａｐａ", "Papa", "x" * 11)
PEERS: Final = ("127.0.0.1", "127.0.0.2")
KINDS: Final = ("registered", "registered", "unregistered", "anybody")
AGES: Final = ("newest",) * 9 + ("former", "oldest", "nobody's")
_NOBODYS: Final = "x" * 43


class Pick(NamedTuple):
    """What is needed to do something, whatever it is: who (of that kind, this one if it can be), where, which, how long."""

    kind: str
    email: str
    app: str
    gateway: int
    age: str
    nickname: str
    peer: str
    span_ms: int
    seq: int


class Walk:
    """The people, the gateways and their cloud."""

    def __init__(self, bench: Bench) -> None:
        self.bench = bench
        self.registry = bench.begin().registry
        self.model = Model(now=to_ms(bench.clock.now()))
        self._pairs: dict[tuple[str, str], list[Pair]] = {}
        self._link_codes: dict[str, list[str]] = {each.device_code: [] for each in GATEWAYS}
        self._change_codes: list[str] = []
        self._permits: list[str] = []
        self._phone_ids: list[str] = []
        self._again: Callable[[], object] = lambda: None

    def pass_time(self, pick: Pick) -> None:
        self.bench.clock.pass_time(milliseconds=pick.span_ms)
        self.model.now = to_ms(self.bench.clock.now())

    def register(self, pick: Pick) -> None:
        gateway, run = GATEWAYS[pick.gateway], request_id()
        there = self.model.gateways.get(gateway.device_code)
        replacing = there.epoch if there else 0
        begun = self._ask("registration-runs", gateway.beginning(self._nonce(), run).model_dump())
        assert (begun["at_stake"] or {"epoch": 0})["epoch"] == replacing
        signed = gateway.registration(self._nonce(), run, replacing).model_dump()
        self._ask("registrations", signed, lambda _: self.model.register(gateway.device_code, run, replacing))

    def issue(self, pick: Pick) -> None:
        gateway, codes = GATEWAYS[pick.gateway], self._link_codes[GATEWAYS[pick.gateway].device_code]

        def judge(said: Any) -> None:
            self.model.issue_link_code(gateway.device_code, said.get("link_code", ""))

        issued = self._ask("link-codes", gateway.link_code(self._nonce()).model_dump(), judge)
        codes.extend([issued["link_code"]] if issued else [])

    def measure(self, pick: Pick) -> None:
        """Store a sample of the present epoch, or of one that is over."""
        gateway = GATEWAYS[pick.gateway]
        epoch = self.model.gateways[gateway.device_code].epoch - (pick.age == "former")
        arrival = Arrival(gateway.gateway_id, epoch, None, (sample(pick.seq),))
        self.registry.accept_samples([arrival], self.bench.clock.now())
        self.model.measure(gateway.device_code, epoch, pick.seq)

    def sign_up(self, pick: Pick) -> None:
        """Sign up; who picks a code that nobody was given never opens the mail."""
        asked = {"email": pick.email, "password": PASSWORD, "terms_accepted": True}
        self._ask("/accounts", asked, lambda _: self.model.sign_up(pick.email))
        mail = next((each for each in self.registry.inbox() if each.recipient == pick.email), None)
        opens = pick.age != "nobody's" and mail and "token=" in mail.body
        if opens and mail and not self.model.is_verified(pick.email):
            token = mail.body.partition("token=")[2].split()[0]
            self._ask("/accounts/verification", {"token": token}, lambda _: self.model.verify(pick.email))

    def log_in(self, pick: Pick) -> None:
        self._log_in(pick.email, pick.app)

    def renew(self, pick: Pick) -> None:
        email, app = self._called(pick)
        self._renew(email, app, pick.age)

    def log_out(self, pick: Pick) -> None:
        """Log out by a bearer token, or by a refresh token."""
        given = self._pairs.get(self._called(pick), [])
        token = _of_age([pair[pick.seq % 2] for pair in given], pick.age, _NOBODYS)
        self._ask("DELETE /sessions/current", None, lambda _: self.model.log_out(token), token=token)

    def withdraw(self, pick: Pick) -> None:
        if self.model.is_verified(pick.email):
            this = select(accounts.c.account_id).where(accounts.c.email == pick.email)
            with self.registry.store.reading() as store:
                account_id = store.scalars(this).one()
            self.registry.withdraw(account_id, PASSWORD, self.bench.clock.now())
            self.model.withdraw(pick.email)

    def look(self, pick: Pick) -> None:
        token = self._token(pick)
        link = self._ask("GET /links/current", None, lambda _: self.model.current_link(token), token=token)
        self._compare(token, link)

    def link(self, pick: Pick) -> None:
        asked, token = self._link_request(pick), self._token(pick._replace(age="newest"))

        def judge(said: Any) -> None:
            self.model.link(
                token,
                asked["device_code"],
                asked["link_code"],
                request=asked["request_id"],
                nickname=asked["nickname"],
                peer=pick.peer,
                phone_id=_own_phone_id(said),
            )

        self._repeatedly("/links", asked, judge, token, pick.peer)

    def link_by_a_fresh_code(self, pick: Pick) -> None:
        self.issue(pick)
        self.link(pick)

    def preview(self, pick: Pick) -> None:
        asked, token = self._link_request(pick), self._token(pick._replace(age="newest"))
        listed = list[tuple[str, bool]]()

        def judge(said: Any) -> None:
            where = {"nickname": pick.nickname, "peer": pick.peer, "permit": said.get("permit", "")}
            listed.extend(self.model.preview(token, asked["device_code"], asked["link_code"], **where))

        seen = self._ask("/link-previews", asked, judge, token=token, peer=pick.peer)
        if seen:
            assert _users(seen) == listed
            self._permits.append(seen["permit"])

    def add_phone(self, pick: Pick) -> None:
        token, asked = self._token(pick), {"request_id": request_id(), "nickname": pick.nickname}

        def judge(said: Any) -> None:
            self.model.add_phone(token, asked["request_id"], asked["nickname"], _own_phone_id(said))

        self._repeatedly("/phones", asked, judge, token)

    def issue_change_code(self, pick: Pick) -> None:
        token = self._token(pick)

        def judge(said: Any) -> None:
            self.model.issue_change_code(token, said.get("change_code", ""))

        issued = self._ask("/change-codes", None, judge, token=token)
        self._change_codes.extend([issued["change_code"]] if issued else [])

    def move_phone(self, pick: Pick) -> None:
        code = _of_age(self._change_codes, pick.age, wrong_code())
        token = self._token(pick._replace(age="newest"))
        asked = {"request_id": request_id(), "change_code": code}
        self._repeatedly(
            "/phones/moves", asked, lambda _: self.model.move_phone(token, asked["request_id"], code), token
        )

    def move_phone_by_a_fresh_code(self, pick: Pick) -> None:
        self.issue_change_code(pick._replace(kind="registered", age="newest"))
        self.move_phone(pick._replace(kind="unregistered"))

    def replace_phone(self, pick: Pick) -> None:
        phone_id = _of_age(self._phone_ids, pick.age, "x" * 22)
        token = self._token(pick._replace(age="newest"))
        asked = {"request_id": request_id(), "phone_id": phone_id}

        def judge(_said: Any) -> None:
            self.model.replace_phone(token, asked["request_id"], phone_id)

        self._repeatedly("/phones/replacements", asked, judge, token)

    def repeat(self, _pick: Pick) -> None:
        """Send the newest of the requests that may be repeated again, as if its answer had been lost."""
        self._again()

    def users(self, pick: Pick) -> None:
        token, listed = self._token(pick), list[tuple[str, bool]]()
        seen = self._ask("GET /users", None, lambda _: listed.extend(self.model.users(token)), token=token)
        assert seen is None or _users(seen) == listed

    def remove_user(self, pick: Pick) -> None:
        """Remove a phone, by a permit where one was given."""
        token, left = self._token(pick._replace(age="newest")), list[tuple[str, bool]]()
        phone_id = self._phone_ids[pick.seq % len(self._phone_ids)] if self._phone_ids else "x" * 22
        permit = _of_age(self._permits, pick.age, _NOBODYS) if pick.kind != "registered" else None

        def judge(_said: Any) -> None:
            left.extend(self.model.remove_user(token, phone_id, permit))

        asked = {"phone_id": phone_id, "permit": permit}
        seen = self._ask("/users/removals", asked, judge, token=token)
        assert seen is None or _users(seen) == left

    def remove_user_by_a_fresh_list(self, pick: Pick) -> None:
        self.issue(pick)
        self.preview(pick._replace(kind="anybody", age="newest"))
        self.remove_user(pick._replace(kind="anybody", age="newest"))

    def delete_account(self, pick: Pick) -> None:
        token = self._token(pick)
        self._ask("DELETE /links/current", None, lambda _: self.model.delete_account(token), token=token)

    def _repeatedly(
        self, path: str, asked: object, judge: Callable[[Any], None], token: str, peer: str = PEERS[0]
    ) -> None:
        def send() -> None:
            self._compare(token, self._ask(path, asked, judge, token=token, peer=peer))

        self._again = send
        send()

    def _ask(
        self,
        what: str,
        asked: object,
        judge: Callable[[Any], object] = lambda _: None,
        *,
        token: str = "",
        peer: str = PEERS[0],
    ) -> Any:
        """Ask the cloud and the model; return what the cloud says when both agree that it is done, None that it is not."""
        method, _, path = what.rpartition(" ")
        path = path if path.startswith("/") else f"/gateways/{path}"
        answer = self.bench.ask(method or "POST", f"/api/v1{path}", asked, token, peer)
        try:
            judge(answer.document or {})
        except No as no:
            expected = str(no)
        else:
            expected = "done"
        assert answer.verdict == expected, (what, asked, answer.document)
        return (answer.document or {}) if expected == "done" else None

    def _nonce(self) -> str:
        return str(self._ask("nonces", None)["nonce"])

    def _link_request(self, pick: Pick) -> dict[str, Any]:
        gateway = GATEWAYS[pick.gateway]
        code = _of_age(self._link_codes[gateway.device_code], pick.age, wrong_code())
        return link_request(gateway, code) | {"nickname": pick.nickname}

    def _log_in(self, email: str, app: str) -> None:
        def judge(said: Any) -> None:
            self.model.log_in(email, app, _pair(said), PEERS[0])

        asked = {"email": email, "password": PASSWORD, "installation_id": app}
        self._keep(email, app, self._ask("/sessions", asked, judge))

    def _renew(self, email: str, app: str, age: str) -> None:
        refresh = _of_age([refresh for _, refresh in self._pairs.get((email, app), [])], age, _NOBODYS)

        def judge(said: Any) -> None:
            self.model.renew(refresh, _pair(said))

        self._keep(email, app, self._ask("/sessions/renewals", {"refresh_token": refresh}, judge))

    def _token(self, pick: Pick) -> str:
        """Return a bearer token as an app has one, which renews it or asks for a login by itself; or an older one."""
        email, app = self._called(pick)
        given = self._pairs.get((email, app), [])
        if pick.age == "newest":
            if given and not self._speaks(given[-1][0]):
                self._renew(email, app, "newest")
            if self.model.is_verified(email) and not (given and self._speaks(given[-1][0])):
                self._log_in(email, app)
            given = self._pairs.get((email, app), [])
        return _of_age([access for access, _ in given], pick.age, _NOBODYS)

    def _called(self, pick: Pick) -> tuple[str, str]:
        """Return a phone of the kind: of the account that was picked, or else of the first that has one."""
        for owner, app in ((owner, app) for owner in (pick.email, *PEOPLE) for app in (pick.app, *APPS)):
            account = self.model.accounts.get(owner)
            if pick.kind != "anybody" and account and account.phones:
                is_seated = account.phone(app) is not None
                if is_seated == (pick.kind == "registered"):
                    return owner, app
        return pick.email, pick.app

    def _speaks(self, token: str) -> bool:
        try:
            self.model.who(token)
        except No:
            return False
        return True

    def _keep(self, email: str, app: str, session: Any) -> None:
        if session is not None:
            pairs = self._pairs.setdefault((email, app), [])
            pairs.extend([_pair(session)] if _pair(session) not in pairs else [])
            self._compare(session["token"], session["link"])

    def _compare(self, token: str, link: Any) -> None:
        """See that a link is told as it is, and learn the ids in it."""
        if link is not None:
            assert [phone["nickname"] for phone in link["phones"]] == self.model.current_link(token)
            told = (phone["phone_id"] for phone in link["phones"])
            self._phone_ids.extend(each for each in told if each not in self._phone_ids)


def _of_age(given: list[str], age: str, nobodys: str) -> str:
    if not given or age == "nobody's":
        return nobodys
    return given[{"newest": -1, "former": max(-2, -len(given)), "oldest": 0}[age]]


def _pair(session: Any) -> Pair:
    return session.get("token", ""), session.get("refresh_token", "")


def _own_phone_id(link: Any) -> str:
    own = (phone["phone_id"] for phone in link.get("phones", ()) if phone["nickname"] == link["nickname"])
    return str(next(own, ""))


def _users(document: Any) -> list[tuple[str, bool]]:
    return [(user["nickname"], user["own"]) for user in document["users"]]
