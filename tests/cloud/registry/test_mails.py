import pytest

from cloud.accounts import Mail
from cloud.instants import to_ms
from cloud.registry.post import post_mail
from tests.cloud.actors import World

pytestmark = pytest.mark.adapters


def post(world: World, *recipients: str) -> None:
    with world.registry.store.writing() as store:
        for recipient in recipients:
            post_mail(store, Mail("件名", "本文"), recipient, to_ms(world.now))


def waiting(world: World, *without: int) -> tuple[int, str] | None:
    mail = world.registry.waiting_mail(world.now, without)
    return (mail.mail_id, mail.recipient) if mail else None


def test_the_oldest_mail_waits_until_it_has_left(world: World) -> None:
    assert waiting(world) is None
    post(world, "first@example.jp", "second@example.jp")
    assert waiting(world) == (1, "first@example.jp")
    assert waiting(world, 1) == (2, "second@example.jp")
    assert waiting(world, 1, 2) is None
    world.registry.note_delivery(1, world.now)
    assert waiting(world) == (2, "second@example.jp")
    world.restart()
    assert waiting(world) == (2, "second@example.jp")


def test_after_four_days_nobody_waits_for_it(world: World) -> None:
    post(world, "father@example.jp")
    world.pass_time(hours=95, minutes=59)
    assert waiting(world)
    world.pass_time(minutes=1)
    assert waiting(world) is None
