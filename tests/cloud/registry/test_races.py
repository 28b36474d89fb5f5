"""Many threads let go at once on one store: no budget is exceeded, no limit broken, and what is repeated has one effect."""

from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from threading import Barrier, Event

import pytest

from cloud.registry import Registry
from cloud.registry.sessions import Who
from protocol.problems import ACCOUNTS_FULL, Problem
from tests.cloud.actors import Gateway, World, link_request, nicknames, sample, wrong_code
from tests.cloud.registry.racing import ROUNDS

pytestmark = [
    pytest.mark.adapters,
    pytest.mark.usefixtures("cheap_hashing"),
    pytest.mark.timeout(60 + 10 * ROUNDS),
]


def race(acts: Sequence[Callable[[], object]]) -> Counter[str]:
    """Run `acts` at the same moment; return how often each came to `done` or to which refusal."""
    start = Barrier(len(acts))

    def run(act: Callable[[], object]) -> str:
        start.wait(timeout=10)
        try:
            act()
        except Problem as problem:
            return problem.kind.code
        return "done"

    with ThreadPoolExecutor(len(acts)) as pool:
        return Counter(pool.map(run, acts))


@pytest.mark.req("S-LC-17", "S-BIND-19")
def test_one_code_makes_one_link(world: World, gateway: Gateway) -> None:
    """T-10: of fifty at once, by ten accounts with their five tries each, one succeeds."""
    world.register(gateway)
    people = [world.person(f"person{number}") for number in range(10)]
    for _ in range(ROUNDS):
        code = world.issue(gateway)
        acts = [
            partial(world.link, who, gateway, code, peer=f"192.0.2.{each}-{who.account_id}")
            for each in range(5)
            for who in people
        ]
        outcomes = race(acts)
        assert outcomes["done"] == 1
        assert set(outcomes) == {"done", "link_refused"}
        contents = world.contents()
        assert [row[4] is None for row in contents["link_codes"]] == [False] * len(contents["link_codes"])
        assert (len(contents["links"]), len(contents["phones"])) == (1, 1)
        (owner,) = (row[0] for row in contents["links"])
        world.pass_time(hours=25)
        again = world.log_in(next(who.email for who in people if who.account_id == owner), "again")
        world.registry.delete_account(again, world.now)
        people = [world.log_in(who.email, f"{who.account_id}") for who in people]


@pytest.mark.req("S-GEN-18", "S-BIND-19")
def test_the_last_phone_slot_goes_to_one(world: World, gateway: Gateway) -> None:
    world.register(gateway)
    world.link(world.person("father"), gateway, world.issue(gateway), "一台目")
    phones = [world.log_in("father@example.jp", f"phone{number}") for number in range(4)]
    code = world.issue(gateway)
    outcomes = race(
        [partial(world.link, who, gateway, code, str(n), peer=f"192.0.2.{n}") for n, who in enumerate(phones)]
    )
    assert outcomes["done"] == 1
    assert [row[1] for row in world.contents()["phones"]] == [1, 2]


@pytest.mark.req("S-GEN-17", "S-GEN-19", "S-BIND-19")
def test_slots_hold_when_issue_and_link_race_on_several_connections(world: World, gateway: Gateway) -> None:
    """Six accounts with three phones each: never a fifth account, never a third phone, never a code spent for nothing."""
    world.register(gateway)
    homes = [world.person(f"person{number}") for number in range(6)]
    rivals = homes + [
        world.log_in(home.email, f"extra{n}{home.account_id}") for home in homes for n in range(2)
    ]
    registries = [world.open() for _ in range(3)]

    def attempt(registry: Registry, who: Who, nickname: str) -> None:
        signed = gateway.link_code(registry.mint_nonce(world.now).nonce)
        code = registry.issue_link_code(signed, world.now).link_code
        registry.link(who, link_request(gateway, code, nickname), nickname, world.now)

    for _ in range(ROUNDS):
        race([partial(attempt, registries[n % 3], who, f"{n}") for n, who in enumerate(rivals)])
        world.pass_time(hours=25)
        contents = world.contents()
        assert len(contents["links"]) <= 4
        assert max(Counter(row[0] for row in contents["phones"]).values(), default=0) <= 2
    assert linked_until_full(world, gateway, homes) == 4
    for registry in registries:
        registry.close()


def linked_until_full(world: World, gateway: Gateway, people: Sequence[Who]) -> int:
    """Link one after the other those the race left out; return how many accounts are linked when the fifth is refused."""
    for person in people:
        try:
            world.link(person, gateway, world.issue(gateway), "一台目")
        except Problem as problem:
            if problem.kind is ACCOUNTS_FULL:
                break
        world.pass_time(hours=1)
    return len(world.contents()["links"])


