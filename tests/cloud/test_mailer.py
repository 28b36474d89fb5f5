"""Mails go out by a real SMTP server, or not at all."""

import asyncio
import logging
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from sqlalchemy import select

from chassis.tasks import beside
from cloud.accounts import Mail, verification_mail
from cloud.instants import to_ms
from cloud.mailer import Mailer
from cloud.registry import Registry, open_registry
from cloud.registry.post import post_mail
from cloud.store.schema import mails
from protocol.rules import EMAIL_URL_LIFE
from tests.cloud.actors import LATEST
from tests.cloud.serving import TestClock, served, settings_in
from tests.support.connecting import connections
from tests.support.mail_server import ACCEPTED, MailServer
from tests.support.ports import free_port
from tests.support.waiting import until

pytestmark = pytest.mark.adapters

DOMAINS = ("panasonic.jp", "panasonic.com")


@pytest.fixture
def registry(tmp_path: Path) -> Iterator[Registry]:
    registry = open_registry(tmp_path, LATEST)
    yield registry
    registry.close()


@pytest.fixture
def clock() -> TestClock:
    return TestClock()


@pytest.fixture
def server() -> MailServer:
    return MailServer()


async def post(registry: Registry, clock: TestClock, *recipients: str, mail: Mail | None = None) -> None:
    def put() -> None:
        with registry.store.writing() as store:
            for recipient in recipients:
                post_mail(store, mail or Mail(f"to {recipient}", "body\n"), recipient, to_ms(clock.now()))

    await asyncio.to_thread(put)


async def undelivered(registry: Registry) -> list[str]:
    def look() -> list[str]:
        with registry.store.reading() as store:
            waiting = select(mails.c.recipient).where(mails.c.delivered_at.is_(None))
            return list(store.scalars(waiting.order_by(mails.c.mail_id)))

    return await asyncio.to_thread(look)


async def all_left(registry: Registry) -> bool:
    return not await undelivered(registry)


def mailer(registry: Registry, clock: TestClock, server: MailServer) -> Mailer:
    return Mailer(registry, clock, "127.0.0.1", server.port)


@pytest.mark.req("S-GEN-20")
async def test_a_mail_arrives_as_it_was_written(
    registry: Registry, clock: TestClock, server: MailServer
) -> None:
    mail = verification_mail("http://club.example", "x" * 200)
    await post(registry, clock, "father@example.jp", mail=mail)
    async with server.serving(), beside(mailer(registry, clock, server).run()):
        await until(lambda: all_left(registry), "the mail to leave")
    (arrived,) = server.taken
    (sender,), (recipient,) = arrived["From"].addresses, arrived["To"].addresses
    assert any(sender.domain == domain or sender.domain.endswith(f".{domain}") for domain in DOMAINS)
    assert "emulator" in sender.display_name
    assert recipient.addr_spec == "father@example.jp"
    assert arrived["X-Envelope"] == f"{sender.addr_spec} to father@example.jp"
    body = arrived.get_content().replace("\r\n", "\n")
    assert (arrived["Subject"], body) == (mail.subject, mail.body)
    assert arrived["Date"].datetime == clock.now()
    assert bytes(arrived).isascii(), "an old server takes nothing else"


async def test_the_oldest_leaves_first_and_each_once(
    registry: Registry, clock: TestClock, server: MailServer
) -> None:
    await post(registry, clock, "first@example.jp", "second@example.jp", "third@example.jp")
    async with server.serving():
        async with beside(mailer(registry, clock, server).run()):
            await until(lambda: all_left(registry), "three mails to leave")
        async with beside(mailer(registry, clock, server).run()):
            await post(registry, clock, "fourth@example.jp")
            await until(lambda: all_left(registry), "a new mail to leave")
    expected = ["first@example.jp", "second@example.jp", "third@example.jp", "fourth@example.jp"]
    assert server.asked == expected
    assert len({message["Message-ID"] for message in server.taken}) == 4


async def test_a_server_that_is_away_is_told_once_and_tried_again(
    registry: Registry, clock: TestClock, server: MailServer, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, "cloud.mailer")
    server.port = free_port()
    await post(registry, clock, "father@example.jp")
    async with beside(mailer(registry, clock, server).run()):
        await until(lambda: len(caplog.records) >= 3, "three tries")
        assert await undelivered(registry) == ["father@example.jp"]
        async with server.serving():
            await until(lambda: all_left(registry), "the mail to leave")
            await until(lambda: caplog.records[-1].levelname == "INFO", "word that it is back")
    told = [record for record in caplog.records if record.levelname != "DEBUG"]
    assert [record.levelname for record in told] == ["WARNING", "INFO"]
    assert "refused" in told[0].getMessage()
    assert len(server.taken) == 1


