"""Every pair of what people and gateways can do at once, and any four of it (security §6, S-DEL-13)."""

import random
from collections.abc import Iterator
from itertools import combinations

import pytest

from protocol.cloud_api import AddPhone, MovePhone, RemoveUser, ReplacePhone
from tests.cloud.actors import Gateway, World, link_request, request_id
from tests.cloud.registry import acts
from tests.cloud.registry.racing import ROUNDS, Course, Threads, Twin, course

TWICE = (
    "redeem",
    "add phone",
    "change phone",
    "replace phone",
    "issue change code",
    "delete account",
    "remove member",
    "log out",
    "withdraw",
)
"""What a person taps twice, or a proxy sends again: the very same request."""

pytestmark = [pytest.mark.adapters, pytest.mark.timeout(60 + 60 * ROUNDS)]


def home(world: World, gateway: Gateway) -> tuple[Twin, dict[str, acts.Act]]:
    """Three accounts are linked, two newcomers know the same link code; father has one phone, its change code, and three more."""
    twin, now = Twin(world), world.now
    twin.register(gateway)
    f1, mother = twin.person("father", "f1"), twin.person("mother", "m1")
    fathers, _ = twin.link(f1, gateway, "一台目"), twin.link(mother, gateway, "お母さん")
    twin.link(twin.person("uncle", "u1"), gateway, "おじさん")
    f2, f3, f4 = (twin.log_in("father", name) for name in ("f2", "f3", "f4"))
    n1, n2 = twin.person("newcomer1", "n1"), twin.person("newcomer2", "n2")
    change_code, code = twin.change_code(f1), twin.issue(gateway)
    father, run = world.who(f1.token), "wizard-run-0000009"
    world.begin(gateway, run)
    issue = [acts.IssueLinkCode(now, gateway.link_code(world.nonce()), gateway.device_code) for _ in range(2)]
    register = [
        acts.Register(now, gateway.registration(world.nonce(), run, 1), gateway.device_code, run, 1)
        for _ in range(2)
    ]
    move = MovePhone(request_id=request_id(), change_code=change_code)
    replace = ReplacePhone(request_id=request_id(), phone_id=fathers)
    return twin, {
        "redeem": acts.Redeem(now, n1.token, link_request(gateway, code, "甲"), "192.0.2.2"),
        "redeem the same code": acts.Redeem(now, n2.token, link_request(gateway, code, "乙"), "192.0.2.3"),
        "add phone": acts.Add(now, f2.token, AddPhone(request_id=request_id(), nickname="二台目")),
        "change phone": acts.Move(now, f3.token, move),
        "replace phone": acts.Replace(now, f4.token, replace),
        "issue link code": issue[0],
        "issue link code again": issue[1],
        "issue change code": acts.IssueChangeCode(now, f1.token),
        "delete account": acts.Delete(now, f1.token),
        "remove member": acts.Remove(now, mother.token, RemoveUser(phone_id=fathers)),
        "log out": acts.LogOut(now, f1.token),
        "log out the newcomer": acts.LogOut(now, n1.token),
        "log out the new phone": acts.LogOut(now, f3.token),
        "register anew": register[0],
        "register anew again": register[1],
        "withdraw": acts.Withdraw(now, father.account_id, father.email),
    }


@pytest.fixture
def track(
    world: World, gateway: Gateway, cheap_hashing: None
) -> Iterator[tuple[Course, dict[str, acts.Act], Threads]]:
    twin, at_once = home(world, gateway)
    threads = Threads(world.registry)
    yield course(twin), at_once, threads
    threads.close()


@pytest.mark.req("S-BIND-19", "S-ADD-11", "S-CHG-12", "S-DEL-13")
def test_every_pair_comes_out_as_one_after_the_other(
    track: tuple[Course, dict[str, acts.Act], Threads],
) -> None:
    where, at_once, threads = track
    wrong = {
        (one, other): broken
        for one, other in (*combinations(at_once, 2), *((name, name) for name in TWICE))
        if (broken := where.broken([[at_once[one]], [at_once[other]]], threads))
    }
    assert not wrong, "\n".join(
        f"{pair}: {len(broken)} of {ROUNDS}: {broken[0]}" for pair, broken in wrong.items()
    )


@pytest.mark.req("S-GEN-19", "S-DEL-13")
def test_any_four_come_out_as_one_after_the_other(
    track: tuple[Course, dict[str, acts.Act], Threads],
) -> None:
    where, at_once, threads = track
    chosen = random.Random(20261122)
    for _ in range(5 * ROUNDS):
        four = chosen.sample(sorted(at_once), 4)
        assert where.broken([[at_once[name]] for name in four], threads, rounds=1) == [], four