def test_parallel_guesses_stay_within_the_budget(world: World, gateway: Gateway) -> None:
    world.register(gateway)
    world.issue(gateway)
    father = world.person("father")
    outcomes = race([partial(world.link, father, gateway, wrong_code(n)) for n in range(16)])
    assert outcomes == {"link_refused": 5, "too_many_tries": 11}
    assert len(world.contents()["wrong_tries"]) == 5


def test_parallel_guesses_from_many_accounts_void_the_code_at_twenty(world: World, gateway: Gateway) -> None:
    world.register(gateway)
    code = world.issue(gateway)
    people = [world.person(f"person{number}") for number in range(6)]
    race(
        [
            partial(world.link, who, gateway, wrong_code(n), peer=f"192.0.2.{n}")
            for n in range(5)
            for who in people
        ]
    )
    contents = world.contents()
    aimed = [row for row in contents["wrong_tries"] if row[4] is not None]
    assert (len(aimed), len(contents["wrong_tries"])) == (20, 30)
    with pytest.raises(Problem):
        world.link(world.person("owner"), gateway, code)


@pytest.mark.req("S-BIND-20")
def test_a_request_sent_many_times_at_once_takes_one_slot(world: World, gateway: Gateway) -> None:
    world.register(gateway)
    father, code = world.person("father"), world.issue(gateway)
    outcomes = race([partial(world.link, father, gateway, code, request="request-double-tap")] * 5)
    assert outcomes == {"done": 5}
    assert len(world.contents()["phones"]) == 1
    assert nicknames(world.link(father, gateway, code, request="request-double-tap")) == ("お父さん",)


@pytest.mark.req("S-REG-32")
def test_a_registration_sent_many_times_at_once_is_one(world: World, gateway: Gateway) -> None:
    run = "wizard-run-0000001"
    world.begin(gateway, run)
    signed = [gateway.registration(world.nonce(), run) for _ in range(6)]
    assert race([partial(world.registry.register, each, world.now) for each in signed]) == {"done": 6}
    assert world.registry.epoch_of(gateway.gateway_id) == 1


def test_a_nonce_raced_for_is_spent_once(world: World, gateway: Gateway) -> None:
    signed = gateway.beginning(world.nonce(), "wizard-run-0000001")
    outcomes = race([partial(world.registry.begin_registration, signed, world.now)] * 6)
    assert outcomes == {"done": 1, "gateway_refused": 5}


@pytest.mark.req("S-REG-27", "S-REG-32")
def test_of_two_registrations_that_replace_the_same_one_wins(world: World, gateway: Gateway) -> None:
    """Both persons were told of epoch 1; the second must not erase what the first has begun."""
    world.register(gateway)
    for _ in range(ROUNDS):
        epoch = world.registry.epoch_of(gateway.gateway_id) or 0
        world.begin(gateway, "wizard-run-of-tv-0")
        outcomes = race(
            [partial(world.finish, gateway, "wizard-run-of-tv-0", epoch), partial(world.register, gateway)]
        )
        assert outcomes["done"] >= 1
        assert set(outcomes) <= {"done", "registration_changed", "registration_not_begun"}
        assert world.registry.epoch_of(gateway.gateway_id) == epoch + outcomes["done"]


@pytest.mark.req("S-LC-25")
def test_parallel_issues_stay_within_ten(world: World, gateway: Gateway) -> None:
    world.register(gateway)
    assert race([partial(world.issue, gateway)] * 14) == {"done": 10, "too_many_codes": 4}


@pytest.mark.req("S-REG-29", "S-TEL-02")
def test_telemetry_racing_a_new_registration_never_crosses_epochs(world: World, gateway: Gateway) -> None:
    for _ in range(ROUNDS):
        old = world.register(gateway)
        late: list[Callable[[], object]] = [partial(world.send, old, [sample(n)]) for n in range(1, 5)]
        race([*late, partial(world.register, gateway)])
        assert world.contents()["samples"] == []


@pytest.mark.req("S-CHG-12")
def test_whoever_looks_during_changes_of_phone_sees_one_phone(world: World, gateway: Gateway) -> None:
    """The count never rises or dips: there is no moment with two phones, and none without."""
    world.register(gateway)
    world.link(world.person("father"), gateway, world.issue(gateway), "一台目")
    seen, done = set[tuple[str, ...]](), Event()

    def change() -> None:
        try:
            phone = world.log_in("father@example.jp", "father")
            for number in range(10):
                code = world.change_code(phone)
                phone = world.log_in("father@example.jp", f"new{number}")
                world.move(phone, code)
        finally:
            done.set()

    def look() -> None:
        watcher = world.log_in("father@example.jp", "watcher")
        while not done.is_set():
            seen.add(nicknames(world.registry.current_link(watcher)))

    assert race([change, look]) == {"done": 2}
    assert seen == {("一台目",)}
