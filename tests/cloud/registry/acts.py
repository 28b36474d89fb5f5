"""What people and gateways do in a race: each act against a registry, and against the model that judges it."""

from dataclasses import dataclass
from datetime import datetime

from cloud.arrivals import Arrival
from cloud.instants import to_ms
from cloud.registry import Registry
from cloud.registry.sessions import Who
from protocol.cloud_api import AddPhone, LinkRequest, MovePhone, RemoveUser, ReplacePhone
from protocol.identity import Signed
from tests.cloud.actors import PASSWORD
from tests.cloud.model import Model

Memory = dict[str, str]
"""What the same racer was told before: the link code it was issued."""


@dataclass(frozen=True)
class Act:
    now: datetime

    def do(self, registry: Registry, memory: Memory) -> None:
        raise NotImplementedError

    def judge(self, model: Model, memory: Memory) -> None:
        model.now = to_ms(self.now)


@dataclass(frozen=True)
class Asked(Act):
    """By somebody with a token, who is asked for it first."""

    token: str

    def who(self, registry: Registry) -> Who:
        return registry.authenticate(self.token, self.now)


@dataclass(frozen=True)
class Redeem(Asked):
    """With the code of the request, or with the one that this racer was issued when `issued_before`."""

    request: LinkRequest
    peer: str
    issued_before: bool = False

    def do(self, registry: Registry, memory: Memory) -> None:
        asked = self.request.model_copy(update={"link_code": memory["code"]} if self.issued_before else {})
        registry.link(self.who(registry), asked, self.peer, self.now)

    def judge(self, model: Model, memory: Memory) -> None:
        super().judge(model, memory)
        model.link(
            self.token,
            self.request.device_code,
            memory["code"] if self.issued_before else self.request.link_code,
            request=self.request.request_id,
            nickname=self.request.nickname,
            peer=self.peer,
            phone_id=f"phone of {self.request.request_id}",
        )


@dataclass(frozen=True)
class Add(Asked):
    request: AddPhone

    def do(self, registry: Registry, memory: Memory) -> None:
        registry.add_phone(self.who(registry), self.request, self.now)

    def judge(self, model: Model, memory: Memory) -> None:
        super().judge(model, memory)
        asked = self.request
        model.add_phone(self.token, asked.request_id, asked.nickname, f"phone of {asked.request_id}")


@dataclass(frozen=True)
class Move(Asked):
    request: MovePhone

    def do(self, registry: Registry, memory: Memory) -> None:
        registry.move_phone(self.who(registry), self.request, self.now)

    def judge(self, model: Model, memory: Memory) -> None:
        super().judge(model, memory)
        model.move_phone(self.token, self.request.request_id, self.request.change_code)


@dataclass(frozen=True)
class Replace(Asked):
    request: ReplacePhone

    def do(self, registry: Registry, memory: Memory) -> None:
        registry.replace_phone(self.who(registry), self.request, self.now)

    def judge(self, model: Model, memory: Memory) -> None:
        super().judge(model, memory)
        model.replace_phone(self.token, self.request.request_id, self.request.phone_id)


@dataclass(frozen=True)
class IssueChangeCode(Asked):
    def do(self, registry: Registry, memory: Memory) -> None:
        registry.issue_change_code(self.who(registry), self.now)

    def judge(self, model: Model, memory: Memory) -> None:
        super().judge(model, memory)
        model.issue_change_code(self.token, "issued in the race")


@dataclass(frozen=True)
class Remove(Asked):
    request: RemoveUser

    def do(self, registry: Registry, memory: Memory) -> None:
        registry.remove_user(self.who(registry), self.request, self.now)

    def judge(self, model: Model, memory: Memory) -> None:
        super().judge(model, memory)
        model.remove_user(self.token, self.request.phone_id, self.request.permit)


@dataclass(frozen=True)
class Delete(Asked):
    def do(self, registry: Registry, memory: Memory) -> None:
        registry.delete_account(self.who(registry), self.now)

    def judge(self, model: Model, memory: Memory) -> None:
        super().judge(model, memory)
        model.delete_account(self.token)


@dataclass(frozen=True)
class LogOut(Asked):
    def do(self, registry: Registry, memory: Memory) -> None:
        registry.log_out(self.token)

    def judge(self, model: Model, memory: Memory) -> None:
        super().judge(model, memory)
        model.log_out(self.token)


@dataclass(frozen=True)
class Withdraw(Act):
    account_id: int
    email: str

    def do(self, registry: Registry, memory: Memory) -> None:
        registry.withdraw(self.account_id, PASSWORD, self.now)

    def judge(self, model: Model, memory: Memory) -> None:
        super().judge(model, memory)
        model.withdraw(self.email)


@dataclass(frozen=True)
class IssueLinkCode(Act):
    signed: Signed
    device_code: str

    def do(self, registry: Registry, memory: Memory) -> None:
        memory["code"] = registry.issue_link_code(self.signed, self.now).link_code

    def judge(self, model: Model, memory: Memory) -> None:
        super().judge(model, memory)
        memory["code"] = self.signed.signature  # like the code, no other issue has it
        model.issue_link_code(self.device_code, memory["code"])


@dataclass(frozen=True)
class Register(Act):
    """決定 under a run that was begun before the race."""

    signed: Signed
    device_code: str
    run: str
    replacing: int

    def do(self, registry: Registry, memory: Memory) -> None:
        registry.register(self.signed, self.now)

    def judge(self, model: Model, memory: Memory) -> None:
        super().judge(model, memory)
        model.register(self.device_code, self.run, self.replacing)


@dataclass(frozen=True)
class Upload(Act):
    arrival: Arrival
    device_code: str

    def do(self, registry: Registry, memory: Memory) -> None:
        registry.accept_samples([self.arrival], self.now)

    def judge(self, model: Model, memory: Memory) -> None:
        super().judge(model, memory)
        for sample in self.arrival.samples:
            model.measure(self.device_code, self.arrival.epoch, sample.seq)
