"""The real HTTP API against the model, step by step: whatever people and gateways do in whatever order (security §6).

A few runs of more than 200 steps on each kind of store; `MODEL_RUNS=100 make test ARGS=tests/cloud/test_model.py` makes more.
"""

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from itertools import chain, product, repeat
from pathlib import Path
from typing import Final

import pytest
from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from cloud.store.schema import metadata
from tests.cloud.actors import request_id
from tests.cloud.asking import AGES, APPS, KINDS, NICKNAMES, PEERS, PEOPLE, Pick
from tests.cloud.bench import Bench
from tests.cloud.invariants import breaches, modelled, stored
from tests.cloud.serving import settings_in
from tests.cloud.walk import Walk
from tests.support.postgres import Postgres

RUNS: Final = int(os.environ.get("MODEL_RUNS", "2"))
STEPS: Final = 210

pytestmark = [
    pytest.mark.adapters,
    pytest.mark.usefixtures("cheap_hashing"),
    pytest.mark.timeout(60 + 20 * RUNS),
]

SECOND, MINUTE, HOUR, DAY = 1000, 60_000, 3_600_000, 86_400_000
SHORT_MS: Final = (1, SECOND, MINUTE - 1, MINUTE, 4 * MINUTE)
LONG_MS: Final = (10 * MINUTE, 15 * MINUTE - 1, HOUR - 1, HOUR, DAY, 7 * DAY - 1)
ACTS: Final = {
    Walk.pass_time: 8,
    Walk.register: 1,
    Walk.issue: 5,
    Walk.measure: 3,
    Walk.sign_up: 4,
    Walk.log_in: 4,
    Walk.renew: 4,
    Walk.log_out: 3,
    Walk.withdraw: 1,
    Walk.look: 3,
    Walk.link: 6,
    Walk.link_by_a_fresh_code: 16,
    Walk.preview: 6,
    Walk.add_phone: 9,
    Walk.issue_change_code: 5,
    Walk.move_phone: 4,
    Walk.move_phone_by_a_fresh_code: 6,
    Walk.replace_phone: 6,
    Walk.repeat: 6,
    Walk.users: 3,
    Walk.remove_user: 6,
    Walk.remove_user_by_a_fresh_list: 4,
    Walk.delete_account: 2,
}
"""What can be done, and how often it is."""

acts = st.sampled_from(list(chain.from_iterable(repeat(act, weight) for act, weight in ACTS.items())))


def picked(who: tuple[str, ...], how: tuple[str, ...], gateway: int, span_ms: int, seq: int) -> Pick:
    kind, email, app = who
    age, nickname, peer = how
    return Pick(kind, email, app, gateway, age, nickname, peer, span_ms, seq)


picks = st.builds(  # of few draws, or a run of 200 steps is more than hypothesis keeps
    picked,
    st.sampled_from(list(product(KINDS, PEOPLE, APPS))),
    st.sampled_from(list(product(AGES, NICKNAMES, PEERS))),
    st.sampled_from((0, 0, 0, 1)),
    st.sampled_from(SHORT_MS * 3 + LONG_MS),
    st.integers(1, 9),
)


class Cloud(RuleBasedStateMachine):
    """One rule, so that no run has to do without some of the acts."""

    def __init__(self, bench: Bench, lengths: list[int]) -> None:
        super().__init__()
        self.walk, self.lengths, self.steps = Walk(bench), lengths, 0

    @initialize()
    def move_in(self) -> None:
        first = Pick("anybody", PEOPLE[0], APPS[0], 1, "newest", NICKNAMES[0], PEERS[0], 1, 1)
        self.walk.register(first)
        self.walk.register(first._replace(gateway=0))
        for email in PEOPLE:
            self.walk.sign_up(first._replace(email=email))
        for email, app in zip(PEOPLE[:3], APPS, strict=False):
            self.walk.link_by_a_fresh_code(first._replace(email=email, app=app, gateway=0))

    @rule(act=acts, pick=picks)
    def do(self, act: Callable[[Walk, Pick], None], pick: Pick) -> None:
        act(self.walk, pick)
        self.steps += 1

    @invariant()
    def nothing_is_broken(self) -> None:
        assert breaches(self.walk.registry) == {}
        assert stored(self.walk.registry) == modelled(self.walk.model)

    def teardown(self) -> None:
        self.walk.bench.end()
        self.lengths.append(self.steps)


@pytest.fixture(params=["sqlite", "postgresql"])
def fresh_bench(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Callable[[], Bench]]:
    """Return what makes a cloud with a store of its own, each time."""
    with ExitStack() as databases:

        def make() -> Bench:
            url = None
            if request.param == "postgresql":
                server: Postgres = request.getfixturevalue("postgres")
                template = request.getfixturevalue("template")
                url = databases.enter_context(server.fresh_database(f"TEMPLATE {template}"))
            folder = tmp_path / request_id()
            return Bench(settings_in(folder, store={"folder": folder, "postgresql": url}))

        yield make


@pytest.mark.req("S-GEN-12", "S-GEN-13", "S-GEN-17", "S-GEN-18", "S-GEN-19", "S-DEL-13", "S-FAR-03")
def test_no_order_of_steps_comes_out_otherwise_than_the_model_says(fresh_bench: Callable[[], Bench]) -> None:
    lengths: list[int] = []
    for number in range(RUNS):
        machine = seed(number)(lambda: Cloud(fresh_bench(), lengths))
        run_state_machine_as_test(
            machine,  # type: ignore[arg-type]
            settings=settings(
                max_examples=3,  # the first two are as simple as can be
                stateful_step_count=STEPS,
                deadline=None,
                database=None,
                phases=[Phase.generate],
                suppress_health_check=list(HealthCheck),
            ),
        )
    assert sum(steps >= 200 for steps in lengths) == 2 * RUNS, lengths


def test_no_count_is_kept_beside_the_rows() -> None:
    """INV-10."""
    columns = [column.name for table in metadata.sorted_tables for column in table.columns]
    assert not [
        name for name in columns if "count" in name.split("_") or name.startswith(("number_of", "n_"))
    ]
