"""2段階認証: what is sent, what is answered, and how often either may happen."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from argon2 import PasswordHasher
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cloud.instants import to_ms
from cloud.pepper import Pepper
from cloud.registry.two_step import Challenge
from protocol.problems import (
    NOT_LOGGED_IN,
    NUMBER_UNUSABLE,
    SMS_CODE_MALFORMED,
    SMS_CODE_SPENT,
    SMS_CODE_WRONG,
    TOO_MANY_MESSAGES,
    TOO_MANY_TRIES,
    Kind,
    Problem,
)
from protocol.rules import SMS_PER_NUMBER_AND_HOUR
from tests.cloud.actors import World, refusal

pytestmark = pytest.mark.adapters

NUMBER = "090-1234-5678"


@pytest.fixture
def account_id(world: World) -> int:
    return world.person("taro").account_id


def begin(world: World, account_id: int, number: str = NUMBER) -> Challenge:
    return world.registry.begin_two_step(account_id, number, world.now)


def resend(world: World, sent: Challenge) -> Challenge:
    return world.registry.resend_code(sent.challenge, world.now)


def answer(world: World, sent: Challenge, code: str) -> int:
    return world.registry.answer_code(sent.challenge, code, world.now)


def guess(world: World, sent: Challenge) -> Kind:
    """Answer wrongly, and return why it was refused."""
    wrong = f"{(int(world.texted_code()) + 1) % 1_000_000:06}"
    return refusal(answer, world, sent, wrong)


def is_on(world: World, account_id: int) -> bool:
    return world.registry.profile(account_id).two_step_on


@pytest.mark.req("S-2FA-03", "S-2FA-05", "S-2FA-11")
def test_the_right_code_turns_it_on(world: World, account_id: int) -> None:
    sent = begin(world, account_id)
    assert (sent.sent_to, sent.expires_in_s) == ("***-****-5678", 600)
    ((_, owner, recipient, body, _),) = world.contents()["texts"]
    assert (owner, recipient) == (account_id, "+819012345678")
    assert world.texted_code() in str(body)
    assert not is_on(world, account_id)
    assert answer(world, sent, world.texted_code()) == account_id
    assert is_on(world, account_id)
    assert refusal(answer, world, sent, world.texted_code()) is SMS_CODE_SPENT


@pytest.mark.req("S-2FA-01", "S-2FA-02")
def test_it_is_asked_once_and_may_be_skipped(world: World, account_id: int) -> None:
    def asked() -> bool:
        visitor = world.registry.visitor(account_id)
        assert visitor is not None
        return visitor.asked_two_step

    assert not asked()
    world.registry.skip_two_step(account_id, world.now)
    assert asked()
    assert not is_on(world, account_id)
    world.turn_on_two_step(account_id)
    assert is_on(world, account_id)


@pytest.mark.req("S-2FA-06")
def test_another_number_takes_the_place_of_a_mistyped_one(world: World, account_id: int) -> None:
    mistyped = begin(world, account_id, "090-9999-9999")
    code = world.texted_code()
    right = begin(world, account_id)
    assert refusal(answer, world, mistyped, code) is SMS_CODE_SPENT
    answer(world, right, world.texted_code())
    assert world.registry.profile(account_id).number_masked == "***-****-5678"


@pytest.mark.req("S-2FA-06", "S-2FA-09")
def test_a_code_sent_anew_voids_the_old_one(world: World, account_id: int) -> None:
    first = begin(world, account_id)
    old = world.texted_code()
    second = resend(world, first)
    new = world.texted_code()
    assert second.sent_to == first.sent_to
    assert refusal(answer, world, first, old) is SMS_CODE_SPENT
    assert refusal(answer, world, first, new) is SMS_CODE_SPENT
    assert refusal(resend, world, first) is SMS_CODE_SPENT
    if old != new:
        assert refusal(answer, world, second, old) is SMS_CODE_WRONG
    assert answer(world, second, new) == account_id


@pytest.mark.req("S-2FA-09")
@pytest.mark.parametrize(("age_s", "good"), [(599.999, True), (600.0, False)])
def test_a_code_lives_ten_minutes(world: World, account_id: int, age_s: float, good: bool) -> None:
    sent = begin(world, account_id)
    world.pass_time(seconds=age_s)
    if good:
        answer(world, sent, world.texted_code())
        return
    before = world.contents()
    assert refusal(answer, world, sent, world.texted_code()) is SMS_CODE_SPENT
    assert world.contents() == before
    answer(world, resend(world, sent), world.texted_code())  # no need to begin again


def test_after_an_hour_nothing_is_sent_anew(world: World, account_id: int) -> None:
    sent = begin(world, account_id)
    world.pass_time(hours=1)
    before = world.contents()
    assert refusal(resend, world, sent) is SMS_CODE_SPENT
    assert world.contents() == before
    begin(world, world.person("hanako").account_id)
    assert len(world.contents()["challenges"]) == 1


@pytest.mark.req("S-2FA-04")
def test_what_cannot_be_a_code_or_a_number_costs_nothing(world: World, account_id: int) -> None:
    sent = begin(world, account_id)
    before = world.contents()
    for _ in range(7):
        assert refusal(answer, world, sent, "１２３４５６") is SMS_CODE_MALFORMED
    assert refusal(begin, world, account_id, "03-1234-5678") is NUMBER_UNUSABLE
    assert refusal(begin, world, account_id + 1) is NOT_LOGGED_IN
    assert refusal(answer, world, Challenge("x" * 43, "", 0), "123456") is SMS_CODE_SPENT
    assert world.contents() == before
    answer(world, sent, world.texted_code())


@pytest.mark.req("S-2FA-09")
def test_a_code_stands_five_tries(world: World, account_id: int) -> None:
    sent = begin(world, account_id)
    left = []
    for _ in range(4):
        with pytest.raises(Problem) as refused:
            answer(world, sent, f"{(int(world.texted_code()) + 1) % 1_000_000:06}")
        left.append(refused.value.facts["tries_left"])
    assert left == [4, 3, 2, 1]
    assert guess(world, sent) is SMS_CODE_SPENT
    before = world.contents()
    assert refusal(answer, world, sent, world.texted_code()) is SMS_CODE_SPENT
    assert world.contents() == before
    assert not is_on(world, account_id)
    answer(world, resend(world, sent), world.texted_code())
    assert is_on(world, account_id)


@pytest.mark.req("S-2FA-09")
def test_five_messages_an_hour_go_to_a_number_whoever_asks(world: World, account_id: int) -> None:
    sent = begin(world, account_id)
    for _ in range(2):
        sent = resend(world, sent)
    other = world.person("hanako").account_id
    begin(world, other)
    begin(world, other)
    before = world.contents()
    verbs: tuple[Callable[[], object], ...]
    verbs = (lambda: resend(world, sent), lambda: begin(world, other, "+819012345678"))
    for verb in verbs:
        with pytest.raises(Problem) as refused:
            verb()
        assert (refused.value.kind, refused.value.facts) == (TOO_MANY_MESSAGES, {"retry_after_s": 3600})
    assert world.contents() == before
    world.registry.withdraw(other, "correct horse 電池", world.now)  # leaving makes no room
    assert refusal(resend, world, sent) is TOO_MANY_MESSAGES
    world.pass_time(hours=1)
    begin(world, account_id)


def test_five_messages_an_hour_are_sent_for_an_account_to_whatever_numbers(
    world: World, account_id: int
) -> None:
    for number in range(5):
        begin(world, account_id, f"0901234567{number}")
    assert refusal(begin, world, account_id, "09012345679") is TOO_MANY_MESSAGES
    begin(world, world.person("hanako").account_id, "09012345679")


def test_a_hundred_wrong_codes_in_a_row_end_the_tries_for_a_week(world: World, account_id: int) -> None:
    tally = world.registry.tally("code_wrong", account_id)
    with world.registry.store.writing() as store:
        for _ in range(99):
            tally.note(store, to_ms(world.now))
    world.pass_time(hours=1)
    sent = begin(world, account_id)
    assert guess(world, sent) is SMS_CODE_WRONG
    with pytest.raises(Problem) as refused:
        answer(world, sent, world.texted_code())
    assert refused.value.kind is TOO_MANY_TRIES
    assert refused.value.facts["retry_after_s"] == (7 * 24 - 1) * 3600
    world.pass_time(days=7, hours=-1)
    answer(world, begin(world, account_id), world.texted_code())
    assert is_on(world, account_id)


def test_tries_made_at_once_cannot_exceed_the_budget(world: World, account_id: int) -> None:
    sent = begin(world, account_id)
    with ThreadPoolExecutor(8) as pool:
        kinds = list(pool.map(lambda _: guess(world, sent), range(12)))
    assert kinds.count(SMS_CODE_WRONG) == 4
    assert kinds.count(SMS_CODE_SPENT) == 8
    with world.registry.store.reading() as store:
        assert len(world.registry.tally("code_wrong", account_id).count(store)) == 5


def test_a_code_answered_twice_at_once_is_good_once(world: World, account_id: int) -> None:
    sent, code = begin(world, account_id), world.texted_code()

    def is_good(_: int) -> bool:
        try:
            return answer(world, sent, code) == account_id
        except Problem as problem:
            assert problem.kind is SMS_CODE_SPENT
            return False

    with ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(is_good, range(4))) == 1


STEPS = st.lists(
    st.sampled_from(["guess", "guess", "guess", "resend", "begin", "another number", "minutes"]), max_size=40
)
ONE_SENDING_AND_ITS_TRIES = ["resend", *["guess"] * 6]


@pytest.fixture
def compared(world: World, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Return the instants at which a code is compared with a hash; a quick one, for there are many."""
    instants: list[int] = []
    real = Pepper.verify

    def verify(self: Pepper, secret: str, kept: str | None) -> bool:
        instants.append(to_ms(world.now))
        return real(self, secret, kept)

    monkeypatch.setattr("cloud.pepper._HASHER", PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
    monkeypatch.setattr("cloud.pepper.Pepper.verify", verify)
    return instants


def test_a_code_that_is_not_sent_is_not_hashed(
    world: World, account_id: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Security T-49."""
    sent = [begin(world, account_id) for _ in range(SMS_PER_NUMBER_AND_HOUR)][-1]
    monkeypatch.setattr("cloud.pepper.Pepper.hash", None)
    assert refusal(begin, world, account_id) is TOO_MANY_MESSAGES
    assert refusal(resend, world, sent) is TOO_MANY_MESSAGES


@pytest.mark.req("S-2FA-09")
@given(steps=STEPS)
@settings(max_examples=6, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_order_of_sending_and_guessing_compares_more_than_25_codes_an_hour(
    world: World, account_id: int, compared: list[int], steps: list[str]
) -> None:
    """Security T-22: the count stands at the account, so nothing that is sent anew resets it."""
    world.pass_time(days=8)
    compared.clear()
    sent, numbers = begin(world, account_id), iter(range(100))
    verbs: dict[str, Callable[[], object]] = {
        "guess": lambda: guess(world, sent),
        "resend": lambda: resend(world, sent),
        "begin": lambda: begin(world, account_id),
        "another number": lambda: begin(world, account_id, f"080123456{next(numbers):02}"),
        "minutes": lambda: world.pass_time(minutes=7),
    }
    for step in [*steps, *ONE_SENDING_AND_ITS_TRIES * 5]:
        try:
            came = verbs[step]()
        except Problem as problem:
            assert problem.kind in (TOO_MANY_MESSAGES, SMS_CODE_SPENT)
        else:
            assert came in (None, SMS_CODE_WRONG, SMS_CODE_SPENT, TOO_MANY_TRIES) or isinstance(
                came, Challenge
            )
            sent = came if isinstance(came, Challenge) else sent
    assert len(compared) >= 5
    for at in compared:
        assert len([other for other in compared if at <= other < at + 3_600_000]) <= 25


def test_a_number_that_was_given_up_gets_no_more_codes_of_a_login_that_waits(
    world: World, account_id: int
) -> None:
    """Whoever has the lost phone and the password must not go on with it after the number was changed."""
    world.turn_on_two_step(account_id)
    waiting = world.registry.send_login_code(account_id, world.now)
    code = world.texted_code()
    world.turn_on_two_step(account_id, "080-2345-6789")
    assert refusal(resend, world, waiting) is SMS_CODE_SPENT
    assert refusal(answer, world, waiting, code) is SMS_CODE_SPENT
