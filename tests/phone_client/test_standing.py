import pytest

from phone_client.session import MemoryFile
from phone_client.settings import App
from phone_client.standing import Place, Standing
from protocol import cloud_api
from protocol.cloud_api import Link
from protocol.phones import Platform
from tests.phone_client.cloud_double import EMAIL, LINK, OUTDATED, SESSION, UNREGISTERED
from tests.phone_client.person import PASSWORD, World

pytestmark = pytest.mark.adapters


@pytest.mark.rules
@pytest.mark.req("S-APP-06", "S-ADD-14", "S-BIND-17", "S-CHG-09")
@pytest.mark.parametrize(
    ("introduced", "email", "link", "place"),
    [
        (False, None, None, "introduction"),
        (True, None, None, "login"),
        (True, EMAIL, None, "search"),
        (True, EMAIL, UNREGISTERED, "phone"),
        (True, EMAIL, OUTDATED, "firmware"),
        (True, EMAIL, LINK, "timeline"),
    ],
)
def test_each_standing_leads_to_one_screen(
    introduced: bool, email: str | None, link: Link | None, place: Place
) -> None:
    standing = Standing(
        introduced=introduced,
        email=email,
        link=link,
        ended=None,
        app=cloud_api.App(installation_id="0123456789abcdef"),
        os="supported",
        tablet_noticed=False,
    )
    assert standing.place == place


@pytest.mark.req("S-APP-06", "S-APP-13")
async def test_the_introduction_comes_once_and_again_only_for_a_new_installation(world: World) -> None:
    async with world.phone() as phone:
        assert (await phone.standing()).place == "introduction"
        assert world.cloud.requests == []
        await phone.use()
        await phone.log_in(EMAIL, PASSWORD)
        await phone.log_out()
        assert (await phone.standing()).place == "login"
    (world.settings.store.folder / "phone.json").unlink()
    async with world.phone() as phone:
        assert (await phone.standing()).place == "introduction"


@pytest.mark.req("S-GEN-05")
async def test_a_tablet_is_told_once(world: World) -> None:
    world.settings = world.settings.model_copy(update={"app": App(form_factor="tablet")})
    async with world.phone() as phone:
        standing = await phone.standing()
        assert (standing.app.form_factor, standing.tablet_noticed) == ("tablet", False)
        await phone.dismiss_tablet_notice()
    async with world.phone() as phone:
        assert (await phone.standing()).tablet_noticed


@pytest.mark.req("S-GEN-10", "S-GEN-11")
@pytest.mark.parametrize(
    ("platform", "os_version", "os"),
    [
        ("android", "5.1", "refused"),
        ("android", "6.0", "supported"),
        ("android", "6", "supported"),
        ("android", "14", "supported"),
        ("android", "15", "unverified"),
        ("ios", "15.8", "refused"),
        ("ios", "16.0", "supported"),
        ("ios", "17.9", "supported"),
        ("ios", "18", "unverified"),
    ],
)
async def test_the_phone_says_how_the_app_stands_to_its_system(
    world: World, platform: Platform, os_version: str, os: str
) -> None:
    app = App(platform=platform, os_version=os_version)
    world.settings = world.settings.model_copy(update={"app": app})
    async with world.phone() as phone:
        assert (await phone.standing()).os == os


@pytest.mark.req("S-GEN-04")
async def test_every_login_says_which_phone_it_is(world: World) -> None:
    app = App(platform="ios", os_version="17.1", form_factor="tablet")
    world.settings = world.settings.model_copy(update={"app": app})
    async with world.phone() as phone:
        await phone.log_in(EMAIL, PASSWORD)
        await phone.log_in_with_code("challenge-of-this-login", "123456")
    for route in ("POST /api/v1/sessions", "POST /api/v1/sessions/codes"):
        (sent,) = world.cloud.bodies(route)
        assert sent.items() >= app.model_dump().items()


async def test_a_link_heard_of_at_login_is_known_at_once(world: World) -> None:
    world.cloud.answers["POST /api/v1/sessions"] = SESSION.model_copy(update={"link": UNREGISTERED})
    async with world.phone() as phone:
        await phone.use()
        await phone.log_in(EMAIL, PASSWORD)
        standing = await phone.standing()
    assert (standing.link, standing.place) == (UNREGISTERED, "phone")


async def test_a_login_at_another_cloud_is_none_here(logged_in: World) -> None:
    await MemoryFile(logged_in.settings.store.folder).remember(link=LINK)
    elsewhere = logged_in.settings.cloud.model_copy(update={"url": "http://127.0.0.1:9"})
    logged_in.settings = logged_in.settings.model_copy(update={"cloud": elsewhere})
    async with logged_in.phone() as phone:
        standing = await phone.standing()
    assert (standing.email, standing.link) == (None, None)
