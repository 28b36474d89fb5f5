"""The announcer on loopback: real multicast, with python-zeroconf's browser as an independent listener."""

import asyncio
import os
import socket
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

import pytest
from zeroconf import (  # type: ignore[attr-defined]
    DNSIncoming,
    DNSOutgoing,
    DNSQuestion,
    IPVersion,
    ServiceStateChange,
)
from zeroconf.asyncio import AsyncServiceInfo, AsyncZeroconf

from chassis.tasks import beside
from emulator.announcer import Announcer
from emulator.standing import Announcement
from protocol.discovery import SERVICE_TYPE, Advertisement
from tests.emulator.listener import Listener, listening
from tests.support.waiting import until

pytestmark = pytest.mark.adapters

GATEWAY_ID = f"a15e{os.getpid():08x}"
"""Of this run alone: the loopback is everybody's."""
NAME = f"AiSEG MKN702 ({GATEWAY_ID[-6:]})"
PORT = 18081
ADVERTISEMENT = Advertisement(
    gateway_id=GATEWAY_ID, model="MKN702", firmware="2.10", registered=False, busy=False
)


TOLD: list[Announcement] = []
"""What announcers have said of themselves, newest last."""


@pytest.fixture
async def listener() -> AsyncIterator[Listener]:
    async with listening() as heard:
        yield heard


@asynccontextmanager
async def running(announcer: Announcer, said: list[Advertisement] | None = None) -> AsyncIterator[Announcer]:
    """Announce the last of `said` until left, and wait for the first announcement."""
    said = said or [ADVERTISEMENT]
    async with beside(announcer.run(lambda: said[-1], TOLD.append)):
        await until(lambda: announcer.state == "announced", "the announcement")
        yield announcer


def loopback(port: int = PORT) -> Announcer:
    return Announcer(["127.0.0.1"], port)


async def ask(within_s: float = 0.5) -> DNSIncoming | None:
    """Ask one-shot, from a port of its own, where the instance is; return the first answer."""
    question = DNSOutgoing(0, multicast=False, id_=4711)
    question.add_question(DNSQuestion(f"{NAME}.{SERVICE_TYPE}", 33, 1))
    loop = asyncio.get_running_loop()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK) as asker:
        asker.bind(("127.0.0.1", 0))
        asker.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, socket.inet_aton("127.0.0.1"))
        asker.sendto(question.packets()[0], ("224.0.0.251", 5353))
        try:
            return DNSIncoming(await asyncio.wait_for(loop.sock_recv(asker, 9000), within_s))
        except TimeoutError:
            return None


@pytest.mark.req("S-DISC-14")
async def test_a_browser_finds_name_address_port_and_the_contracts_text(listener: Listener) -> None:
    async with running(loopback()):
        await until(lambda: NAME in listener.found(), "the instance")
        info = await listener.resolve(NAME)
    assert info.parsed_addresses() == ["127.0.0.1"]
    assert info.port == PORT
    assert info.server == f"aiseg-{GATEWAY_ID}.local."
    assert info.text == (
        b"\x09txtvers=1\x0fid=%b\x0cmodel=MKN702\x07fw=2.10\x0bapi=/api/v1\x05reg=0\x06busy=0"
        % GATEWAY_ID.encode()
    )


async def test_a_change_is_announced_without_being_asked_for(listener: Listener) -> None:
    said = [ADVERTISEMENT]
    async with running(loopback(), said) as announcer:
        await until(lambda: NAME in listener.found(), "the instance")
        said.append(ADVERTISEMENT.model_copy(update={"registered": True}))
        announcer.refresh()
        await until(lambda: (ServiceStateChange.Updated, NAME) in listener.changes, "the update")
        info = AsyncServiceInfo(SERVICE_TYPE, f"{NAME}.{SERVICE_TYPE}")
        assert info.load_from_cache(listener.zeroconf.zeroconf)
    assert info.decoded_properties["reg"] == "1"


@pytest.mark.req("S-DISC-12")
async def test_stopping_says_goodbye_and_a_restart_is_found_again(listener: Listener) -> None:
    announcer = loopback()
    gone = (ServiceStateChange.Removed, NAME)
    for _ in range(2):
        listener.changes.clear()
        async with running(announcer):
            await until(lambda: NAME in listener.found(), "the instance")
        assert announcer.state == "unavailable"
        await until(lambda: gone in listener.changes, "the goodbye", within_s=3)


async def test_one_that_may_not_announce_yet_is_not_found_and_then_at_once(listener: Listener) -> None:
    announcer = Announcer(["127.0.0.1"], PORT, may_announce=False)
    async with beside(announcer.run(lambda: ADVERTISEMENT)):
        await asyncio.sleep(1.5)  # longer than probing can take
        assert (announcer.state, announcer.name) == ("probing", NAME)
        assert NAME not in listener.found()
        announcer.announce()
        await until(lambda: NAME in listener.found(), "the instance", within_s=0.5)


