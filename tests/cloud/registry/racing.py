"""Races: acts let go at once, whose outcome must be that of some order of one after the other, as the model judges it.

Every round begins from the same rows. `RACE_ROUNDS` says how often each race is run; the few of every day look whether the
harness still fits, the 200 of security §6 whether the verbs do: `RACE_ROUNDS=200 make test ARGS="tests/cloud -k races"`.
"""

import copy
import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from threading import Barrier
from typing import Any, Final

from sqlalchemy import delete, insert, select
from sqlalchemy.exc import DBAPIError

from cloud.instants import to_ms
from cloud.registry import Registry
from cloud.store.schema import metadata
from protocol.cloud_api import Session
from protocol.problems import Problem, UnreachableError
from tests.cloud.actors import Gateway, World, link_request, request_id
from tests.cloud.invariants import State, breaches, modelled, stored
from tests.cloud.model import Model
from tests.cloud.model_sessions import No
from tests.cloud.registry.acts import Act, Memory

ROUNDS: Final = int(os.environ.get("RACE_ROUNDS", "3"))
WAIT_S: Final = 30

Racers = Sequence[Sequence[Act]]
"""What each racer does, one act after the other."""
Outcomes = tuple[tuple[str, ...], ...]
"""What came of each act: `done`, or the code of the refusal."""
Verdict = tuple[Outcomes, State]


class Twin:
    """A world and its model, which people enter and act in one after the other."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.model = Model(now=to_ms(world.now))

    def register(self, gateway: Gateway) -> None:
        run = request_id()
        epoch = self.world.register(gateway, run).epoch
        self.model.register(gateway.device_code, run, epoch - 1)

    def issue(self, gateway: Gateway) -> str:
        code = self.world.issue(gateway)
        self.model.issue_link_code(gateway.device_code, code)
        return code

    def person(self, name: str, installation: str) -> Session:
        self.world.sign_up(f"{name}@example.jp")
        self.world.registry.verify(self.world.mailed_token(), self.world.now)
        self.model.sign_up(f"{name}@example.jp")
        self.model.verify(f"{name}@example.jp")
        return self.log_in(name, installation)

    def log_in(self, name: str, installation: str) -> Session:
        session = self.world.session(f"{name}@example.jp", installation)
        whole = self.world.who(session.token).installation_id
        self.model.log_in(session.email, whole, (session.token, session.refresh_token))
        return session

    def link(self, session: Session, gateway: Gateway, nickname: str) -> str:
        """Return the phone's id."""
        asked = link_request(gateway, self.issue(gateway), nickname)
        who, world = self.world.who(session.token), self.world
        link = world.registry.link(who, asked, "192.0.2.1", world.now)
        phone_id = next(phone.phone_id for phone in link.phones if phone.nickname == nickname)
        self.model.link(
            session.token,
            gateway.device_code,
            asked.link_code,
            request=asked.request_id,
            nickname=nickname,
            peer="192.0.2.1",
            phone_id=phone_id,
        )
        return phone_id

    def change_code(self, session: Session) -> str:
        code = self.world.change_code(self.world.who(session.token))
        self.model.issue_change_code(session.token, code)
        return code


class Rows:
    """Everything that a store holds, to be put back before each round."""

    def __init__(self, registry: Registry) -> None:
        with registry.store.reading() as store:
            self._rows: list[tuple[Any, list[dict[str, Any]]]] = [
                (table, [dict(row) for row in store.execute(select(table)).mappings()])
                for table in metadata.sorted_tables
            ]

    def put_back(self, registry: Registry) -> None:
        """Make good what differs, from parents to children, for a row that goes takes its children along."""
        with registry.store.writing() as store:
            for table, rows in self._rows:
                found = [dict(row) for row in store.execute(select(table)).mappings()]
                for row in found:
                    if row not in rows:
                        store.execute(delete(table).filter_by(**row))
                missing = [row for row in rows if row not in found]
                if missing:
                    store.execute(insert(table), missing)


@dataclass(frozen=True)
class Course:
    """Where races are run: the store, what it holds at the start, and the same in the model."""

    registry: Registry
    rows: Rows
    model: Model

    def broken(self, racers: Racers, run: Callable[[Racers], Outcomes], rounds: int = ROUNDS) -> list[str]:
        """Run the race `rounds` times; return what was seen of each round that no order of its acts accounts for."""
        serial = list(serial_verdicts(self.model, racers))
        wrong = []
        for _ in range(rounds):
            self.rows.put_back(self.registry)
            seen = run(racers), stored(self.registry)
            found = breaches(self.registry)
            if seen not in serial or found:
                wrong.append("; ".join([f"{seen[0]} {found}", *(_unlike(seen, each) for each in serial)]))
        return wrong


def course(twin: Twin) -> Course:
    """Return the course that begins where `twin` is now."""
    assert stored(twin.world.registry) == modelled(twin.model)
    return Course(twin.world.registry, Rows(twin.world.registry), twin.model)


def _unlike(seen: Verdict, order: Verdict) -> str:
    """Say how what was seen differs from what an order comes to."""
    differing = {key: (seen[1][key], order[1][key]) for key in seen[1] if seen[1][key] != order[1][key]}
    return f"not {order[0]} {differing}"


def serial_verdicts(model: Model, racers: Racers) -> Iterator[Verdict]:
    """Yield what comes of each order in which every racer's acts stay one after the other."""
    for order in _orders([len(acts) for acts in racers]):
        after = copy.deepcopy(model)
        outcomes: list[list[str]] = [[] for _ in racers]
        memories: list[Memory] = [{} for _ in racers]
        for racer in order:
            act = racers[racer][len(outcomes[racer])]
            outcomes[racer].append(_judged(act, after, memories[racer]))
        yield tuple(map(tuple, outcomes)), modelled(after)


def _orders(lengths: list[int]) -> Iterator[list[int]]:
    if not any(lengths):
        yield []
    for racer, left in enumerate(lengths):
        if left:
            fewer = [count - (each == racer) for each, count in enumerate(lengths)]
            for order in _orders(fewer):
                yield [racer, *order]


def _judged(act: Act, model: Model, memory: Memory) -> str:
    try:
        act.judge(model, memory)
    except No as no:
        return str(no)
    return "done"


def run_acts(registry: Registry, acts: Sequence[Act]) -> tuple[str, ...]:
    """Do one racer's acts; an act whose forerunner failed to get it a code is not done."""
    memory: Memory = {}
    return tuple(_done(act, registry, memory) for act in acts)


def _done(act: Act, registry: Registry, memory: Memory) -> str:
    try:
        act.do(registry, memory)
    except Problem as problem:
        return problem.kind.code
    except (UnreachableError, DBAPIError) as error:  # no order accounts for it
        return type(error).__name__
    return "done"


class Threads:
    """Racers as threads on one registry, each with a connection of its own."""

    def __init__(self, registry: Registry, lanes: int = 4) -> None:
        self._registry = registry
        self._pool = ThreadPoolExecutor(lanes)

    def __call__(self, racers: Racers) -> Outcomes:
        start = Barrier(len(racers))

        def run(acts: Sequence[Act]) -> tuple[str, ...]:
            start.wait(timeout=WAIT_S)
            return run_acts(self._registry, acts)

        return tuple(self._pool.map(run, racers))

    def close(self) -> None:
        self._pool.shutdown()
