"""What people and gateways may do next, over HTTP, each answer compared with the model's."""

from typing import Any

from sqlalchemy import select

from cloud.arrivals import Arrival
from cloud.store.schema import accounts
from tests.cloud.actors import PASSWORD, request_id, sample, wrong_code
from tests.cloud.asking import GATEWAYS, NOBODYS, Asking, Pick, of_age, own_phone_id, users_in
from tests.cloud.model import CHANGE_CODE_LIFE, LINK_CODE_LIFE, PERMIT_LIFE


class Walk(Asking):
    """The people and the gateways."""

    def pass_time(self, pick: Pick) -> None:
        self.wait(pick.span_ms)

    def register(self, pick: Pick) -> None:
        gateway, run = GATEWAYS[pick.gateway], request_id()
        there = self.model.gateways.get(gateway.device_code)
        replacing = there.epoch if there else 0
        begun = self.ask("registration-runs", gateway.beginning(self.nonce(), run).model_dump())
        assert (begun["at_stake"] or {"epoch": 0})["epoch"] == replacing
        signed = gateway.registration(self.nonce(), run, replacing).model_dump()
        self.ask("registrations", signed, lambda _: self.model.register(gateway.device_code, run, replacing))

    def issue(self, pick: Pick) -> None:
        gateway, codes = GATEWAYS[pick.gateway], self.link_codes[GATEWAYS[pick.gateway].device_code]

        def judge(said: Any) -> None:
            self.model.issue_link_code(gateway.device_code, said.get("link_code", ""))

        issued = self.ask("link-codes", gateway.link_code(self.nonce()).model_dump(), judge)
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
        self.ask("/accounts", asked, lambda _: self.model.sign_up(pick.email))
        mail = next((each for each in self.registry.inbox() if each.recipient == pick.email), None)
        opens = pick.age != "nobody's" and mail and "token=" in mail.body
        if opens and mail and not self.model.is_verified(pick.email):
            token = mail.body.partition("token=")[2].split()[0]
            self.ask("/accounts/verification", {"token": token}, lambda _: self.model.verify(pick.email))

    def log_in(self, pick: Pick) -> None:
        self.begin_session(pick.email, pick.app)

    def renew(self, pick: Pick) -> None:
        email, app = self.called(pick)
        self.renew_by(email, app, pick.age)

    def log_out(self, pick: Pick) -> None:
        """Log out by a bearer token, or by a refresh token."""
        given = self.pairs.get(self.called(pick), [])
        token = of_age([pair[pick.seq % 2] for pair in given], pick.age, NOBODYS)
        self.ask("DELETE /sessions/current", None, lambda _: self.model.log_out(token), token=token)

    def withdraw(self, pick: Pick) -> None:
        if self.model.is_verified(pick.email):
            this = select(accounts.c.account_id).where(accounts.c.email == pick.email)
            with self.registry.store.reading() as store:
                account_id = store.scalars(this).one()
            self.registry.withdraw(account_id, PASSWORD, self.bench.clock.now())
            self.model.withdraw(pick.email)

    def look(self, pick: Pick) -> None:
        token = self.token(pick)
        link = self.ask("GET /links/current", None, lambda _: self.model.current_link(token), token=token)
        self.compare(token, link)

    def link(self, pick: Pick) -> None:
        asked, token = self.link_request(pick), self.token(pick._replace(age="newest"))

        def judge(said: Any) -> None:
            self.model.link(
                token,
                asked["device_code"],
                asked["link_code"],
                request=asked["request_id"],
                nickname=asked["nickname"],
                peer=pick.peer,
                phone_id=own_phone_id(said),
            )

        self.repeatedly("/links", asked, judge, token, pick.peer)

    def link_by_a_fresh_code(self, pick: Pick) -> None:
        self.issue(pick)
        self.wait(_to_the_end(LINK_CODE_LIFE, pick))
        self.link(pick)

    def preview(self, pick: Pick) -> None:
        asked, token = self.link_request(pick), self.token(pick._replace(age="newest"))
        listed = list[tuple[str, bool]]()

        def judge(said: Any) -> None:
            where = {"nickname": pick.nickname, "peer": pick.peer, "permit": said.get("permit", "")}
            listed.extend(self.model.preview(token, asked["device_code"], asked["link_code"], **where))

        seen = self.ask("/link-previews", asked, judge, token=token, peer=pick.peer)
        if seen:
            assert users_in(seen) == listed
            self.permits.append(seen["permit"])

    def add_phone(self, pick: Pick) -> None:
        token, asked = self.token(pick), {"request_id": request_id(), "nickname": pick.nickname}

        def judge(said: Any) -> None:
            self.model.add_phone(token, asked["request_id"], asked["nickname"], own_phone_id(said))

        self.repeatedly("/phones", asked, judge, token)

    def issue_change_code(self, pick: Pick) -> None:
        token = self.token(pick)

        def judge(said: Any) -> None:
            self.model.issue_change_code(token, said.get("change_code", ""))

        issued = self.ask("/change-codes", None, judge, token=token)
        self.change_codes.extend([issued["change_code"]] if issued else [])

    def move_phone(self, pick: Pick) -> None:
        code = of_age(self.change_codes, pick.age, wrong_code())
        token = self.token(pick._replace(age="newest"))
        asked = {"request_id": request_id(), "change_code": code}
        self.repeatedly(
            "/phones/moves", asked, lambda _: self.model.move_phone(token, asked["request_id"], code), token
        )

    def move_phone_by_a_fresh_code(self, pick: Pick) -> None:
        self.issue_change_code(pick._replace(kind="registered", age="newest"))
        self.wait(_to_the_end(CHANGE_CODE_LIFE, pick))
        self.move_phone(pick._replace(kind="unregistered"))

    def replace_phone(self, pick: Pick) -> None:
        phone_id = of_age(self.phone_ids, pick.age, "x" * 22)
        token = self.token(pick._replace(age="newest"))
        asked = {"request_id": request_id(), "phone_id": phone_id}

        def judge(_said: Any) -> None:
            self.model.replace_phone(token, asked["request_id"], phone_id)

        self.repeatedly("/phones/replacements", asked, judge, token)

    def repeat(self, _pick: Pick) -> None:
        """Send the newest of the requests that may be repeated again, as if its answer had been lost."""
        self.again()

    def users(self, pick: Pick) -> None:
        token, listed = self.token(pick), list[tuple[str, bool]]()
        seen = self.ask("GET /users", None, lambda _: listed.extend(self.model.users(token)), token=token)
        assert seen is None or users_in(seen) == listed

    def remove_user(self, pick: Pick) -> None:
        """Remove a phone, by a permit where one was given."""
        token, left = self.token(pick._replace(age="newest")), list[tuple[str, bool]]()
        phone_id = self.phone_ids[pick.seq % len(self.phone_ids)] if self.phone_ids else "x" * 22
        permit = of_age(self.permits, pick.age, NOBODYS) if pick.kind != "registered" else None

        def judge(_said: Any) -> None:
            left.extend(self.model.remove_user(token, phone_id, permit))

        asked = {"phone_id": phone_id, "permit": permit}
        seen = self.ask("/users/removals", asked, judge, token=token)
        assert seen is None or users_in(seen) == left

    def remove_user_by_a_fresh_list(self, pick: Pick) -> None:
        self.issue(pick)
        self.preview(pick._replace(kind="anybody", age="newest"))
        self.wait(_to_the_end(PERMIT_LIFE, pick))
        self.remove_user(pick._replace(kind="anybody", age="newest"))

    def delete_account(self, pick: Pick) -> None:
        token = self.token(pick)
        self.ask("DELETE /links/current", None, lambda _: self.model.delete_account(token), token=token)


def _to_the_end(life_ms: int, pick: Pick) -> int:
    """Return how long to wait: mostly not at all, sometimes to the last millisecond of a life, or to its end."""
    return {8: life_ms - 1, 9: life_ms}.get(pick.seq, 0)
