"""The named races of security §6, between processes that each have a registry of their own on the same store."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import timedelta

import pytest

from cloud.arrivals import Arrival
from protocol.cloud_api import AddPhone, MovePhone, Session
from tests.cloud.actors import Gateway, World, link_request, request_id, sample
from tests.cloud.registry import acts
from tests.cloud.registry.lanes import Processes
from tests.cloud.registry.racing import ROUNDS, Twin, course

pytestmark = [pytest.mark.adapters, pytest.mark.timeout(60 + 2 * ROUNDS)]


class Races:
    """A gateway with one free place, father's one phone at it, and newcomers, with the processes to race in."""

    def __init__(self, world: World, gateway: Gateway, processes: Processes) -> None:
        self.world, self.gateway, self.twin = world, gateway, Twin(world)
        self.twin.register(gateway)
        self.father = self.twin.person("father", "f1")
        self.twin.link(self.father, gateway, "一台目")
        for name in ("mother", "uncle"):
            self.twin.link(self.twin.person(name, name), gateway, name)
        self.newcomers = [self.twin.person(name, name) for name in ("n1", "n2", "n3")]
        self.processes = processes

    def run(self, *racers: Sequence[acts.Act]) -> None:
        wrong = course(self.twin).broken(racers, self.processes)
        assert not wrong, f"{len(wrong)} of {ROUNDS}: {wrong[0]}"

    def redeem(self, session: Session, code: str) -> acts.Redeem:
        asked = link_request(self.gateway, code, "新入り")
        return acts.Redeem(self.world.now, session.token, asked, "192.0.2.2")

    def issue(self) -> acts.IssueLinkCode:
        signed = self.gateway.link_code(self.world.nonce())
        return acts.IssueLinkCode(self.world.now, signed, self.gateway.device_code)

    def upload(self, seq: int) -> acts.Upload:
        arrival = Arrival(self.gateway.gateway_id, 1, None, (sample(seq),))
        return acts.Upload(self.world.now, arrival, self.gateway.device_code)


@pytest.fixture(scope="module")
def processes() -> Iterator[Processes]:
    processes = Processes()
    yield processes
    processes.close()


@pytest.fixture
def races(world: World, gateway: Gateway, processes: Processes, cheap_hashing: None) -> Iterator[Races]:
    with processes.on(world):
        yield Races(world, gateway, processes)


@pytest.mark.req("S-ADD-11", "S-GEN-18", "S-UI-02")
def test_two_phones_and_the_last_slot(races: Races) -> None:
    def add(name: str) -> acts.Add:
        asked = AddPhone(request_id=request_id(), nickname=name)
        return acts.Add(races.world.now, races.twin.log_in("father", name).token, asked)

    races.run([add("f2")], [add("f3")], [add("f4")])


@pytest.mark.req("S-LC-17", "S-BIND-19")
def test_one_link_code_and_two_phones(races: Races) -> None:
    """T-10."""
    code = races.twin.issue(races.gateway)
    races.run(*([races.redeem(newcomer, code)] for newcomer in races.newcomers))


@pytest.mark.req("S-CHG-16")
def test_one_change_code_and_two_phones(races: Races) -> None:
    code = races.twin.change_code(races.father)

    def move(name: str) -> acts.Move:
        asked = MovePhone(request_id=request_id(), change_code=code)
        return acts.Move(races.world.now, races.twin.log_in("father", name).token, asked)

    races.run([move("f2")], [move("f3")])


@pytest.mark.req("S-GEN-17", "S-BIND-10", "S-BIND-19")
def test_two_codes_and_the_fourth_and_the_fifth_account(races: Races) -> None:
    code = races.twin.issue(races.gateway)
    n1, n2, n3 = races.newcomers

    def issued(session: Session) -> acts.Redeem:
        return replace(races.redeem(session, code), issued_before=True)

    races.run([races.redeem(n1, code)], [races.issue(), issued(n2)], [races.issue(), issued(n3)])


@pytest.mark.req("S-DEL-13", "S-DEL-10")
def test_a_change_code_redeemed_while_the_account_is_deleted(races: Races) -> None:
    code, new = races.twin.change_code(races.father), races.twin.log_in("father", "f2")
    asked = MovePhone(request_id=request_id(), change_code=code)
    now = races.world.now
    races.run([acts.Move(now, new.token, asked)], [acts.Delete(now, races.father.token)])


@pytest.mark.req("S-LC-13", "S-BIND-09")
def test_a_link_code_redeemed_in_the_millisecond_in_which_it_expires(races: Races) -> None:
    code = races.twin.issue(races.gateway)
    end = races.world.now + timedelta(hours=1)
    races.world.now = end - timedelta(minutes=1)
    races.twin.model.now += 59 * 60_000
    n1, n2, n3 = (races.twin.log_in(name, name) for name in ("n1", "n2", "n3"))
    last, over = end - timedelta(milliseconds=1), end
    races.run(
        [replace(races.redeem(n1, code), now=last)],
        [replace(races.redeem(n2, code), now=over)],
        [replace(races.redeem(n3, code), now=over)],
    )


@pytest.mark.req("S-LC-18")
def test_an_old_code_redeemed_while_a_new_one_is_issued(races: Races) -> None:
    code = races.twin.issue(races.gateway)
    races.run([races.redeem(races.newcomers[0], code)], [races.issue()])


@pytest.mark.req("S-DEL-09", "S-DEL-13")
def test_an_account_deleted_while_its_gateway_uploads(races: Races) -> None:
    deletion = acts.Delete(races.world.now, races.father.token)
    races.run([deletion], [races.upload(1), races.upload(2)], [races.upload(3)])


@pytest.mark.req("S-REG-29", "S-TEL-02")
def test_a_new_registration_while_the_old_one_uploads(races: Races) -> None:
    """INV-6."""
    run = "wizard-run-0000009"
    races.world.begin(races.gateway, run)
    signed = races.gateway.registration(races.world.nonce(), run, 1)
    register = acts.Register(races.world.now, signed, races.gateway.device_code, run, 1)
    races.run([register], [races.upload(1), races.upload(2)], [races.upload(3)])
