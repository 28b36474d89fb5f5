"""What the model is made of."""

from dataclasses import dataclass, field


@dataclass
class Code:
    code: str
    issued_at: int
    spent: bool = False

    def is_live(self, life: int, now: int) -> bool:
        return self.issued_at <= now < self.issued_at + life


@dataclass
class Gateway:
    epoch: int = 0
    run: str = ""
    codes: list[Code] = field(default_factory=list)
    samples: set[int] = field(default_factory=set)


@dataclass
class Phone:
    phone_id: str
    installation: str
    nickname: str
    request: str
    change_code: Code | None = None


@dataclass
class Account:
    signed_up_at: int = 0
    verified: bool = False
    gateway: str | None = None
    place: int = 0
    phones: dict[int, Phone] = field(default_factory=dict)
    permit: tuple[str, Code, int] | None = None  # what it is, for which pair of codes, since when
    wrong_changes: list[int] = field(default_factory=list)

    def phone(self, installation: str) -> Phone | None:
        return next((each for each in self.phones.values() if each.installation == installation), None)


@dataclass
class WrongPair:
    email: str
    device_code: str
    peer: str
    code: Code | None
    at: int
