"""T-24: whatever ends a phone's registration ends its tokens at once, the one that renews included."""

from collections.abc import Callable

import pytest

from cloud.registry.sessions import Who
from protocol.cloud_api import Renewal
from protocol.problems import ACCOUNT_DELETED, NOT_LOGGED_IN, PHONE_MOVED, PHONE_REMOVED, Kind
from tests.cloud.actors import PASSWORD, Gateway, World, refusal

pytestmark = [pytest.mark.adapters, pytest.mark.usefixtures("cheap_hashing")]


class Home:
    """Father's phone, which is to lose its place, his new one, and mother's."""

    def __init__(self, world: World, gateway: Gateway) -> None:
        self.world, self.gateway = world, gateway
        father, self.mother = world.person("father"), world.person("mother")
        link = world.link(father, gateway, world.issue(gateway), "一台目")
        world.link(self.mother, gateway, world.issue(gateway), "お母さん")
        self.phone_id = link.phones[0].phone_id
        self.doomed = world.session(father.email, "father")
        self.new = world.session(father.email, "new")

    @property
    def phone(self) -> Who:
        return self.world.who(self.doomed.token)

    @property
    def newcomer(self) -> Who:
        return self.world.who(self.new.token)


ENDINGS: dict[str, tuple[Callable[[Home], object], Kind, bool]] = {
    "logout": (lambda home: home.world.registry.log_out(home.doomed.token), NOT_LOGGED_IN, True),
    "change": (
        lambda home: home.world.move(home.newcomer, home.world.change_code(home.phone)),
        PHONE_MOVED,
        True,
    ),
    "replacement": (lambda home: home.world.replace(home.newcomer, home.phone_id), PHONE_MOVED, True),
    "removal": (lambda home: home.world.remove(home.mother, home.phone_id), PHONE_REMOVED, True),
    "new registration": (lambda home: home.world.register(home.gateway), PHONE_REMOVED, True),
    "deletion": (
        lambda home: home.world.registry.delete_account(home.newcomer, home.world.now),
        ACCOUNT_DELETED,
        False,
    ),
    "withdrawal": (
        lambda home: home.world.registry.withdraw(home.phone.account_id, PASSWORD, home.world.now),
        ACCOUNT_DELETED,
        False,
    ),
}
"""What ends a phone's registration, what its tokens are told, and whether another phone of the account goes on."""


@pytest.mark.req("S-CHG-14", "S-DEL-08", "S-DEL-12")
@pytest.mark.parametrize("ending", ENDINGS)
def test_every_token_of_the_phone_is_dead(world: World, registered: Gateway, ending: str) -> None:
    home = Home(world, registered)
    end, told, others_go_on = ENDINGS[ending]
    end(home)
    assert refusal(world.who, home.doomed.token) is told
    renewal = Renewal(refresh_token=home.doomed.refresh_token)
    assert refusal(world.registry.renew, renewal, world.now) is told
    if others_go_on:
        world.who(home.new.token)
    else:
        assert refusal(world.who, home.new.token) is told
