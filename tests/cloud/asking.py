"""Asks the cloud over HTTP and the model beside it, as apps and gateways that keep what they were given."""

from collections.abc import Callable
from typing import Any, Final, NamedTuple

from cloud.instants import to_ms
from tests.cloud.actors import PASSWORD, Gateway, another_gateway, wrong_code
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
NOBODYS: Final = "x" * 43


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


class Asking:
    """The cloud and its model, and every token, code and id that was given out."""

    def __init__(self, bench: Bench) -> None:
        self.bench = bench
        self.registry = bench.begin().registry
        self.model = Model(now=to_ms(bench.clock.now()))
        self.pairs: dict[tuple[str, str], list[Pair]] = {}
        self.link_codes: dict[str, list[str]] = {each.device_code: [] for each in GATEWAYS}
        self.change_codes: list[str] = []
        self.permits: list[str] = []
        self.phone_ids: list[str] = []
        self.again: Callable[[], object] = lambda: None

    def wait(self, span_ms: int) -> None:
        self.bench.clock.pass_time(milliseconds=span_ms)
        self.model.now = to_ms(self.bench.clock.now())

    def repeatedly(
        self, path: str, asked: object, judge: Callable[[Any], None], token: str, peer: str = PEERS[0]
    ) -> None:
        def send() -> None:
            self.compare(token, self.ask(path, asked, judge, token=token, peer=peer))

        self.again = send
        send()

    def ask(
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

    def nonce(self) -> str:
        return str(self.ask("nonces", None)["nonce"])

    def link_request(self, pick: Pick) -> dict[str, Any]:
        gateway = GATEWAYS[pick.gateway]
        code = of_age(self.link_codes[gateway.device_code], pick.age, wrong_code())
        return link_request(gateway, code) | {"nickname": pick.nickname}

    def begin_session(self, email: str, app: str) -> None:
        def judge(said: Any) -> None:
            self.model.log_in(email, app, pair_in(said), PEERS[0])

        asked = {"email": email, "password": PASSWORD, "installation_id": app}
        self.keep(email, app, self.ask("/sessions", asked, judge))

    def renew_by(self, email: str, app: str, age: str) -> None:
        refresh = of_age([refresh for _, refresh in self.pairs.get((email, app), [])], age, NOBODYS)

        def judge(said: Any) -> None:
            self.model.renew(refresh, pair_in(said))

        self.keep(email, app, self.ask("/sessions/renewals", {"refresh_token": refresh}, judge))

    def token(self, pick: Pick) -> str:
        """Return a bearer token as an app has one, which renews it or asks for a login by itself; or an older one."""
        email, app = self.called(pick)
        given = self.pairs.get((email, app), [])
        if pick.age == "newest":
            if given and not self.speaks(given[-1][0]):
                self.renew_by(email, app, "newest")
            if self.model.is_verified(email) and not (given and self.speaks(given[-1][0])):
                self.begin_session(email, app)
            given = self.pairs.get((email, app), [])
        return of_age([access for access, _ in given], pick.age, NOBODYS)

    def called(self, pick: Pick) -> tuple[str, str]:
        """Return a phone of the kind: of the account that was picked, or else of the first that has one."""
        for owner, app in ((owner, app) for owner in (pick.email, *PEOPLE) for app in (pick.app, *APPS)):
            account = self.model.accounts.get(owner)
            if pick.kind != "anybody" and account and account.phones:
                is_seated = account.phone(app) is not None
                if is_seated == (pick.kind == "registered"):
                    return owner, app
        return pick.email, pick.app

    def speaks(self, token: str) -> bool:
        try:
            self.model.who(token)
        except No:
            return False
        return True

    def keep(self, email: str, app: str, session: Any) -> None:
        if session is not None:
            pairs = self.pairs.setdefault((email, app), [])
            pairs.extend([pair_in(session)] if pair_in(session) not in pairs else [])
            self.compare(session["token"], session["link"])

    def compare(self, token: str, link: Any) -> None:
        """See that a link is told as it is, and learn the ids in it."""
        if link is not None:
            assert [phone["nickname"] for phone in link["phones"]] == self.model.current_link(token)
            told = (phone["phone_id"] for phone in link["phones"])
            self.phone_ids.extend(each for each in told if each not in self.phone_ids)


def of_age(given: list[str], age: str, nobodys: str) -> str:
    if not given or age == "nobody's":
        return nobodys
    return given[{"newest": -1, "former": max(-2, -len(given)), "oldest": 0}[age]]


def pair_in(session: Any) -> Pair:
    return session.get("token", ""), session.get("refresh_token", "")


def own_phone_id(link: Any) -> str:
    own = (phone["phone_id"] for phone in link.get("phones", ()) if phone["nickname"] == link["nickname"])
    return str(next(own, ""))


def users_in(document: Any) -> list[tuple[str, bool]]:
    return [(user["nickname"], user["own"]) for user in document["users"]]