async def test_one_that_leaves_says_goodbye_before_its_time_is_over(listener: Listener) -> None:
    async with running(loopback()) as announcer:
        await until(lambda: NAME in listener.found(), "the instance")
        announcer.leave()
        await until(lambda: announcer.state == "unavailable", "the end")
        await until(lambda: (ServiceStateChange.Removed, NAME) in listener.changes, "the goodbye", within_s=3)


async def test_a_taken_name_is_left_to_its_owner(listener: Listener) -> None:
    async with running(loopback()), running(loopback(PORT + 1)) as second:
        assert second.name == f"{NAME} (2)"
        assert f"as {NAME} (2) on lo" in second.sentence()
        await until(lambda: {NAME, f"{NAME} (2)"} <= listener.found(), "both names")
        assert (await listener.resolve(NAME)).port == PORT
        assert (await listener.resolve(f"{NAME} (2)")).port == PORT + 1


async def test_several_of_one_name_started_together_end_with_a_name_each() -> None:
    announcers = [loopback(PORT + number) for number in range(3)]
    async with AsyncExitStack() as stack:
        group = await stack.enter_async_context(asyncio.TaskGroup())
        tasks = [group.create_task(each.run(lambda: ADVERTISEMENT)) for each in announcers]

        def settled() -> bool:
            return all(each.state == "announced" for each in announcers)

        await until(settled, "three names")
        await asyncio.sleep(0)
        assert {each.name for each in announcers} == {NAME, f"{NAME} (2)", f"{NAME} (3)"}
        for task in tasks:
            task.cancel()


async def test_a_name_that_zeroconf_already_holds_is_respected() -> None:
    zeroconf = AsyncZeroconf(interfaces=["127.0.0.1"], ip_version=IPVersion.V4Only)
    holder = AsyncServiceInfo(
        SERVICE_TYPE,
        f"{NAME}.{SERVICE_TYPE}",
        port=9,
        server="holder.local.",
        parsed_addresses=["127.0.0.1"],
    )
    await (await zeroconf.async_register_service(holder))
    try:
        async with running(loopback()) as announcer:
            assert announcer.name == f"{NAME} (2)"
            assert TOLD[-1].name == f"{NAME} (2)"
            assert f"{NAME} (2)" in TOLD[-1].sentence("ja")
    finally:
        await zeroconf.async_close()


async def test_a_one_shot_question_is_answered_at_once() -> None:
    async with running(loopback()):
        started = asyncio.get_running_loop().time()
        answer = await ask()
        elapsed_s = asyncio.get_running_loop().time() - started
        assert answer is not None
        assert answer.id == 4711
        assert {record.type for record in answer.answers()} == {33, 1, 47}
        assert elapsed_s < 0.02


async def test_muted_is_deaf_and_dumb_until_unmuted() -> None:
    async with running(loopback()) as announcer:
        announcer.mute()
        assert announcer.state == "muted"
        assert await ask(within_s=0.2) is None
        announcer.unmute()
        assert "Announced" in announcer.sentence()
        assert await ask()


async def test_an_interface_that_is_not_there_is_said_and_the_others_work() -> None:
    async with running(Announcer(["127.0.0.1", "nowhere0"], PORT)) as announcer:
        assert "nowhere0: not there, or down" in announcer.sentence()
        assert await ask()


async def test_no_interface_at_all_is_a_state_and_no_crash() -> None:
    announcer = Announcer(["nowhere0"], PORT)
    task = asyncio.get_running_loop().create_task(announcer.run(lambda: ADVERTISEMENT))
    await until(lambda: "nowhere0" in announcer.sentence(), "the sentence")
    assert announcer.state == "unavailable"
    assert announcer.sentence("ja").startswith("mDNSを利用できるネットワークがありません。")
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_the_interface_can_be_named(listener: Listener) -> None:
    async with running(Announcer(["lo"], PORT)) as announcer:
        await until(lambda: NAME in listener.found(), "the instance")
        assert announcer.sentence() == f"Announced as {NAME} on lo (IPv4)."


async def test_first_announcement_within_1100_ms() -> None:
    loop = asyncio.get_running_loop()
    started = loop.time()
    async with running(loopback()):
        assert loop.time() - started <= 1.1


async def test_what_is_announced_is_there_before_and_nothing_goes_ahead_after_the_end() -> None:
    steps: list[str] = []
    going, may_end = asyncio.Event(), asyncio.Event()

    async def ahead() -> None:
        going.set()
        await may_end.wait()
        steps.append("ahead")

    async with running(loopback()) as announcer:
        leaving = AsyncExitStack()
        await leaving.enter_async_context(announcer.behind(ahead))
        await going.wait()
        async with asyncio.TaskGroup() as tasks:
            ending = tasks.create_task(leaving.aclose())
            await asyncio.sleep(0)
            assert not ending.done(), "one that has begun is waited for"
            may_end.set()
        assert steps == ["ahead"]
        going.clear()
        announcer.refresh()
        await ask()
        assert not going.is_set()