@pytest.mark.parametrize("recipient", ["nobody@example.jp", "田中@example.jp", "a,b@example.jp"])
async def test_a_mail_that_is_refused_for_good_holds_up_no_other(
    registry: Registry,
    clock: TestClock,
    server: MailServer,
    caplog: pytest.LogCaptureFixture,
    recipient: str,
) -> None:
    async def refuse_nobody(asked: str) -> str:
        return "550 No such user" if asked == "nobody@example.jp" else ACCEPTED

    server.answer = refuse_nobody
    await post(registry, clock, recipient, "father@example.jp")
    async with server.serving(), beside(mailer(registry, clock, server).run()):
        await until(lambda: len(server.taken) == 1, "the other mail")
        clock.pass_time(hours=1)
        await post(registry, clock, "mother@example.jp")
        await until(lambda: len(server.taken) == 2, "a later mail")
    assert await undelivered(registry) == [recipient]
    assert server.asked.count(recipient) <= 1
    assert [record.levelname for record in caplog.records] == ["WARNING"]
    assert recipient not in caplog.text, "who wrote to whom is nobody's business"


async def test_a_mail_that_is_not_wanted_now_is_sent_later(
    registry: Registry, clock: TestClock, server: MailServer
) -> None:
    answers = iter(["451 Greylisted"])

    async def put_off_once(_asked: str) -> str:
        return next(answers, ACCEPTED)

    server.answer = put_off_once
    await post(registry, clock, "father@example.jp", "mother@example.jp")
    async with server.serving(), beside(mailer(registry, clock, server).run()):
        await until(lambda: server.asked == ["father@example.jp", "mother@example.jp"], "both to be asked")
        assert await undelivered(registry) == ["father@example.jp"]
        clock.pass_time(minutes=5)
        await until(lambda: all_left(registry), "the first to leave at last")
    assert [message["To"] for message in server.taken] == ["mother@example.jp", "father@example.jp"]


async def test_what_nobody_waits_for_any_more_stays(
    registry: Registry, clock: TestClock, server: MailServer
) -> None:
    """Whoever sets up an SMTP server one day does not send everything that ever lay in the inbox."""
    await post(registry, clock, "long-ago@example.jp")
    clock.pass_time(days=4)
    await post(registry, clock, "today@example.jp")
    async with server.serving(), beside(mailer(registry, clock, server).run()):
        await until(lambda: server.asked, "a mail")
    assert server.asked == ["today@example.jp"]
    assert await undelivered(registry) == ["long-ago@example.jp"]
    assert timedelta(days=4) > EMAIL_URL_LIFE


async def test_what_the_server_took_is_noted_even_when_the_cloud_ends_meanwhile(
    registry: Registry, clock: TestClock, server: MailServer
) -> None:
    here, go_on = asyncio.Event(), asyncio.Event()

    async def answer_late(_asked: str) -> str:
        here.set()
        await go_on.wait()
        return ACCEPTED

    server.answer = answer_late
    await post(registry, clock, "father@example.jp")
    async with server.serving():
        async with beside(mailer(registry, clock, server).run()):
            await here.wait()
            asyncio.get_running_loop().call_later(0.2, go_on.set)  # the cloud is ending when it answers
        assert not await undelivered(registry)


async def test_a_server_that_says_nothing_holds_up_nothing_else(tmp_path: Path) -> None:
    callers: list[asyncio.StreamWriter] = []

    async def say_nothing(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        callers.append(writer)

    silent = await asyncio.start_server(say_nothing, "127.0.0.1", 0)
    mail = {"smtp_host": "127.0.0.1", "smtp_port": silent.sockets[0].getsockname()[1]}
    async with served(settings_in(tmp_path, mail=mail)) as cloud:
        await cloud.sign_up("father@example.jp")
        await until(lambda: callers, "the mailer to call")
        await cloud.sign_up("mother@example.jp")
        silent.close()
        for caller in callers:
            caller.close()
    await silent.wait_closed()


@pytest.mark.req("S-GEN-21")
async def test_without_a_server_in_the_settings_no_connection_is_ever_opened(tmp_path: Path) -> None:
    with connections() as made:
        async with served(settings_in(tmp_path)) as cloud:
            assert "Mailer.run" not in works()
            await cloud.sign_up("father@example.jp")
            assert "father@example.jp" in await undelivered(cloud.cloud.registry)
            ours = {(cloud.cloud.mqtt_host, cloud.cloud.mqtt_port)} | {
                address_of(url) for url in (cloud.cloud.public_url, cloud.cloud.club_url)
            }
    assert made, "the watch works"
    assert {address[:2] for address in made} <= ours


@pytest.mark.req("S-GEN-20", "S-GEN-21")
async def test_with_one_every_mail_of_the_cloud_leaves_by_it_and_by_no_other_way(
    tmp_path: Path, server: MailServer
) -> None:
    async with server.serving():
        mail = {"smtp_host": "127.0.0.1", "smtp_port": server.port}
        with connections() as made:
            async with served(settings_in(tmp_path, mail=mail)) as cloud:
                assert "Mailer.run" in works()
                await cloud.sign_up("father@example.jp")
                await until(lambda: server.taken, "the mail to arrive")
        assert ("127.0.0.1", server.port) in made
    assert [message["To"] for message in server.taken] == ["father@example.jp"]


def works() -> set[str]:
    """Return what goes on in this event loop."""
    return {getattr(task.get_coro(), "__qualname__", "") for task in asyncio.all_tasks()}


def address_of(url: str) -> tuple[str, int]:
    parts = urlsplit(url)
    return parts.hostname or "", parts.port or 0
